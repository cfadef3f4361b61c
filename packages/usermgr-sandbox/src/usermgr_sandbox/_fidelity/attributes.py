"""What a request makes of a user's attributes: planned as a whole, and then done, or refused and nothing done.

- A blank value deletes an attribute; an update with `email_verified` true sends no message:
  https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
- A changed address is no longer verified, and an alias moves to the user who verifies it last:
  https://repost.aws/knowledge-center/cognito-email-verified-attribute
- Some pools keep the old address until the new one is verified:
  https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
- `email_verified` true needs an `email`:
  https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser
from moto.cognitoidp.utils import expand_attrs, flatten_attrs, validate_username_format
from moto.core.utils import utcnow

from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import ADDRESSES, Messages
from usermgr_sandbox._fidelity.pool import SandboxUserPool
from usermgr_sandbox._fidelity.schema import (
    check_declared,
    check_mutable,
    check_removable,
    check_required,
    check_values,
)

__all__ = ["Change", "carry_out", "plan_creation", "plan_update", "take_aliases", "take_own_aliases"]


@dataclass(frozen=True, slots=True)
class Change:
    """The attributes afterwards, the addresses that wait for a code, and the aliases that become the user's."""

    attributes: dict[str, str]
    unverified: dict[str, str]
    """By kind, the new addresses that get a message with a code."""
    aliases: tuple[str, ...]
    """The verified addresses that this request makes sign-in aliases."""


def plan_creation(
    pool: SandboxUserPool, username: str, given: Mapping[str, str], *, force_alias: bool, complete: bool
) -> Change:
    """The change that creates a user. `complete` demands the required attributes."""
    check_declared(pool, given)
    wanted = check_values(pool, {name: value for name, value in given.items() if value})
    kind = next((each for each in pool.names("UsernameAttributes") if validate_username_format(username, each)), None)
    if kind is not None:
        wanted[kind] = username
    if complete:
        check_required(pool, wanted)
    change = _plan(pool, None, wanted, ())
    for alias in () if force_alias else change.aliases:
        if _owners(pool, None, alias, wanted[alias]):
            raise alias_exists(alias)
    return change


def plan_update(pool: SandboxUserPool, user: CognitoIdpUser, given: Mapping[str, str]) -> Change:
    """The change that sets the given attributes and deletes those with a blank value."""
    check_declared(pool, given)
    check_mutable(pool, given)
    removed = [name for name, value in given.items() if not value]
    check_removable(pool, removed)
    return _plan(pool, user, check_values(pool, {name: value for name, value in given.items() if value}), removed)


def carry_out(messages: Messages, pool: SandboxUserPool, user: CognitoIdpUser, change: Change) -> None:
    """Makes the change, and sends a message to each address that must be verified."""
    take_aliases(pool, user, change)
    before = user.attribute_lookup
    for kind in ADDRESSES:
        if before.get(kind) != change.attributes.get(kind):
            messages.withdraw(user, kind)
    _store(user, change.attributes)
    for kind, address in change.unverified.items():
        messages.ask_to_verify(pool, user, kind, address)


def take_own_aliases(pool: SandboxUserPool, user: CognitoIdpUser) -> None:
    """Takes the aliases that a user has verified from everybody else."""
    attributes: dict[str, str] = flatten_attrs(user.attributes)
    own = tuple(
        kind
        for kind in ADDRESSES
        if kind in pool.names("AliasAttributes") and pool.owns(user, kind, attributes.get(kind))
    )
    take_aliases(pool, user, Change(attributes, {}, own))


def take_aliases(pool: SandboxUserPool, user: CognitoIdpUser, change: Change) -> None:
    """Takes the aliases of the change from the users who had them, whose addresses are then unverified."""
    for alias in change.aliases:
        for other in _owners(pool, user, alias, change.attributes[alias]):
            _store(other, flatten_attrs(other.attributes) | {f"{alias}_verified": "false"})


def alias_exists(kind: str) -> Exception:
    """AWS's error for an alias or an address that is another user's."""
    return cognito_error("AliasExistsException", f"An account with the given {kind} already exists.")


def _plan(
    pool: SandboxUserPool, user: CognitoIdpUser | None, wanted: Mapping[str, str], removed: Collection[str]
) -> Change:
    before: dict[str, str] = flatten_attrs(user.attributes) if user else {}
    after = {name: value for name, value in {**before, **wanted}.items() if name not in removed}
    unverified: dict[str, str] = {}
    for kind in ADDRESSES:
        flag = f"{kind}_verified"
        if kind in removed and flag not in wanted:
            after.pop(flag, None)
        changed = user is not None and kind in wanted and wanted[kind] != before.get(kind)
        if changed and wanted.get(flag) != "true":
            if kind in pool.verified_before_update:
                after = _with(after, kind, before.get(kind))
                after = _with(after, flag, before.get(flag))
            else:
                after[flag] = "false"
            if kind in pool.names("AutoVerifiedAttributes"):
                unverified[kind] = wanted[kind]
        if after.get(flag) == "true" and not after.get(kind):
            raise InvalidParameterException(f"{kind} is required to set {flag} to true")
    _check_names(pool, user, wanted)
    touched = [kind for kind in ADDRESSES if kind in wanted or f"{kind}_verified" in wanted]
    verified = [kind for kind in touched if after.get(f"{kind}_verified") == "true"]
    return Change(after, unverified, tuple(kind for kind in verified if kind in pool.names("AliasAttributes")))


def _with(attributes: dict[str, str], name: str, value: str | None) -> dict[str, str]:
    others = {each: kept for each, kept in attributes.items() if each != name}
    return others if value is None else {**others, name: value}


def _check_names(pool: SandboxUserPool, user: CognitoIdpUser | None, wanted: Mapping[str, str]) -> None:
    """Addresses that are usernames, and preferred usernames that are aliases, belong to one user, verified or not."""
    preferred = [alias for alias in pool.names("AliasAttributes") if alias == "preferred_username"]
    for name in (*pool.names("UsernameAttributes"), *preferred):
        other = pool.find(wanted[name]) if name in wanted else None
        if other is not None and other is not user:
            raise alias_exists(name)


def _owners(pool: SandboxUserPool, user: CognitoIdpUser | None, alias: str, value: str) -> list[CognitoIdpUser]:
    return [other for other in pool.users.values() if other is not user and pool.owns(other, alias, value)]


def _store(user: CognitoIdpUser, attributes: dict[str, str]) -> None:
    user.attributes = expand_attrs(attributes)
    user.attribute_lookup = attributes
    user.last_modified_date = utcnow()
