"""The door of the server: logs each call and its principal, evaluates policies, and serves the control routes.

Everything else goes on to moto.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from moto.cognitoidp.models import cognitoidp_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from usermgr_sandbox._fidelity.keys import PoolKeys
from usermgr_sandbox._fidelity.request_check import check_request
from usermgr_sandbox._iam import DenialError, evaluate, policies_of_role, policies_of_user
from usermgr_sandbox._identity import Principal, signer
from usermgr_sandbox._operations import Call, identify
from usermgr_sandbox._resend import ResendMemory
from usermgr_sandbox._sandbox import CONTROL, RequestRecord
from usermgr_sandbox._signature import is_genuine
from usermgr_sandbox._wsgi import Reply, StartResponse, Wsgi

__all__ = ["Gate"]

JWKS = "/.well-known/jwks.json"
_FREE = {("sts", "GetCallerIdentity")}
"""Allowed to every principal: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""

_FORGED = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided.",
)
_SIGNED_OTHERWISE = ("s3", "s3control")
"""Their paths are encoded by rules of their own, and nothing here needs them."""


class Gate:
    """WSGI middleware around moto's application."""

    def __init__(self, application: Wsgi, keys: PoolKeys) -> None:
        self._moto = application
        self._application = ResendMemory(application)
        self._keys = keys
        self.control: dict[str, Callable[[dict[str, Any]], Any]] = {}
        self.after_call: Callable[[], None] = lambda: None
        self._records: list[RequestRecord] = []
        self._lock = threading.Lock()

    def records(self, since: int = 0) -> list[dict[str, Any]]:
        """The calls from index `since` on."""
        with self._lock:
            return [asdict(record) for record in self._records[since:]]

    def forget(self) -> None:
        """Empties the log."""
        with self._lock:
            self._records.clear()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if path.startswith(CONTROL):
            return self._run_control(path.removeprefix(CONTROL), body, start_response)
        environ["wsgi.input"] = io.BytesIO(body)
        if path.startswith("/moto-api"):
            return self._moto(environ, start_response)
        if path.endswith(JWKS):
            return self._publish_keys(path.removesuffix(JWKS).strip("/"), start_response)
        headers = {
            "Authorization": environ.get("HTTP_AUTHORIZATION", ""),
            "X-Amz-Target": environ.get("HTTP_X_AMZ_TARGET", ""),
            "Content-Type": environ.get("CONTENT_TYPE", ""),
        }
        address = f"{path}?{environ.get('QUERY_STRING', '')}"
        call = identify(environ["REQUEST_METHOD"], address, headers, body)
        signed = bool(headers["Authorization"])
        principal = signer(headers["Authorization"]) if signed else None
        genuine = principal is None or call.service in _SIGNED_OTHERWISE or is_genuine(environ, body, principal)
        refusal = _refusal(call, principal, signed=signed) if genuine else _error(call, *_FORGED)
        if refusal is not None:
            self._record(call, principal, refusal.code)
            return refusal.send(start_response)
        complaint = check_request(call.operation, body) if call.service == "cognito-idp" else None
        if complaint is not None:
            self._record(call, principal, 400)
            return _error(call, *complaint).send(start_response)
        repeated = self._application.recall(environ)
        if repeated is not None:
            return repeated.send(start_response)

        def recording_start(status: str, reply_headers: list[tuple[str, str]], *rest: Any) -> Any:
            self._record(call, principal, int(status.split(maxsplit=1)[0]))
            return start_response(status, reply_headers, *rest)

        answer = self._application(environ, recording_start)
        self.after_call()
        return answer

    def _publish_keys(self, pool_id: str, start_response: StartResponse) -> Iterable[bytes]:
        known = any(pool_id in backend.user_pools for backend in cognitoidp_backends[DEFAULT_ACCOUNT_ID].values())
        if not known:
            start_response("404 Not Found", [("Content-Type", "application/json")])
            return [b'{"message":"User pool does not exist."}']
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(self._keys.published(pool_id)).encode()]

    def _record(self, call: Call, principal: Principal | None, status: int) -> None:
        with self._lock:
            index = len(self._records)
            arn = principal.arn if principal else "nobody"
            self._records.append(RequestRecord(index, call.service, call.operation, arn, status, time.time()))

    def _run_control(self, name: str, body: bytes, start_response: StartResponse) -> Iterable[bytes]:
        command = self.control.get(name)
        if command is None:
            start_response("404 Not Found", [("Content-Type", "application/json")])
            return [b'{"error":"no such control"}']
        try:
            reply, status = command(json.loads(body or b"{}")), "200 OK"
        except (KeyError, ValueError, TypeError) as error:
            reply, status = {"error": f"{type(error).__name__}: {error}"}, "400 Bad Request"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(reply).encode()]


def _refusal(call: Call, principal: Principal | None, *, signed: bool) -> Reply | None:
    if not signed:
        missing = ("MissingAuthenticationTokenException", "Missing Authentication Token")
        return None if call.public else _error(call, *missing)
    if principal is None:
        return _error(call, "UnrecognizedClientException", "The security token included in the request is invalid.")
    if principal.role is not None:
        policies = policies_of_role(principal.role)
    elif principal.user is not None:
        policies = policies_of_user(principal.user)
    else:
        return None
    if (call.service, call.operation) in _FREE:
        return None
    context = {"aws:PrincipalAccount": DEFAULT_ACCOUNT_ID, "aws:RequestedRegion": call.region}
    try:
        for action, resource in call.actions:
            evaluate(policies, action, [resource], context)
    except DenialError as denial:
        return _error(call, "AccessDeniedException", f"User: {principal.arn} is not authorized to perform: {denial}")
    return None


def _error(call: Call, code: str, message: str) -> Reply:
    """An error in the service's own protocol.

    JSON 1.x services answer 400 with `__type`, REST services (Lambda) 403 with a header, query services 403 XML:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    if call.service in ("cognito-idp", "dynamodb", "logs"):
        body = json.dumps({"__type": code, "message": message}).encode()
        kind, status = "application/x-amz-json-1.1", "400 Bad Request"
    elif call.service == "lambda":
        body = json.dumps({"Message": message, "__type": code}).encode()
        kind, status = "application/json", "403 Forbidden"
    else:
        short = {
            "AccessDeniedException": "AccessDenied",
            "UnrecognizedClientException": "InvalidClientTokenId",
            "InvalidSignatureException": "SignatureDoesNotMatch",
            "MissingAuthenticationTokenException": "MissingAuthenticationToken",
        }[code]
        body = (
            f"<ErrorResponse><Error><Code>{short}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()
        )
        kind, status = "text/xml", "403 Forbidden"
    headers = [("Content-Type", kind), ("x-amzn-errortype", code), ("Content-Length", str(len(body)))]
    return Reply(status, headers, body)
