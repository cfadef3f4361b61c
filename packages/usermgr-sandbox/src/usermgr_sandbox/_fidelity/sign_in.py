"""Sign-in: flows, secret hash, errors for unknown names, challenges, refresh, and the trigger before the tokens.

- flows and errors: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
- SECRET_HASH: https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
- errors for unknown names: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import uuid
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException, ResourceNotFoundError
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPoolClient, UserStatus
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.mfa import is_totp
from usermgr_sandbox._fidelity.pools import SandboxUserPool
from usermgr_sandbox._fidelity.tokens import issue, refresh_lifetime
from usermgr_sandbox._fidelity.triggers import before_tokens

__all__ = ["SignIn"]

PASSWORD_FLOWS = {
    "ADMIN_USER_PASSWORD_AUTH": ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"),
    "ADMIN_NO_SRP_AUTH": ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"),
    "USER_PASSWORD_AUTH": ("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"),
}
REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")
SESSION_SECONDS = 180.0
WRONG = "Incorrect username or password."


class SignIn(Base):
    """`(Admin)InitiateAuth` and `(Admin)RespondToAuthChallenge`."""

    def admin_initiate_auth(
        self, user_pool_id: str, client_id: str, auth_flow: str, auth_parameters: dict[str, str]
    ) -> dict[str, Any]:
        if auth_flow == "USER_PASSWORD_AUTH":
            raise InvalidParameterException("Initiate Auth method not supported.")
        pool, client = self._pool_and_client(user_pool_id, client_id)
        return self._initiate(pool, client, auth_flow, auth_parameters or {})

    def initiate_auth(self, client_id: str, auth_flow: str, auth_parameters: dict[str, str]) -> dict[str, Any]:
        if auth_flow not in (*REFRESH_FLOWS, "USER_PASSWORD_AUTH"):
            # moto would accept any SRP proof.
            raise InvalidParameterException(f"The sandbox does not support {auth_flow}.")
        for pool in self.user_pools.values():
            if client_id in pool.clients:
                return self._initiate(*self._pool_and_client(pool.id, client_id), auth_flow, auth_parameters or {})
        raise ResourceNotFoundError(f"User pool client {client_id} does not exist.")

    def respond_to_auth_challenge(
        self, session: str, client_id: str, challenge_name: str, challenge_responses: dict[str, str]
    ) -> dict[str, Any]:
        known = self._sessions().get(session)
        if known is None or known["client"] != client_id or known["until"] < self.world.now():
            raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
        pool, client = self._pool_and_client(known["pool"], client_id)
        username = challenge_responses.get("USERNAME", "")
        _check_hash(client, username, challenge_responses.get("SECRET_HASH"))
        user = pool.find(username)
        if user is None or user.id != known["sub"] or challenge_name != known["challenge"]:
            raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
        if challenge_name == "NEW_PASSWORD_REQUIRED":
            self._validate_password(pool.id, challenge_responses.get("NEW_PASSWORD", ""))
            user.password = challenge_responses["NEW_PASSWORD"]
            user.status = UserStatus.CONFIRMED
            del self._sessions()[session]
            return self._signed_in(pool, client, user, "NewPasswordChallenge")
        self._check_code(pool, user, challenge_name, challenge_responses)
        del self._sessions()[session]
        return self._signed_in(pool, client, user, "Authentication")

    # --- Steps ---------------------------------------------------------------------------------------

    def _initiate(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, flow: str, parameters: dict[str, str]
    ) -> dict[str, Any]:
        allowed = client.extended_config.get("ExplicitAuthFlows") or DEFAULT_FLOWS
        if flow in REFRESH_FLOWS:
            if any(name.startswith("ALLOW_") for name in allowed) and "ALLOW_REFRESH_TOKEN_AUTH" not in allowed:
                raise InvalidParameterException("Auth flow not enabled for this client")
            return self._refresh(pool, client, parameters)
        if flow not in PASSWORD_FLOWS:
            raise InvalidParameterException("Initiate Auth method not supported.")
        if not set(PASSWORD_FLOWS[flow]) & set(allowed):
            raise InvalidParameterException("Auth flow not enabled for this client")
        username, password = parameters.get("USERNAME", ""), parameters.get("PASSWORD", "")
        _check_hash(client, username, parameters.get("SECRET_HASH"))
        user = pool.find(username)
        if user is None:
            if client.extended_config.get("PreventUserExistenceErrors") == "ENABLED":
                raise cognito_error("NotAuthorizedException", WRONG)
            raise cognito_error("UserNotFoundException", "User does not exist.")
        return self._check_password(pool, client, user, password)

    def _check_password(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, password: str
    ) -> dict[str, Any]:
        status = str(getattr(user.status, "value", user.status))
        if status == "RESET_REQUIRED":
            raise cognito_error("PasswordResetRequiredException", "Password reset required for the user")
        if user.password is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            raise cognito_error("NotAuthorizedException", WRONG)
        if not user.enabled:
            raise cognito_error("NotAuthorizedException", "User is disabled.")
        if status == "UNCONFIRMED":
            raise cognito_error("UserNotConfirmedException", "User is not confirmed.")
        if status == "FORCE_CHANGE_PASSWORD":
            return self._challenge(
                pool, client, user, "NEW_PASSWORD_REQUIRED", requiredAttributes="[]", userAttributes=_visible(user)
            )
        if pool.mfa_config != "OFF" and user.preferred_mfa_setting in ("SMS_MFA", "SOFTWARE_TOKEN_MFA"):
            return self._ask_for_code(pool, client, user, user.preferred_mfa_setting)
        return self._signed_in(pool, client, user, "Authentication")

    def _ask_for_code(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, kind: str
    ) -> dict[str, Any]:
        if kind == "SOFTWARE_TOKEN_MFA":
            return self._challenge(pool, client, user, kind)
        self.world.sms_codes[pool.id, user.username] = f"{secrets.randbelow(10**6):06d}"
        number = flatten_attrs(user.attributes).get("phone_number", "")
        hidden = "+" + "*" * max(0, len(number) - 5) + number[-4:]
        return self._challenge(
            pool, client, user, kind, CODE_DELIVERY_DELIVERY_MEDIUM="SMS", CODE_DELIVERY_DESTINATION=hidden
        )

    def _check_code(
        self, pool: SandboxUserPool, user: CognitoIdpUser, challenge: str, responses: dict[str, str]
    ) -> None:
        given = responses.get(f"{challenge}_CODE", "")
        if challenge == "SMS_MFA":
            right = hmac.compare_digest(self.world.sms_codes.get((pool.id, user.username), "none"), given)
        else:
            right = is_totp(user, given)
        if not right:
            raise cognito_error("CodeMismatchException", "Invalid code or auth state for the user.")

    def _challenge(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, name: str, **more: str
    ) -> dict[str, Any]:
        session = secrets.token_urlsafe(64)
        self._sessions()[session] = {
            "pool": pool.id,
            "client": client.id,
            "sub": user.id,
            "challenge": name,
            "until": self.world.now() + SESSION_SECONDS,
        }
        parameters = {"USER_ID_FOR_SRP": user.username, **more}
        return {"ChallengeName": name, "ChallengeParameters": parameters, "Session": session}

    def _signed_in(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, source: str
    ) -> dict[str, Any]:
        overrides = before_tokens(self.world, pool, client, user, source)
        token, origin_jti, now = secrets.token_urlsafe(96), str(uuid.uuid4()), int(self.world.now())
        pool.refresh_grants[token] = (client.id, user.id, origin_jti, now)
        result = issue(self.world, pool, client, user, origin_jti=origin_jti, auth_time=now, overrides=overrides)
        return {"ChallengeParameters": {}, "AuthenticationResult": {**result, "RefreshToken": token}}

    def _refresh(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, parameters: dict[str, str]
    ) -> dict[str, Any]:
        grant = pool.refresh_grants.get(parameters.get("REFRESH_TOKEN", ""))
        user = pool.find(grant[1]) if grant else None
        if grant is None or user is None or grant[0] != client.id:
            raise cognito_error("NotAuthorizedException", "Invalid Refresh Token")
        if self.world.now() >= grant[3] + refresh_lifetime(client):
            raise cognito_error("NotAuthorizedException", "Refresh Token has expired")
        # The hash must be that of the real username: an alias is not accepted.
        _check_hash(client, user.username, parameters.get("SECRET_HASH"))
        if not user.enabled:
            raise cognito_error("NotAuthorizedException", "User is disabled.")
        overrides = before_tokens(self.world, pool, client, user, "RefreshTokens")
        result = issue(self.world, pool, client, user, origin_jti=grant[2], auth_time=grant[3], overrides=overrides)
        return {"ChallengeParameters": {}, "AuthenticationResult": result}

    def _pool_and_client(self, user_pool_id: str, client_id: str) -> tuple[SandboxUserPool, CognitoIdpUserPoolClient]:
        pool = self.describe_user_pool(user_pool_id)
        client = pool.clients.get(client_id)
        if client is None or not isinstance(pool, SandboxUserPool):
            raise ResourceNotFoundError(f"User pool client {client_id} does not exist.")
        return pool, client

    def _sessions(self) -> dict[str, dict[str, Any]]:
        if not hasattr(self, "challenge_sessions"):
            self.challenge_sessions: dict[str, dict[str, Any]] = {}
        return self.challenge_sessions


def _check_hash(client: CognitoIdpUserPoolClient, username: str, given: str | None) -> None:
    if not client.generate_secret:
        return
    if given is None:
        raise cognito_error(
            "NotAuthorizedException", f"Client {client.id} is configured with secret but SECRET_HASH was not received"
        )
    digest = hmac.new(client.secret.encode(), (username + client.id).encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest).decode(), given):
        raise cognito_error("NotAuthorizedException", f"SecretHash does not match for the client: {client.id}")


def _visible(user: CognitoIdpUser) -> str:
    return json.dumps({name: value for name, value in flatten_attrs(user.attributes).items() if name != "sub"})
