"""Users: adding, reading, changing, deleting."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from usermgr import Medium, User, UserStatus
from usermgr.errors import (
    DeliveryError,
    InvalidInputError,
    InvalidPasswordError,
    InvalidStateError,
    ServiceError,
    UsermgrError,
)
from usermgr.validation import (
    check_attributes,
    check_has_own_password,
    check_resettable,
    check_texts,
    check_type,
)
from usermgr_cognito._client import call
from usermgr_cognito._creation import NOT_DELIVERED, Creation
from usermgr_cognito._descriptions import Descriptions
from usermgr_cognito._explanations import explain_password, explain_user
from usermgr_cognito._shapes import to_attribute_list, to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Users"]

MEDIUMS = {Medium.EMAIL: ("EMAIL", "email"), Medium.SMS: ("SMS", "phone_number")}
"""Cognito's `DesiredDeliveryMediums`, and the attribute with the address."""


class Users:
    """The operations of `UserManager` on one user; see there."""

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str, descriptions: Descriptions) -> None:
        self._client = client
        self._pool = user_pool_id
        self._descriptions = descriptions
        self._creation = Creation(client, user_pool_id)

    def add(self, username: str, password: str | None, attributes: Mapping[str, str], *, temporary: bool) -> User:
        check_texts(username=username)
        check_attributes(attributes, removable=False)
        if password is not None:
            check_texts(password=password)
        # A blank value means none, as in an update.
        given = {name: value for name, value in attributes.items() if value}
        check_type("temporary", temporary, bool)
        with self._explained(username=username, attributes=given, password=password):
            return self._creation.create(username, password, given, temporary=temporary)

    def invite(self, username: str, attributes: Mapping[str, str], medium: Medium) -> User:
        check_texts(username=username)
        check_attributes(attributes, removable=False)
        word, address = _medium(medium)
        given = {name: value for name, value in attributes.items() if value}
        pool = self._descriptions.pool() if address not in given else None
        implied = dict.fromkeys(pool.username_attributes, username) if pool is not None else {}
        _check_address({**implied, **given}, address)
        with self._explained(username=username, attributes=given):
            return self._creation.invite(username, given, [word])

    def invite_again(self, username: str, medium: Medium) -> None:
        word, address = _medium(medium)
        user = self.get(username)
        if user.status is not UserStatus.FORCE_CHANGE_PASSWORD:
            raise InvalidStateError(
                f"{user.username} is {user.status.value}: only who has not chosen a password yet can be invited again",
                username=user.username,
            )
        _check_address(user.attributes, address)
        try:
            self._creation.invite_again(user.username, [word])
        except ServiceError as error:
            if error.service_code not in NOT_DELIVERED:
                raise
            raise DeliveryError(
                f"the invitation to {user.username} could not be sent ({error.service_code}), and the password before "
                "it may have stopped working: check the address, and the e-mail or SMS settings of the pool",
                username=user.username,
                service_code=error.service_code,
            ) from error

    def confirm(self, username: str) -> None:
        try:
            self._call(self._client.admin_confirm_sign_up, username)
        except InvalidStateError as error:
            found = self._find_quietly(username)
            if found is None:
                raise
            raise InvalidStateError(
                f"{found.username} is {found.status.value}, and only a user who is UNCONFIRMED can be confirmed",
                username=found.username,
                operation=error.operation,
                service_code=error.service_code,
            ) from error

    def get(self, username: str) -> User:
        return to_user(self._call(self._client.admin_get_user, username))

    def update(self, username: str, attributes: Mapping[str, str | None]) -> None:
        """One request, so that it is refused or done as a whole."""
        check_attributes(attributes, removable=True)
        with self._explained(existing=username, attributes=attributes):
            self._call(
                self._client.admin_update_user_attributes, username, UserAttributes=to_attribute_list(attributes)
            )

    def set_password(self, username: str, password: str, *, permanent: bool) -> None:
        check_texts(password=password)
        check_type("permanent", permanent, bool)
        # Cognito would turn a federated user into a local one without a warning:
        # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html
        check_has_own_password(self.get(username))
        with self._explained(password=password):
            self._call(self._client.admin_set_user_password, username, Password=password, Permanent=permanent)

    def reset_password(self, username: str) -> None:
        try:
            self._call(self._client.admin_reset_user_password, username)
        except (InvalidInputError, InvalidStateError) as error:
            found = self._find_quietly(username) if error.service_code is not None else None
            if found is not None:
                check_resettable(found)
            if error.service_code is not None and isinstance(error, InvalidInputError):
                raise InvalidInputError(
                    f"the pool does not reset the password of {username}: it needs a verified address for the code, "
                    "an account recovery that is not left to administrators, and no trigger that refuses",
                    field="username",
                    operation=error.operation,
                    service_code=error.service_code,
                ) from error
            raise

    @contextmanager
    def _explained(
        self,
        *,
        username: str | None = None,
        existing: str | None = None,
        attributes: Mapping[str, str | None] | None = None,
        password: str | None = None,
    ) -> Generator[None]:
        """Names the field of a refusal by the pool's own description."""
        try:
            yield
        except InvalidPasswordError as error:
            if error.service_code is None or password is None:
                raise
            raise explain_password(self._descriptions.pool(anew=True), error, password) from None
        except InvalidInputError as error:
            if error.service_code is None or type(error) is not InvalidInputError:
                raise
            if attributes is None:
                raise explain_password(self._descriptions.pool(anew=True), error, password or "") from None
            present: Mapping[str, str] | None = self._attributes_of(existing) if existing is not None else {}
            raise explain_user(
                self._descriptions.pool(anew=True), error, username=username, attributes=attributes, present=present
            ) from error

    def enable(self, username: str) -> None:
        self._call(self._client.admin_enable_user, username)

    def disable(self, username: str) -> None:
        self._call(self._client.admin_disable_user, username)

    def sign_out(self, username: str) -> None:
        self._call(self._client.admin_user_global_sign_out, username)

    def delete(self, username: str) -> None:
        self._call(self._client.admin_delete_user, username)

    def _attributes_of(self, username: str) -> Mapping[str, str] | None:
        found = self._find_quietly(username)
        return None if found is None else found.attributes

    def _find_quietly(self, username: str) -> User | None:
        """The user, to explain a refusal by; `None` where the caller may not read users, or the read fails."""
        try:
            return self.get(username)
        except UsermgrError:
            return None

    def _call(self, method: Callable[..., Any], username: str, **parameters: Any) -> Any:
        check_texts(username=username)
        return call(method, UserPoolId=self._pool, Username=username, **parameters)


def _medium(medium: Medium) -> tuple[str, str]:
    """Cognito's word for the medium, and the attribute with the address."""
    check_texts(medium=medium)
    if medium not in MEDIUMS:
        raise InvalidInputError(f"medium must be one of {', '.join(MEDIUMS)}", field="medium")
    return MEDIUMS[medium]


def _check_address(attributes: Mapping[str, str], address: str) -> None:
    if not attributes.get(address):
        raise InvalidInputError(f"an invitation by this medium needs the attribute {address}", field=address)
