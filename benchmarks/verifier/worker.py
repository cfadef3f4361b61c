"""One contender in a separate process: `worker.py NAME FOLDER`.

It builds its verifier, checks that a good token passes and a tampered one does not, prints `ready`, and then for each
line on stdin verifies all tokens once and prints the nanoseconds that passed, and those that it used.
"""

from __future__ import annotations

import base64
import gc
import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tokens import CLIENT_ID, ISSUER, POOL_ID

Verify = Callable[[str], object]
Times = tuple[int, int]
ISSUERS = [ISSUER, ISSUER.replace("https://", "https://issuer-")]


def ours(folder: Path, **options: int) -> Verify:
    from usermgr_jwt import CognitoVerifier, JwksFile  # noqa: PLC0415 - each contender loads only its own library

    keys = JwksFile(folder / "jwks.json")
    keys.load()
    return CognitoVerifier(
        user_pool_id=POOL_ID,
        client_id=CLIENT_ID,
        token_use="access",
        keys=keys,
        **options,
    ).verify


def without_accelerators() -> None:
    sys.modules["orjson"] = None  # type: ignore[assignment] - what makes `import orjson` fail


def pyjwt(folder: Path) -> Verify:
    """PyJWT with keys by key id, and the same checks of the claims written after it."""
    import jwt  # noqa: PLC0415

    keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(json.loads((folder / "jwks.json").read_text()))}
    return lambda token: _pyjwt_checks(jwt, token, keys[jwt.get_unverified_header(token)["kid"]])


def pyjwkclient(folder: Path) -> Verify:
    """PyJWT as its documentation shows it, with PyJWKClient and its cache."""
    import jwt  # noqa: PLC0415

    document = (folder / "jwks.json").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = jwt.PyJWKClient(f"http://127.0.0.1:{server.server_port}/jwks.json", cache_keys=True, lifespan=3600)
    client.get_jwk_set()
    server.shutdown()  # cached from here on
    return lambda token: _pyjwt_checks(jwt, token, client.get_signing_key_from_jwt(token))


def _pyjwt_checks(jwt, token: str, key: object) -> object:
    options = {"require": ["exp", "iss", "sub"], "verify_aud": False}
    claims = jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUERS, options=options)
    if claims.get("token_use") != "access" or claims.get("client_id") != CLIENT_ID:
        raise ValueError("another use or client")
    return claims


def joserfc(folder: Path) -> Verify:
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    keys = KeySet.import_key_set(json.loads((folder / "jwks.json").read_text()))
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "values": ISSUERS},
        sub={"essential": True},
        exp={"essential": True},
        token_use={"essential": True, "value": "access"},
        client_id={"essential": True, "value": CLIENT_ID},
    )

    def verify(token: str) -> object:
        claims = jwt.decode(token, keys, algorithms=["RS256"]).claims
        registry.validate(claims)
        return claims

    return verify


def raw(folder: Path) -> Verify:
    """`cryptography` alone, with signature and signing input split and decoded beforehand: the floor for Python."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    jwk = json.loads((folder / "jwks.json").read_text())["keys"][0]
    modulus = int.from_bytes(base64.urlsafe_b64decode(jwk["n"] + "=="), "big")
    key, pkcs1, sha256 = rsa.RSAPublicNumbers(65537, modulus).public_key(), padding.PKCS1v15(), SHA256()
    parts: dict[str, tuple[bytes, bytes]] = {}
    for token in (folder / "tokens.txt").read_text().splitlines():
        signing_input, _, signature = token.rpartition(".")
        parts[token] = (base64.urlsafe_b64decode(signature + "=="), signing_input.encode())
    return lambda token: key.verify(*parts[token], pkcs1, sha256)


def passes(name: str, folder: Path, tokens: list[str]) -> Callable[[], Times]:
    """A function that verifies all tokens once and returns the nanoseconds that passed and that it used."""

    def timed(verify: Verify) -> Times:
        started, used = time.perf_counter_ns(), time.process_time_ns()
        for token in tokens:
            verify(token)
        return time.perf_counter_ns() - started, time.process_time_ns() - used

    if name == "ours-misses":  # a new cache each time, so that every token is a miss
        without_accelerators()
        return lambda: timed(ours(folder, cache_size=4 * len(tokens)))
    if name == "ours-hits":
        without_accelerators()
        cached = ours(folder, cache_size=4 * len(tokens))
        timed(cached)
        return lambda: timed(cached)
    if name == "ours":
        without_accelerators()
    builders = {"ours": ours, "ours-fast": ours, "pyjwt": pyjwt, "pyjwkclient": pyjwkclient, "joserfc": joserfc}
    verify = (builders | {"raw": raw})[name](folder)
    verify(tokens[0])
    if name != "raw":
        refuses_a_tampered_token(verify, tokens[0])
    return lambda: timed(verify)


def refuses_a_tampered_token(verify: Verify, token: str) -> None:
    head, _, signature = token.rpartition(".")
    try:
        verify(f"{head}.{signature[:100]}{'A' if signature[100] != 'A' else 'B'}{signature[101:]}")
    except Exception:  # noqa: BLE001 - each library has its own
        return
    sys.exit("a tampered token was accepted")


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    run = passes(name, folder, (folder / "tokens.txt").read_text().splitlines())
    run()
    if name == "ours-fast":
        from usermgr_jwt import _codec  # noqa: PLC0415

        if not _codec.json_object.__module__.endswith("_fast"):
            sys.exit("orjson and pybase64 are not installed")
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(*run(), flush=True)


if __name__ == "__main__":
    main()
