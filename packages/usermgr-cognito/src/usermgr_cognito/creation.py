"""Creation of a user: two API calls that must look like one, wherever the process may die.

    AdminCreateUser(SUPPRESS)  ──fails──▶ nothing was made
            │ UsernameExists, or no answer ──▶ does the first half of this same creation stand there? then go on
            ▼
    AdminSetUserPassword(Permanent) ──fails──▶ AdminDeleteUser ──fails──▶ IncompleteCreationError

"The reply was lost", "the SDK sent it again" and "the process was killed and the caller ran it again" all look the
same. The user that stands there is taken for our own first half only if nothing else can
have happened to it: the same attributes, never a password of its own, never changed, in no group, and
made in the last ten minutes. Everything else is `UserExistsError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from usermgr import User, UserStatus
from usermgr.errors import (
    IncompleteCreationError,
    ServiceTimeoutError,
    UserExistsError,
    UsermgrError,
    UserNotFoundError,
)
from usermgr_cognito._client import call
from usermgr_cognito._shapes import to_attribute_list, to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["RESUMABLE_FOR", "Creation"]

RESUMABLE_FOR = timedelta(minutes=10)


class Creation:
    """Creates users in one pool."""

    def __init__(
        self,
        client: CognitoIdentityProviderClient,
        user_pool_id: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._now = now

    def create(self, username: str, password: str | None, attributes: Mapping[str, str], *, temporary: bool) -> User:
        """See `UserManager.add_user`."""
        if password is None or temporary:
            return self._create(username, password, attributes)
        resumed = False
        try:
            user = self._create(username, None, attributes)
        except (UserExistsError, ServiceTimeoutError) as error:
            user, resumed = self._own_first_half(username, attributes), True
            if user is None:
                raise error from error.__cause__
        try:
            self._set_password(user.username, password)
        except UsermgrError as error:
            if not resumed:
                self._take_back(user.username, error)
            raise
        return replace(user, status=UserStatus.CONFIRMED)

    def _create(self, username: str, password: str | None, attributes: Mapping[str, str]) -> User:
        response = call(
            self._client.admin_create_user,
            evidence={"username": username},
            UserPoolId=self._pool,
            Username=username,
            TemporaryPassword=password,
            UserAttributes=to_attribute_list(attributes),
            MessageAction="SUPPRESS",
        )
        return to_user(response["User"])

    def _set_password(self, username: str, password: str) -> None:
        call(
            self._client.admin_set_user_password,
            evidence={"username": username},
            UserPoolId=self._pool,
            Username=username,
            Password=password,
            Permanent=True,
        )

    def _take_back(self, username: str, cause: UsermgrError) -> None:
        try:
            call(
                self._client.admin_delete_user,
                evidence={"username": username},
                UserPoolId=self._pool,
                Username=username,
            )
        except UserNotFoundError:
            return
        except UsermgrError as error:
            raise IncompleteCreationError(
                f"the user {username} was created, its password could not be set ({cause.code}), and it could not be "
                f"deleted again ({error.code}): delete it, or set its password",
                username=username,
            ) from cause

    def _own_first_half(self, username: str, attributes: Mapping[str, str]) -> User | None:
        """The user, if it can only be what this creation has made so far; `None` also where that cannot be seen."""
        try:
            return self._find_first_half(username, attributes)
        except UsermgrError:
            return None

    def _find_first_half(self, username: str, attributes: Mapping[str, str]) -> User | None:
        found = call(
            self._client.admin_get_user,
            evidence={"username": username},
            UserPoolId=self._pool,
            Username=username,
        )
        user = to_user(found)
        age = self._now() - user.created_at
        untouched = (
            user.status is UserStatus.FORCE_CHANGE_PASSWORD
            and user.updated_at == user.created_at
            and _same(user.attributes, username, attributes)
            and age < RESUMABLE_FOR
        )
        if not untouched:
            return None
        groups = call(
            self._client.admin_list_groups_for_user,
            evidence={"username": username},
            UserPoolId=self._pool,
            Username=user.username,
            Limit=1,
        )
        return None if groups["Groups"] else user


def _same(found: Mapping[str, str], username: str, wanted: Mapping[str, str]) -> bool:
    """Whether these are the wanted attributes and no other, but for the name where the pool made it an address."""
    extra = {name for name in found.keys() - wanted.keys() if found[name] != username}
    return not extra and all(found.get(name) == value for name, value in wanted.items())
