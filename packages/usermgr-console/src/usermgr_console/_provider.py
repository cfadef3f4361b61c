"""The identity provider: what it says of itself, the way to its sign-in, and what it says of who comes back.

OpenID Connect's code flow with PKCE. `httpx` asks, and follows no redirect; Authlib and joserfc, which it stands on,
check the ID token. Both are there where a provider is configured, and loaded only then. No token outlives the request.
https://openid.net/specs/openid-connect-core-1_0.html and https://www.rfc-editor.org/rfc/rfc9700 say what is checked.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlencode, urlsplit

from usermgr.errors import ConfigurationError
from usermgr_console._config import Config, is_safe_url

if TYPE_CHECKING:
    import httpx
    from joserfc.jwk import KeySet

__all__ = ["Identity", "Provider", "ProviderError", "Waiting", "open_provider"]

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures by a key pair. `none` is not among them, nor is any whose key the console would share."""

KEY_KINDS = ("RSA", "EC", "OKP")

KEPT = 3600.0
"""Seconds for which the provider's description and keys are kept; keys are fetched again for one that is unknown."""

TIMEOUT = 5.0
"""Seconds that the provider has to connect, and to go on answering."""

LEEWAY = 60
"""Seconds that the two clocks may differ."""

MAX_ANSWER = 1024 * 1024


class ProviderError(Exception):
    """The provider cannot be reached, or says what it must not. The text is for the log: it quotes nothing secret."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that has begun: what its answer must fit. It is kept on the server, for one browser."""

    nonce: str
    verifier: str
    following: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says has signed in."""

    sub: str
    name: str
    groups: frozenset[str]


def open_provider(config: Config, now: Callable[[], float]) -> Provider | None:
    """The provider of the configuration, if it has one; nobody is asked yet.

    Raises `ConfigurationError` where the libraries are missing.
    """
    if config.oidc_issuer is None:
        return None
    missing = [name for name in ("authlib", "joserfc", "httpx") if importlib.util.find_spec(name) is None]
    if missing:
        problem = f"OpenID Connect needs {', '.join(missing)}: install usermgr-console[oidc]"
        raise ConfigurationError(f"usermgr's console: {problem}", problems=[problem])
    return Provider(config, now)


class Provider:
    """One provider, shared by all requests of the process."""

    def __init__(self, config: Config, now: Callable[[], float]) -> None:
        import httpx  # noqa: PLC0415 - only where a provider is configured

        self._issuer = config.oidc_issuer or ""
        self._client_id = config.oidc_client_id or ""
        self._config = config
        self._now = now
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, headers={"Accept": "application/json"})
        self._lock = threading.Lock()
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    # --- To the provider and back --------------------------------------------------------------------

    def begin(self, callback: str, following: str) -> tuple[str, str, Waiting]:
        """An address of the provider's sign-in, the state in it, and what to keep for the answer."""
        endpoint = self._endpoint("authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = {
            "response_type": "code", "client_id": self._client_id, "redirect_uri": callback,
            "scope": self._config.oidc_scopes, "state": state, "nonce": nonce,
            "code_challenge": _s256(verifier), "code_challenge_method": "S256",
        }  # fmt: skip
        return _with(endpoint, query), state, Waiting(nonce, verifier, following)

    def check_answerer(self, issuer: str | None) -> None:
        """Raises `ProviderError` for the answer of another provider (RFC 9207), or of nobody where ours tells."""
        told = self._describe().get("authorization_response_iss_parameter_supported") is True
        if issuer != self._issuer and (told or issuer is not None):
            raise ProviderError("the answer is another provider's, or does not say whose it is")

    def identify(self, code: str, waiting: Waiting, callback: str) -> Identity:
        """Who signed in, for the code. Raises `ProviderError`."""
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": callback,
            "code_verifier": waiting.verifier,
        }  # fmt: skip
        answer = self._ask("POST", self._endpoint("token_endpoint"), **self._as_client(fields))
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("the answer for the code has no ID token")
        return self._identity(self._claims(token, waiting.nonce, answer.get("access_token")))

    def sign_out_url(self, back: str) -> str | None:
        """Where the provider's own session ends, if it has such a page; it leads back here.

        A user pool's page has parameters of its own:
        https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
        """
        described = self._describe()
        endpoint = described.get("end_session_endpoint")
        if self._config.is_user_pool:
            endpoint = str(described["authorization_endpoint"]).removesuffix("/oauth2/authorize") + "/logout"
            return _with(endpoint, {"client_id": self._client_id, "logout_uri": back})
        if not isinstance(endpoint, str) or not is_safe_url(endpoint):
            return None
        return _with(endpoint, {"client_id": self._client_id, "post_logout_redirect_uri": back})

    def _as_client(self, fields: dict[str, str]) -> dict[str, Any]:
        """The form and its header, as the kind of client wants it (RFC 6749, 2.3.1)."""
        secret = self._config.oidc_client_secret
        if not secret:
            return {"data": fields | {"client_id": self._client_id}}
        methods = self._describe().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if "client_secret_basic" in methods:
            return {"data": fields, "auth": (quote_plus(self._client_id), quote_plus(secret))}
        return {"data": fields | {"client_id": self._client_id, "client_secret": secret}}

    # --- The ID token --------------------------------------------------------------------------------

    def _claims(self, token: str, nonce: str, access_token: object) -> Mapping[str, Any]:
        """The claims of a token that is good: of this issuer, for us, for this sign-in, and now."""
        from authlib.oidc.core import CodeIDToken  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]
        from joserfc import errors, jwt  # noqa: PLC0415

        try:
            try:
                found = jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
            except (errors.InvalidKeyIdError, errors.BadSignatureError):  # perhaps the keys were changed
                found = jwt.decode(token, self._key_set(anew=True), algorithms=ALGORITHMS)
            options: Any = {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
            }
            params = {"nonce": nonce, "client_id": self._client_id, "access_token": access_token}
            CodeIDToken(found.claims, found.header, options, params).validate(int(self._now()), LEEWAY)
        except errors.JoseError as error:
            raise ProviderError(f"the ID token is refused: {type(error).__name__} {_claim(error)}".rstrip()) from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:  # a header or a claim of another type
            raise ProviderError(f"the ID token is malformed: {type(error).__name__}") from None
        return found.claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        sub = claims.get("sub")
        if not isinstance(sub, str) or not sub:
            raise ProviderError("the ID token has no sub")
        claim = self._config.oidc_groups_claim or ("cognito:groups" if self._config.is_user_pool else "groups")
        groups: object = claims.get(claim)
        names = cast(
            "list[object]", [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        )
        texts = (claims.get(name) for name in ("name", "preferred_username", "email"))
        name = next((text for text in texts if isinstance(text, str) and text.strip()), sub)
        found = frozenset(one for one in names if isinstance(one, str))
        return Identity(sub, name.strip()[:200], found)

    # --- What the provider says of itself ------------------------------------------------------------

    def _endpoint(self, name: str) -> str:
        return self._describe()[name]

    def _describe(self) -> dict[str, Any]:
        """The discovery document, an hour old at most (OpenID Connect Discovery 1.0, 4)."""
        with self._lock:
            if self._described is None or time.monotonic() > self._described[0] + KEPT:
                found = self._ask("GET", f"{self._issuer.removesuffix('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self._issuer:
                    raise ProviderError("the discovery document is another issuer's: see oidc_issuer")
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    if not isinstance(found.get(name), str) or not is_safe_url(found[name]):
                        raise ProviderError(f"the discovery document has no {name} that is https://")
                self._described = time.monotonic(), found
            return self._described[1]

    def _key_set(self, *, anew: bool = False) -> KeySet:
        """The provider's public keys."""
        from joserfc import errors, jwk  # noqa: PLC0415

        address = self._endpoint("jwks_uri")
        with self._lock:
            if anew or self._keys is None or time.monotonic() > self._keys[0] + KEPT:
                found = self._ask("GET", address).get("keys")
                try:
                    keys = [
                        key
                        for key in cast("list[dict[str, Any]]", found)
                        if key["kty"] in KEY_KINDS and key.get("use", "sig") == "sig"
                    ]
                    self._keys = time.monotonic(), jwk.KeySet.import_key_set({"keys": keys})
                except (errors.JoseError, ValueError, TypeError, KeyError, AttributeError):
                    raise ProviderError("the provider's keys are malformed") from None
            return self._keys[1]

    def _ask(self, method: str, url: str, **what: Any) -> dict[str, Any]:
        """A JSON object of the provider. Raises `ProviderError` for anything else."""
        import httpx  # noqa: PLC0415

        host = urlsplit(url).netloc
        try:
            with self._client.stream(method, url, **what) as response:
                body = _read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ProviderError(f"{host} cannot be asked: {type(error).__name__}") from None
        if response.status_code != 200:  # a redirect, too: it could lead anywhere
            raise ProviderError(f"{host} answers with {response.status_code}")
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise ProviderError(f"{host} answers with something that is no JSON object")
        return cast("dict[str, Any]", found)


def _s256(verifier: str) -> str:
    """The challenge for a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _read(response: httpx.Response) -> bytes:
    """The body, as far as an answer may reach."""
    body = bytearray()
    until = time.monotonic() + 2 * TIMEOUT
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER or time.monotonic() > until:
            raise ProviderError(f"{response.url.host} answers with too much, or too slowly")
    return bytes(body)


def _with(endpoint: str, query: dict[str, str]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _claim(error: Exception) -> str:
    """The claim that an error is about."""
    claim = getattr(error, "claim", None)
    return claim if isinstance(claim, str) and claim.isidentifier() else ""
