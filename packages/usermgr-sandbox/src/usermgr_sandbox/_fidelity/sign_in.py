"""Sign-in: flows, secret hash, errors for unknown names, challenges, and the trigger before the tokens.

- flows and errors: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
- challenges: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
- errors for unknown names: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPoolClient, UserStatus
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.attributes import carry_out, plan_update
from usermgr_sandbox._fidelity.clients import allows, check_hash
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import is_same, new_code
from usermgr_sandbox._fidelity.mfa import is_totp
from usermgr_sandbox._fidelity.passwords import check_enabled, check_password, has_expired
from usermgr_sandbox._fidelity.pool import RefreshGrant, SandboxUserPool
from usermgr_sandbox._fidelity.refresh import Refresh, new_refresh_token
from usermgr_sandbox._fidelity.schema import required_names
from usermgr_sandbox._fidelity.tokens import issue
from usermgr_sandbox._fidelity.triggers import before_tokens
from usermgr_sandbox._fidelity.users import check_own

__all__ = ["SignIn"]

PASSWORD_FLOWS = {
    "ADMIN_USER_PASSWORD_AUTH": ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"),
    "ADMIN_NO_SRP_AUTH": ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"),
    "USER_PASSWORD_AUTH": ("ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"),
}
REFRESH_FLOWS = ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN")
SESSION_SECONDS = 180.0
WRONG = "Incorrect username or password."
ATTRIBUTE = "userAttributes."
"""What the names of attributes begin with in a challenge and in its answer."""


class SignIn(Refresh):
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
        return self._initiate(*self._find_client(client_id), auth_flow, auth_parameters or {})

    def respond_to_auth_challenge(
        self, session: str, client_id: str, challenge_name: str, challenge_responses: dict[str, str]
    ) -> dict[str, Any]:
        responses = challenge_responses or {}
        known = self._sessions().get(session)
        if known is None or known["client"] != client_id or known["until"] < self.world.now():
            raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
        pool, client = self._pool_and_client(known["pool"], client_id)
        username = responses.get("USERNAME", "")
        check_hash(client, username, responses.get("SECRET_HASH"))
        user = pool.find(username)
        if user is None or user.id != known["sub"] or challenge_name != known["challenge"]:
            raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
        check_enabled(user)
        if challenge_name == "NEW_PASSWORD_REQUIRED":
            self._choose_password(pool, user, responses)
            del self._sessions()[session]
            return self._signed_in(pool, client, user, "NewPasswordChallenge")
        self._check_code(pool, user, challenge_name, responses)
        del self._sessions()[session]
        return self._signed_in(pool, client, user, "Authentication")

    # --- Steps ---------------------------------------------------------------------------------------

    def _initiate(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, flow: str, parameters: dict[str, str]
    ) -> dict[str, Any]:
        if flow in REFRESH_FLOWS:
            return self._refresh(pool, client, parameters)
        if flow not in PASSWORD_FLOWS:
            raise InvalidParameterException("Initiate Auth method not supported.")
        if not allows(client, *PASSWORD_FLOWS[flow]):
            raise InvalidParameterException("Auth flow not enabled for this client")
        for missing in (name for name in ("USERNAME", "PASSWORD") if name not in parameters):
            raise InvalidParameterException(f"Missing required parameter {missing}")
        username, password = parameters["USERNAME"], parameters["PASSWORD"]
        check_hash(client, username, parameters.get("SECRET_HASH"))
        user = pool.find(username)
        if user is None:
            if client.extended_config.get("PreventUserExistenceErrors") == "ENABLED":
                raise cognito_error("NotAuthorizedException", WRONG)
            raise cognito_error("UserNotFoundException", "User does not exist.")
        return self._check_password(pool, client, user, password)

    def _check_password(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, password: str
    ) -> dict[str, Any]:
        check_enabled(user)
        status = str(getattr(user.status, "value", user.status))
        if status == "RESET_REQUIRED":
            raise cognito_error("PasswordResetRequiredException", "Password reset required for the user")
        if user.password is None or not is_same(user.password, password):
            raise cognito_error("NotAuthorizedException", WRONG)
        if status == "UNCONFIRMED":
            raise cognito_error("UserNotConfirmedException", "User is not confirmed.")
        if status == "FORCE_CHANGE_PASSWORD":
            if has_expired(pool, user, self.world.now()):
                raise cognito_error(
                    "NotAuthorizedException", "Temporary password has expired and must be reset by an administrator."
                )
            return self._ask_for_password(pool, client, user)
        if pool.mfa_config != "OFF" and user.preferred_mfa_setting in ("SMS_MFA", "SOFTWARE_TOKEN_MFA"):
            return self._ask_for_code(pool, client, user, user.preferred_mfa_setting)
        return self._signed_in(pool, client, user, "Authentication")

    def _ask_for_password(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser
    ) -> dict[str, Any]:
        attributes = flatten_attrs(user.attributes)
        missing = [f"{ATTRIBUTE}{name}" for name in required_names(pool) if not attributes.get(name)]
        visible = {name: value for name, value in attributes.items() if name != "sub"}
        return self._challenge(
            pool,
            client,
            user,
            "NEW_PASSWORD_REQUIRED",
            requiredAttributes=json.dumps(missing),
            userAttributes=json.dumps(visible),
        )

    def _choose_password(self, pool: SandboxUserPool, user: CognitoIdpUser, responses: dict[str, str]) -> None:
        """The password and, with it, the attributes that the user still lacks.

        "In a NEW_PASSWORD_REQUIRED challenge response, you can't modify a required attribute that already has a value."
        """
        password = responses.get("NEW_PASSWORD")
        if password is None:
            raise InvalidParameterException("Missing required parameter NEW_PASSWORD")
        present = flatten_attrs(user.attributes)
        given = {name.removeprefix(ATTRIBUTE): text for name, text in responses.items() if name.startswith(ATTRIBUTE)}
        check_own(given)
        for name in required_names(pool):
            if given.get(name, present.get(name)) != present.get(name) and present.get(name):
                raise cognito_error("NotAuthorizedException", f"Cannot modify an already provided {name}")
            if not given.get(name) and not present.get(name):
                raise InvalidParameterException(f"Invalid attributes given, {name} is missing")
        check_password(pool, password)
        change = plan_update(pool, user, {name: text for name, text in given.items() if text != present.get(name)})
        carry_out(self.world.messages, pool, user, change)
        user.password = password
        user.status = UserStatus.CONFIRMED

    def _ask_for_code(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, kind: str
    ) -> dict[str, Any]:
        if kind == "SOFTWARE_TOKEN_MFA":
            return self._challenge(pool, client, user, kind)
        self.world.messages.send(pool, user, "mfa", "phone_number", new_code())
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
            sent = self.world.messages.last_code(pool.id, user.id, "mfa", "phone_number")
            right = sent is not None and is_same(sent, given)
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
        token, origin_jti, now = new_refresh_token(), str(uuid.uuid4()), int(self.world.now())
        pool.refresh_grants[token] = RefreshGrant(client.id, user.id, origin_jti, now)
        result = issue(self.world, pool, client, user, origin_jti=origin_jti, auth_time=now, overrides=overrides)
        return {"ChallengeParameters": {}, "AuthenticationResult": {**result, "RefreshToken": token}}

    def _sessions(self) -> dict[str, dict[str, Any]]:
        if not hasattr(self, "challenge_sessions"):
            self.challenge_sessions: dict[str, dict[str, Any]] = {}
        return self.challenge_sessions
