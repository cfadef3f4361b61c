"""The challenges of a second factor: which one a sign-in asks for, and whether an answer is right.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html ("Details of MFA logic at user
runtime") and https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPoolClient
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import is_same, new_code
from usermgr_sandbox._fidelity.mfa import ADDRESS_OF, EMAIL, SMS, TOKEN, Mfa, is_totp, offered, switched_on
from usermgr_sandbox._fidelity.pool import SandboxUserPool

__all__ = ["Challenges"]

SESSION_SECONDS = 180.0


class Challenges(Mfa):
    """What a sign-in asks for after the password."""

    def _second_factor(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser
    ) -> dict[str, Any] | None:
        """The challenge that follows the right password, if one does."""
        if pool.mfa_config == "OFF":
            return None
        methods = self._methods_of(pool, user)
        if user.preferred_mfa_setting in methods:
            return self._ask_for_code(pool, client, user, user.preferred_mfa_setting)
        if len(methods) == 1:
            return self._ask_for_code(pool, client, user, methods[0])
        if methods:
            return self._challenge(pool, client, user, "SELECT_MFA_TYPE", MFAS_CAN_CHOOSE=json.dumps(methods))
        if pool.mfa_config == "ON":
            return self._challenge(pool, client, user, "MFA_SETUP", MFAS_CAN_SETUP=json.dumps(offered(pool)))
        return None

    def _methods_of(self, pool: SandboxUserPool, user: CognitoIdpUser) -> list[str]:
        """Those that the user has on; where the pool requires one, all that the user has set up."""
        if pool.mfa_config != "ON":
            return [method for method in (SMS, EMAIL, TOKEN) if method in switched_on(user)]
        attributes = flatten_attrs(user.attributes)
        ready = {TOKEN: user.token_verified, **{m: bool(attributes.get(a)) for m, a in ADDRESS_OF.items()}}
        return [method for method in offered(pool) if ready[method]]

    def _ask_for_code(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, method: str
    ) -> dict[str, Any]:
        if method == TOKEN:
            return self._challenge(pool, client, user, method)
        kind = ADDRESS_OF[method]
        self.world.messages.send(pool, user, "mfa", kind, new_code())
        address = flatten_attrs(user.attributes).get(kind, "")
        hidden = (
            "+" + "*" * max(0, len(address) - 5) + address[-4:] if method == SMS else f"{address[:1]}***@{address[-3:]}"
        )
        medium = "SMS" if method == SMS else "EMAIL"
        return self._challenge(
            pool, client, user, method, CODE_DELIVERY_DELIVERY_MEDIUM=medium, CODE_DELIVERY_DESTINATION=hidden
        )

    def _after_answer(
        self,
        pool: SandboxUserPool,
        client: CognitoIdpUserPoolClient,
        user: CognitoIdpUser,
        known: dict[str, Any],
        responses: dict[str, str],
    ) -> dict[str, Any] | None:
        """The challenge that follows a right answer, if one does. Raises the error for a wrong one."""
        if known["challenge"] == "SELECT_MFA_TYPE":
            chosen = responses.get("ANSWER", "")
            if chosen not in self._methods_of(pool, user):
                raise InvalidParameterException("Invalid MFA type given.")
            return self._ask_for_code(pool, client, user, chosen)
        if known["challenge"] == "MFA_SETUP":
            if known.get("stage") != "verified":
                raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
            user.software_token_mfa_enabled = True
            return None
        self._check_code(pool, user, known["challenge"], responses)
        return None

    def _check_code(
        self, pool: SandboxUserPool, user: CognitoIdpUser, challenge: str, responses: dict[str, str]
    ) -> None:
        given = responses.get(f"{challenge}_CODE", "")
        if challenge == TOKEN:
            right = is_totp(user, given)
        else:
            sent = self.world.messages.last_code(pool.id, user.id, "mfa", ADDRESS_OF[challenge])
            right = sent is not None and is_same(sent, given)
        if not right:
            raise cognito_error("CodeMismatchException", "Invalid code or auth state for the user.")

    def _challenge(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, name: str, **more: str
    ) -> dict[str, Any]:
        session = secrets.token_urlsafe(64)
        self.sessions_of_challenges()[session] = {
            "pool": pool.id,
            "client": client.id,
            "sub": user.id,
            "challenge": name,
            "until": self.world.now() + SESSION_SECONDS,
        }
        parameters = {"USER_ID_FOR_SRP": user.username, **more}
        return {"ChallengeName": name, "ChallengeParameters": parameters, "Session": session}
