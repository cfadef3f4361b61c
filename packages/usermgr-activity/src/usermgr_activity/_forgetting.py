"""Removes every row of a person: each is found by its key, day by day from the first to the last, and never by a Scan.

The user's row knows that span, so it goes last, and only if nothing was recorded meanwhile: whatever happens half-way,
the next call finds it and goes on. Needs `dynamodb:BatchGetItem` and `dynamodb:DeleteItem` on the table. Rows are
deleted one by one, because `dynamodb:BatchWriteItem` would also allow to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from usermgr.backoff import Backoff
from usermgr.errors import ConcurrentChangeError
from usermgr_activity import table
from usermgr_activity._errors import ErrorAnswer
from usermgr_activity.table import LAST_SEEN, LAST_SIGN_IN
from usermgr_activity.transport import Body

__all__ = ["Forgetting"]

CHANGED = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
"""The recorder was faster, or is at work on the row at this moment."""


class _Changed(Exception):  # noqa: N818 - never leaves this module
    """The rows have to be looked at again."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Removes people of one pool from one table."""

    table_name: str
    pool: str
    shards: Sequence[int]
    """Every number of shards that days were ever written with."""
    call: Callable[[str, Body], Body]
    """Sends a request; raises `ErrorAnswer`."""
    find: Callable[[Iterable[Any]], Iterator[table.Item]]
    """The items that exist among those with these keys, read consistently."""
    backoff: Backoff

    def forget(self, sub: str) -> int:
        """Removes the rows, and returns how many. Raises `ConcurrentChangeError` where others keep writing them."""
        removed = 0
        for _ in self.backoff.attempts():
            user = next(self.find([table.user_key(self.pool, sub)]), None)
            if user is None:
                return removed
            try:
                for day in self.find(table.day_keys(self.pool, user, self.shards)):
                    removed += self._delete(day)
                return removed + self._delete(user, **_unchanged(user))
            except _Changed:
                continue
        raise ConcurrentChangeError(
            "this user's activity is being recorded all the while: delete the user first, and then forget again",
            operation="forget",
        )

    def _delete(self, item: table.Item, **condition: Any) -> int:
        """1, or 0 where somebody else has deleted it meanwhile."""
        request = {"TableName": self.table_name, "Key": table.key_of(item), "ReturnValues": "ALL_OLD", **condition}
        try:
            answer = self.call("DeleteItem", request)
        except ErrorAnswer as error:
            if error.code in CHANGED:
                raise _Changed from error
            raise
        return int(bool(answer.get("Attributes")))


def _unchanged(user: table.Item) -> dict[str, Any]:
    """The condition that no day was added since the row was read: that always changes one of these."""
    compared = {name: user.get(name) for name in (LAST_SEEN, LAST_SIGN_IN)}
    return {
        "ConditionExpression": " AND ".join(
            f"attribute_not_exists({name})" if value is None else f"{name} = :{name}"
            for name, value in compared.items()
        ),
        "ExpressionAttributeValues": {f":{name}": value for name, value in compared.items() if value is not None},
    }
