"""The corrected Cognito backend: each topic is a module beside this one."""

from __future__ import annotations

from typing import Any, cast

from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUserPool

from usermgr_sandbox._fidelity.groups import Groups
from usermgr_sandbox._fidelity.listing import Listing
from usermgr_sandbox._fidelity.pool import SandboxUserPool
from usermgr_sandbox._fidelity.pools import Pools, check_settings
from usermgr_sandbox._fidelity.sign_in import SignIn
from usermgr_sandbox._fidelity.users import Users
from usermgr_sandbox._fidelity.verification import Verification
from usermgr_sandbox._fidelity.world import World

__all__ = ["make_cognito_backend"]


def make_cognito_backend(world: World) -> type[CognitoIdpBackend]:
    """moto's backend with the corrections in front of it."""

    # The listings page by themselves, where moto's decorator changes what its methods take and give.
    class SandboxCognitoBackend(Pools, Users, Groups, Listing, Verification, SignIn, CognitoIdpBackend):  # pyright: ignore[reportIncompatibleMethodOverride]
        __module__ = CognitoIdpBackend.__module__  # where moto looks for the backend's routes

        def __init__(self, region_name: str, account_id: str) -> None:
            super().__init__(region_name, account_id)
            self.world = world

        def create_user_pool(self, name: str, extended_config: dict[str, Any]) -> CognitoIdpUserPool:
            check_settings(extended_config)
            pool = cast("SandboxUserPool", SandboxUserPool(self.account_id, self.region_name, name, extended_config))
            self.user_pools[pool.id] = pool
            return pool

    return SandboxCognitoBackend
