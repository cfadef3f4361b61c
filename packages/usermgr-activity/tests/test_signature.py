"""What `DirectTransport` puts on the wire is signed as AWS documents it, checked by a second implementation.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from usermgr.errors import NoCredentialsError
from usermgr_activity import DirectTransport

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session-token"
REGION = "ap-northeast-1"


class _Wire(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    connections: set[int]
    received: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.connections.add(self.client_address[1])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Wire]]:
    """A server that keeps what it receives."""

    class Wire(_Wire):
        pass

    Wire.received, Wire.connections = [], set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Wire) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        yield Wire
        server.shutdown()
        thread.join()


def signature_of(headers: dict[str, str], body: bytes) -> str:
    """The signature that these headers and this body must have."""
    found = re.search(
        r"Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+)", headers["authorization"]
    )
    assert found is not None
    key, day, region, service, names = found.groups()
    assert (key, region, service) == (KEY, REGION, "dynamodb")
    assert {"host", "x-amz-date", "x-amz-security-token", "x-amz-target"} <= set(names.split(";"))
    canonical = "".join(f"{name}:{headers[name].strip()}\n" for name in names.split(";"))
    request = f"POST\n/\n\n{canonical}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    secret = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    return hmac.new(secret, to_sign.encode(), "sha256").hexdigest()


def test_signature(wire: type[_Wire]) -> None:
    """The request carries the operation, the session's token, and the signature that its content must have."""
    DirectTransport(REGION).call("UpdateItem", {"TableName": "täble"})
    [(headers, body)] = wire.received
    assert body == b'{"TableName": "t\\u00e4ble"}'
    assert headers["x-amz-target"] == "DynamoDB_20120810.UpdateItem"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amz-security-token"] == TOKEN
    assert headers["authorization"].endswith(f"Signature={signature_of(headers, body)}")


def test_connection_is_kept(wire: type[_Wire]) -> None:
    """Ten sightings in a warm function are ten requests over one connection."""
    transport = DirectTransport(REGION)
    for _ in range(10):
        transport.call("UpdateItem", {"TableName": "table"})
    assert (len(wire.received), len(wire.connections)) == (10, 1)


def test_new_credentials_are_used(wire: type[_Wire], monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are read for each request: none is kept past its end."""
    transport = DirectTransport(REGION)
    transport.call("UpdateItem", {"TableName": "table"})
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NoCredentialsError):
        transport.call("UpdateItem", {"TableName": "table"})
    assert len(wire.received) == 1
