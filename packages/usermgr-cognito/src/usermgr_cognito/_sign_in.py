"""Sign-in through the admin flow, the only part of the backend that needs the app client."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from typing import TYPE_CHECKING, Any

from usermgr import AuthResult, Challenge, ChallengeName, Tokens
from usermgr.errors import ConfigurationError, InvalidCredentialsError, ServiceError, UnsupportedOperationError
from usermgr.validation import check_texts, check_type
from usermgr_cognito._client import call
from usermgr_cognito._settings import CognitoSettings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["SignIn", "secret_hash"]

_ANSWERS = {
    ChallengeName.NEW_PASSWORD_REQUIRED: "NEW_PASSWORD",
    ChallengeName.SMS_MFA: "SMS_MFA_CODE",
    ChallengeName.SOFTWARE_TOKEN_MFA: "SOFTWARE_TOKEN_MFA_CODE",
}


def secret_hash(client_secret: str, username: str, client_id: str) -> str:
    """Cognito's SECRET_HASH.

    https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html#cognito-user-pools-computing-secret-hash
    """
    digest = hmac.new(client_secret.encode(), (username + client_id).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class SignIn:
    """`authenticate`, `answer_challenge` and `refresh`."""

    def __init__(self, client: CognitoIdentityProviderClient, settings: CognitoSettings) -> None:
        self._client = client
        self._settings = settings
        self._secret = settings.client_secret
        self._discovered = not settings.discover_client_secret or self._secret is not None
        self._lock = threading.Lock()

    def authenticate(self, username: str, password: str) -> AuthResult:
        """See `UserManager.authenticate`. The flow is ADMIN_USER_PASSWORD_AUTH."""
        check_texts(username=username, password=password)
        response = self._initiate("ADMIN_USER_PASSWORD_AUTH", username, {"USERNAME": username, "PASSWORD": password})
        return self._result(response, username)

    def answer_challenge(self, challenge: Challenge, answer: str) -> AuthResult:
        """See `UserManager.answer_challenge`."""
        check_type("challenge", challenge, Challenge)
        check_texts(answer=answer)
        answer_name = _ANSWERS.get(challenge.name)
        if answer_name is None:
            raise UnsupportedOperationError(
                f"the challenge {challenge.name.value} cannot be answered here", operation="answer_challenge"
            )
        client_id = self._client_id()
        response = call(
            self._client.admin_respond_to_auth_challenge,
            sign_in_of=challenge.username,
            UserPoolId=self._settings.user_pool_id,
            ClientId=client_id,
            ChallengeName=challenge.name.value,
            Session=challenge.session,
            ChallengeResponses=self._with_hash(
                {"USERNAME": challenge.username, answer_name: answer}, challenge.username, client_id
            ),
        )
        return self._result(response, challenge.username)

    def refresh(self, tokens: Tokens) -> Tokens:
        """See `UserManager.refresh`. The hash is made with the real username, never with the alias."""
        check_type("tokens", tokens, Tokens)
        if tokens.refresh_token is None:
            raise InvalidCredentialsError("these tokens have no refresh token: sign in again")
        response = self._initiate("REFRESH_TOKEN_AUTH", tokens.username, {"REFRESH_TOKEN": tokens.refresh_token})
        result = self._result(response, tokens.username, refresh_token=tokens.refresh_token)
        if isinstance(result, Challenge):
            raise ServiceError("the service answered a refresh with a challenge", operation="refresh")
        return result

    def _initiate(self, flow: str, username: str, parameters: dict[str, str]) -> dict[str, Any]:
        client_id = self._client_id()
        return call(
            self._client.admin_initiate_auth,
            sign_in_of=username,
            UserPoolId=self._settings.user_pool_id,
            ClientId=client_id,
            AuthFlow=flow,
            AuthParameters=self._with_hash(parameters, username, client_id),
        )

    def _client_id(self) -> str:
        if self._settings.client_id is None:
            problem = "CLIENT_ID is not set: sign-in needs the app client's id (and SECRET, if it has one)"
            raise ConfigurationError(problem, problems=[problem])
        return self._settings.client_id

    def _with_hash(self, parameters: dict[str, str], username: str, client_id: str) -> dict[str, str]:
        secret = self._client_secret(client_id)
        if secret is None:
            return parameters
        return {**parameters, "SECRET_HASH": secret_hash(secret, username, client_id)}

    def _client_secret(self, client_id: str) -> str | None:
        with self._lock:
            if not self._discovered:
                response = call(
                    self._client.describe_user_pool_client,
                    UserPoolId=self._settings.user_pool_id,
                    ClientId=client_id,
                )
                self._secret = response["UserPoolClient"].get("ClientSecret")
                self._discovered = True
            return self._secret

    @staticmethod
    def _result(response: dict[str, Any], username: str, *, refresh_token: str | None = None) -> AuthResult:
        tokens = response.get("AuthenticationResult")
        if tokens is not None:
            return Tokens(
                username=_username_in(tokens["AccessToken"]) or username,
                access_token=tokens["AccessToken"],
                id_token=tokens.get("IdToken", ""),
                refresh_token=tokens.get("RefreshToken") or refresh_token,
                expires_in=tokens["ExpiresIn"],
                token_type=tokens.get("TokenType", "Bearer"),
            )
        parameters = response.get("ChallengeParameters", {})
        return Challenge(
            name=ChallengeName(response["ChallengeName"]),
            # The real name, where the sign-in used an alias: the answer's hash is made with it.
            username=parameters.get("USER_ID_FOR_SRP", username),
            session=response.get("Session"),
            parameters=parameters,
        )


def _username_in(access_token: str) -> str | None:
    """The real username, from a token that the service has just given us: read, not verified."""
    payload = access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))).get("username")
