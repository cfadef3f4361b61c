"""Partitions: the DNS suffix of a Region, and the address of a service there.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html; a test compares the table
with botocore's, which takes too long to load for a function that somebody waits for.

FIPS and dual-stack endpoints are not covered: `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` have no effect
here, because the names of such endpoints follow no rule. Set the service's `AWS_ENDPOINT_URL_` variable to one.
"""

from __future__ import annotations

import os

__all__ = ["DNS_SUFFIXES", "PARTITIONS", "dns_suffix", "partition", "service_url"]

DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
}
"""The DNS suffix by the beginning of a Region's name; every other Region has `amazonaws.com`."""


PARTITIONS = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
}
"""The partition in an ARN by the beginning of a Region's name; every other Region is in `aws`."""


def partition(region: str) -> str:
    """The partition that the Region belongs to, as ARNs name it."""
    return next((name for start, name in PARTITIONS.items() if region.startswith(start)), "aws")


def dns_suffix(region: str) -> str:
    """The DNS suffix of the partition that the Region belongs to, such as `amazonaws.com`."""
    return next((suffix for start, suffix in DNS_SUFFIXES.items() if region.startswith(start)), "amazonaws.com")


def service_url(service: str, region: str, *, variable: str) -> str:
    """The address of a service, without a slash at its end.

    The SDK's endpoint variables decide first, so that a request that no client sends goes where a client's would:
    `AWS_ENDPOINT_URL_` with `variable` after it, then `AWS_ENDPOINT_URL`, unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`
    is true (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
    """
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        given = os.environ.get(f"AWS_ENDPOINT_URL_{variable}") or os.environ.get("AWS_ENDPOINT_URL")
        if given:
            return given.rstrip("/")
    return f"https://{service}.{region}.{dns_suffix(region)}"
