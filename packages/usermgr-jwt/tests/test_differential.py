"""Differential fuzz: whatever we accept, PyJWT and joserfc accept too, but for differences that are written down."""

import json
import random
import time
import warnings
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from typing import Any

import joserfc.errors
import joserfc.jwk
import joserfc.jwt
import jwt

from usermgr_jwt import CognitoVerifier, TokenError

TOKENS = 20_000
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 1.5, 10**10, 10**30, "", "x", "none", "HS256", "RS256", "JWT", "jwt", "access", "id",
    "access-key", "id-key", [], ["x"], ["exp"], {}, {"a": 1}, "\u0000", "é", "\U0001f600", "9999999999", ["access"],
]  # fmt: skip
HEADERS = ["alg", "kid", "typ", "cty", "crit", "jwk", "jku", "x5c", "x5u", "b64", "zip", "enc", "foo"]
CLAIMS = [
    "exp", "nbf", "iat", "iss", "sub", "aud", "client_id", "token_use", "scope", "cognito:groups", "jti", "username",
    "auth_time", "foo", "version",
]  # fmt: skip
SNIPPETS = [
    b"NaN",
    b"Infinity",
    b"1e999",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b",",
    b'"',
    b"{",
    b"}",
    b"[",
    b"0",
    b" ",
    b"\n",
]


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Mutator:
    """Makes tokens that are nearly good. Most are signed anew, so that more than the signature is looked at."""

    def __init__(self, pool, seed: int) -> None:
        self.pool = pool
        self.random = random.Random(seed)  # noqa: S311 - the same tokens every time
        self.spare = [pool.token(), pool.token(pool.id_claims(), key_id="id-key"), pool.token(header={"typ": "JWT"})]
        self.kinds: list[Callable[[], str]] = [
            *[self.claim] * 5,
            *[self.header] * 3,
            *[self.payload_bytes] * 2,
            self.header_bytes,
            self.encoded,
            self.text,
            self.splice,
        ]

    def __call__(self) -> tuple[str, str]:
        kind = self.random.choice(self.kinds)
        return kind.__name__, kind()

    def change(self, members: dict[str, Any], names: list[str]) -> dict[str, Any]:
        for _ in range(self.random.choice([1, 1, 1, 2])):
            name = self.random.choice(names)
            match self.random.randrange(6):
                case 0:
                    members.pop(name, None)
                case 1 if isinstance(members.get(name), str):
                    members[name] = self.characters(members[name])
                case 2 if isinstance(members.get(name), int):
                    members[name] += self.random.choice([-7200, -3600, -1, 1, 3600, 7200])
                case _:
                    members[name] = self.random.choice(VALUES)
        return members

    def characters(self, text: str) -> str:
        where = self.random.randrange(len(text) + 1)
        with_ = self.random.choice(["", "A", "=", ".", "-", "_", "+", "/", " ", "\n", text[:1], text[-1:], "é"])
        return text[:where] + with_ + text[where + self.random.choice([0, 1]) :]

    def bytes(self, data: bytes) -> bytes:
        where = self.random.randrange(len(data) + 1)
        match self.random.randrange(4):
            case 0:
                return data[:where] + self.random.choice(SNIPPETS) + data[where:]
            case 1:
                return data[:where] + data[where + 1 :]
            case 2:
                return data[:where] + self.random.randbytes(1) + data[where + 1 :]
            case _:
                end = data.rfind(b"}")
                return data[:end] + self.random.choice([b',"exp":9999999999}', b',"x":1}', b" }", b"} ", b"}}", b"}\n"])

    def claim(self) -> str:
        claims = self.pool.access_claims(iat=int(time.time()) - 5)
        return self.pool.token(self.change(claims, CLAIMS))

    def header(self) -> str:
        return self.pool.token(header=json.dumps(self.change({"kid": "access-key", "alg": "RS256"}, HEADERS)).encode())

    def payload_bytes(self) -> str:
        return self.pool.token(self.bytes(json.dumps(self.pool.access_claims()).encode()))

    def header_bytes(self) -> str:
        return self.pool.token(header=self.bytes(b'{"kid":"access-key","alg":"RS256"}'))

    def encoded(self) -> str:
        parts = self.spare[0].split(".")[:2]
        which = self.random.randrange(2)
        parts[which] = self.characters(parts[which])
        try:
            return self.pool.sign(".".join(parts), self.pool.keys["access-key"])
        except UnicodeEncodeError:
            return ".".join(parts)

    def text(self) -> str:
        return self.characters(self.random.choice(self.spare))

    def splice(self) -> str:
        return ".".join(self.random.choice(self.spare).split(".")[part] for part in range(3))


class PyJwt:
    """Our policy, as one would write it with PyJWT."""

    def __init__(self, pool, issuers: list[str]) -> None:
        self.pool, self.issuers = pool, issuers
        self.keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(pool.jwks())}

    def refusal(self, token: str) -> str | None:
        try:
            key = self.keys[jwt.get_unverified_header(token)["kid"]]
            options = {"require": ["exp", "iss", "sub"], "verify_aud": False}
            claims = jwt.decode(token, key, algorithms=["RS256"], issuer=self.issuers, options=options)
        except (jwt.PyJWTError, KeyError, TypeError) as error:
            return type(error).__name__
        return (
            None if (claims.get("token_use"), claims.get("client_id")) == ("access", self.pool.client_id) else "claims"
        )


class Joserfc:
    """Our policy, as one would write it with joserfc."""

    def __init__(self, pool, issuers: list[str]) -> None:
        self.keys = joserfc.jwk.KeySet.import_key_set(pool.jwks())
        self.claims = joserfc.jwt.JWTClaimsRegistry(
            iss={"essential": True, "values": issuers},
            sub={"essential": True},
            exp={"essential": True},
            token_use={"essential": True, "value": "access"},
            client_id={"essential": True, "value": pool.client_id},
        )

    def refusal(self, token: str) -> str | None:
        try:
            self.claims.validate(joserfc.jwt.decode(token, self.keys, algorithms=["RS256"]).claims)
        except joserfc.errors.ClaimError as error:
            return f"{type(error).__name__} {error.claim}"
        except (joserfc.errors.JoseError, ValueError, TypeError) as error:
            return type(error).__name__
        return None


# Where we accept what a peer refuses, and why. Kept in docs/verifier.md too.
DOCUMENTED = {
    ("PyJWT", "ImmatureSignatureError"): "iat in the future: only nbf and exp bound a token's time (RFC 7519, 4.1.6)",
    ("joserfc", "InvalidClaimError iat"): "the same",
    ("joserfc", "UnsupportedHeaderError"): "unknown header members are ignored (RFC 7515, 4)",
}


def test_20000_mutated_tokens(settings, pool, show):
    """We accept none that PyJWT or joserfc refuses, but for documented reasons; and we raise nothing but TokenError."""
    verifier = CognitoVerifier(**settings)
    issuers = [pool.issuer, pool.issuer.replace("https://", "https://issuer-")]
    peers = {"PyJWT": PyJwt(pool, issuers), "joserfc": Joserfc(pool, issuers)}
    mutate = Mutator(pool, seed=20261122)
    ours: Counter[str] = Counter()
    differences: Counter[tuple[str, str]] = Counter()
    stricter: Counter[str] = Counter()
    started = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers warn about what they are fed
        for _ in range(TOKENS):
            kind, token = mutate()
            try:
                verifier.verify(token)
                accepted = True
            except TokenError:
                accepted = False
            ours[f"{kind} {'accepted' if accepted else 'refused'}"] += 1
            for name, peer in peers.items():
                refusal = peer.refusal(token)
                if accepted and refusal is not None:
                    differences[name, refusal] += 1
                if not accepted and refusal is None:
                    stricter[name] += 1
    accepted = sum(count for verdict, count in ours.items() if verdict.endswith("accepted"))
    show(f"mutated tokens: {TOKENS} in {time.monotonic() - started:.1f} s, {accepted} of them accepted")
    show(f"  accepted here, refused by a peer (documented): {dict(differences)}")
    show(f"  refused here, accepted by a peer: {dict(stricter)}")

    assert set(differences) == set(DOCUMENTED)
    assert differences["PyJWT", "ImmatureSignatureError"] == differences["joserfc", "InvalidClaimError iat"]
    assert ours.total() == TOKENS
    # The fuzz is worth something only when much is accepted, and much refused, of each kind that can be both.
    assert all(ours[f"{kind} {verdict}"] > 100 for kind in ("claim", "header") for verdict in ("accepted", "refused"))
