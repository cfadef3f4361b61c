"""Corrected request handlers, where moto's drop or cut what the backend needs.

Cognito's handler does not pass ClientMetadata on, and Lambda's cuts answers at 6,000,000 bytes, where AWS's limit is
6,291,556.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult

from usermgr_sandbox._fidelity.triggers import client_metadata

__all__ = ["SandboxCognitoResponse", "SandboxLambdaResponse"]


class SandboxCognitoResponse(CognitoIdpResponse):
    """Registered instead of moto's own."""

    def admin_respond_to_auth_challenge(self) -> ActionResult:
        with self._metadata():
            return super().admin_respond_to_auth_challenge()

    def respond_to_auth_challenge(self) -> ActionResult:
        with self._metadata():
            return super().respond_to_auth_challenge()

    @contextmanager
    def _metadata(self) -> Generator[None]:
        """The request's ClientMetadata, for the trigger that runs meanwhile."""
        token = client_metadata.set(self.parameters.get("ClientMetadata"))
        try:
            yield
        finally:
            client_metadata.reset(token)


class SandboxLambdaResponse(LambdaResponse):
    """Registered instead of moto's own."""

    def invoke(self) -> tuple[int, dict[str, str], str | bytes]:
        """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax"""
        name, headers = unquote(self.path.rsplit("/", 2)[-2]), dict[str, str]()
        payload = self.backend.invoke(
            name, self.querystring.get("Qualifier", [None])[0], self.body, self.headers, headers
        )
        status = _STATUS.get(self.headers.get("X-Amz-Invocation-Type", "RequestResponse"), 200)
        if self.headers.get("X-Amz-Log-Type") != "Tail":
            headers.pop("x-amz-log-result", None)
        headers |= {"content-type": "application/json", "status": str(status)}
        return status, headers, payload or b""


_STATUS = {"Event": 202, "DryRun": 204}
