"""`CognitoUserManager`: the primitives of `usermgr.UserManager` on Amazon Cognito user pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from usermgr import (
    AuthResult,
    Challenge,
    Condition,
    Group,
    Page,
    Tokens,
    User,
    UserManager,
    UserMatches,
    UserStatus,
)
from usermgr.errors import (
    GroupNotFoundError,
    InvalidInputError,
    InvalidPageTokenError,
    InvalidStateError,
    StoreNotFoundError,
)
from usermgr.validation import check_attributes, check_limit, check_texts
from usermgr_cognito import filters
from usermgr_cognito._client import Patience, call, make_client
from usermgr_cognito._shapes import to_attribute_list, to_group, to_user
from usermgr_cognito.creation import Creation
from usermgr_cognito.settings import CognitoSettings
from usermgr_cognito.sign_in import SignIn

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["CognitoUserManager"]


class CognitoUserManager(UserManager):
    """Users of one user pool, through the admin API, with the caller's AWS identity."""

    def __init__(
        self,
        settings: CognitoSettings,
        client: CognitoIdentityProviderClient | None = None,
        *,
        patience: Patience | None = None,
    ) -> None:
        self._client = client if client is not None else make_client(settings.region, patience)
        self._pool = settings.user_pool_id
        self._creation = Creation(self._client, self._pool)
        self._sign_in = SignIn(self._client, settings)

    def __repr__(self) -> str:
        return f"CognitoUserManager({self._pool!r})"

    # --- Users ---------------------------------------------------------------------------------------

    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        check_texts(username=username)
        check_attributes(attributes or {}, removable=False)
        if password is not None:
            check_texts(password=password)
        return self._creation.create(username, password, dict(attributes or {}), temporary=temporary)

    def get_user(self, username: str) -> User:
        return to_user(self._user_call(self._client.admin_get_user, username))

    def find_users(
        self,
        conditions: Sequence[Condition] = (),
        *,
        limit: int = 60,
        page_token: str | None = None,
    ) -> UserMatches:
        check_limit(limit)
        for index, condition in enumerate(conditions):
            if condition.field == "group":
                return self._find_in_group(condition.value, (index,), limit, page_token)
        chosen = filters.choose(conditions)
        response = self._page_call(
            self._client.list_users,
            page_token,
            PaginationToken=page_token,
            Limit=limit,
            Filter=chosen[1] if chosen else None,
        )
        return UserMatches(
            users=tuple(to_user(shape) for shape in response["Users"]),
            next_token=response.get("PaginationToken"),
            answered=(chosen[0],) if chosen else (),
        )

    def _find_in_group(self, group: str, answered: tuple[int, ...], limit: int, page_token: str | None) -> UserMatches:
        check_texts(group=group)
        response = self._page_call(
            self._client.list_users_in_group, page_token, group, GroupName=group, Limit=limit, NextToken=page_token
        )
        return UserMatches(tuple(to_user(shape) for shape in response["Users"]), response.get("NextToken"), answered)

    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        check_attributes(attributes, removable=True)
        removed = [name for name, value in attributes.items() if value is None]
        present = {name: value for name, value in attributes.items() if value is not None}
        if present or not removed:
            self._user_call(
                self._client.admin_update_user_attributes, username, UserAttributes=to_attribute_list(present)
            )
        if removed:
            self._user_call(self._client.admin_delete_user_attributes, username, UserAttributeNames=removed)

    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        check_texts(password=password)
        # Cognito would turn a federated user into a local one without a word:
        # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html
        if self.get_user(username).status is UserStatus.EXTERNAL_PROVIDER:
            raise InvalidStateError(
                f"{username} signs in through an external identity provider: a password would make it a local user",
                username=username,
            )
        self._user_call(self._client.admin_set_user_password, username, Password=password, Permanent=permanent)

    def reset_password(self, username: str) -> None:
        self._user_call(self._client.admin_reset_user_password, username)

    def enable_user(self, username: str) -> None:
        self._user_call(self._client.admin_enable_user, username)

    def disable_user(self, username: str) -> None:
        self._user_call(self._client.admin_disable_user, username)

    def sign_out_user(self, username: str) -> None:
        self._user_call(self._client.admin_user_global_sign_out, username)

    def delete_user(self, username: str) -> None:
        self._user_call(self._client.admin_delete_user, username)

    # --- Groups --------------------------------------------------------------------------------------

    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        response = self._group_call(self._client.create_group, name, Description=description, Precedence=precedence)
        return to_group(response["Group"])

    def get_group(self, name: str) -> Group:
        return to_group(self._group_call(self._client.get_group, name)["Group"])

    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        response = self._group_call(self._client.update_group, name, Description=description, Precedence=precedence)
        return to_group(response["Group"])

    def delete_group(self, name: str) -> None:
        self._group_call(self._client.delete_group, name)

    def list_groups(self, *, limit: int = 60, page_token: str | None = None) -> Page[Group]:
        check_limit(limit)
        response = self._page_call(self._client.list_groups, page_token, Limit=limit, NextToken=page_token)
        return Page(tuple(to_group(shape) for shape in response["Groups"]), response.get("NextToken"))

    def add_user_to_group(self, username: str, group: str) -> None:
        check_texts(username=username)
        self._group_call(self._client.admin_add_user_to_group, group, username=username, Username=username)

    def remove_user_from_group(self, username: str, group: str) -> None:
        check_texts(username=username)
        self._group_call(self._client.admin_remove_user_from_group, group, username=username, Username=username)

    def list_groups_for_user(self, username: str, *, limit: int = 60, page_token: str | None = None) -> Page[Group]:
        check_texts(username=username)
        check_limit(limit)
        response = self._page_call(
            self._client.admin_list_groups_for_user,
            page_token,
            username=username,
            Username=username,
            Limit=limit,
            NextToken=page_token,
        )
        return Page(tuple(to_group(shape) for shape in response["Groups"]), response.get("NextToken"))

    # --- Sign-in -------------------------------------------------------------------------------------

    def authenticate(self, username: str, password: str) -> AuthResult:
        return self._sign_in.authenticate(username, password)

    def answer_challenge(self, challenge: Challenge, answer: str) -> AuthResult:
        return self._sign_in.answer_challenge(challenge, answer)

    def refresh(self, tokens: Tokens) -> Tokens:
        return self._sign_in.refresh(tokens)

    # --- Calls ---------------------------------------------------------------------------------------

    def _user_call(self, method: Any, username: str, **parameters: Any) -> Any:
        check_texts(username=username)
        return call(method, evidence={"username": username}, UserPoolId=self._pool, Username=username, **parameters)

    def _group_call(self, method: Any, group: str, *, username: str | None = None, **parameters: Any) -> Any:
        check_texts(group=group)
        evidence = {"group": group} if username is None else {"group": group, "username": username}
        try:
            return call(method, evidence=evidence, UserPoolId=self._pool, GroupName=group, **parameters)
        except StoreNotFoundError as error:
            self._raise_not_found(group, error)

    def _page_call(
        self,
        method: Any,
        page_token: str | None,
        group: str | None = None,
        username: str | None = None,
        **parameters: Any,
    ) -> Any:
        evidence = {name: value for name, value in (("group", group), ("username", username)) if value is not None}
        try:
            return call(method, evidence=evidence, UserPoolId=self._pool, **parameters)
        except StoreNotFoundError as error:
            if group is None:
                raise
            self._raise_not_found(group, error)
        except InvalidInputError as error:
            if page_token is None:
                raise
            raise InvalidPageTokenError(
                "the page token is malformed, older than an hour, or of another query: start again without one",
                field="page_token",
            ) from error

    def _raise_not_found(self, group: str, error: StoreNotFoundError) -> NoReturn:
        """Cognito has one code for a missing group and a missing pool: ask for the pool's groups to know."""
        call(self._client.list_groups, evidence={}, UserPoolId=self._pool, Limit=1)
        raise GroupNotFoundError(f"no group is named {group}", group=group) from error
