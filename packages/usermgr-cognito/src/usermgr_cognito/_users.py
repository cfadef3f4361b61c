"""Users: adding, reading, changing, deleting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from usermgr import User
from usermgr.validation import check_attributes, check_has_own_password, check_texts
from usermgr_cognito._client import call
from usermgr_cognito._creation import Creation
from usermgr_cognito._shapes import to_attribute_list, to_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Users"]


class Users:
    """The operations of `UserManager` on one user; see there."""

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str) -> None:
        self._client = client
        self._pool = user_pool_id
        self._creation = Creation(client, user_pool_id)

    def add(self, username: str, password: str | None, attributes: Mapping[str, str], *, temporary: bool) -> User:
        check_texts(username=username)
        check_attributes(attributes, removable=False)
        if password is not None:
            check_texts(password=password)
        return self._creation.create(username, password, dict(attributes), temporary=temporary)

    def get(self, username: str) -> User:
        return to_user(self._call(self._client.admin_get_user, username))

    def update(self, username: str, attributes: Mapping[str, str | None]) -> None:
        check_attributes(attributes, removable=True)
        removed = [name for name, value in attributes.items() if value is None]
        present = {name: value for name, value in attributes.items() if value is not None}
        if present or not removed:
            self._call(self._client.admin_update_user_attributes, username, UserAttributes=to_attribute_list(present))
        if removed:
            self._call(self._client.admin_delete_user_attributes, username, UserAttributeNames=removed)

    def set_password(self, username: str, password: str, *, permanent: bool) -> None:
        check_texts(password=password)
        # Cognito would turn a federated user into a local one without a warning:
        # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html
        check_has_own_password(self.get(username))
        self._call(self._client.admin_set_user_password, username, Password=password, Permanent=permanent)

    def reset_password(self, username: str) -> None:
        self._call(self._client.admin_reset_user_password, username)

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
