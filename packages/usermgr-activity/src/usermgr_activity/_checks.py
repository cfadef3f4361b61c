"""The checks of the activity table: its form, and that the recorder writes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import AccessDeniedError, StoreNotFoundError
from usermgr_activity import table
from usermgr_activity._errors import to_error
from usermgr_activity._store import DynamoActivityStore
from usermgr_aws import error_from_sdk, not_allowed

__all__ = ["schema", "sightings"]


def schema(subject: Subject) -> Iterator[Finding]:
    """The table has the key and the index that recorder and readers use; and whether days expire."""
    store = subject.activity
    if not isinstance(store, DynamoActivityStore) or store.aws is None:
        return
    check, name, client = "activity.table", store.table_name, cast("Any", store.aws.client)
    try:
        described = _call(client.describe_table, name)["Table"]
    except StoreNotFoundError as error:
        yield Finding(
            check, Severity.FAILURE, f"there is no table {name}", {"table": name, "code": error.code},
            "set DYNAMODB_NAME to the table's name, and AWS_REGION to its Region",
        )  # fmt: skip
        return
    except AccessDeniedError as error:
        if error.code != AccessDeniedError.code:  # no credentials, for one
            raise
        yield not_allowed(check, "the form of the activity table", "dynamodb:DescribeTable", f"the table {name}")
        return
    evidence = {"table": name, "status": str(described.get("TableStatus", "")), "days": _expiry(client, name)}
    wrong = list(_differences(described))
    if wrong:
        yield Finding(
            check, Severity.FAILURE, f"{name} is not an activity table: {', '.join(wrong)}",
            evidence, "make the table with terraform/modules/table, or name the right one in DYNAMODB_NAME",
        )  # fmt: skip
    else:
        yield Finding(check, Severity.OK, f"{name} is an activity table", evidence)


def sightings(subject: Subject) -> Iterator[Finding]:
    """Somebody was seen in the last day: the recorder works, and the table can be read."""
    store = subject.activity
    if not isinstance(store, DynamoActivityStore):
        return
    check, now = "activity.sightings", datetime.fromtimestamp(subject.now(), UTC)
    try:
        newest = store.newest()
    except AccessDeniedError as error:
        if error.code != AccessDeniedError.code:
            raise
        yield not_allowed(
            check, "the last sighting", "dynamodb:Query", f"the index {table.INDEX} of {store.table_name}"
        )
        return
    if newest is None:
        yield Finding(
            check, Severity.WARNING, f"nobody was ever seen in {store.table_name}", {"table": store.table_name},
            "attach the recorder to the pool, and sign in once",
        )  # fmt: skip
        return
    evidence = {"table": store.table_name, "last_seen": table.stamp(newest.last_seen)}
    hours = (now - newest.last_seen).total_seconds() / 3600
    if hours > 24:
        yield Finding(
            check, Severity.WARNING, f"nobody was seen for {hours / 24:.0f} days, or the recorder is not called",
            evidence, "sign in once: if that does not show here, look at the pool's trigger and the recorder's log",
        )  # fmt: skip
    else:
        yield Finding(check, Severity.OK, f"somebody was last seen at {evidence['last_seen']}", evidence)


def _differences(described: Mapping[str, Any]) -> Iterator[str]:
    wanted = table.definition(described["TableName"])
    if _keys(described) != _keys(wanted):
        yield "its key is another one"
    kinds = {a["AttributeName"]: a["AttributeType"] for a in described.get("AttributeDefinitions", ())}
    if any(kinds.get(a["AttributeName"], "S") != "S" for a in wanted["AttributeDefinitions"]):
        yield "a part of its key is not text"
    (index,) = wanted["GlobalSecondaryIndexes"]
    found = {i["IndexName"]: i for i in described.get("GlobalSecondaryIndexes", ())}.get(table.INDEX)
    if found is None:
        yield f"it has no index {table.INDEX}"
    elif _keys(found) != _keys(index) or found["Projection"]["ProjectionType"] != "ALL":
        yield f"its index {table.INDEX} is another one"


def _keys(described: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key["AttributeName"], key["KeyType"]) for key in described["KeySchema"]]


def _expiry(client: Any, name: str) -> str:
    """Whether days expire, in words; where the caller may not know, how to allow it."""
    try:
        ttl = _call(client.describe_time_to_live, name)["TimeToLiveDescription"]
    except AccessDeniedError:
        return "whether they expire is not known without dynamodb:DescribeTimeToLive"
    if ttl.get("TimeToLiveStatus") != "ENABLED":
        return "kept for ever"
    name = str(ttl.get("AttributeName"))
    return "removed when they expire" if name == table.EXPIRES_AT else f"kept for ever: the TTL is of {name}"


def _call(method: Callable[..., Any], name: str) -> Any:
    operation = "".join(word.capitalize() for word in method.__name__.split("_"))
    try:
        return method(TableName=name)
    except ClientError as error:
        answer = cast("Mapping[str, Any]", error.response)
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise to_error(str(answer.get("Error", {}).get("Code", "")), operation, status=status) from error
    except BotoCoreError as error:
        raise error_from_sdk(error, operation) from error
