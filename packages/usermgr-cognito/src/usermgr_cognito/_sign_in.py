"""Sign-in through the admin flow, the only part of the backend that needs the app client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from usermgr import AuthResult, Challenge, ChallengeName, Tokens
from usermgr.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidCredentialsError,
    InvalidInputError,
    InvalidPasswordError,
    ServiceError,
    UsermgrError,
)
from usermgr.validation import check_answer, check_attributes, check_refreshable, check_texts, check_type
from usermgr_cognito._challenges import Challenges, required_attributes
from usermgr_cognito._client import call, check_username
from usermgr_cognito._descriptions import AppClient, Descriptions
from usermgr_cognito._explanations import explain_password, explain_user
from usermgr_cognito._model import is_text
from usermgr_cognito._rotation import exchange_refresh_token
from usermgr_cognito._settings import CognitoSettings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["SignIn", "secret_hash"]

_FLOWS = {
    "ADMIN_USER_PASSWORD_AUTH": frozenset({"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}),
    "REFRESH_TOKEN_AUTH": frozenset({"ALLOW_REFRESH_TOKEN_AUTH"}),
}
"""What an app client must have in its `ExplicitAuthFlows`, one of these, for each flow; the first is today's name."""

_FIELDS = {"ADMIN_USER_PASSWORD_AUTH": "username", "REFRESH_TOKEN_AUTH": "tokens"}
"""The argument that a refusal is about, for want of better knowledge."""


def secret_hash(client_secret: str, username: str, client_id: str) -> str:
    """Cognito's SECRET_HASH.

    https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
    """
    digest = hmac.new(client_secret.encode(), (username + client_id).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class SignIn:
    """`authenticate`, `answer_challenge` and `refresh`."""

    def __init__(
        self, client: CognitoIdentityProviderClient, settings: CognitoSettings, descriptions: Descriptions
    ) -> None:
        self._client = client
        self._settings = settings
        self._descriptions = descriptions
        self._challenges = Challenges(client)
        self._rotates = False
        """Whether the app client has refresh token rotation, as far as is known."""

    def authenticate(self, username: str, password: str) -> AuthResult:
        """See `UserManager.authenticate`. The flow is ADMIN_USER_PASSWORD_AUTH."""
        check_texts(password=password)
        check_username(self._client, username)
        _check_credential(password)
        response = self._initiate("ADMIN_USER_PASSWORD_AUTH", username, {"USERNAME": username, "PASSWORD": password})
        return self._result(response, username)

    def answer_challenge(self, challenge: Challenge, answer: str, attributes: Mapping[str, str]) -> AuthResult:
        """See `UserManager.answer_challenge`."""
        check_answer(challenge, answer)
        check_username(self._client, challenge.username)
        check_type("parameters", challenge.parameters, Mapping)
        check_attributes(attributes, removable=False)
        if attributes and challenge.name != ChallengeName.NEW_PASSWORD_REQUIRED:
            raise InvalidInputError("attributes can only be set together with a new password", field="attributes")
        responses, session = self._challenges.responses(challenge, answer)
        responses |= {f"userAttributes.{name}": value for name, value in attributes.items()}
        try:
            response = call(
                self._client.admin_respond_to_auth_challenge,
                sign_in_of=challenge.username,
                UserPoolId=self._settings.user_pool_id,
                ClientId=self._client_id(),
                ChallengeName=str(challenge.name),
                Session=session,
                ChallengeResponses=self._with_hash(responses, challenge.username),
            )
        except InvalidPasswordError as error:
            raise explain_password(self._descriptions.pool(anew=True), error, answer) from None
        except InvalidInputError as error:
            if error.service_code is None:
                raise
            raise self._explain_answer(error, challenge, attributes) from None
        except InvalidCredentialsError as error:
            explained = self._explain_credentials(error)
            if attributes and isinstance(explained, InvalidCredentialsError):
                names = ", ".join(attributes)
                explained = InvalidCredentialsError(
                    f"{explained.message}; or the app client may not write an attribute ({names}): only those in its "
                    "WriteAttributes can be set with an answer, and no verification"
                )
            raise explained from None
        return self._result(response, challenge.username)

    def refresh(self, tokens: Tokens) -> Tokens:
        """See `UserManager.refresh`. The hash is made with the real user name, never with an alias."""
        check_refreshable(tokens)
        check_username(self._client, tokens.username)
        _check_credential(tokens.refresh_token or "")
        response = self._refresh(tokens)
        if "AuthenticationResult" not in response:
            raise ServiceError("the service answered a refresh with a challenge", operation="refresh")
        return _tokens(response["AuthenticationResult"], tokens.username, tokens.refresh_token)

    def _result(self, response: Mapping[str, Any], username: str) -> AuthResult:
        if "AuthenticationResult" in response:
            return _tokens(response["AuthenticationResult"], username)
        return self._challenges.read(response, username)

    def _refresh(self, tokens: Tokens) -> Mapping[str, Any]:
        if self._rotates:
            return self._exchange(tokens)
        try:
            return self._initiate("REFRESH_TOKEN_AUTH", tokens.username, {"REFRESH_TOKEN": tokens.refresh_token or ""})
        except (ConfigurationError, InvalidInputError) as refusal:
            # A client with refresh token rotation cannot have the flow:
            # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html
            app_client = self._descriptions.app_client(self._client_id())
            if app_client is not None and not app_client.rotates:
                raise
            try:
                response = self._exchange(tokens)
            except (AuthenticationError, ConfigurationError):
                raise
            except UsermgrError:
                if app_client is not None:
                    raise  # the client rotates, so the flow is not what it lacks
                raise refusal from None
            self._rotates = True
            return response

    def _exchange(self, tokens: Tokens) -> Mapping[str, Any]:
        client_id = self._client_id()
        try:
            return exchange_refresh_token(
                self._client, client_id, self._client_secret(client_id), tokens.refresh_token or ""
            )
        except InvalidCredentialsError as error:
            raise self._explain_credentials(error) from None
        except InvalidInputError as error:
            app_client = self._descriptions.app_client(client_id, anew=True)
            raise (app_client and self._secret_problem(app_client)) or error from None

    def _initiate(self, flow: str, username: str, parameters: dict[str, str]) -> dict[str, Any]:
        try:
            return call(
                self._client.admin_initiate_auth,
                sign_in_of=username,
                UserPoolId=self._settings.user_pool_id,
                ClientId=self._client_id(),
                AuthFlow=flow,
                AuthParameters=self._with_hash(parameters, username),
            )
        except InvalidInputError as error:
            if error.service_code is None:
                raise
            raise self._explain_flow(error, flow) from None
        except InvalidCredentialsError as error:
            raise self._explain_credentials(error) from None

    # --- The app client ------------------------------------------------------------------------------

    def _client_id(self) -> str:
        if self._settings.client_id is None:
            raise _misconfigured("CLIENT_ID is not set: sign-in needs the app client's id (and SECRET, if it has one)")
        return self._settings.client_id

    def _with_hash(self, parameters: dict[str, str], username: str) -> dict[str, str]:
        client_id = self._client_id()
        secret = self._client_secret(client_id)
        if secret is None:
            return parameters
        return {**parameters, "SECRET_HASH": secret_hash(secret, username, client_id)}

    def _client_secret(self, client_id: str) -> str | None:
        if self._settings.client_secret is not None or not self._settings.discover_client_secret:
            return self._settings.client_secret
        return self._descriptions.require_app_client(client_id).secret

    # --- What a refusal is about ---------------------------------------------------------------------

    def _explain_flow(self, refusal: InvalidInputError, flow: str) -> UsermgrError:
        allowed, name = _FLOWS[flow], f"ALLOW_{flow}"
        app_client = self._descriptions.app_client(self._client_id(), anew=True)
        if app_client is None:
            return InvalidInputError(
                f"Cognito does not accept this: the app client may lack {name} in its ExplicitAuthFlows, or have no "
                "secret although SECRET is set; to have the cause named, allow cognito-idp:DescribeUserPoolClient on "
                "the pool's ARN",
                field=_FIELDS[flow],
                operation=refusal.operation,
                service_code=refusal.service_code,
            )
        if not allowed & app_client.flows:
            return _misconfigured(f"the app client does not allow this: add {name} to its ExplicitAuthFlows")
        return self._secret_problem(app_client) or InvalidInputError(
            "Cognito does not accept this, although the app client allows the flow: a value may be malformed",
            field=_FIELDS[flow],
            operation=refusal.operation,
            service_code=refusal.service_code,
        )

    def _explain_credentials(self, refusal: InvalidCredentialsError) -> UsermgrError:
        """A wrong client secret looks like a wrong password, but for the app client's description."""
        if self._settings.discover_client_secret and self._settings.client_secret is None:
            return refusal
        client_id = self._client_id()
        app_client = self._descriptions.app_client(client_id)
        if app_client is not None and self._secret_problem(app_client) is not None:
            app_client = self._descriptions.app_client(client_id, anew=True)
        if app_client is None:
            return InvalidCredentialsError(
                f"{InvalidCredentialsError.sentence}; the app client's secret (SECRET) may also be missing or wrong"
            )
        return self._secret_problem(app_client) or refusal

    def _secret_problem(self, app_client: AppClient) -> ConfigurationError | None:
        ours = self._client_secret(self._client_id())
        if app_client.secret == ours:
            return None
        if ours is None:
            return _misconfigured("the app client has a secret, and SECRET is not set: set it")
        if app_client.secret is None:
            return _misconfigured("the app client does not have a secret, and SECRET is set: unset it")
        return _misconfigured("SECRET is not the secret of the app client that CLIENT_ID names: correct one of them")

    def _explain_answer(
        self, refusal: InvalidInputError, challenge: Challenge, attributes: Mapping[str, str]
    ) -> InvalidInputError:
        evidence: dict[str, Any] = {"operation": refusal.operation, "service_code": refusal.service_code}
        missing = [name for name in required_attributes(challenge) if not attributes.get(name)]
        if missing:
            names = ", ".join(missing)
            return InvalidInputError(
                f"with the new password, this pool requires {names}: pass attributes=", field=missing[0], **evidence
            )
        if attributes:
            return explain_user(
                self._descriptions.pool(anew=True), refusal, username=None, attributes=attributes, present=None
            )
        return InvalidInputError(
            "Cognito does not accept the answer: the pool may require attributes with a new password (pass "
            "attributes=), or the challenge is malformed",
            field="answer",
            **evidence,
        )


def _misconfigured(problem: str) -> ConfigurationError:
    return ConfigurationError(problem, problems=[problem])


def _check_credential(secret: str) -> None:
    """Half of a character cannot be sent, and is part of no password or token: it is wrong like any other."""
    if not is_text(secret):
        raise InvalidCredentialsError


def _tokens(members: Mapping[str, Any], username: str, refresh_token: str | None = None) -> Tokens:
    """From an `AuthenticationResult`; `refresh_token` is the one before, where no new one comes with it."""
    if "AccessToken" not in members:
        raise ServiceError("the service's answer has no access token")
    claims = _claims(members["AccessToken"])
    lifetime = claims.get("exp", 0) - claims.get("iat", 0) if "iat" in claims else 0
    return Tokens(
        username=str(claims.get("username") or username),
        access_token=members["AccessToken"],
        id_token=members.get("IdToken", ""),
        refresh_token=members.get("RefreshToken") or refresh_token,
        expires_in=members.get("ExpiresIn", lifetime),
        token_type=members.get("TokenType", "Bearer"),
    )


def _claims(access_token: str) -> dict[str, Any]:
    """The claims of a token that the service has just given us: read, not verified. An opaque token has none."""
    try:
        payload = access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    numbers = ("exp", "iat")
    if not isinstance(claims, dict) or not all(isinstance(claims.get(name, 0), int) for name in numbers):
        return {}
    return cast("dict[str, Any]", claims)
