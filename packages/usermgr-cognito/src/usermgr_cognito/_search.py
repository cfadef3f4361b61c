"""Finding users: which condition Cognito can answer, and a filter for it that no input can escape from.

One attribute, `=` or `^=`, at most 256 characters, never a custom attribute; a backslash or a double quote in
the value is escaped by a backslash:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from usermgr import Condition, Operator, User, UserMatches
from usermgr.errors import InvalidInputError
from usermgr.search import ANYWHERE, matches
from usermgr.validation import STANDARD_ATTRIBUTES, check_conditions, check_limit, check_texts
from usermgr_cognito._client import call_for_group, call_for_page
from usermgr_cognito._descriptions import Descriptions
from usermgr_cognito._shapes import to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Search", "choose", "to_filter"]

MAX_LENGTH = 256
_SYMBOLS = {Operator.EQUALS: "=", Operator.SAME: "=", Operator.STARTS_WITH: "^="}
"""Cognito's searches do not mind case, except for user names:
https://docs.aws.amazon.com/cognito/latest/developerguide/how-to-manage-user-accounts.html
"""
_OWN_FIELDS = {ANYWHERE, "group", "created_at", "updated_at", *STANDARD_ATTRIBUTES}
"""Fields that every pool has, beside those that it can search by. No filter of Cognito's means a plain word."""
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

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str, descriptions: Descriptions) -> None:
        self._client = client
        self._pool = user_pool_id
        self._descriptions = descriptions

    def find(self, conditions: Sequence[Condition], limit: int, page_token: str | None) -> UserMatches:
        check_limit(limit)
        self._check_fields(conditions)
        for index, condition in enumerate(conditions):
            if condition.field == "group":
                return self._find_in_group(conditions, index, limit, page_token)
        chosen = choose(conditions)
        response = call_for_page(
            self._client.list_users,
            page_token,
            UserPoolId=self._pool,
            PaginationToken=page_token,
            Limit=limit,
            Filter=chosen[1] if chosen else None,
        )
        return self._matches(response, "PaginationToken", conditions, chosen[0] if chosen else None)

    def _check_fields(self, conditions: Sequence[Condition]) -> None:
        """Raises `InvalidInputError` for an attribute that the pool does not have, where its schema may be read.

        Where it may not, a name that may be misspelt finds nobody, but its lack would find everybody: it is refused.
        """
        check_conditions(conditions)
        strange = [c for c in conditions if c.field not in _NAMES and c.field not in _OWN_FIELDS]
        pool = self._descriptions.pool() if strange else None
        for condition in strange:
            name = condition.field
            if pool is not None and name not in pool.attributes:
                raise InvalidInputError(f"the pool has no attribute {name}: correct the name", field=name)
            if pool is None and condition.operator is Operator.LACKS:
                raise InvalidInputError(
                    f"the pool's schema cannot be read, and everybody lacks an attribute {name} that is misspelt: "
                    "allow cognito-idp:DescribeUserPool",
                    field=name,
                )

    def _is_same(self, user: User, condition: Condition) -> bool:
        """Whether they are the same as the pool compares names; in any case, where it may not be asked."""
        pool = self._descriptions.pool()
        exactly = pool is not None and pool.case_sensitive
        return matches(user, replace(condition, operator=Operator.EQUALS) if exactly else condition)

    def _find_in_group(
        self, conditions: Sequence[Condition], index: int, limit: int, page_token: str | None
    ) -> UserMatches:
        group = conditions[index].value
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
        return self._matches(response, "NextToken", conditions, index)

    def _matches(
        self, response: Mapping[str, Any], token: str, conditions: Sequence[Condition], answered: int | None
    ) -> UserMatches:
        """The page, less the users whom a `SAME` condition excludes: only the pool knows whether case matters."""
        same = [index for index, condition in enumerate(conditions) if condition.operator is Operator.SAME]
        users = [to_user(shape) for shape in response["Users"]]
        return UserMatches(
            users=tuple(user for user in users if all(self._is_same(user, conditions[index]) for index in same)),
            next_token=response.get(token) or None,
            answered=tuple(sorted({*same, *(() if answered is None else (answered,))})),
        )


def to_filter(condition: Condition) -> str | None:
    """The filter for a condition, or `None` where Cognito cannot answer it."""
    name, symbol = _NAMES.get(condition.field), _SYMBOLS.get(condition.operator)
    if condition.field == "username" and condition.operator is Operator.SAME:
        return None  # the one field whose case matters to a search
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
            conditions[found[0]].operator is Operator.STARTS_WITH,
            order.index(conditions[found[0]].field),
        ),
    )
