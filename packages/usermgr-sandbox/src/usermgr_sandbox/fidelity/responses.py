"""What moto's request handler drops and the corrections need: it passes no ClientMetadata on."""

from __future__ import annotations

from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult

from usermgr_sandbox.fidelity.triggers import client_metadata

__all__ = ["SandboxCognitoResponse"]


class SandboxCognitoResponse(CognitoIdpResponse):
    """Registered in the place of moto's own."""

    def admin_respond_to_auth_challenge(self) -> ActionResult:
        said = client_metadata.set(self.parameters.get("ClientMetadata"))
        try:
            return super().admin_respond_to_auth_challenge()
        finally:
            client_metadata.reset(said)

    def respond_to_auth_challenge(self) -> ActionResult:
        said = client_metadata.set(self.parameters.get("ClientMetadata"))
        try:
            return super().respond_to_auth_challenge()
        finally:
            client_metadata.reset(said)
