"""Groups, and who is in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from usermgr import Group, Page
from usermgr.errors import InvalidInputError
from usermgr.validation import check_limit, check_texts
from usermgr_cognito._client import call_for_group, call_for_page
from usermgr_cognito._shapes import to_group

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Groups"]


class Groups:
    """The operations of `UserManager` on groups; see there."""

    def __init__(self, client: CognitoIdentityProviderClient, user_pool_id: str) -> None:
        self._client = client
        self._pool = user_pool_id

    def add(self, name: str, description: str | None, precedence: int | None) -> Group:
        response = self._by_name(self._client.create_group, name, Description=description, Precedence=precedence)
        return to_group(response["Group"])

    def get(self, name: str) -> Group:
        return to_group(self._by_name(self._client.get_group, name)["Group"])

    def update(self, name: str, description: str | None, precedence: int | None) -> Group:
        response = self._by_name(self._client.update_group, name, Description=description, Precedence=precedence)
        return to_group(response["Group"])

    def delete(self, name: str) -> None:
        self._by_name(self._client.delete_group, name)

    def list(self, limit: int, page_token: str | None) -> Page[Group]:
        return self._page(self._client.list_groups, limit, page_token)

    def list_for_user(self, username: str, limit: int, page_token: str | None) -> Page[Group]:
        check_texts(username=username)
        return self._page(self._client.admin_list_groups_for_user, limit, page_token, Username=username)

    def add_member(self, username: str, group: str) -> None:
        check_texts(username=username)
        self._call(self._client.admin_add_user_to_group, group, Username=username)

    def remove_member(self, username: str, group: str) -> None:
        check_texts(username=username)
        self._call(self._client.admin_remove_user_from_group, group, Username=username)

    def _by_name(self, method: Callable[..., Any], name: str, **parameters: Any) -> Any:
        """For the operations whose argument is the group's `name`, which is what their refusals name."""
        try:
            return self._call(method, name, **parameters)
        except InvalidInputError as error:
            if error.field != "group":
                raise
            raise type(error)(error.message, **{**error.details, "field": "name"}) from None

    def _call(self, method: Callable[..., Any], group: str, **parameters: Any) -> Any:
        check_texts(group=group)
        return call_for_group(self._client, method, UserPoolId=self._pool, GroupName=group, **parameters)

    def _page(self, method: Callable[..., Any], limit: int, page_token: str | None, **parameters: Any) -> Page[Group]:
        check_limit(limit)
        response = call_for_page(
            method, page_token, UserPoolId=self._pool, Limit=limit, NextToken=page_token, **parameters
        )
        return Page(tuple(to_group(shape) for shape in response["Groups"]), response.get("NextToken") or None)
