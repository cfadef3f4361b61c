"""The checks of the settings, the pool and the app client. Each reads, and changes nothing.

The operations behind them share small quotas (DescribeUserPool: 15 a second for an account), so each is called once.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import AccessDeniedError, StoreNotFoundError, UsermgrError
from usermgr.settings import with_origins
from usermgr_aws import not_allowed
from usermgr_cognito._client import call
from usermgr_cognito._descriptions import AppClient, Descriptions
from usermgr_cognito._manager import CognitoUserManager
from usermgr_cognito._settings import CognitoSettings

__all__ = ["app_client", "describe", "is_denial", "pool", "settings"]


def is_denial(error: UsermgrError) -> bool:
    """Whether AWS knows the caller, and does not allow it an action."""
    return isinstance(error, AccessDeniedError) and error.code == AccessDeniedError.code


def describe(users: CognitoUserManager) -> Mapping[str, Any]:
    """The pool, as DescribeUserPool answers."""
    client = cast("Any", users.aws.client)
    return call(client.describe_user_pool, UserPoolId=users.settings.user_pool_id)["UserPool"]


# --- Settings ----------------------------------------------------------------------------------------


def settings(subject: Subject) -> Iterator[Finding]:
    """Which settings are in force, and where each comes from; of a secret only whether it is set."""
    check = "cognito.settings"
    if isinstance(subject.users, CognitoUserManager):
        found = subject.users.settings
    elif subject.users is None and subject.environ.get("USERMGR_BACKEND") == "cognito":
        # With the process's own environment, the SDK's configuration counts too.
        found = CognitoSettings.read(environ=None if subject.environ is os.environ else subject.environ)
    else:
        return
    values = {
        "region": found.region,
        "user_pool_id": found.user_pool_id,
        "client_id": found.client_id or "not set",
        "client_secret": "not set" if found.client_secret is None else "set",
    }
    if found.discover_client_secret:
        values["client_secret"] = "read from Cognito at the first sign-in"  # noqa: S105 - not the secret
    evidence = with_origins(values, found.origins)
    signs_in = "" if found.client_id else "; nobody can sign in without CLIENT_ID"
    yield Finding(check, Severity.OK, f"the pool is {found.user_pool_id} in {found.region}{signs_in}", evidence)


# --- The pool ----------------------------------------------------------------------------------------


def pool(subject: Subject) -> Iterator[Finding]:
    """The pool exists, what it is like, and whether requests to it can go the way that they go."""
    users = subject.users
    if not isinstance(users, CognitoUserManager):
        return
    check, name = "cognito.pool", users.settings.user_pool_id
    private = is_private(users.aws.client.meta.endpoint_url)
    try:
        found = describe(users)
    except StoreNotFoundError as error:
        yield Finding(
            check, Severity.FAILURE, f"there is no user pool {name} in {users.settings.region}", {"code": error.code},
            "set USERPOOL_ID to the pool's id; its Region must be AWS_REGION",
        )  # fmt: skip
        return
    except UsermgrError as error:
        if not is_denial(error):
            raise
        denial = not_allowed(check, "the pool", "cognito-idp:DescribeUserPool", f"the pool {name}")
        yield denial if not private else _refused_inside(denial)
        return
    evidence = _traits(found) | _replica(users)
    yield Finding(check, Severity.OK, f"the pool {name} is there", evidence)
    domain = _domain(found)
    if domain and private:
        yield Finding(
            check, Severity.WARNING, "the pool has a domain, and with one Cognito refuses requests through PrivateLink",
            {"domain": domain}, "use the Lambda backend from this network, or remove the pool's domain",
        )  # fmt: skip
    if evidence["replica"] == "yes, read-only":
        yield Finding(
            check, Severity.WARNING, "this is a read-only replica of a pool: changes are refused here", {},
            f"set AWS_REGION to {evidence['primary']}, where the primary is, to change anything",
        )  # fmt: skip


def _refused_inside(denial: Finding) -> Finding:
    """Cognito has one code for a denial and for a pool with a domain that is reached through PrivateLink."""
    return Finding(
        denial.check, denial.severity,
        f"{denial.summary}, or the pool has a domain: with one, Cognito refuses requests through PrivateLink",
        denial.evidence, denial.remedy,
    )  # fmt: skip


def _traits(found: Mapping[str, Any]) -> dict[str, str]:
    aliases = sorted(found.get("AliasAttributes", ()))
    names = " or ".join(found.get("UsernameAttributes", ())) or " or ".join(["user name", *aliases])
    domain = _domain(found)
    cased = found.get("UsernameConfiguration", {}).get("CaseSensitive", True)
    return {
        "name": str(found.get("Name", "")),
        "tier": str(found.get("UserPoolTier", "not told")),
        "domain": domain or "none",
        # https://docs.aws.amazon.com/cognito/latest/developerguide/vpc-interface-endpoints.html
        "privatelink": "cannot be used, because of the domain" if domain else "can be used",
        "names": f"{names}, {'case-sensitive' if cased else 'whatever the case'}",
        "mfa": str(found.get("MfaConfiguration", "OFF")).lower(),
        "deletion_protection": str(found.get("DeletionProtection", "INACTIVE")).lower(),
        "users": f"about {found.get('EstimatedNumberOfUsers', 0)}",
    }


def _domain(found: Mapping[str, Any]) -> str | None:
    return found.get("CustomDomain") or found.get("Domain")


def _replica(users: CognitoUserManager) -> dict[str, str]:
    """Whether this Region has a replica of a pool whose primary is elsewhere; an SDK from before them cannot ask.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolReplicas.html
    """
    method: Callable[..., Any] | None = getattr(users.aws.client, "list_user_pool_replicas", None)
    if method is None:
        return {"replica": "not known to this SDK"}
    try:
        answer: Mapping[str, Any] = call(method, UserPoolId=users.settings.user_pool_id)
    except UsermgrError as error:
        lacks = " without cognito-idp:ListUserPoolReplicas" if is_denial(error) else ""
        return {"replica": f"not known{lacks}"}
    replicas: list[Mapping[str, str]] = answer.get("UserPoolReplicas") or []
    roles = {replica.get("RegionName", ""): replica.get("Role") for replica in replicas}
    primary = next((region for region, role in roles.items() if role == "PRIMARY"), None)
    if roles.get(users.settings.region) == "SECONDARY":
        return {"replica": "yes, read-only", "primary": primary or "the primary's Region"}
    return {"replica": "no" if not replicas else f"no, the primary of {len(replicas) - 1}"}


def is_private(url: str, resolve: Callable[..., list[Any]] = socket.getaddrinfo) -> bool:
    """Whether requests to this address stay in a private network, as those through PrivateLink do."""
    host = str(urlsplit(url).hostname)
    try:
        addresses = {ipaddress.ip_address(found[4][0]) for found in resolve(host, None)}
    except (OSError, ValueError):
        return False
    return bool(addresses) and all(address.is_private and not address.is_loopback for address in addresses)


# --- The app client ----------------------------------------------------------------------------------

_PASSWORD_FLOWS = {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}


def app_client(subject: Subject) -> Iterator[Finding]:
    """Where CLIENT_ID is set: the app client allows the flows that sign-in uses, and its secret is the one given."""
    users = subject.users
    if not isinstance(users, CognitoUserManager) or users.settings.client_id is None:
        return
    check, given = "cognito.client", users.settings
    descriptions = Descriptions(cast("Any", users.aws.client), given.user_pool_id)
    try:
        found = descriptions.require_app_client(users.settings.client_id)
    except StoreNotFoundError as error:
        yield Finding(
            check, Severity.FAILURE, f"the pool has no app client {given.client_id}", {"code": error.code},
            "set CLIENT_ID to an app client of this pool",
        )  # fmt: skip
        return
    except UsermgrError as error:
        if not is_denial(error):
            raise
        yield not_allowed(
            check, "the app client", "cognito-idp:DescribeUserPoolClient", f"the pool {given.user_pool_id}"
        )
        return
    evidence = {
        "client_id": str(given.client_id),
        "flows": ", ".join(sorted(found.flows)) or "none",
        "refresh_token_rotation": "on" if found.rotates else "off",
        "secret": "the client has none" if found.secret is None else "the client has one",
    }
    problems = list(_client_problems(found, given))
    for severity, summary, remedy in problems:
        yield Finding(check, severity, summary, evidence, remedy)
    if not problems:
        yield Finding(check, Severity.OK, f"users can sign in with the app client {given.client_id}", evidence)


def _client_problems(found: AppClient, given: CognitoSettings) -> Iterator[tuple[Severity, str, str]]:
    if not found.flows & _PASSWORD_FLOWS:
        yield (
            Severity.FAILURE, "the app client does not allow the flow that sign-in uses",
            "add ALLOW_ADMIN_USER_PASSWORD_AUTH to the app client's ExplicitAuthFlows",
        )  # fmt: skip
    if not found.rotates and "ALLOW_REFRESH_TOKEN_AUTH" not in found.flows:
        yield (
            Severity.WARNING, "the app client does not allow refreshing: users sign in again when a token expires",
            "add ALLOW_REFRESH_TOKEN_AUTH to its ExplicitAuthFlows, or turn refresh token rotation on",
        )  # fmt: skip
    if given.client_secret is None:
        if found.secret is not None and not given.discover_client_secret:
            yield (
                Severity.FAILURE, "the app client has a secret, and SECRET is not set",
                "set SECRET to it, or sign users in through the Lambda backend, which reads it",
            )  # fmt: skip
    elif found.secret is None:
        yield Severity.FAILURE, "SECRET is set, and the app client has no secret", "unset SECRET"
    elif not hmac.compare_digest(found.secret.encode(), given.client_secret.encode()):
        yield Severity.FAILURE, "SECRET is not the app client's secret", "set SECRET to that of this app client"
