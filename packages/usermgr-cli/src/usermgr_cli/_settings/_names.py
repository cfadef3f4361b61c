"""The names of settings: those that usermgr knows, and which of all names hold a secret."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

__all__ = ["NAME", "has_password", "is_secret", "known_names", "masked", "near"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_KNOWN = frozenset({
    "USERMGR_BACKEND", "USERMGR_ACTIVITY", "USERMGR_LOCAL_PATH", "USERMGR_JWKS", "USERMGR_TRIGGER_ARN", "USERMGR_AUDIT",
    "USERMGR_AUDIT_KEY", "USERMGR_REQUIRED_GROUPS", "USERMGR_ACTING_SUB", "USERMGR_PROFILE", "USERMGR_CONFIG",
    "USERMGR_AGENT_MODE", "USERPOOL_ID", "CLIENT_ID", "SECRET", "LAMBDA_NAME_USERMGR", "LAMBDA_NAME_DOWNLOAD",
    "DYNAMODB_NAME", "ACCOUNT_ID",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "NO_COLOR",
})  # fmt: skip
"""As in docs/settings.md and docs/cli.md, and what the AWS tools read beside them."""

_FAMILIES = ("USERMGR_", "AWS_")
_SECRET = re.compile(
    r"SECRET|PASSW|PASSPHRASE|TOKEN|CREDENTIAL|PRIVATE|(?<![A-Z])(API|ACCESS)?_?(KEY|PWD|PIN|PAT)S?(?![A-Z])"
)
_TELLS_WHERE = re.compile(r"_(FILE|PATH|DIR|URI|URL|ARN|ID|NAME|REGION)\Z")
"""What ends so says where a secret is, or which one, and is none: `AWS_ACCESS_KEY_ID`."""


def known_names(environment: Iterable[str]) -> list[str]:
    """The names in the environment that are settings of usermgr or of what it uses."""
    return sorted(name for name in environment if name in _KNOWN or name.startswith(_FAMILIES))


def is_secret(name: str) -> bool:
    """Whether what has this name is a secret: rather one too many."""
    upper = name.upper()
    return _SECRET.search(upper) is not None and _TELLS_WHERE.search(upper) is None


def has_password(value: str) -> bool:
    """Whether the value is an address with a password in it, such as that of a proxy."""
    try:
        return bool(urlsplit(value).password)
    except ValueError:
        return False


def masked(name: str, value: str) -> str:
    """The value as it may be shown."""
    if is_secret(name):
        return "(secret)"
    return "(an address with a password)" if has_password(value) else value


def near(name: str) -> str | None:
    """The known name that this one looks like, where it is none itself."""
    if name in _KNOWN or not name.upper().startswith(
        ("USER", "AWS", "CLIENT", "LAMBDA", "DYNAMO", "SECRET", "ACCOUNT")
    ):
        return None
    found = difflib.get_close_matches(name.upper(), _KNOWN, n=1, cutoff=0.8)
    return found[0] if found else None
