"""App clients: the flows and the secret that they demand, and what an update resets.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html
https://docs.aws.amazon.com/cognito/latest/developerguide/signing-up-users-in-your-app.html
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException, ResourceNotFoundError
from moto.cognitoidp.models import CognitoIdpUserPoolClient

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import is_same
from usermgr_sandbox._fidelity.pool import SandboxUserPool

__all__ = ["Clients", "allows", "check_hash", "check_secret", "grace_seconds", "rotates"]

DEFAULT_FLOWS = ("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH")


class Clients(Base):
    """`CreateUserPoolClient`, `UpdateUserPoolClient`, and the search for a client."""

    def create_user_pool_client(
        self, user_pool_id: str, generate_secret: bool, extended_config: dict[str, Any]
    ) -> CognitoIdpUserPoolClient:
        _check_flows(extended_config)
        client = super().create_user_pool_client(user_pool_id, generate_secret, extended_config)
        # moto's has characters that the service model does not allow.
        client.secret = secrets.token_hex(26)
        return client

    def update_user_pool_client(
        self, user_pool_id: str, client_id: str, extended_config: dict[str, Any]
    ) -> CognitoIdpUserPoolClient:
        """Whatever is not given returns to the default value of a new client."""
        client = self.describe_user_pool_client(user_pool_id, client_id)
        _check_flows(extended_config)
        kept = {"ClientName": client.extended_config.get("ClientName")}
        fresh: Any = CognitoIdpUserPoolClient(user_pool_id, client.generate_secret, {**kept, **extended_config})
        client.extended_config = fresh.extended_config
        return client

    def _pool_and_client(self, user_pool_id: str, client_id: str) -> tuple[SandboxUserPool, CognitoIdpUserPoolClient]:
        pool = self._pool(user_pool_id)
        client = pool.clients.get(client_id)
        if client is None:
            raise ResourceNotFoundError(f"User pool client {client_id} does not exist.")
        return pool, client

    def _find_client(self, client_id: str) -> tuple[SandboxUserPool, CognitoIdpUserPoolClient]:
        """The client, for operations that do not name its pool."""
        for pool in self.user_pools.values():
            if client_id in pool.clients:
                return self._pool_and_client(pool.id, client_id)
        raise ResourceNotFoundError(f"User pool client {client_id} does not exist.")


def allows(client: CognitoIdpUserPoolClient, *flows: str) -> bool:
    """Whether the client's ExplicitAuthFlows name one of these."""
    return bool(set(flows) & set(client.extended_config.get("ExplicitAuthFlows") or DEFAULT_FLOWS))


def rotates(client: CognitoIdpUserPoolClient) -> bool:
    """Whether each refresh gives a new refresh token."""
    return _rotation(client).get("Feature") == "ENABLED"


def grace_seconds(client: CognitoIdpUserPoolClient) -> int:
    """How long a refresh token can still be used after it was rotated out."""
    return int(_rotation(client).get("RetryGracePeriodSeconds") or 0)


def check_hash(client: CognitoIdpUserPoolClient, username: str, given: str | None) -> None:
    """Raises AWS's error unless the SECRET_HASH is right, or absent for a client without a secret."""
    if not client.generate_secret:
        if given is not None:
            raise InvalidParameterException(
                f"App client {client.id} is not configured for secret but secret hash was received"
            )
        return
    if given is None:
        raise cognito_error(
            "NotAuthorizedException", f"Client {client.id} is configured with secret but SECRET_HASH was not received"
        )
    digest = hmac.new(client.secret.encode(), (username + client.id).encode(), hashlib.sha256).digest()
    if not is_same(base64.b64encode(digest).decode(), given):
        raise cognito_error("NotAuthorizedException", f"SecretHash does not match for the client: {client.id}")


def check_secret(client: CognitoIdpUserPoolClient, given: str | None) -> None:
    """The same for the operations that take the secret itself."""
    if client.generate_secret and (given is None or not is_same(client.secret, given)):
        raise cognito_error("NotAuthorizedException", f"Unable to verify secret for client {client.id}")


def _check_flows(config: dict[str, Any]) -> None:
    """ "You can't assign these legacy ExplicitAuthFlows values to user pool clients at the same time as values that
    begin with ALLOW_."
    """
    flows = config.get("ExplicitAuthFlows") or ()
    if len({name.startswith("ALLOW_") for name in flows}) > 1:
        raise InvalidParameterException("ExplicitAuthFlows can not mix values with and without the prefix ALLOW_")


def _rotation(client: CognitoIdpUserPoolClient) -> dict[str, Any]:
    return client.extended_config.get("RefreshTokenRotation") or {}
