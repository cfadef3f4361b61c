"""Offline verifier of Amazon Cognito tokens, and its JWKS file.

Start at `verifier.py`; `errors.py` draws everything that can be raised.
"""

from usermgr_jwt.claims import Claims
from usermgr_jwt.errors import (
    KeysError,
    KeysFileError,
    KeysInvalidError,
    KeysNotFoundError,
    KeysReplacementError,
    KeysSourceError,
    KeysTooOldError,
    TokenAlgorithmError,
    TokenClaimError,
    TokenClientError,
    TokenError,
    TokenExpiredError,
    TokenFormatError,
    TokenGroupError,
    TokenIssuerError,
    TokenNotYetValidError,
    TokenScopeError,
    TokenSignatureError,
    TokenUseError,
    UnknownKeyError,
    VerifierError,
)
from usermgr_jwt.jwks_file import JwksFile
from usermgr_jwt.sources import HttpsSource, InvokeSource, PullResult, pull
from usermgr_jwt.verifier import CognitoVerifier, Verifier

__all__ = [
    "CognitoVerifier",
    "Verifier",
    "JwksFile",
    "Claims",
    "HttpsSource",
    "InvokeSource",
    "PullResult",
    "pull",
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
