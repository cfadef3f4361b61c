"""The common base of the Cognito corrections, so that the type checker knows what they share."""

from __future__ import annotations

from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUser

from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.pool import SandboxUserPool
from usermgr_sandbox._fidelity.world import World

__all__ = ["Base"]


class Base(CognitoIdpBackend):
    """moto's backend with the sandbox's `World`."""

    world: World

    def _pool(self, user_pool_id: str) -> SandboxUserPool:
        pool = self.describe_user_pool(user_pool_id)
        if not isinstance(pool, SandboxUserPool):
            raise TypeError("the pool was not created by the sandbox")
        return pool

    def _owner_of(self, access_token: str) -> tuple[SandboxUserPool, CognitoIdpUser]:
        """The user to whom the access token was issued, and their pool."""
        for pool in self.user_pools.values():
            if access_token in pool.access_tokens:
                return self._pool(pool.id), self.admin_get_user(pool.id, pool.access_tokens[access_token][1])
        raise cognito_error("NotAuthorizedException", "Invalid Access Token")
