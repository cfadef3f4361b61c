"""What a store of users says of itself: its attributes, its rules, its rates, and what it can do.

Every member has a default, so that a release which knows more can add members: a peer that does not know them ignores
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from usermgr._frozen import FrozenDict, freeze
from usermgr._models import JsonValue, MfaMethod, OpenStrEnum

__all__ = [
    "AttributeDescription",
    "AttributeType",
    "Capability",
    "MfaMode",
    "PasswordPolicy",
    "StoreDescription",
    "UsernameKind",
    "UsernameRules",
    "Writer",
]


class Capability(OpenStrEnum):
    """What some stores can do and others cannot. A store may name others, which this release does not know."""

    SIGN_IN = "sign-in"
    """`authenticate`, `answer_challenge` and `refresh`."""
    TEMPORARY_PASSWORDS = "temporary-passwords"
    """`add_user(temporary=True)` and `set_password(permanent=False)`."""
    PASSWORD_RESET = "password-reset"  # noqa: S105 - a capability's name
    """`reset_password`."""
    SIGN_OUT = "sign-out"
    """`sign_out_user`."""
    INVITATIONS = "invitations"
    """`invite_user` and `resend_invitation`."""
    MFA = "mfa"
    """`get_mfa` and `set_mfa`."""
    MFA_RESET = "mfa-reset"
    """`reset_mfa`."""
    GROUP_DESCRIPTIONS = "group-descriptions"
    """The `description` of a group."""
    GROUP_PRECEDENCE = "group-precedence"
    """The `precedence` of a group."""
    STATUS = "status"
    """A status that tells the states of an account apart, and `confirm_user`."""
    EVENTUAL_LISTING = "eventual-listing"
    """A look-up that needs no consistent read: `user_exists(eventually_consistent=True)`."""
    CUSTOM_ATTRIBUTES = "custom-attributes"
    """Attributes beyond the standard claims of OpenID Connect."""
    BATCHES = "batches"
    """`write_many` is one transaction, and not one request for each change."""
    PASSWORD_HASHES = "password-hashes"  # noqa: S105 - a capability's name
    """Users can be imported with hashes of their passwords."""


class AttributeType(OpenStrEnum):
    """What the text of an attribute stands for."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"


class Writer(OpenStrEnum):
    """Who may set an attribute."""

    ADMINISTRATOR = "administrator"
    """Whoever holds a `UserManager`."""
    USER = "user"
    """The users themselves, through the service, where the app lets them."""


@dataclass(frozen=True, slots=True)
class AttributeDescription(JsonValue):
    """One attribute that users of the store can have."""

    name: str
    type: AttributeType = AttributeType.STRING
    required: bool = False
    mutable: bool = True
    """Whether the value can be changed once the user exists."""
    min_length: int | None = None
    max_length: int | None = None
    """How many characters a string has."""
    minimum: float | None = None
    maximum: float | None = None
    """How small and how large a number is."""
    writers: Sequence[Writer] = (Writer.ADMINISTRATOR,)
    """Empty for what the service alone writes, such as `sub`."""

    def __post_init__(self) -> None:
        freeze(self, "writers")


@dataclass(frozen=True, slots=True)
class PasswordPolicy(JsonValue):
    """What the store asks of a password."""

    min_length: int = 1
    max_length: int | None = None
    needs_uppercase: bool = False
    needs_lowercase: bool = False
    needs_number: bool = False
    needs_symbol: bool = False
    temporary_days: int | None = None
    """For how many days a temporary password is good."""
    history: int = 0
    """How many of the last passwords cannot be chosen again."""


class UsernameKind(OpenStrEnum):
    """What users are created with as their name."""

    PLAIN = "plain"
    EMAIL = "email"
    PHONE_NUMBER = "phone_number"


@dataclass(frozen=True, slots=True)
class UsernameRules(JsonValue):
    """How names work.

    Where `kinds` has no `PLAIN`, a user is created with an address, and the service makes up the real name.
    """

    kinds: Sequence[UsernameKind] = (UsernameKind.PLAIN,)
    aliases: Sequence[str] = ()
    """The attributes that a user can be named and sign in by, besides the name."""
    case_sensitive: bool = False

    def __post_init__(self) -> None:
        freeze(self, "kinds", "aliases")


class MfaMode(OpenStrEnum):
    """Whether a sign-in asks for a second factor."""

    OFF = "off"
    OPTIONAL = "optional"
    """Of the users who have one."""
    REQUIRED = "required"
    """Of everybody."""


BASELINE = frozenset({
    Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS, Capability.PASSWORD_RESET, Capability.SIGN_OUT,
    Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE, Capability.STATUS, Capability.EVENTUAL_LISTING,
    Capability.CUSTOM_ATTRIBUTES,
})  # fmt: skip
"""What every backend of usermgr 1.0 was expected to do."""


@dataclass(frozen=True, slots=True)
class StoreDescription(JsonValue):
    """What a store can do and demands, as far as it tells. The default of each member says the least."""

    service: str = "unknown"
    """What holds the users, such as `cognito` or `local`."""
    store: str | None = None
    """Which one it is: a name that no other store of the service has, such as the id of a user pool."""
    capabilities: frozenset[str] = BASELINE
    """Names of `Capability`, and perhaps others."""
    attributes: Sequence[AttributeDescription] = ()
    """All that users can have; empty where the store does not tell."""
    password_policy: PasswordPolicy | None = None
    usernames: UsernameRules = field(default_factory=UsernameRules)
    mfa: MfaMode = MfaMode.OFF
    mfa_methods: Sequence[MfaMethod] = ()
    """The second factors that the store offers."""
    confirmed_before_change: Sequence[str] = ()
    """The addresses whose old value stays until the user has confirmed the new one. Every other address changes at
    once, and is unverified unless `email_verified` or `phone_number_verified` comes with it."""
    service_groups: Sequence[str] = ()
    """Patterns (`*`) of the names of groups that the service itself makes and fills."""
    estimated_users: int | None = None
    read_only: bool = False
    """Whether the store refuses every change, as a replica does."""
    rates: Mapping[str, float] = field(default_factory=dict[str, float])
    """How many requests a second the service takes, by category."""
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    """How many requests of which category an operation makes, by the operation's name. `add_user.password` is what the
    argument `password` of `add_user` adds to that."""

    def __post_init__(self) -> None:
        freeze(self, "capabilities", "attributes", "mfa_methods", "confirmed_before_change", "service_groups", "rates")
        inner = {name: FrozenDict(cost) for name, cost in self.costs.items()}
        object.__setattr__(self, "costs", FrozenDict(inner))

    def can(self, capability: str) -> bool:
        """Whether the store has the capability."""
        return capability in self.capabilities

    def attribute(self, name: str) -> AttributeDescription | None:
        """What is known of the attribute."""
        return next((attribute for attribute in self.attributes if attribute.name == name), None)

    def cost(self, operation: str, *arguments: str) -> Mapping[str, float]:
        """The requests by category that the operation makes when it is called with these arguments, among others.

        >>> description = StoreDescription(costs={"add_user": {"creation": 1}, "add_user.password": {"recovery": 1}})
        >>> description.cost("add_user", "username", "password")
        {'creation': 1, 'recovery': 1}
        """
        total: dict[str, float] = dict(self.costs.get(operation, {}))
        for argument in arguments:
            for category, requests in self.costs.get(f"{operation}.{argument}", {}).items():
                total[category] = total.get(category, 0) + requests
        return total
