"""What every correction of the Cognito backend stands on, for the type checker and for the reader."""

from __future__ import annotations

from moto.cognitoidp.models import CognitoIdpBackend

from usermgr_sandbox.fidelity.world import World

__all__ = ["Base"]


class Base(CognitoIdpBackend):
    """moto's backend, which also knows the sandbox's world."""

    world: World
