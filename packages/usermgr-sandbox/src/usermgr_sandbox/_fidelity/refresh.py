"""Refresh tokens, with and without rotation.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPoolClient

from usermgr_sandbox._fidelity.clients import Clients, allows, check_hash, check_secret, grace_seconds, rotates
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.passwords import check_enabled
from usermgr_sandbox._fidelity.pool import RefreshGrant, SandboxUserPool
from usermgr_sandbox._fidelity.tokens import issue, refresh_lifetime
from usermgr_sandbox._fidelity.triggers import before_tokens

__all__ = ["Refresh", "new_refresh_token"]


def new_refresh_token() -> str:
    """An opaque token."""
    return secrets.token_urlsafe(96)


class Refresh(Clients):
    """The flow REFRESH_TOKEN_AUTH, and `GetTokensFromRefreshToken`, which moto does not have."""

    def get_tokens_from_refresh_token(
        self, refresh_token: str, client_id: str, client_secret: str | None
    ) -> dict[str, Any]:
        pool, client = self._find_client(client_id)
        check_secret(client, client_secret)
        grant, user = self._granted(pool, client, refresh_token)
        result = self._renew(pool, client, user, grant)
        if rotates(client):
            token = new_refresh_token()
            # The new token expires when the first one would have.
            pool.refresh_grants[token] = dataclasses.replace(grant, usable_until=None)
            if grant.usable_until is None:
                grant.usable_until = self.world.now() + grace_seconds(client)
            result["RefreshToken"] = token
        return {"AuthenticationResult": result}

    def _refresh(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, parameters: dict[str, str]
    ) -> dict[str, Any]:
        if rotates(client) or not allows(client, "ALLOW_REFRESH_TOKEN_AUTH", *_LEGACY):
            raise InvalidParameterException("Auth flow not enabled for this client")
        grant, user = self._granted(pool, client, parameters.get("REFRESH_TOKEN", ""))
        # The hash must be that of the real username: an alias is not accepted.
        check_hash(client, user.username, parameters.get("SECRET_HASH"))
        return {"ChallengeParameters": {}, "AuthenticationResult": self._renew(pool, client, user, grant)}

    def _granted(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, token: str
    ) -> tuple[RefreshGrant, CognitoIdpUser]:
        grant = pool.refresh_grants.get(token)
        user = pool.find(grant.sub) if grant else None
        if grant is None or user is None or grant.client_id != client.id:
            raise cognito_error("NotAuthorizedException", "Invalid Refresh Token")
        if self.world.now() >= grant.signed_in_at + refresh_lifetime(client):
            raise cognito_error("NotAuthorizedException", "Refresh Token has expired")
        if grant.usable_until is not None and self.world.now() >= grant.usable_until:
            raise cognito_error("RefreshTokenReuseException", "Refresh token has been invalidated by rotation")
        check_enabled(user)
        return grant, user

    def _renew(
        self, pool: SandboxUserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, grant: RefreshGrant
    ) -> dict[str, Any]:
        overrides = before_tokens(self.world, pool, client, user, "RefreshTokens")
        return issue(
            self.world,
            pool,
            client,
            user,
            origin_jti=grant.origin_jti,
            auth_time=grant.signed_in_at,
            overrides=overrides,
        )


_LEGACY = ("ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY", "USER_PASSWORD_AUTH")
"""A client with these older values can always refresh."""
