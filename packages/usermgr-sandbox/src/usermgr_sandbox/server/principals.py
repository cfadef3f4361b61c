"""Who signed a request: the access key, looked up where IAM and STS keep it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from usermgr_sandbox.records import ACCOUNT_ID, ROOT_ACCESS_KEY_ID

if TYPE_CHECKING:
    from usermgr_sandbox.server.aws_call import AwsCall


class PrincipalKind(Enum):
    """What sort of principal it is, which decides which policies speak about it."""

    ROOT = "root"
    USER = "user"
    ROLE = "role"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Principal:
    """``name`` is the IAM user's or role's name; ``arn`` is what AWS puts into messages and logs."""

    kind: PrincipalKind
    arn: str
    name: str = ""
    secret_access_key: str | None = None

    def __str__(self) -> str:
        """As the request log shows it."""
        return self.arn

    def __repr__(self) -> str:
        """Without the secret."""
        return f"Principal({self.kind.name}, {self.arn!r})"


def resolve_principal(call: AwsCall) -> Principal:
    """Find the principal of a call."""
    match call.access_key_id:
        case None:
            return Principal(PrincipalKind.ANONYMOUS, "anonymous")
        case key if key == ROOT_ACCESS_KEY_ID:
            return Principal(PrincipalKind.ROOT, "root")
        case key:
            return _role(key) or _user(key) or Principal(PrincipalKind.UNKNOWN, f"unknown access key {key}")


def _role(access_key_id: str) -> Principal | None:
    role = sts_backends[ACCOUNT_ID]["aws"].get_assumed_role_from_access_key(access_key_id)
    if role is None:
        return None
    return Principal(PrincipalKind.ROLE, role.arn, role.role_arn.rpartition("/")[2], role.secret_access_key)


def _user(access_key_id: str) -> Principal | None:
    user = iam_backends[ACCOUNT_ID]["aws"].get_user_from_access_key_id(access_key_id)
    if user is None:
        return None
    key = user.get_access_key_by_id(access_key_id)
    return Principal(PrincipalKind.USER, user.arn, user.name, key.secret_access_key)
