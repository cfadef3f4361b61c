"""What usermgr's AWS-facing packages share. Importing it does not import the SDK, which loads when it is needed.

Read on in `_forms`, `_partitions`, `_settings`, `_client`, `_failures`, `_requests` and `_logs`.
"""

from usermgr_aws._client import CallLimits, Connection
from usermgr_aws._failures import COMMON_CODES, error_from_code, error_from_sdk
from usermgr_aws._forms import CLIENT_ID, FUNCTION_ARN, FUNCTION_NAME, REGION, USER_POOL_ID, region_of_pool
from usermgr_aws._logs import redact_loggers, redact_sdk_logs
from usermgr_aws._partitions import DNS_SUFFIXES, dns_suffix, service_url
from usermgr_aws._requests import Answer, JsonApi, credentials_from_environment
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
    "service_url",
    "aws_sources",
    "CallLimits",
    "Connection",
    "COMMON_CODES",
    "error_from_code",
    "error_from_sdk",
    "Answer",
    "JsonApi",
    "credentials_from_environment",
    "redact_loggers",
    "redact_sdk_logs",
]
