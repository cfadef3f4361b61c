"""`CognitoUserManager`: `usermgr.UserManager` on an Amazon Cognito user pool. Each part has a module of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from usermgr import (
    AuthResult,
    Challenge,
    Condition,
    Group,
    Medium,
    MfaMethod,
    MfaReset,
    MfaSettings,
    Page,
    StoreDescription,
    Tokens,
    User,
    UserManager,
    UserMatches,
)
from usermgr.validation import PAGE_LIMIT
from usermgr_aws import AwsAccess, CallLimits, Connection, SdkClient, caller_of
from usermgr_cognito._describe import describe
from usermgr_cognito._descriptions import Descriptions
from usermgr_cognito._groups import Groups
from usermgr_cognito._mfa import Mfa
from usermgr_cognito._search import Search
from usermgr_cognito._settings import CognitoSettings
from usermgr_cognito._sign_in import SignIn
from usermgr_cognito._users import Users

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["CognitoUserManager"]


class CognitoUserManager(UserManager):
    """Users of one user pool, through the admin API, with the caller's AWS identity.

    `client` is a boto3 client to use instead of a new one; `connection` and `limits` are for the new one.
    """

    def __init__(
        self,
        settings: CognitoSettings,
        client: SdkClient | None = None,
        *,
        connection: Connection | None = None,
        limits: CallLimits | None = None,
    ) -> None:
        given = client is not None
        connection = connection or Connection(settings.region)
        self._is_client_ours = client is None
        client = cast(
            "CognitoIdentityProviderClient", client or connection.client("cognito-idp", limits or CallLimits())
        )
        self._client = client
        self._pool = settings.user_pool_id
        self.settings = settings
        self.aws = AwsAccess(client, None if given else connection)
        """How requests reach AWS, for checks."""
        self._descriptions = descriptions = Descriptions(client, self._pool)
        self._users = Users(client, self._pool, descriptions)
        self._mfa = Mfa(client, self._pool, descriptions)
        self._search = Search(client, self._pool, descriptions)
        self._groups = Groups(client, self._pool)
        self._sign_in = SignIn(client, settings, descriptions)

    def __repr__(self) -> str:
        return f"CognitoUserManager({self._pool!r})"

    def close(self) -> None:
        """Ends idle connections of its own SDK client, not of one that was given; the next call opens one again."""
        if self._is_client_ours:
            self._client.close()

    def caller(self) -> str | None:
        """The ARN of the credentials, by GetCallerIdentity, which needs no permission."""
        return caller_of(self.aws)

    # --- The store -----------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        return describe(self._pool, self._descriptions.require_pool(), self._descriptions.require_factors())

    # --- Users ---------------------------------------------------------------------------------------

    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        return self._users.add(username, password, {} if attributes is None else attributes, temporary=temporary)

    def invite_user(
        self, username: str, attributes: Mapping[str, str] | None = None, *, medium: Medium = Medium.EMAIL
    ) -> User:
        return self._users.invite(username, {} if attributes is None else attributes, medium)

    def resend_invitation(self, username: str, *, medium: Medium = Medium.EMAIL) -> None:
        self._users.invite_again(username, medium)

    def confirm_user(self, username: str) -> None:
        self._users.confirm(username)

    def get_user(self, username: str) -> User:
        return self._users.get(username)

    def find_users(
        self, conditions: Sequence[Condition] = (), *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> UserMatches:
        return self._search.find(conditions, limit, page_token)

    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        self._users.update(username, attributes)

    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        self._users.set_password(username, password, permanent=permanent)

    def reset_password(self, username: str) -> None:
        self._users.reset_password(username)

    def enable_user(self, username: str) -> None:
        self._users.enable(username)

    def disable_user(self, username: str) -> None:
        self._users.disable(username)

    def sign_out_user(self, username: str) -> None:
        self._users.sign_out(username)

    def delete_user(self, username: str) -> None:
        self._users.delete(username)

    # --- Second factors ------------------------------------------------------------------------------

    def get_mfa(self, username: str) -> MfaSettings:
        return self._mfa.get(username)

    def set_mfa(self, username: str, methods: Sequence[MfaMethod], *, preferred: MfaMethod | None = None) -> None:
        self._mfa.set(username, methods, preferred)

    def reset_mfa(self, username: str) -> MfaReset:
        return self._mfa.reset(username)

    # --- Groups --------------------------------------------------------------------------------------

    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        return self._groups.add(name, description, precedence)

    def get_group(self, name: str) -> Group:
        return self._groups.get(name)

    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        return self._groups.update(name, description, precedence)

    def delete_group(self, name: str) -> None:
        self._groups.delete(name)

    def list_groups(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[Group]:
        return self._groups.list(limit, page_token)

    def add_user_to_group(self, username: str, group: str) -> None:
        self._groups.add_member(username, group)

    def remove_user_from_group(self, username: str, group: str) -> None:
        self._groups.remove_member(username, group)

    def list_groups_for_user(
        self, username: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> Page[Group]:
        return self._groups.list_for_user(username, limit, page_token)

    # --- Sign-in -------------------------------------------------------------------------------------

    def authenticate(self, username: str, password: str) -> AuthResult:
        return self._sign_in.authenticate(username, password)

    def answer_challenge(
        self, challenge: Challenge, answer: str, attributes: Mapping[str, str] | None = None
    ) -> AuthResult:
        return self._sign_in.answer_challenge(challenge, answer, {} if attributes is None else attributes)

    def refresh(self, tokens: Tokens) -> Tokens:
        return self._sign_in.refresh(tokens)
