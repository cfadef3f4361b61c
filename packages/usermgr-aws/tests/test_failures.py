"""What the SDK raises, and the codes that services answer with, as errors of usermgr."""

from __future__ import annotations

import string
from typing import Any

import pytest
from botocore import exceptions as sdk
from botocore.retries.standard import ThrottledRetryableChecker

from usermgr import errors
from usermgr_aws import COMMON_CODES, error_from_code, error_from_sdk
from usermgr_aws._failures import _SDK

EXPECTED: dict[str, type[errors.UsermgrError]] = {
    "NoCredentialsError": errors.NoCredentialsError,
    "PartialCredentialsError": errors.NoCredentialsError,
    "CredentialRetrievalError": errors.NoCredentialsError,
    "SSOTokenLoadError": errors.NoCredentialsError,
    "UnauthorizedSSOTokenError": errors.NoCredentialsError,
    "TokenRetrievalError": errors.NoCredentialsError,
    "RefreshWithMFAUnsupportedError": errors.NoCredentialsError,
    "ProfileNotFound": errors.ConfigurationError,
    "NoRegionError": errors.ConfigurationError,
    "InvalidRegionError": errors.ConfigurationError,
    "ConfigNotFound": errors.ConfigurationError,
    "ConfigParseError": errors.ConfigurationError,
    "InfiniteLoopConfigError": errors.ConfigurationError,
    "EndpointResolutionError": errors.ConfigurationError,
    # Nothing was sent:
    "ConnectTimeoutError": errors.ServiceUnavailableError,
    "EndpointConnectionError": errors.ServiceUnavailableError,
    "ProxyConnectionError": errors.ServiceUnavailableError,
    "SSLError": errors.ServiceUnavailableError,
    "HTTPClientError": errors.ServiceUnavailableError,
    # The service may have done it:
    "ReadTimeoutError": errors.ServiceTimeoutError,
    "ConnectionClosedError": errors.ServiceTimeoutError,
    "ResponseStreamingError": errors.ServiceTimeoutError,
    "IncompleteReadError": errors.ServiceTimeoutError,
    "ChecksumError": errors.ServiceTimeoutError,
    # No class that the table lists:
    "UnknownServiceError": errors.ServiceError,
    "PaginationError": errors.ServiceError,
}


def raised(name: str) -> Exception:
    """One of botocore's errors, with `planted` for everything that its text quotes."""
    cls = getattr(sdk, name)
    quoted = {field for _, field, _, _ in string.Formatter().parse(cls.fmt) if field}
    return cls(**dict.fromkeys(quoted, "planted"))


@pytest.mark.parametrize("name", EXPECTED)
def test_failures_of_the_sdk(name: str) -> None:
    """Each failure has its class, names the operation and the SDK's class, and repeats nothing of the SDK's text."""
    error = error_from_sdk(raised(name), "UpdateItem")

    assert type(error) is EXPECTED[name]
    assert (error.operation, error.service_code) == ("UpdateItem", name)
    assert str(error).startswith("UpdateItem: ")
    assert "planted" not in str(error)


def test_every_row_of_the_table_is_tried() -> None:
    """Each class that the table lists is one of botocore's, and stands for one that the test above raises."""
    here = {name: {cls.__name__ for cls in getattr(sdk, name).__mro__} for name in EXPECTED}
    tried = {next((row for row, _, _ in _SDK if row in ancestors), None) for ancestors in here.values()}

    missing = {row for row, _, _ in _SDK if hasattr(sdk, row)} - tried

    assert (
        missing - {"ConnectionError", "LoginError"} == set()
    )  # the base of four above; newer than our oldest botocore


def test_most_specific_first() -> None:
    """No row hides a later one: none comes after a row of one of its bases."""
    rows = [getattr(sdk, row) for row, _, _ in _SDK if hasattr(sdk, row)]

    hidden = [later.__name__ for n, earlier in enumerate(rows) for later in rows[n + 1 :] if issubclass(later, earlier)]

    assert hidden == []


def test_rejected_parameters_quote_nothing() -> None:
    """A value that the SDK rejects is invalid input, and never repeated: it may be a password."""
    error = error_from_sdk(
        sdk.ParamValidationError(report="Invalid length for Password, value: hunter2"), "SetPassword", field="password"
    )

    assert type(error) is errors.InvalidInputError
    assert error.field == "password"
    assert "hunter2" not in f"{error} {error.details}"


def test_exception_that_is_not_botocores() -> None:
    """An exception of the same name from elsewhere is not taken for botocore's."""
    error = error_from_sdk(ConnectionError("planted"), "Invoke", otherwise=errors.RemoteError)

    assert type(error) is errors.RemoteError
    assert (error.service_code, "planted" in str(error)) == ("ConnectionError", False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ReadTimeoutError", errors.RemoteTimeoutError),
        ("UnknownServiceError", errors.RemoteError),
        ("SSLError", errors.ServiceUnavailableError),
    ],
)
def test_classes_of_the_caller(name: str, expected: type[errors.UsermgrError]) -> None:
    """The caller's classes are for no answer and for the unknown; evidence stays where the class names it."""
    error = error_from_sdk(
        raised(name), "Invoke", no_answer=errors.RemoteTimeoutError, otherwise=errors.RemoteError, function="usermgr"
    )

    assert type(error) is expected
    assert error.details.get("function") == ("usermgr" if "function" in expected.evidence_names() else None)


# --- Codes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", COMMON_CODES)
def test_common_codes(code: str) -> None:
    """A code that all services share has its class without the service's own table."""
    error = error_from_code({}, {}, code, status=500)

    assert type(error) is COMMON_CODES[code]
    assert error.service_code == code


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        pytest.param("Own", 400, errors.StoreNotFoundError, id="own-table"),
        pytest.param("Throttling", 400, errors.LimitExceededError, id="own-table-before-the-common-one"),
        pytest.param("New", 400, errors.RemoteError, id="unknown"),
        pytest.param("New", 499, errors.RemoteError, id="below-500"),
        pytest.param("New", 500, errors.ServiceUnavailableError, id="unknown-500"),
        pytest.param("", 503, errors.ServiceUnavailableError, id="no-code"),
    ],
)
def test_codes(code: str, status: int, expected: type[errors.UsermgrError]) -> None:
    """The service's own table goes first; an unknown code counts by its HTTP status."""
    own: dict[str, type[errors.UsermgrError]] = {
        "Own": errors.StoreNotFoundError,
        "Throttling": errors.LimitExceededError,
    }

    error = error_from_code(own, {}, code, status=status, otherwise=errors.RemoteError)

    assert type(error) is expected


@pytest.mark.parametrize("code", ["", "Gone\nforged line", "X" * 101, "<html>"], ids=["empty", "line", "long", "html"])
def test_code_that_is_not_a_name_is_not_kept(code: str) -> None:
    """What a service sends as its code may end in a log, so only a name is kept."""
    error = error_from_code({}, {}, code, status=400)

    assert type(error) is errors.ServiceError
    assert error.service_code is None


def test_every_throttling_code_of_the_sdk() -> None:
    """What botocore retries as throttling, whatever the service, is a ThrottledError here."""
    theirs = ThrottledRetryableChecker._THROTTLED_ERROR_CODES
    of_one_service = {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
    }

    assert {code for code in theirs if COMMON_CODES.get(code) is not errors.ThrottledError} == of_one_service


@pytest.mark.parametrize("code", ["InvalidSignatureException", "ExpiredTokenException"])
def test_remedies_of_credentials(code: str) -> None:
    """A wrong clock is among the causes where AWS's answer can mean one, unless the service words it itself."""
    assert "clock" in error_from_code({}, {}, code).message
    assert error_from_code({}, {errors.NoCredentialsError: "own"}, code).message == "own"


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        pytest.param({}, errors.UserNotFoundError(username="ada").message, id="class"),
        pytest.param({errors.UserNotFoundError: "no {username}"}, "no ada", id="own-class"),
        pytest.param(
            {errors.UserNotFoundError: "no {username}", "Gone": "{pool} lost {username}"}, "p lost ada", id="code"
        ),
    ],
)
def test_sentences(sentences: Any, expected: str) -> None:
    """The code's sentence goes before that of its class, and evidence fills both, even evidence that is not kept."""
    error = error_from_code({"Gone": errors.UserNotFoundError}, sentences, "Gone", username="ada", pool="p")

    assert error.message == expected
    assert error.details == {"service_code": "Gone", "username": "ada"}
