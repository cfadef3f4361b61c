"""Finding users: which condition Cognito can answer, and a filter for it that no input can escape from.

One attribute, `=` or `^=`, at most 256 characters, never a custom attribute; a backslash or a double quote in
the value is escaped by a backslash:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from usermgr import Condition, Operator, UserMatches
from usermgr.validation import check_limit, check_texts
from usermgr_cognito._client import call_for_group, call_for_page
from usermgr_cognito._shapes import to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Search", "choose", "to_filter"]

MAX_LENGTH = 256
_SYMBOLS = {Operator.EQUALS: "=", Operator.STARTS_WITH: "^="}
_NAMES = {
    "sub": "sub",
    "username": "username",
    "email": "email",
    "phone_number": "phone_number",
    "preferred_username": "preferred_username",
    "name": "name",
    "given_name": "given_name",
    "family_name": "family_name",
    "status": "cognito:user_status",
    "enabled": "status",
}
"""Our field names as Cognito's, the most selective first."""


class Search:
    """`find_users` of `UserManager`; see there."""

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str) -> None:
        self._client = client
        self._pool = user_pool_id

    def find(self, conditions: Sequence[Condition], limit: int, page_token: str | None) -> UserMatches:
        check_limit(limit)
        for index, condition in enumerate(conditions):
            if condition.field == "group":
                return self._find_in_group(condition.value, index, limit, page_token)
        chosen = choose(conditions)
        response = call_for_page(
            self._client.list_users,
            page_token,
            UserPoolId=self._pool,
            PaginationToken=page_token,
            Limit=limit,
            Filter=chosen[1] if chosen else None,
        )
        return UserMatches(
            users=tuple(to_user(shape) for shape in response["Users"]),
            next_token=response.get("PaginationToken"),
            answered=(chosen[0],) if chosen else (),
        )

    def _find_in_group(self, group: str, index: int, limit: int, page_token: str | None) -> UserMatches:
        check_texts(group=group)
        response = call_for_page(
            self._client.list_users_in_group,
            page_token,
            through=partial(call_for_group, self._client),
            UserPoolId=self._pool,
            GroupName=group,
            Limit=limit,
            NextToken=page_token,
        )
        return UserMatches(tuple(to_user(shape) for shape in response["Users"]), response.get("NextToken"), (index,))


def to_filter(condition: Condition) -> str | None:
    """The filter for a condition, or `None` where Cognito cannot answer it."""
    name, symbol = _NAMES.get(condition.field), _SYMBOLS.get(condition.operator)
    if name is None or symbol is None or not condition.value or not condition.value.isprintable():
        return None
    value = condition.value
    if condition.field == "enabled":
        value = "Enabled" if value == "true" else "Disabled"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    text = f'{name} {symbol} "{escaped}"'
    return text if len(text) <= MAX_LENGTH else None


def choose(conditions: Sequence[Condition]) -> tuple[int, str] | None:
    """The one condition that Cognito is asked to answer, by index, with its filter: an equality before a prefix."""
    order = list(_NAMES)
    written = [(index, to_filter(condition)) for index, condition in enumerate(conditions)]
    candidates = [(index, text) for index, text in written if text is not None]
    if not candidates:
        return None
    return min(
        candidates,
        key=lambda found: (
            conditions[found[0]].operator is not Operator.EQUALS,
            order.index(conditions[found[0]].field),
        ),
    )
