"""What the SDK's failures, and the error codes that all AWS services share, mean as errors of usermgr."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from usermgr import errors

__all__ = ["COMMON_CODES", "UNREADABLE_ANSWER", "error_from_code", "error_from_sdk"]

ErrorClass = type[errors.UsermgrError]

COMMON_CODES: Mapping[str, ErrorClass] = {
    "AccessDenied": errors.AccessDeniedError,
    "AccessDeniedException": errors.AccessDeniedError,
    "ForbiddenException": errors.AccessDeniedError,
    "NotAuthorized": errors.AccessDeniedError,
    "OptInRequired": errors.AccessDeniedError,
    "UnrecognizedClientException": errors.NoCredentialsError,
    "InvalidClientTokenId": errors.NoCredentialsError,
    "InvalidSignatureException": errors.NoCredentialsError,
    "IncompleteSignature": errors.NoCredentialsError,
    "IncompleteSignatureException": errors.NoCredentialsError,
    "MissingAuthenticationToken": errors.NoCredentialsError,
    "MissingAuthenticationTokenException": errors.NoCredentialsError,
    "ExpiredToken": errors.NoCredentialsError,
    "ExpiredTokenException": errors.NoCredentialsError,
    "RequestExpired": errors.NoCredentialsError,
    "Throttling": errors.ThrottledError,
    "ThrottlingException": errors.ThrottledError,
    "TooManyRequestsException": errors.ThrottledError,
    "RequestLimitExceeded": errors.ThrottledError,
    "RequestThrottled": errors.ThrottledError,
    "RequestThrottledException": errors.ThrottledError,
    "ThrottledException": errors.ThrottledError,
    "SlowDown": errors.ThrottledError,
    "InternalFailure": errors.ServiceUnavailableError,
    "InternalServerError": errors.ServiceUnavailableError,
    "ServiceUnavailable": errors.ServiceUnavailableError,
}
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html, which is the same page
for every service; some services add `Exception` to a name. Those for throttling are the ones that SDKs retry:
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

COMMON_SENTENCES: Mapping[ErrorClass | str, str] = {
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        "the AWS credentials have expired, or this machine's clock is wrong",
    ),
    "InvalidSignatureException": "AWS does not accept the signature: the secret key, or this machine's clock, is wrong",
    errors.NoCredentialsError: "AWS does not accept the credentials: they are unknown, expired or of another partition",
}

UNREADABLE_ANSWER = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What botocore's parsers raise for an answer that does not have the form of the service model, as a proxy may send it.

To be caught around the call of a client's method alone. Such an answer counts as none: the request may have been
carried out.
"""

_NAME = re.compile(r"[\w.:-]{1,100}")

_NO_ANSWER = errors.ServiceTimeoutError
"""The entries that mean: the request may have been carried out, and no answer came."""

_SDK: tuple[tuple[str, ErrorClass, str], ...] = (
    ("NoCredentialsError", errors.NoCredentialsError, "no AWS credentials were found"),
    ("PartialCredentialsError", errors.NoCredentialsError, "the AWS credentials are incomplete"),
    ("CredentialRetrievalError", errors.NoCredentialsError, "the AWS credentials could not be retrieved"),
    ("ProfileNotFound", errors.ConfigurationError, "the AWS profile does not exist: check AWS_PROFILE or profile="),
    ("SSOError", errors.NoCredentialsError, "the AWS sign-on session is missing or has expired"),
    ("TokenRetrievalError", errors.NoCredentialsError, "the AWS sign-on session is missing or has expired"),
    ("LoginError", errors.NoCredentialsError, "the AWS sign-on session is missing or has expired"),
    ("RefreshWithMFAUnsupportedError", errors.NoCredentialsError, "the AWS credentials need a new MFA code"),
    ("ConfigNotFound", errors.ConfigurationError, "the AWS configuration file does not exist: check AWS_CONFIG_FILE"),
    ("ConfigParseError", errors.ConfigurationError, "the AWS configuration file is malformed"),
    ("InvalidConfigError", errors.ConfigurationError, "the AWS configuration file is malformed"),
    ("EndpointProviderError", errors.ConfigurationError, "the AWS configuration leads to no endpoint of the service"),
    ("NoRegionError", errors.ConfigurationError, "no AWS Region is configured: set AWS_REGION or pass region="),
    ("InvalidRegionError", errors.ConfigurationError, "the AWS Region is malformed: check AWS_REGION or region="),
    ("ConnectTimeoutError", errors.ServiceUnavailableError, "the service could not be reached in time"),
    ("ReadTimeoutError", _NO_ANSWER, "the service did not answer in time"),
    ("ConnectionClosedError", _NO_ANSWER, "the connection was closed before the answer came"),
    ("ResponseStreamingError", _NO_ANSWER, "the answer broke off"),
    ("IncompleteReadError", _NO_ANSWER, "the answer broke off"),
    ("ChecksumError", _NO_ANSWER, "the answer arrived damaged"),
    ("ConnectionError", errors.ServiceUnavailableError, "the service could not be reached"),
    ("HTTPClientError", errors.ServiceUnavailableError, "the service could not be reached"),
)
"""By the names of botocore's classes, the most specific first."""


def error_from_sdk(
    error: Exception,
    operation: str,
    *,
    no_answer: ErrorClass = _NO_ANSWER,
    otherwise: ErrorClass = errors.ServiceError,
    **evidence: Any,
) -> errors.UsermgrError:
    """The error for what the SDK raised before, or instead of, an answer; `operation` is what was attempted.

    `no_answer` is the class for a request that may have been carried out, `otherwise` the one for everything that the
    table does not list; `evidence` is kept where the class names it.
    """
    ancestors = {cls.__name__ for cls in type(error).__mro__ if cls.__module__ == "botocore.exceptions"}
    if "ParamValidationError" in ancestors:
        # Its text quotes the offending value, which may be a password: nothing of it is kept.
        text = f"a value does not have the form that {operation} takes"
        return errors.InvalidInputError(text, operation=operation, field=evidence.get("field"))
    for name, cls, message in _SDK:
        if name in ancestors:
            chosen = no_answer if cls is _NO_ANSWER else cls
            return _with_evidence(chosen, f"{operation}: {message}", operation, type(error).__name__, evidence)
    text = f"{operation}: the AWS SDK failed with {type(error).__name__}"
    return _with_evidence(otherwise, text, operation, type(error).__name__, evidence)


def _with_evidence(
    cls: ErrorClass, message: str, operation: str, name: str, evidence: Mapping[str, Any]
) -> errors.UsermgrError:
    known = {key: value for key, value in evidence.items() if key in cls.evidence_names()}
    return cls(message, operation=operation, service_code=name, **known)


def error_from_code(
    codes: Mapping[str, ErrorClass],
    sentences: Mapping[ErrorClass | str, str],
    code: str,
    *,
    status: int = 0,
    otherwise: ErrorClass = errors.ServiceError,
    **evidence: Any,
) -> errors.UsermgrError:
    """The error for a code that a service answered with.

    `codes` is the service's own table, which goes before `COMMON_CODES`; an unknown code is a `ServiceUnavailableError`
    for an HTTP status of 5xx, else `otherwise`. `sentences` words the remedy for a code or, less specific, for a class;
    without one the class's own sentence is used. The service's text is never repeated, because it may quote input.
    Evidence that the class does not name only fills placeholders; a code that is not a name is not kept.
    """
    cls = codes.get(code) or COMMON_CODES.get(code)
    if cls is None:
        cls = errors.ServiceUnavailableError if status >= 500 else otherwise
    sentence = sentences.get(code) or sentences.get(cls) or COMMON_SENTENCES.get(code) or COMMON_SENTENCES.get(cls)
    known = {name: value for name, value in evidence.items() if name in cls.evidence_names() and value is not None}
    service_code = code if _NAME.fullmatch(code) else None  # a name and nothing else, because it may end in a log
    return cls(None if sentence is None else cls.fill(sentence, evidence), service_code=service_code, **known)
