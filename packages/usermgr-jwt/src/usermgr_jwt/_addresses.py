"""Cognito's addresses: the issuers of a pool, and where its keys are published, in every AWS partition.

This package knows no other, so the DNS suffixes are repeated here; a test compares them with botocore's endpoints.
"""

from __future__ import annotations

import re

__all__ = ["accepted_issuers", "check_url", "jwks_url", "jwks_url_of_issuer"]

# By the start of the Region's name; every other Region is in amazonaws.com, those of GovCloud (us-gov-) too.
_DNS_SUFFIXES = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "eu-isoe-": "cloud.adc-e.uk",
    "us-isof-": "csp.hci.ic.gov",
}
_ISSUER_HOSTS = ("cognito-idp", "issuer-cognito-idp")
_POOL_ID = re.compile(r"([a-z]{2,}(?:-[a-z]+)+-[0-9]+)_[0-9A-Za-z]+", re.ASCII)
# What Cognito's API accepts as a pool id. Emulators have ids of this form without a Region, such as "local_1aB2c".
_ANY_POOL_ID = re.compile(r"[\w-]+_[0-9A-Za-z]+", re.ASCII)
_MAX_POOL_ID = 55
_WELL_KNOWN = ".well-known/jwks.json"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def accepted_issuers(user_pool_id: str | None, issuer: str | None) -> frozenset[str]:
    """`issuer` alone when it is given; otherwise both forms of `iss` that Cognito uses for a pool.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
    """
    if issuer is not None:
        check_url("issuer", issuer)
        if user_pool_id is not None:
            _check_any_pool_id(user_pool_id)
        return frozenset([issuer])
    if user_pool_id is None:
        raise ValueError("user_pool_id must be given, or issuer instead of it")
    region = _region_of(user_pool_id)
    return frozenset(f"https://{host}.{region}.{_dns_suffix(region)}/{user_pool_id}" for host in _ISSUER_HOSTS)


def jwks_url(user_pool_id: str, *, endpoint: str | None = None, fips: bool = False) -> str:
    """Where Cognito, or an emulator at `endpoint`, publishes the keys of a pool. `fips` chooses the FIPS endpoint.

    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
    https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html
    """
    if endpoint is not None:
        if fips:
            raise ValueError("fips cannot be combined with endpoint: name the FIPS endpoint itself")
        check_url("endpoint", endpoint)
        _check_any_pool_id(user_pool_id)
        return f"{endpoint.rstrip('/')}/{user_pool_id}/{_WELL_KNOWN}"
    region = _region_of(user_pool_id)
    host = "cognito-idp-fips" if fips else "cognito-idp"
    return f"https://{host}.{region}.{_dns_suffix(region)}/{user_pool_id}/{_WELL_KNOWN}"


def jwks_url_of_issuer(issuer: str) -> str:
    """Where Cognito and its emulators publish the keys of an issuer."""
    check_url("issuer", issuer)
    return f"{issuer.rstrip('/')}/{_WELL_KNOWN}"


def check_url(setting: str, url: str, *, query: bool = False) -> None:
    """ValueError, naming the setting, for what is not an HTTPS address (or HTTP on a loopback address)."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - most verifiers need no URL

    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or " " in url:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"{setting} must be a URL of printable ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")  # refuses what no resolver takes: an empty label, or one of over 63 characters
    except ValueError:
        raise ValueError(f"{setting} must be a URL with a valid host and port") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise ValueError(f"{setting} must start with https:// (http:// only for a loopback address)")
    if not host or parts.username is not None or parts.password is not None:
        raise ValueError(f"{setting} must have a host and no user name or password")
    if not query and (parts.query or parts.fragment):
        raise ValueError(f"{setting} must have no query and no fragment")


def _region_of(user_pool_id: str) -> str:
    match = _POOL_ID.fullmatch(user_pool_id) if _may_be_pool_id(user_pool_id) else None
    if match is None:
        raise ValueError('user_pool_id must look like "ap-northeast-1_AbCdEf123"')
    return match[1]


def _check_any_pool_id(user_pool_id: str) -> None:
    if not _may_be_pool_id(user_pool_id) or _ANY_POOL_ID.fullmatch(user_pool_id) is None:
        raise ValueError('user_pool_id must look like "ap-northeast-1_AbCdEf123" or "local_AbCdEf123"')


def _may_be_pool_id(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _MAX_POOL_ID


def _dns_suffix(region: str) -> str:
    return next((suffix for start, suffix in _DNS_SUFFIXES.items() if region.startswith(start)), "amazonaws.com")
