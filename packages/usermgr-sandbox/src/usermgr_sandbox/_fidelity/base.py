"""The common base of the Cognito corrections, so that the type checker knows what they share."""

from __future__ import annotations

from moto.cognitoidp.models import CognitoIdpBackend

from usermgr_sandbox._fidelity.world import World

__all__ = ["Base"]


class Base(CognitoIdpBackend):
    """moto's backend with the sandbox's `World`."""

    world: World
