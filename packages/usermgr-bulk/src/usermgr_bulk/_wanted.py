"""A row of an import as the target would take it, and all that can be told against it beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from usermgr import AttributeDescription, AttributeType, Capability, Medium, StoreDescription, UsernameKind, Writer
from usermgr.errors import InvalidInputError, InvalidPasswordError, UnsupportedOperationError
from usermgr.records import UserRecord
from usermgr.validation import PASSWORD_NEEDS, check_form, check_verified_has_address
from usermgr_bulk._options import Existing, ImportOptions

__all__ = ["Complaint", "Wanted", "asked_to_confirm", "attribute_complaints", "complaints", "wanted"]

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

ADDRESS_OF = {Medium.EMAIL: "email", Medium.SMS: "phone_number"}


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a row would fail."""

    error: InvalidInputError
    certain: bool = True
    """False where it depends on whether the user exists, or on what the user has now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the target should have."""

    name: str
    """What the user is created as."""
    key: str
    """The name as the target compares it."""
    attributes: Mapping[str, str | None]
    enabled: bool | None
    groups: Sequence[str] | None
    password: str | None = field(repr=False)
    old_sub: str | None


def wanted(record: UserRecord, store: StoreDescription, options: ImportOptions) -> Wanted:
    """The record with its attributes renamed and dropped, and the name that this target wants.

    Raises:
        InvalidInputError: the row has no such name, or two of its attributes get the same name.
    """
    dropped = {*options.drop, "sub"}
    attributes: dict[str, str | None] = {}
    for old, value in record.attributes.items():
        if old in dropped:
            continue
        new = options.rename.get(old, old)
        if new in attributes:
            raise InvalidInputError(f"two attributes of the row would be {new}: drop one of them", field=new)
        attributes[new] = value
    name = _name(record, attributes, store)
    key = name if store.usernames.case_sensitive else name.lower()
    return Wanted(name, key, attributes, record.enabled, record.groups, record.password, record.sub)


def _name(record: UserRecord, attributes: Mapping[str, str | None], store: StoreDescription) -> str:
    """Where users are created with an address, their name in the input may be one that another store made up."""
    kinds = store.usernames.kinds
    if UsernameKind.PLAIN in kinds:
        name = record.username
    else:
        addresses = [attributes.get(kind.value) for kind in kinds]
        name = next((address for address in addresses if address), record.username)
        if "@" not in name and not name.startswith("+"):
            wish = " or ".join(kinds)
            raise InvalidInputError(f"this store names users by {wish}, and the row has none", field=kinds[0].value)
    if not name:
        raise InvalidInputError("the user name is empty", field="username")
    return name


def asked_to_confirm(attributes: Mapping[str, str | None], store: StoreDescription) -> list[str]:
    """The addresses of which the store asks a user who exists for a confirmation, by a message, when they change."""
    return [
        name
        for name in store.confirmed_before_change
        if attributes.get(name) and attributes.get(f"{name}_verified") != "true"
    ]


def complaints(
    row: Wanted, store: StoreDescription, options: ImportOptions, groups: frozenset[str] | None = None
) -> Iterator[Complaint]:
    """All that the store would refuse of the row, as far as its description tells. `groups` are those that it has."""
    may_exist = options.existing is not Existing.FAIL
    for name, value in row.attributes.items():
        yield from attribute_complaints(name, value, store, options)
    for attribute in store.attributes:
        if attribute.required and not row.attributes.get(attribute.name) and attribute.name not in row.attributes:
            message = f"the store requires the attribute {attribute.name}"
            yield Complaint(InvalidInputError(message, field=attribute.name), certain=not may_exist)
    try:
        check_verified_has_address(row.attributes)
    except InvalidInputError as error:
        yield Complaint(error, certain=not may_exist)
    if options.existing is Existing.UPDATE:
        for name in asked_to_confirm(row.attributes, store):
            message = (
                f"a user whose {name} changes gets a message to confirm it: {name}_verified = true changes it at once"
            )
            yield Complaint(InvalidInputError(message, field=name), certain=False)
    if row.password is not None:
        yield from _of_password(row.password, store)
    if options.invite is not None:
        yield from _of_invitation(row, store, options.invite, may_exist=may_exist)
    for group in row.groups or ():
        if groups is not None and group not in groups:
            yield Complaint(InvalidInputError(f"there is no group named {group} in the store", field="groups"))


def attribute_complaints(
    name: str, value: str | None, store: StoreDescription, options: ImportOptions
) -> Iterator[Complaint]:
    """All that the store would refuse of one attribute."""
    known = store.attribute(name)
    if known is None:
        if store.attributes:
            message = f"the store has no attribute {name}: rename it or drop it"
            yield Complaint(InvalidInputError(message, field=name))
        return
    if Writer.ADMINISTRATOR not in known.writers:
        message = f"only the service writes the attribute {name}: drop it"
        yield Complaint(InvalidInputError(message, field=name))
    elif value is None:
        if known.required:
            message = f"the store requires the attribute {name}, so it cannot be removed"
            yield Complaint(InvalidInputError(message, field=name))
    else:
        error = _value_error(known, value)
        if error is not None:
            yield Complaint(error)
    if not known.mutable and options.existing is Existing.UPDATE:
        message = f"the store never changes the attribute {name} of somebody who exists"
        yield Complaint(InvalidInputError(message, field=name), certain=False)


def _value_error(known: AttributeDescription, value: str) -> InvalidInputError | None:
    if value == "":
        message = f"the attribute {known.name} is empty: leave it out, or say null where it is to be removed"
        return InvalidInputError(message, field=known.name)
    try:
        check_form(known.name, value)
    except InvalidInputError as error:
        return error
    wish = _wish(known, value)
    return None if wish is None else InvalidInputError(f"the attribute {known.name} must {wish}", field=known.name)


def _wish(known: AttributeDescription, value: str) -> str | None:
    """What the value should be, where it is something else."""
    if known.min_length is not None and len(value) < known.min_length:
        return f"have at least {known.min_length} characters"
    if known.max_length is not None and len(value) > known.max_length:
        return f"have at most {known.max_length} characters"
    if known.type is AttributeType.BOOLEAN and value not in ("true", "false"):
        return "be true or false"
    if known.type is AttributeType.NUMBER:
        if NUMBER.fullmatch(value) is None:
            return "be a number"
        number = float(value)
        if known.minimum is not None and number < known.minimum:
            return f"be at least {known.minimum:g}"
        if known.maximum is not None and number > known.maximum:
            return f"be at most {known.maximum:g}"
    return None


def _of_password(password: str, store: StoreDescription) -> Iterator[Complaint]:
    policy = store.password_policy
    if policy is None:
        return
    missing = [
        need
        for need, met in (
            (f"at least {policy.min_length} characters", len(password) >= policy.min_length),
            (f"at most {policy.max_length} characters", len(password) <= (policy.max_length or len(password))),
            (PASSWORD_NEEDS["uppercase"], not policy.needs_uppercase or any(map(str.isupper, password))),
            (PASSWORD_NEEDS["lowercase"], not policy.needs_lowercase or any(map(str.islower, password))),
            (PASSWORD_NEEDS["numbers"], not policy.needs_number or any(map(str.isdigit, password))),
            # Which characters count as symbols differs; none at all is too few everywhere.
            (PASSWORD_NEEDS["symbols"], not policy.needs_symbol or not password.isalnum()),
        )
        if not met
    ]
    if missing:
        message = f"the password does not meet the policy: it needs {', '.join(missing)}"
        yield Complaint(InvalidPasswordError(message, field="password"))


def _of_invitation(row: Wanted, store: StoreDescription, medium: Medium, *, may_exist: bool) -> Iterator[Complaint]:
    if not store.can(Capability.INVITATIONS):
        yield Complaint(UnsupportedOperationError(operation="invite_user", capability=Capability.INVITATIONS.value))
    if row.password is not None:
        message = "an invitation brings a password of its own: leave the row's out, or do not invite"
        yield Complaint(InvalidInputError(message, field="password"))
    address = ADDRESS_OF.get(medium, medium.value)
    if not row.attributes.get(address) and row.name != row.attributes.get(address):
        message = f"an invitation by {medium} needs the attribute {address}"
        yield Complaint(InvalidInputError(message, field=address), certain=not may_exist)
