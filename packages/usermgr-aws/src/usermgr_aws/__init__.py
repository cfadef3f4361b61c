"""What usermgr's AWS-facing packages share. Importing it does not import the SDK, which loads when it is needed.

Read on in `_forms`, `_partitions`, `_settings`, `_sdk`, `_client`, `_access`, `_caller`, `_checks`, `_failures`,
`_request_ids`, `_requests` and `_logs`. Each of them loads when one of its names is first used, because the activity
recorder uses a few while somebody waits to sign in.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usermgr_aws._access import AwsAccess, OnAws
    from usermgr_aws._caller import caller_of
    from usermgr_aws._checks import not_allowed
    from usermgr_aws._client import MAX_CONNECTIONS, CallLimits, Connection
    from usermgr_aws._failures import COMMON_CODES, UNREADABLE_ANSWER, error_from_code, error_from_sdk
    from usermgr_aws._forms import CLIENT_ID, FUNCTION_ARN, FUNCTION_NAME, REGION, USER_POOL_ID, region_of_pool
    from usermgr_aws._logs import redact_loggers, redact_sdk_logs
    from usermgr_aws._partitions import DNS_SUFFIXES, dns_suffix, partition, service_url
    from usermgr_aws._request_ids import note_request
    from usermgr_aws._requests import Answer, JsonApi, credentials_from_environment
    from usermgr_aws._sdk import SdkClient, SdkSession
    from usermgr_aws._settings import aws_sources

__all__ = [
    "REGION",
    "USER_POOL_ID",
    "CLIENT_ID",
    "FUNCTION_NAME",
    "FUNCTION_ARN",
    "region_of_pool",
    "DNS_SUFFIXES",
    "dns_suffix",
    "partition",
    "service_url",
    "aws_sources",
    "MAX_CONNECTIONS",
    "CallLimits",
    "Connection",
    "AwsAccess",
    "OnAws",
    "caller_of",
    "not_allowed",
    "SdkClient",
    "SdkSession",
    "COMMON_CODES",
    "UNREADABLE_ANSWER",
    "error_from_code",
    "error_from_sdk",
    "note_request",
    "Answer",
    "JsonApi",
    "credentials_from_environment",
    "redact_loggers",
    "redact_sdk_logs",
]

_NAMES = {
    "_access": "AwsAccess OnAws",
    "_caller": "caller_of",
    "_checks": "not_allowed",
    "_client": "CallLimits Connection MAX_CONNECTIONS",
    "_failures": "COMMON_CODES UNREADABLE_ANSWER error_from_code error_from_sdk",
    "_forms": "CLIENT_ID FUNCTION_ARN FUNCTION_NAME REGION USER_POOL_ID region_of_pool",
    "_logs": "redact_loggers redact_sdk_logs",
    "_partitions": "DNS_SUFFIXES dns_suffix partition service_url",
    "_request_ids": "note_request",
    "_requests": "Answer JsonApi credentials_from_environment",
    "_sdk": "SdkClient SdkSession",
    "_settings": "aws_sources",
}
"""The names of each module, as in the imports above."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value  # the next use finds it without this function
    return value


def __dir__() -> list[str]:
    return [*__all__]
