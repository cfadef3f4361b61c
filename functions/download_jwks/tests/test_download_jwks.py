"""The download function, over real HTTP on the loopback interface."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.stub import Server
from usermgr.errors import ConfigurationError, ProtocolError, ServiceTimeoutError, ServiceUnavailableError
from usermgr_function_download_jwks import handler as function
from usermgr_function_download_jwks.config import Config
from usermgr_function_download_jwks.download import MAXIMUM_BYTES, download

POOL = "ap-northeast-1_AbCdEf123"
KEY = {"kid": "one", "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB"}
JWKS = {"keys": [KEY, {**KEY, "kid": "two"}]}

Answer = Callable[[BaseHTTPRequestHandler], None]


def body(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every GET so; its address, and the paths that were asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            answer(self)

        def log_message(self, *_: Any) -> None:
            """Stays quiet."""

    with Server(Handler) as server:
        yield server.url, paths


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lambda's environment, and a cold start for each test."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    monkeypatch.setenv("USERPOOL_ID", POOL)
    function._config.cache_clear()
    yield
    function._config.cache_clear()


def invoke(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> dict[str, Any]:
    with serving(answer) as (address, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        return function.handler({}, None)


def code(reply: dict[str, Any]) -> str:
    assert set(reply) == {"error"}
    assert set(reply["error"]) == {"code", "message"}
    return reply["error"]["code"]


def test_returns_the_document_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reply is the pool's JWKS, whatever the event is."""
    with serving(body(json.dumps(JWKS).encode())) as (address, paths):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        replies = [function.handler(event, None) for event in ({}, None, "x", [1])]
    assert replies == [JWKS] * 4
    assert paths == [f"/{POOL}/.well-known/jwks.json"] * 4


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (body(b"", 404), "store_not_found"),
        (body(b'{"message":"User pool does not exist."}', 400), "store_not_found"),
        (body(b"", 503), "service_unavailable"),
        (body(b"", 403), "service_unavailable"),
        (body(b"<html>"), "protocol"),
        (body(b"\xff\xfe"), "protocol"),
        (body(b"[]"), "protocol"),
        (body(b'{"keys":[]}'), "protocol"),
        (body(b'{"keys":{}}'), "protocol"),
        (body(json.dumps({"keys": [{**KEY, "kty": "EC"}]}).encode()), "protocol"),
        (body(json.dumps({"keys": [KEY, "one"]}).encode()), "protocol"),
        (body(json.dumps({"keys": [KEY, {**KEY, "kid": "x" * 257}]}).encode()), "protocol"),
        (body(b" " * (MAXIMUM_BYTES + 1)), "protocol"),
    ],
)
def test_bad_answers_have_a_code(monkeypatch: pytest.MonkeyPatch, answer: Answer, expected: str) -> None:
    """An answer that is not a JWKS becomes an error reply, never an exception."""
    assert code(invoke(monkeypatch, answer)) == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{other}/jwks.json", "http://[", "ftp://example.com/"])
def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch, status: int, location: str) -> None:
    """A redirect to a server that has a JWKS is an error reply, and that server is not asked."""
    with serving(body(json.dumps(JWKS).encode())) as (other, paths):
        reply = invoke(monkeypatch, body(b"", status, Location=location.format(other=other)))
        asked = list(paths)
        answer = download(f"{other}/jwks.json")

    assert (code(reply), asked) == ("service_unavailable", [])
    assert answer == JWKS


@pytest.mark.parametrize("member", ["kid", "n", "e"])
@pytest.mark.parametrize("value", [None, "", 7, ["x"], {"x": "y"}])
def test_each_member_of_a_key_is_needed(monkeypatch: pytest.MonkeyPatch, member: str, value: object) -> None:
    """A key for RS256 whose kid, n or e is missing, empty or not a string is refused."""
    answer = body(json.dumps({"keys": [KEY, {**KEY, member: value}]}).encode())
    assert code(invoke(monkeypatch, answer)) == "protocol"


def test_closed_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is `service_unavailable`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert code(function.handler({}, None)) == "service_unavailable"


def test_broken_off_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that ends early is not taken for a whole one."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "5000")
        request.end_headers()
        request.wfile.write(b'{"keys":[')

    assert code(invoke(monkeypatch, answer)) in {"protocol", "service_unavailable"}


def test_silence_ends_in_time() -> None:
    """A server that accepts and says nothing costs the time-out, not more."""
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(ServiceTimeoutError):
        download(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.2)


def test_dripping_ends_in_time() -> None:
    """A server that sends a byte now and then cannot stretch the time-out."""

    def answer(request: Any) -> None:
        request.send_response(200)
        request.end_headers()
        while not request.server.closing.wait(0.02):
            request.wfile.write(b" ")

    with serving(answer) as (address, _), pytest.raises(ServiceTimeoutError):
        download(address, timeout=0.2)


def test_no_http_at_all() -> None:
    """A server that does not speak HTTP is `service_unavailable`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-nothing\r\n\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(ServiceUnavailableError):
            download(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


def test_size_is_capped_while_reading() -> None:
    """An endless answer is dropped at the cap."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(10_000):
            request.wfile.write(b" " * 8192)

    with serving(answer) as (address, _), pytest.raises(ProtocolError, match="more than 65536 bytes"):
        download(address)


def test_configuration_names_all_problems() -> None:
    """Missing and malformed variables are named in one error."""
    with pytest.raises(ConfigurationError) as caught:
        Config.read({"USERPOOL_ID": "a/../b", "AWS_ENDPOINT_URL": "file:///etc/passwd"})
    assert [
        name
        for name in ("AWS_REGION is not set", "USERPOOL_ID (or user_pool_id=) is mal", "AWS_ENDPOINT_URL is mal")
        if name not in str(caught.value)
    ] == []


def test_configuration_error_is_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bad environment is answered like any other failure."""
    monkeypatch.delenv("USERPOOL_ID")
    assert function.handler({}, None) == {
        "error": {
            "code": "configuration",
            "message": "the function that downloads the JWKS: USERPOOL_ID is not set: export it or pass user_pool_id=",
        }
    }


def test_url_on_aws() -> None:
    """Without an endpoint variable the address is AWS's; Cognito's own variable goes before the general one."""
    base = {"AWS_REGION": "eu-west-1", "USERPOOL_ID": "eu-west-1_x"}
    general = {**base, "AWS_ENDPOINT_URL": "http://127.0.0.1:1/"}
    special = {**general, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://127.0.0.1:2"}
    assert [Config.read(environ).url for environ in (base, general, special)] == [
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x/.well-known/jwks.json",
        "http://127.0.0.1:1/eu-west-1_x/.well-known/jwks.json",
        "http://127.0.0.1:2/eu-west-1_x/.well-known/jwks.json",
    ]
    ignoring = {**special, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert Config.read(ignoring).url == Config.read(base).url


@pytest.mark.parametrize(
    ("region", "suffix"),
    [("eusc-de-east-1", "amazonaws.eu"), ("us-gov-west-1", "amazonaws.com"), ("ap-northeast-1", "amazonaws.com")],
)
def test_url_has_the_suffix_of_the_partition(region: str, suffix: str) -> None:
    """The address has the partition's suffix; usermgr-aws's own tests compare those with the SDK's."""
    url = Config.read({"AWS_REGION": region, "USERPOOL_ID": f"{region}_Ab1"}).url

    assert url == f"https://cognito-idp.{region}.{suffix}/{region}_Ab1/.well-known/jwks.json"


def test_cold_start_does_not_load_the_sdk() -> None:
    """The handler's import brings neither boto3 nor botocore."""
    code = "import sys, usermgr_function_download_jwks.handler; print([m for m in sys.modules if m.startswith('boto')])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@pytest.mark.parametrize("pool", ["", "x", "a_b/../c", "a_b c", "\u00e9_1", "a_b\n", "a_b?x", "a_", "a_b#", "a_\u0661"])
def test_odd_pool_ids_end_in_our_error(monkeypatch: pytest.MonkeyPatch, pool: str) -> None:
    """A pool id that is not one is answered as a configuration error."""
    monkeypatch.setenv("USERPOOL_ID", pool)

    assert code(function.handler({}, None)) == "configuration"


@pytest.mark.parametrize(
    "endpoint",
    [
        "localhost", "ftp://localhost", "http://", "http://[", "http://[::1", "http://h:p", "http://h:0", "http://h:65536",
        "http://user@h", "http://h/path", "http://h?x", "http://h#x", "http://h\\x", "http://a b", "http://\u00e9",
        "http://a..b", "http://" + "x" * 64, "http://h:99999999999", "https://:443",
    ],
)  # fmt: skip
def test_odd_endpoints_end_in_our_error(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """An endpoint that is not one is answered as a configuration error."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    assert code(function.handler({}, None)) == "configuration"
