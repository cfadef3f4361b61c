"""Who signed a request: the sandbox's own operator, an assumed role, or an IAM user.

The key id names the caller; `_signature` decides whether the request is really theirs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from usermgr_sandbox._isolation import ROOT_KEY_ID, ROOT_SECRET

__all__ = ["Principal", "role_credentials", "signer"]

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")


@dataclass(frozen=True, slots=True)
class Principal:
    """`arn` is `root` for the sandbox's operator; `role` is the assumed role's ARN, `user` the IAM user's name."""

    arn: str
    role: str | None = None
    user: str | None = None
    secret: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)


def signer(authorization: str) -> Principal | None:
    """The principal behind an Authorization header; `None` for an unknown key."""
    match = _CREDENTIAL.search(authorization)
    key_id = match[1] if match else ""
    if key_id == ROOT_KEY_ID:
        return Principal("root", secret=ROOT_SECRET)
    for backend in sts_backends[DEFAULT_ACCOUNT_ID].values():
        assumed = backend.get_assumed_role_from_access_key(key_id)
        if assumed is not None:
            return Principal(
                assumed.arn, assumed.role_arn, secret=assumed.secret_access_key, token=assumed.session_token
            )
    for backend in iam_backends[DEFAULT_ACCOUNT_ID].values():
        for user in backend.users.values():
            for key in user.access_keys:
                if key.access_key_id == key_id:
                    return Principal(user.arn, user=user.name, secret=key.secret_access_key)
    return None


def role_credentials(role_arn: str, session: str, region: str) -> dict[str, str]:
    """Temporary credentials of a role, as environment variables."""
    backend = sts_backends[DEFAULT_ACCOUNT_ID]["aws"]
    assumed = backend.assume_role(region, session, role_arn, "", 3600, "")
    return {
        "AWS_ACCESS_KEY_ID": assumed.access_key_id,
        "AWS_SECRET_ACCESS_KEY": assumed.secret_access_key,
        "AWS_SESSION_TOKEN": assumed.session_token,
    }
