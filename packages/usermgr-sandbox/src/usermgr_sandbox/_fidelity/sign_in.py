"""Sign-in: flows, secret hash, errors for unknown names, challenges, and the trigger before the tokens.

- flows and errors: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminInitiateAuth.html
- challenges: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
- errors for unknown names: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-managing-errors.html
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPoolClient, UserStatus
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.attributes import carry_out, plan_update
from usermgr_sandbox._fidelity.challenges import Challenges
from usermgr_sandbox._fidelity.clients import allows, check_hash
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import is_same
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
WRONG = "Incorrect username or password."
ATTRIBUTE = "userAttributes."
"""What the names of attributes begin with in a challenge and in its answer."""


class SignIn(Refresh, Challenges):
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
        known = self.sessions_of_challenges().get(session)
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
            source, following = "NewPasswordChallenge", self._second_factor(pool, client, user)
        else:
            source, following = "Authentication", self._after_answer(pool, client, user, known, responses)
        del self.sessions_of_challenges()[session]
        return following or self._signed_in(pool, client, user, source)

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
        following = self._second_factor(pool, client, user)
        return following or self._signed_in(pool, client, user, "Authentication")

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

    def _signed_in(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, source: str
    ) -> dict[str, Any]:
        overrides = before_tokens(self.world, pool, client, user, source)
        token, origin_jti, now = new_refresh_token(), str(uuid.uuid4()), int(self.world.now())
        pool.refresh_grants[token] = RefreshGrant(client.id, user.id, origin_jti, now)
        result = issue(self.world, pool, client, user, origin_jti=origin_jti, auth_time=now, overrides=overrides)
        return {"ChallengeParameters": {}, "AuthenticationResult": {**result, "RefreshToken": token}}
