"""Every registered check, provoked: a subject that it is content with, and those that it warns of."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from unittest import mock

import boto3
import pytest

import usermgr_cognito
import usermgr_lambda_client
from tests.checks.conftest import World, findings
from tests.checks.sites import recorded, sites, untried
from tests.checks.test_details import ROOT_USER, a_pool, at
from tests.cli.running import usermgr
from tests.stub import Handler, Stub, answers
from usermgr import checks, wire
from usermgr.checks import Finding, Severity, Subject, registered_checks
from usermgr.operations import Access, allowed_operations
from usermgr_activity.table import EXPIRES_AT
from usermgr_cognito import _checks
from usermgr_cognito.trigger import Trigger, UserPool
from usermgr_local._schema import APPLICATION_ID

OK, WARNING, FAILURE = Severity.OK, Severity.WARNING, Severity.FAILURE
FLOWS = ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
NOWHERE = "http://127.0.0.1:9"


def without_date(handler: Handler) -> None:
    """Answers as a proxy may that passes few headers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


Case = tuple[Subject, Severity, str]
"""A subject, the worst finding that it gets, and a part of what that says or advises."""


def credentials(world: World) -> Iterator[Case]:
    yield Subject(usermgr_cognito.connect()), OK, "requests are made as arn:aws"
    given = usermgr_cognito.connect(client=world.client("cognito-idp"))
    yield Subject(given), WARNING, "pass session= or profile="
    unreachable = world.caller()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_STS", NOWHERE)
        yield Subject(usermgr_cognito.connect(session=unreachable)), WARNING, "let this machine reach STS"
    with Stub() as stub, pytest.MonkeyPatch.context() as patch:
        stub.behave = answers(200, ROOT_USER)
        patch.setenv("AWS_ENDPOINT_URL_STS", stub.url)
        yield Subject(at(stub)), WARNING, "as the root user of the account"
    world.patch.delenv("AWS_ACCESS_KEY_ID")
    world.patch.delenv("AWS_SECRET_ACCESS_KEY")
    yield Subject(usermgr_cognito.connect(session=boto3.session.Session())), FAILURE, "set AWS_PROFILE"


def reachable(world: World) -> Iterator[Case]:
    both = Subject(usermgr_lambda_client.connect(), world.activity())
    yield both, OK, "answers at 127.0.0.1"
    assert [found.evidence["service"] for found in findings("aws.reachable", both)] == ["lambda", "dynamodb"]
    yield Subject(usermgr_cognito.connect(endpoint_url=NOWHERE)), FAILURE, "check AWS_REGION"


def clock(world: World) -> Iterator[Case]:
    users = usermgr_cognito.connect()
    yield Subject(users), OK, "this machine's clock is"
    behind, ahead = (Subject(users, now=lambda by=by: time.time() + by) for by in (-120, 600))
    yield behind, WARNING, " s behind AWS's"
    yield ahead, FAILURE, " s ahead of AWS's"
    told = [found.evidence["seconds_ahead"] for subject in (behind, ahead) for found in findings("aws.clock", subject)]
    assert [int(seconds) for seconds in told] == pytest.approx([-120, 600], abs=30)  # AWS's is told in whole seconds
    yield Subject(usermgr_cognito.connect(endpoint_url=NOWHERE)), WARNING, "no service answered"
    with Stub() as stub, mock.patch.object(Handler, "do_GET", without_date, create=True):
        yield Subject(at(stub)), WARNING, "let the proxy on the way pass the header Date"


def settings(world: World) -> Iterator[Case]:
    users = usermgr_cognito.connect(client_id="1example", client_secret="S3cret-planted")
    yield Subject(users), OK, world.pool.id
    (found,) = findings("cognito.settings", Subject(users))
    assert dict(found.evidence) == {
        "region": "ap-northeast-1, from AWS_REGION",
        "user_pool_id": f"{world.pool.id}, from USERPOOL_ID",
        "client_id": "1example, from the keyword client_id",
        "client_secret": "set, from the keyword client_secret",
    }
    only_pool = {"USERMGR_BACKEND": "cognito", "USERPOOL_ID": world.pool.id}
    yield Subject(environ=only_pool), OK, "nobody can sign in without CLIENT_ID"
    (found,) = findings("cognito.settings", Subject(environ=only_pool))
    assert found.evidence["region"] == "ap-northeast-1, from the pool's id"
    assert found.evidence["client_secret"] == "not set"
    wrong = {**only_pool, "SECRET": "S3cret-planted"}
    yield Subject(environ=wrong), FAILURE, "set both, or neither"


def pool(world: World) -> Iterator[Case]:
    users = usermgr_cognito.connect()
    yield Subject(users), OK, f"the pool {world.pool.id} is there"
    (found,) = findings("cognito.pool", Subject(users))
    assert found.evidence["privatelink"] == "can be used"
    assert found.evidence["names"] == "user name, whatever the case"
    assert found.evidence["mfa"] == "optional"
    yield Subject(usermgr_cognito.connect(user_pool_id="ap-northeast-1_Missing")), FAILURE, "set USERPOOL_ID"
    denied = usermgr_cognito.connect(session=world.caller())
    yield Subject(denied), WARNING, "allow cognito-idp:DescribeUserPool on the pool"
    with Stub() as stub, mock.patch.object(_checks, "is_private", return_value=True):
        stub.behave = a_pool
        yield Subject(at(stub)), WARNING, "use the Lambda backend from this network"
        yield Subject(at(stub)), WARNING, "set AWS_REGION to us-east-1"
        stub.behave = answers(400, {"__type": "NotAuthorizedException"})
        yield Subject(at(stub)), WARNING, "or the pool has a domain"


def app_client(world: World) -> Iterator[Case]:
    def using(*flows: str, secret: bool = False, given: str | None = None, **keywords: Any) -> Subject:
        name, own = world.app_client(*flows, secret=secret)
        told = own if given == "own" else given
        return Subject(usermgr_cognito.connect(client_id=name, client_secret=told, **keywords))

    world.patch.delenv("SECRET", raising=False)
    yield using(*FLOWS), OK, "users can sign in"
    yield using(*FLOWS, secret=True, given="own"), OK, "users can sign in"
    yield using(*FLOWS, secret=True, discover_client_secret=True), OK, "users can sign in"
    yield using("ALLOW_USER_SRP_AUTH", FLOWS[1]), FAILURE, "add ALLOW_ADMIN_USER_PASSWORD_AUTH"
    yield using(FLOWS[0]), WARNING, "add ALLOW_REFRESH_TOKEN_AUTH"
    yield using(*FLOWS, secret=True), FAILURE, "SECRET is not set"
    yield using(*FLOWS, given="S3cret-planted"), FAILURE, "unset SECRET"
    yield using(*FLOWS, secret=True, given="S3cret-planted"), FAILURE, "set SECRET to that of this app client"
    yield Subject(usermgr_cognito.connect(client_id="missing")), FAILURE, "set CLIENT_ID"
    denied = usermgr_cognito.connect(client_id="1example", session=world.caller())
    yield Subject(denied), WARNING, "allow cognito-idp:DescribeUserPoolClient"


def trigger(world: World) -> Iterator[Case]:
    users = usermgr_cognito.connect()
    seen, silent = world.activity(world.hours_ago(1)), world.activity(world.hours_ago(100))
    yield Subject(users, seen), WARNING, "set attach_trigger = true"
    ours, barred = world.function(allowed=True), world.function(allowed=False)
    wanted = {"USERMGR_TRIGGER_ARN": ours}
    yield Subject(users, environ=wanted), FAILURE, "has none: attach it again"

    user_pool = UserPool.connect(world.pool.id)

    def attach(arn: str) -> None:
        user_pool.update(user_pool.read().request_with(Trigger(arn)))

    try:
        attach(ours)
        yield Subject(users, seen, wanted), OK, "Cognito calls"
        yield Subject(users, silent, wanted), WARNING, "nobody was seen today or yesterday"
        can_describe = usermgr_cognito.connect(session=world.caller("cognito-idp:DescribeUserPool"))
        yield Subject(can_describe), WARNING, f"allow lambda:GetPolicy on {ours}"
        yield Subject(usermgr_cognito.connect(session=world.caller())), WARNING, "allow cognito-idp:DescribeUserPool"
        attach(world.alias(ours))
        yield Subject(users, seen), OK, ":live"
        attach(barred)
        yield Subject(users, environ=wanted), FAILURE, "the trigger was replaced"
        yield Subject(users), FAILURE, "does not allow this pool to call it"
        attach(f"{ours}-gone")
        yield Subject(users), FAILURE, "does not exist, or nobody may call it"
    finally:
        user_pool.update(user_pool.read().request_with(None))


def function(world: World) -> Iterator[Case]:
    users = usermgr_lambda_client.connect()
    yield Subject(users), OK, "the function answers: full access"
    denied = usermgr_lambda_client.connect(session=world.caller())
    yield Subject(denied), WARNING, "allow lambda:InvokeFunction"
    yield Subject(usermgr_lambda_client.connect(function_name="missing")), FAILURE, "set LAMBDA_NAME_USERMGR"

    class Old:
        """Answers as release 0.9 would."""

        def invoke(self, payload: bytes) -> bytes:
            return users.transport.invoke(payload).replace(b'"version": "', b'"version": "0.9-')

    yield Subject(usermgr_lambda_client.connect(transport=Old())), WARNING, "deploy the function from release"

    class Broken:
        """Is of this release, and has no pool."""

        def invoke(self, payload: bytes) -> bytes:
            reply = json.loads(users.transport.invoke(payload))
            error = {"code": "store_not_found", "message": "there is no such pool", "details": {}}
            return json.dumps({name: reply[name] for name in reply if name != "result"} | {"error": error}).encode()

    yield Subject(usermgr_lambda_client.connect(transport=Broken())), FAILURE, "cannot use its store"

    class ReadOnly:
        """A function that allows reading alone, over a store without a service."""

        def invoke(self, payload: bytes) -> bytes:
            allowed = allowed_operations(Access.READ)
            return json.dumps(wire.serve(world.local(), json.loads(payload), allowed=allowed)).encode()

    yield Subject(usermgr_lambda_client.connect(transport=ReadOnly())), OK, "read-only access, without sign-in"


def lambda_settings(world: World) -> Iterator[Case]:
    subject = Subject(usermgr_lambda_client.connect(region="eu-west-1"))
    yield subject, OK, "the function is contract in eu-west-1"
    (found,) = findings("lambda.settings", subject)
    assert dict(found.evidence) == {
        "region": "eu-west-1, from the keyword region",
        "function_name": "contract, from LAMBDA_NAME_USERMGR",
    }
    named = {"USERMGR_BACKEND": "lambda", "AWS_REGION": "eu-west-1"}
    yield Subject(environ=named), OK, "the function is usermgr in eu-west-1"
    yield Subject(environ={"USERMGR_BACKEND": "lambda"}), FAILURE, "AWS_REGION is not set"


def table(world: World) -> Iterator[Case]:
    well = Subject(activity=world.activity())
    yield well, OK, "is an activity table"
    assert days(well) == "kept for ever"
    rule = {"AttributeName": EXPIRES_AT, "Enabled": True}
    name = findings("activity.table", well)[0].evidence["table"]
    world.client("dynamodb").update_time_to_live(TableName=name, TimeToLiveSpecification=rule)
    assert days(well) == "removed when they expire"
    missing = world.activity(table=False)
    yield Subject(activity=missing), FAILURE, "set DYNAMODB_NAME"
    world.client("dynamodb").create_table(
        TableName=missing.table_name, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )  # fmt: skip
    yield Subject(activity=missing), FAILURE, "its key is another one, it has no index last_seen"
    denied = world.activity(session=world.caller())
    yield Subject(activity=denied), WARNING, "allow dynamodb:DescribeTable"


def days(subject: Subject) -> str:
    """What the check of the table says of its days."""
    (found,) = findings("activity.table", subject)
    return found.evidence["days"]


def sightings(world: World) -> Iterator[Case]:
    yield Subject(activity=world.activity(world.hours_ago(30), world.hours_ago(2))), OK, "somebody was last seen"
    yield Subject(activity=world.activity()), WARNING, "attach the recorder"
    yield Subject(activity=world.activity(world.hours_ago(50))), WARNING, "nobody was seen for 2 days"
    yield Subject(activity=world.activity(session=world.caller())), WARNING, "allow dynamodb:Query"


def store(world: World) -> Iterator[Case]:
    users = world.local()
    subject = Subject(users)
    yield subject, OK, "is a store of this release"
    settings = users.settings
    settings.path.chmod(0o644)
    yield subject, FAILURE, f"run chmod 600 {settings.path}"
    settings.path.chmod(0o600)
    keys = settings.jwks_path.read_bytes()
    settings.jwks_path.write_bytes(b'{"keys": []}')
    yield subject, FAILURE, "open the store once"
    settings.jwks_path.write_bytes(keys)
    with mock.patch("os.geteuid", return_value=4711):
        yield subject, FAILURE, f"run chown 4711 {settings.path}"
    users.close()
    with closing(sqlite3.connect(settings.path)) as file:
        (version,) = file.execute("PRAGMA user_version").fetchone()
        file.execute(f"PRAGMA user_version = {version - 1}")
        yield subject, WARNING, "use the store once, which migrates it"
        file.execute("PRAGMA application_id = 1")
        yield subject, FAILURE, "choose another path"
        file.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        file.execute(f"PRAGMA user_version = {version}")
    named = {"USERMGR_BACKEND": "local", "USERMGR_LOCAL_PATH": str(settings.path)}
    yield Subject(environ=named), OK, "is a store of this release"
    settings.path.write_bytes(b"no database" * 100)
    yield Subject(environ=named), FAILURE, "restore the file from a backup"
    settings.path.unlink()
    yield Subject(environ=named), FAILURE, "set USERMGR_LOCAL_PATH"
    yield Subject(environ={"USERMGR_BACKEND": "local"}), FAILURE, "USERMGR_LOCAL_PATH is not set"


def keys(world: World) -> Iterator[Case]:
    path = world.jwks()
    environ = {"USERMGR_JWKS": str(path)}
    yield Subject(environ=environ), OK, "renewed 0.0 days ago"
    yield Subject(environ=environ, now=lambda: time.time() + 10 * 86_400), WARNING, "nobody has renewed"
    yield Subject(environ=environ, now=lambda: time.time() - 86_400), WARNING, "was written in the future"
    with mock.patch("usermgr_jwt._checks.risks", side_effect=PermissionError(13, "Permission denied")):
        yield Subject(environ=environ), FAILURE, "cannot be looked at: Permission denied"
    yield Subject(environ={"USERMGR_JWKS": "a\0b"}), FAILURE, "set USERMGR_JWKS to the path"
    path.chmod(0o666)
    yield Subject(environ=environ), WARNING, "every user of this machine can write the file"
    path.write_bytes(b"{}")
    yield Subject(environ=environ), FAILURE, "run python -m usermgr_jwt pull"
    yield Subject(environ={"USERMGR_JWKS": str(path / "missing")}), FAILURE, "run python -m usermgr_jwt pull"


def packages(world: World) -> Iterator[Case]:
    yield Subject(), OK, "packages of usermgr"
    other = world.folder / "usermgr_x-0.9.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: usermgr-x\nVersion: 0.9\n")
    world.patch.syspath_prepend(world.folder)
    yield Subject(), FAILURE, "install all packages of usermgr from one release"


CASES: dict[str, Callable[[World], Iterator[Case]]] = {
    "activity.sightings": sightings,
    "activity.table": table,
    "aws.clock": clock,
    "aws.credentials": credentials,
    "aws.reachable": reachable,
    "cognito.client": app_client,
    "cognito.pool": pool,
    "cognito.settings": settings,
    "cognito.trigger": trigger,
    "jwt.keys": keys,
    "lambda.function": function,
    "lambda.settings": lambda_settings,
    "local.store": store,
    "packages": packages,
}
"""What provokes each check: at least one subject that is well, and one that is not."""

TRIED: set[str] = set()
"""The checks whose cases were tried in this process."""


def worst(found: list[Finding]) -> Severity:
    """The gravest severity among them."""
    return max((finding.severity for finding in found), key=[OK, WARNING, FAILURE].index)


@pytest.mark.parametrize("name", sorted(registered_checks()))
def test_check_is_provoked(name: str, world: World) -> None:
    """A check is content with what is well, tells each fault with its remedy, and no secret; none lacks such cases."""
    assert name in CASES, f"{name} is registered, and no test provokes it"
    TRIED.add(name)
    provoked: set[bool] = set()
    told: list[str] = []
    for subject, severity, part in CASES[name](world):
        found = findings(name, subject)
        said = [f"{finding.summary}: {finding.remedy}" for finding in found]

        assert found, f"{name} has nothing to say: {part}"
        assert worst(found) is severity, said
        assert part in " ".join(said), said
        assert {finding.check for finding in found} == {name}
        assert [finding.summary for finding in found if finding.remedy is None and finding.severity is not OK] == []
        provoked.add(severity is OK)
        told += said + [str(dict(finding.evidence)) for finding in found]
    assert provoked == {True, False}
    secrets = ("S3cret-planted", os.environ.get("SECRET") or "S3cret-planted")
    assert not [text for text in told for secret in secrets if secret in text]


def test_there_is_no_case_of_a_check_that_is_gone() -> None:
    """Checks each provoked once: as many as are registered."""
    provoked = len(registered_checks().keys() & CASES.keys())
    print(f"checks each provoked once: {provoked} of {len(registered_checks())}")
    assert sorted(CASES) == sorted(registered_checks())


class Foreign:
    """A manager of a stranger, and an activity store of one."""

    def close(self) -> None:
        """Holds nothing."""


@pytest.mark.parametrize("name", sorted(set(registered_checks()) - {"packages"}))
def test_check_is_silent_where_the_subject_is_not_its_own(name: str) -> None:
    """A check of a service has nothing to say of a stranger's manager, and of no manager at all."""
    stranger: Any = Foreign()
    assert findings(name, Subject(stranger, stranger, environ={})) == []
    assert findings(name, Subject(environ={})) == []


def test_checks_change_nothing(world: World) -> None:
    """All checks together make only calls that read, each few times."""
    everything = Subject(usermgr_cognito.connect(), world.activity(world.hours_ago(1)))
    before = len(world.sandbox.requests())

    list(checks.run_checks(everything))

    made = [record.operation for record in world.sandbox.requests(before)]
    assert made
    print("requests of all checks:", dict(Counter(made)))
    assert [name for name in made if not name.startswith(("Describe", "Get", "List", "Query", "GET /"))] == []
    assert made.count("DescribeUserPool") == 2  # of the pool and of the trigger
    assert made.count("GetCallerIdentity") == 1  # for both, which have one identity


def test_broken_check_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that fails by itself is told by its kind, without its text, and the others run."""

    def broken(subject: Subject) -> list[Finding]:
        raise RuntimeError("S3cret-planted")

    both = {"broken": broken, "packages": registered_checks()["packages"]}
    monkeypatch.setattr(checks, "registered_checks", lambda: both)
    for name in ("USERMGR_BACKEND", "USERMGR_ACTIVITY", "USERMGR_AUDIT"):
        monkeypatch.delenv(name, raising=False)

    with recorded():
        ran = usermgr("doctor", "-o", "json")

    found = {each["check"]: each["summary"] for each in ran.data}
    assert (ran.status, found["broken"]) == (1, "the check itself failed with RuntimeError")
    assert "no backend was named" in found["backend"]
    assert found.keys() == {"broken", "packages", "backend"}
    assert "S3cret-planted" not in ran.out + ran.err


def test_every_finding_is_provoked() -> None:
    """Each place in the code that makes a finding was reached through `usermgr doctor`, by the tests above."""
    if registered_checks().keys() != TRIED:
        pytest.skip("only some of the tests above were run")
    every, left = sites(), untried()
    print(f"findings each provoked once: {len(every - left)} of {len(every)}")
    assert [str(site) for site in sorted(left)] == [], "\n".join(map(str, sorted(left)))
