"""Users: adding, reading, changing, deleting."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from usermgr import User
from usermgr.errors import InvalidInputError, InvalidPasswordError
from usermgr.validation import (
    check_attributes,
    check_has_own_password,
    check_has_verified_address,
    check_texts,
    check_type,
)
from usermgr_cognito._client import call
from usermgr_cognito._creation import Creation
from usermgr_cognito._descriptions import Descriptions
from usermgr_cognito._explanations import explain_password, explain_user
from usermgr_cognito._shapes import to_attribute_list, to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Users"]


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
        except InvalidInputError as error:
            if error.service_code is not None:
                check_has_verified_address(self.get(username))
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
            if error.service_code is None or type(error) is not InvalidInputError or attributes is None:
                raise
            present: Mapping[str, str] = self.get(existing).attributes if existing is not None else {}
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

    def _call(self, method: Callable[..., Any], username: str, **parameters: Any) -> Any:
        check_texts(username=username)
        return call(method, UserPoolId=self._pool, Username=username, **parameters)
