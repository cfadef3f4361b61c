"""A Cognito user pool's signing side, without Cognito: real RSA keys, and tokens with Cognito's claims."""

import base64
import json
import socket
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings as django_settings

from usermgr_jwt import CognitoVerifier, JwksFile

# What several test modules share is in a folder of its own; test modules themselves are not importable.
sys.path.insert(0, str(Path(__file__).with_name("support")))

POOL_ID = "ap-northeast-1_AbCdEf123"
CLIENT_ID = "1h57kf5cpq17m0eml12example"
ISSUER = f"https://cognito-idp.ap-northeast-1.amazonaws.com/{POOL_ID}"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def new_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwk(key: rsa.RSAPrivateKey, key_id: str, **members: object) -> dict[str, Any]:
    """The public JWK of a key, as Cognito publishes it."""
    public = key.public_key().public_numbers()
    modulus = public.n.to_bytes((public.n.bit_length() + 7) // 8, "big")
    return {"alg": "RS256", "e": "AQAB", "kid": key_id, "kty": "RSA", "n": b64url(modulus), "use": "sig"} | members


@dataclass
class Pool:
    """One pool: two keys, as Cognito has, the first of which signs access tokens."""

    pool_id: str = POOL_ID
    client_id: str = CLIENT_ID
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=lambda: {"access-key": new_key(), "id-key": new_key()})

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.{self.pool_id.partition('_')[0]}.amazonaws.com/{self.pool_id}"

    def jwks(self) -> dict[str, Any]:
        return {"keys": [jwk(key, key_id) for key_id, key in self.keys.items()]}

    def access_claims(self, **changes: object) -> dict[str, Any]:
        """The claims of an access token; a change to `...` leaves a claim out."""
        now = int(time.time())
        claims = {
            "sub": "c7f4f1a2-3b1d-4b6e-9d7b-0d5f1f0e9a11",
            "cognito:groups": ["admins", "support"],
            "iss": self.issuer,
            "version": 2,
            "client_id": self.client_id,
            "origin_jti": "f3a8c5f0-9d55-4c8e-8f38-0d8b2f9a8e21",
            "event_id": "0b3f4a39-8a17-4fd9-8c6f-25b0e7f5d1c4",
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin orders/read",
            "auth_time": now,
            "exp": now + 3600,
            "iat": now,
            "jti": "9d1c5a1e-31f8-4f0c-b0a3-4ce2a6f0b7d3",
            "username": "alice",
        } | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def id_claims(self, **changes: object) -> dict[str, Any]:
        """The claims of an id token; a change to `...` leaves a claim out."""
        own = {"token_use": "id", "aud": self.client_id, "cognito:username": "alice", "email": "alice@example.com"}
        without = dict.fromkeys(("client_id", "scope", "username", "version"), ...)
        return self.access_claims(**(without | own | changes))

    def token(
        self,
        claims: dict[str, Any] | bytes | None = None,
        *,
        header: dict[str, Any] | bytes | None = None,
        key_id: str = "access-key",
        key: rsa.RSAPrivateKey | None = None,
    ) -> str:
        """A signed token. `claims` and `header` may be raw bytes; `header` members are added to Cognito's."""
        if not isinstance(header, bytes):
            merged = {"kid": key_id, "alg": "RS256"} | (header or {})
            header = compact({name: value for name, value in merged.items() if value is not ...})
        payload = claims if isinstance(claims, bytes) else compact(self.access_claims() if claims is None else claims)
        return self.sign(f"{b64url(header)}.{b64url(payload)}", key or self.keys[key_id])

    @staticmethod
    def token_header(key_id: str) -> str:
        """The header segment of a token of that key."""
        return b64url(compact({"kid": key_id, "alg": "RS256"}))

    @staticmethod
    def sign(signing_input: str, key: rsa.RSAPrivateKey) -> str:
        return f"{signing_input}.{b64url(key.sign(signing_input.encode(), padding.PKCS1v15(), SHA256()))}"


@pytest.fixture(scope="session")
def pool() -> Pool:
    return Pool()


@pytest.fixture(scope="session")
def other_pool() -> Pool:
    return Pool(pool_id="eu-west-1_XyZ987654", client_id="otherclientofotherpool")


@pytest.fixture(scope="session")
def stranger() -> rsa.RSAPrivateKey:
    """A key that no pool has."""
    return new_key()


@pytest.fixture(scope="session", name="compact")
def compact_() -> Callable[[object], bytes]:
    return compact


@pytest.fixture(scope="session", name="b64url")
def b64url_() -> Callable[[bytes], str]:
    return b64url


@pytest.fixture(scope="session")
def compact_jwks() -> Callable[[dict[str, rsa.RSAPrivateKey]], bytes]:
    """The JWKS document of keys by key id."""
    return lambda keys: compact({"keys": [jwk(key, key_id) for key_id, key in keys.items()]})


@pytest.fixture(scope="session")
def make_jwk() -> Callable[[int], dict[str, Any]]:
    """The JWK `made`, of a new key with so many bits."""
    return lambda bits: jwk(new_key(bits), "made")


_watched: list[tuple[int, list[str]]] = []  # a thread, and its events, for each `no_sockets` block that is open


def _watch_sockets(event: str, arguments: tuple[object, ...]) -> None:
    if _watched and event.startswith("socket."):
        thread, events = _watched[-1]
        if threading.get_ident() == thread:  # threads of other fixtures may open and close sockets
            events.append(event)


@pytest.fixture(scope="session")
def no_sockets() -> Callable[[], AbstractContextManager[list[str]]]:
    """A context that collects what this thread does with sockets.

    Audit hooks cannot be removed, so there is one for the session.
    """
    sys.addaudithook(_watch_sockets)

    @contextmanager
    def watched() -> Iterator[list[str]]:
        events: list[str] = []
        _watched.append((threading.get_ident(), events))
        try:
            yield events
        finally:
            _watched.pop()

    with watched() as events, socket.socket():
        assert events == ["socket.__new__"], "the watch itself must be able to fire"
    return watched


@pytest.fixture
def jwks_path(tmp_path: Path, pool: Pool) -> Path:
    path = tmp_path / "jwks.json"
    path.write_bytes(compact(pool.jwks()))
    return path


@pytest.fixture
def settings(jwks_path: Path, pool: Pool) -> dict[str, Any]:
    """What every verifier of `pool`'s access tokens is built with."""
    return {
        "user_pool_id": pool.pool_id,
        "client_id": pool.client_id,
        "token_use": "access",
        "keys": JwksFile(jwks_path),
    }


@pytest.fixture
def verifier(settings: dict[str, Any]) -> CognitoVerifier:
    return CognitoVerifier(**settings)


@pytest.fixture(scope="session")
def configured_django() -> types.ModuleType:
    """Django can be configured once in a process; the URLs live in a module made here."""
    urls = types.ModuleType("usermgr_jwt_test_urls")
    urls.urlpatterns = []
    sys.modules[urls.__name__] = urls
    django_settings.configure(
        ROOT_URLCONF=urls.__name__,
        MIDDLEWARE=["usermgr_jwt.integrations.django.cognito_middleware"],
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
        SECRET_KEY="not used",
        USERMGR_JWT_VERIFIER=None,
        REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
    )
    django.setup()
    return urls


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Put a figure into the summary of the run, where it is seen without -s."""
    return lambda figure: record_property("figure of usermgr-jwt", figure)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures come with the reports of the tests, which may have run in other processes."""
    reports = terminalreporter.getreports("passed")
    figures = [figure for each in reports for name, figure in each.user_properties if name == "figure of usermgr-jwt"]
    if figures:
        terminalreporter.section("figures of usermgr-jwt")
        for figure in figures:
            terminalreporter.line(figure)
