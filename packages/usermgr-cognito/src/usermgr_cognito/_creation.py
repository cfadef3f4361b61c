"""Creation of a user: two API calls that must look like one, wherever the process or the wire may break.

    AdminCreateUser(SUPPRESS) ──no answer, or UsernameExists to a call that was sent twice──▶ is it ours? then go on
            ▼
    AdminSetUserPassword(Permanent) ──no answer──▶ is it set? then it is done
            │ fails ──▶ AdminDeleteUser, if it is still ours alone ──fails──▶ IncompleteCreationError

A user that exists already is ours only if it was created after this very call began, and nothing has happened to it
since. A name that somebody else took, invited users included, is always `UserExistsError`. `ensure_user` with the
password finishes what a killed process leaves half-made.

An invitation is one AdminCreateUser, which makes the user and sends the message. It is never sent twice: where the SDK
sends the call again because no answer came, the name is taken by then, and the user is recognised as above; that the
first sending also sent the message is assumed. "Send again" is a call of its own, which is not repeated (`_once`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from usermgr import User, UserStatus
from usermgr.errors import (
    DeliveryError,
    IncompleteCreationError,
    ServiceError,
    ServiceTimeoutError,
    UserExistsError,
    UsermgrError,
    UserNotFoundError,
)
from usermgr_cognito._client import call
from usermgr_cognito._once import sent_once
from usermgr_cognito._shapes import to_attribute_list, to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Creation"]

DELIVERY_FAILURE = "CodeDeliveryFailureException"
"""Cognito could not send the message, and has created the user all the same, which AWS calls expected:
https://github.com/aws/aws-sdk/issues/438
"""

NOT_DELIVERED = frozenset({
    DELIVERY_FAILURE, "InvalidEmailRoleAccessPolicyException", "InvalidSmsRoleAccessPolicyException",
    "InvalidSmsRoleTrustRelationshipException",
})  # fmt: skip
"""What Cognito answers where a message cannot be sent."""

GRAIN = timedelta(seconds=1)
"""The grain of the `Date` header, by which Cognito's clock is read."""


class Creation:
    """Creates users in one pool."""

    def __init__(
        self,
        client: CognitoIdentityProviderClient,
        user_pool_id: str,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._pool = user_pool_id
        self._elapsed = elapsed

    def create(self, username: str, password: str | None, attributes: Mapping[str, str], *, temporary: bool) -> User:
        """See `UserManager.add_user`."""
        if password is None or temporary:
            return self._create(username, password, attributes)
        user = self._create(username, None, attributes)
        try:
            self._set_password(user.username, password)
        except UsermgrError as error:
            if not (isinstance(error, ServiceTimeoutError) and self._is_whole(user)):
                self._take_back(user, error)
                raise
        return replace(user, status=UserStatus.CONFIRMED)

    def invite(self, username: str, attributes: Mapping[str, str], mediums: list[str]) -> User:
        """See `UserManager.invite_user`. Cognito makes up the temporary password."""
        started = self._elapsed()
        try:
            return self._create(username, None, attributes, mediums)
        except ServiceError as error:
            if error.service_code not in NOT_DELIVERED:
                raise
            if error.service_code != DELIVERY_FAILURE and self._find_own(username, attributes, started) is None:
                raise  # the other codes tell of the pool's settings, perhaps before anything was done
            raise DeliveryError(
                f"the user {username} was added, and the invitation could not be sent ({error.service_code}): check "
                "the address, and the e-mail or SMS settings of the pool, and use resend_invitation",
                username=username,
                service_code=error.service_code,
            ) from error

    def invite_again(self, username: str, mediums: list[str]) -> None:
        """See `UserManager.resend_invitation`. Cognito makes up another temporary password."""
        with sent_once(self._client, "AdminCreateUser"):
            self._call(self._client.admin_create_user, username, MessageAction="RESEND", DesiredDeliveryMediums=mediums)

    def _create(
        self, username: str, password: str | None, attributes: Mapping[str, str], mediums: list[str] | None = None
    ) -> User:
        """Creates the user; silently, but for an invitation by these mediums."""
        started = self._elapsed()
        try:
            response = self._call(
                self._client.admin_create_user,
                username,
                TemporaryPassword=password,
                UserAttributes=to_attribute_list(attributes),
                MessageAction="SUPPRESS" if mediums is None else None,
                DesiredDeliveryMediums=mediums,
            )
        except (UserExistsError, ServiceTimeoutError) as error:
            own = None
            if isinstance(error, ServiceTimeoutError) or error.retries:
                own = self._find_own(username, attributes, started)
            if own is None:
                raise
            return own
        return to_user(response["User"])

    def _set_password(self, username: str, password: str) -> None:
        self._call(self._client.admin_set_user_password, username, Password=password, Permanent=True)

    def _is_whole(self, user: User) -> bool:
        now = self._find_quietly(user.username)
        return now is not None and now.sub == user.sub and now.status is UserStatus.CONFIRMED

    def _find_own(self, username: str, attributes: Mapping[str, str], started: float) -> User | None:
        """The user whom the call that began at `started` has created, if it can have created one.

        Both times are Cognito's own: the user's creation, and the `Date` of this answer less the time since `started`.
        """
        try:
            response = self._call(self._client.admin_get_user, username)
        except UsermgrError:
            return None  # this follows an earlier failure, and that one will be raised
        found, now = to_user(response), _date_of(response)
        if not _untouched(found) or not _same(found.attributes, username, attributes):
            return None
        began = now - timedelta(seconds=self._elapsed() - started) - GRAIN
        return found if found.created_at >= began else None

    def _find_quietly(self, username: str) -> User | None:
        try:
            return self._get(username)
        except UsermgrError:
            return None  # this follows an earlier failure, and that one will be raised

    def _get(self, username: str) -> User:
        return to_user(self._call(self._client.admin_get_user, username))

    def _call(self, method: Callable[..., Any], username: str, **parameters: Any) -> Any:
        return call(method, UserPoolId=self._pool, Username=username, **parameters)

    def _take_back(self, user: User, cause: UsermgrError) -> None:
        try:
            now = self._get(user.username)
            if now.sub != user.sub or not _untouched(now):
                return  # somebody has changed it meanwhile, so it is theirs now
            self._call(self._client.admin_delete_user, user.username)
        except UserNotFoundError:
            return
        except UsermgrError as error:
            raise IncompleteCreationError(
                f"the user {user.username} was created, its password could not be set ({cause.code}), and it could not "
                f"be deleted again ({error.code}): delete it, or set its password",
                username=user.username,
            ) from cause


def _date_of(response: Mapping[str, Any]) -> datetime:
    """When Cognito answered, by its own clock; by ours, where a proxy has taken the header away."""
    header = response["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)


def _untouched(user: User) -> bool:
    return user.status is UserStatus.FORCE_CHANGE_PASSWORD and user.updated_at == user.created_at


def _same(found: Mapping[str, str], username: str, wanted: Mapping[str, str]) -> bool:
    """Whether these are the wanted attributes and no other, but for the name where the pool made it an address."""
    extra = {name for name in found.keys() - wanted.keys() if found[name] != username}
    return not extra and all(found.get(name) == value for name, value in wanted.items())
