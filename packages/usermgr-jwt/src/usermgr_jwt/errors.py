"""Everything that usermgr_jwt raises, in one tree.

Each class has a stable `code` and carries its evidence as attributes. No message, attribute or repr ever
contains the token::

    VerifierError                       verifier
    ├── TokenError                      token                    the caller answers 401
    │   ├── TokenFormatError            token_format             problem
    │   ├── TokenAlgorithmError         token_algorithm          algorithm
    │   ├── UnknownKeyError             unknown_key              key_id
    │   ├── TokenSignatureError         token_signature          key_id
    │   └── TokenClaimError             token_claim              claim, problem (missing, or of a wrong type)
    │       ├── TokenExpiredError       token_expired            expired_at
    │       ├── TokenNotYetValidError   token_not_yet_valid      valid_from
    │       ├── TokenIssuerError        token_issuer             issuer, expected
    │       ├── TokenClientError        token_client             client_id, expected
    │       ├── TokenUseError           token_use                token_use, expected
    │       ├── TokenGroupError         token_group              groups, required      (403)
    │       └── TokenScopeError         token_scope              scopes, required      (403)
    └── KeysError                       keys                     the caller answers 503
        ├── KeysNotFoundError           keys_not_found           path
        ├── KeysFileError               keys_file                path, problem
        ├── KeysInvalidError            keys_invalid             where, problem
        ├── KeysTooOldError             keys_too_old             path, age, max_age (seconds)
        ├── KeysSourceError             keys_source              source, problem       (only from pull)
        └── KeysReplacementError        keys_replacement         path, problem         (only from pull)

`UnknownKeyError` means that the keys are good and the token's key is not among them; `KeysTooOldError` means that
the keys themselves can no longer be trusted. A setting that makes no sense (an empty client id) is a `ValueError`
or a `TypeError` when the verifier is built, never at `verify`.

Every error is built from its evidence alone, in the order above, so that it survives pickling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

__all__ = [
    "VerifierError",
    "TokenError",
    "TokenFormatError",
    "TokenAlgorithmError",
    "UnknownKeyError",
    "TokenSignatureError",
    "TokenClaimError",
    "TokenExpiredError",
    "TokenNotYetValidError",
    "TokenIssuerError",
    "TokenClientError",
    "TokenUseError",
    "TokenGroupError",
    "TokenScopeError",
    "KeysError",
    "KeysNotFoundError",
    "KeysFileError",
    "KeysInvalidError",
    "KeysTooOldError",
    "KeysSourceError",
    "KeysReplacementError",
]

_SHOWN = 80  # characters of a value from a token that a message may show


def _shown(value: str | None) -> str:
    """A value as a message may show it: quoted, with control characters escaped, and cut."""
    if value is None:
        return "none"
    return ascii(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")


def _listed(values: Collection[str]) -> str:
    return ", ".join(_shown(value) for value in sorted(values)[:5]) or "none"


class VerifierError(Exception):
    """The root of the tree."""

    code: ClassVar[str] = "verifier"

    def again(self) -> Self:
        """A copy to raise: an object that is raised twice keeps the frames of both, and everything in them."""
        return type(self)(*self.args)


class TokenError(VerifierError):
    """The token is refused: the caller answers 401."""

    code: ClassVar[str] = "token"


class TokenFormatError(TokenError):
    """The token is not a JWT that Cognito could have issued."""

    code: ClassVar[str] = "token_format"

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return f"the token is malformed: {self.problem}"


class TokenAlgorithmError(TokenError):
    """The header names an algorithm other than RS256. `algorithm` is None when it names none."""

    code: ClassVar[str] = "token_algorithm"

    def __init__(self, algorithm: str | None) -> None:
        super().__init__(algorithm)
        self.algorithm = algorithm

    def __str__(self) -> str:
        return f"the token's algorithm is {_shown(self.algorithm)}; only 'RS256' is accepted"


class UnknownKeyError(TokenError):
    """The keys are good, but the one that the header names is not among them."""

    code: ClassVar[str] = "unknown_key"

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id

    def __str__(self) -> str:
        key_id = _shown(self.key_id)
        return f"there is no key with the token's key id {key_id}; if the pool has rotated its keys, pull them again"


class TokenSignatureError(TokenError):
    """The signature was not made with the key that the header names."""

    code: ClassVar[str] = "token_signature"

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id

    def __str__(self) -> str:
        return f"the token's signature does not match key {_shown(self.key_id)}"


class TokenClaimError(TokenError):
    """A claim is missing, has a wrong type, or (in the subclasses) has a value that is not accepted."""

    code: ClassVar[str] = "token_claim"

    def __init__(self, claim: str, problem: str) -> None:
        super().__init__(claim, problem)
        self.claim = claim
        self.problem = problem

    def __str__(self) -> str:
        return f"claim {self.claim!r} {self.problem}"


class TokenExpiredError(TokenClaimError):
    """The token's `exp` has passed."""

    code: ClassVar[str] = "token_expired"

    def __init__(self, expired_at: datetime) -> None:
        super().__init__("exp", f"has passed: the token expired at {expired_at:%Y-%m-%dT%H:%M:%SZ}")
        self.args = (expired_at,)
        self.expired_at = expired_at


class TokenNotYetValidError(TokenClaimError):
    """The token's `nbf` is in the future."""

    code: ClassVar[str] = "token_not_yet_valid"

    def __init__(self, valid_from: datetime) -> None:
        super().__init__("nbf", f"is in the future: the token is valid from {valid_from:%Y-%m-%dT%H:%M:%SZ}")
        self.args = (valid_from,)
        self.valid_from = valid_from


class TokenIssuerError(TokenClaimError):
    """The token is from another pool. `issuer` is None when the claim is missing or not a string."""

    code: ClassVar[str] = "token_issuer"

    def __init__(self, issuer: str | None, expected: Collection[str]) -> None:
        super().__init__("iss", f"is {_shown(issuer)}, not {_listed(expected)}")
        self.args = (issuer, expected)
        self.issuer = issuer
        self.expected = expected


class TokenClientError(TokenClaimError):
    """The token was issued to another app client. `client_id` is None when the claim is missing or not a string."""

    code: ClassVar[str] = "token_client"

    def __init__(self, client_id: str | None, expected: Collection[str] | None) -> None:
        wanted = "any app client" if expected is None else _listed(expected)
        super().__init__("client_id", f"(in an id token `aud`) is {_shown(client_id)}, not {wanted}")
        self.args = (client_id, expected)
        self.client_id = client_id
        self.expected = expected


class TokenUseError(TokenClaimError):
    """An id token came where an access token is required, or the reverse, or the claim is neither."""

    code: ClassVar[str] = "token_use"

    def __init__(self, token_use: str | None, expected: str | None) -> None:
        wanted = "'access' or 'id'" if expected is None else _shown(expected)
        super().__init__("token_use", f"is {_shown(token_use)}, not {wanted}")
        self.args = (token_use, expected)
        self.token_use = token_use
        self.expected = expected


class TokenGroupError(TokenClaimError):
    """The token is good, but its user is in none of the `required` groups: the caller answers 403."""

    code: ClassVar[str] = "token_group"

    def __init__(self, groups: Collection[str], required: Collection[str]) -> None:
        super().__init__("cognito:groups", f"has none of {_listed(required)}")
        self.args = (groups, required)
        self.groups = groups
        self.required = required


class TokenScopeError(TokenClaimError):
    """The token is good, but has none of the `required` scopes: the caller answers 403."""

    code: ClassVar[str] = "token_scope"

    def __init__(self, scopes: Collection[str], required: Collection[str]) -> None:
        super().__init__("scope", f"has none of {_listed(required)}")
        self.args = (scopes, required)
        self.scopes = scopes
        self.required = required


class KeysError(VerifierError):
    """There are no keys to verify with. The token may be good or bad: the caller answers 503."""

    code: ClassVar[str] = "keys"


class KeysNotFoundError(KeysError):
    """There is no JWKS file."""

    code: ClassVar[str] = "keys_not_found"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"there is no JWKS file {self.path!r}; write it with `python -m usermgr_jwt pull`"


class KeysFileError(KeysError):
    """The JWKS file exists, but cannot be read or written."""

    code: ClassVar[str] = "keys_file"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"JWKS file {self.path!r}: {self.problem}"


class KeysInvalidError(KeysError):
    """A file or a reply is not a JWKS, or contains a key that must not be there. `where` names the file or source."""

    code: ClassVar[str] = "keys_invalid"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem

    def __str__(self) -> str:
        return f"the JWKS from {self.where!r} is refused: {self.problem}"


class KeysTooOldError(KeysError):
    """The JWKS file was written more than `max_age` seconds ago, or its date is in the future (a negative `age`)."""

    code: ClassVar[str] = "keys_too_old"

    def __init__(self, path: str, age: float, max_age: float) -> None:
        super().__init__(path, age, max_age)
        self.path = path
        self.age = age
        self.max_age = max_age

    def __str__(self) -> str:
        problem = f"is {self.age:.0f} s old, which is more than max_age ({self.max_age:.0f} s)"
        if self.age < 0:
            problem = "has a modification time in the future, which does not show how old its keys are"
        return f"JWKS file {self.path!r} {problem}; write it again with `python -m usermgr_jwt pull`"


class KeysSourceError(KeysError):
    """A source of keys could not be reached, or answered with an error."""

    code: ClassVar[str] = "keys_source"

    def __init__(self, source: str, problem: str) -> None:
        super().__init__(source, problem)
        self.source = source
        self.problem = problem

    def __str__(self) -> str:
        return f"no keys could be read from {self.source}: {self.problem}"


class KeysReplacementError(KeysError):
    """The pulled keys are well-formed, but have nothing in common with the good ones in the file."""

    code: ClassVar[str] = "keys_replacement"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"JWKS file {self.path!r} was not replaced: {self.problem}"
