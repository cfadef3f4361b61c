"""The environment that points every AWS SDK to the sandbox, and leaves no way to the real AWS.

What an SDK reads: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings
Service-specific endpoints: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["HARMLESS", "NO_FILES", "REGION", "ROOT_KEY_ID", "ROOT_SECRET", "environment", "isolated", "to_remove"]

REGION = "ap-northeast-1"
ROOT_KEY_ID = "AKIAUSERMGRSANDBOX00"
ROOT_SECRET = "sandbox"  # noqa: S105 - opens nothing but the sandbox

HARMLESS = frozenset({"AWS_CA_BUNDLE", "AWS_DEFAULT_OUTPUT", "AWS_MAX_ATTEMPTS", "AWS_PAGER", "AWS_RETRY_MODE"})
"""Variables that choose neither an account nor an endpoint."""


NO_FILES = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
"""Instead of the files in the user's home folder."""


def environment(endpoint_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables to set: endpoint, Region and the credentials of the sandbox's operator.

    Configuration files are replaced by an empty one, and the instance's metadata is disabled. The variables that must
    not be set are those of `to_remove`.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        **NO_FILES,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name: _without_loopback(environ.get(name)) for name in ("NO_PROXY", "no_proxy")},
    }


def to_remove(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The variables of `environ` that could lead an SDK elsewhere: profiles, sessions, endpoints of single services."""
    kept = environment("", environ).keys() | HARMLESS
    return sorted(name for name in environ if name.startswith("AWS_") and name not in kept)


def isolated(endpoint_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The whole of `environ`, for a process that must reach the sandbox and nothing else of AWS."""
    removed = to_remove(environ)
    rest = {name: value for name, value in environ.items() if name not in removed}
    return {**rest, **environment(endpoint_url, environ)}


def _without_loopback(value: str | None) -> str:
    """The variable's value with this machine added: the sandbox is reached without a proxy."""
    return ",".join(filter(None, (value, "127.0.0.1", "localhost")))
