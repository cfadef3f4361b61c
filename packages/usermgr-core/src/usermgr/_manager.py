"""`UserManager`: the one API to manage users, whatever service holds them.

A backend implements the abstract methods, its primitives. Everything that is built from them (listing, searching,
looking up, ensuring) is written here, once. The abstract methods and their annotations also define the wire
protocol (`usermgr.wire`), so keep their types plain.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from usermgr._models import AuthResult, Challenge, Group, Page, Tokens, User, UserMatches, UserStatus
from usermgr.errors import UserExistsError, UserNotFoundError
from usermgr.paging import pages
from usermgr.search import Condition, Operator, SearchPlan, matches, plan, where
from usermgr.validation import PAGE_LIMIT, check_attributes

__all__ = ["Access", "Ensured", "UserManager"]

F = TypeVar("F", bound=Callable[..., object])

ADDRESSES = frozenset({"email", "phone_number"})
"""The attributes that have a verification of their own, in `email_verified` and `phone_number_verified`."""

MAX_UNCONFIRMED = 10_000
"""How many new addresses that wait for their users' confirmation a manager remembers."""


class Access(StrEnum):
    """What an operation does to the store: the unit in which a deployment allows operations."""

    READ = "read"
    WRITE = "write"
    SIGN_IN = "sign-in"


def _operation(access: Access) -> Callable[[F], F]:
    """Marks an abstract method with its access; `usermgr.operations` cannot list one without a mark."""

    def mark(method: F) -> F:
        method.__usermgr_access__ = access  # pyright: ignore[reportFunctionMemberAccess]
        return method

    return mark


@dataclass(frozen=True, slots=True)
class Ensured:
    """What `ensure_user` found and did."""

    user: User
    created: bool
    changed: tuple[str, ...]
    """The attributes that were set or removed, plus `enabled` or `password`; empty if there was nothing to do."""


class UserManager(ABC):
    """Manages the users of one store.

    Every method raises the errors of `usermgr.errors` and no others. A `username` is the real name or, where the
    store has aliases, an alias such as an e-mail address.
    """

    # --- Users: primitives ---------------------------------------------------------------------------

    @abstractmethod
    @_operation(Access.WRITE)
    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        """Adds a user, without sending a message to anybody.

        With a `password` the user can sign in at once; with `temporary=True` the user must choose another one at the
        first sign-in. Without a password the user exists, but cannot sign in before `set_password`. A call that fails
        leaves nothing half-made behind.

        Args:
            username: The name to sign in with, as the store takes it.
            password: The first password; it must meet the store's policy.
            attributes: The attributes by name, such as `email` or `custom:team`.
            temporary: Whether the password is only good for choosing another one.

        Raises:
            UserExistsError, AliasExistsError: the name or the alias is taken.
            InvalidPasswordError: the password does not meet the policy.
            InvalidInputError: the name or an attribute is unknown or malformed.
        """

    @abstractmethod
    @_operation(Access.READ)
    def get_user(self, username: str) -> User:
        """The user, read consistently. Raises `UserNotFoundError`."""

    @abstractmethod
    @_operation(Access.READ)
    def find_users(
        self,
        conditions: Sequence[Condition] = (),
        *,
        limit: int = PAGE_LIMIT,
        page_token: str | None = None,
    ) -> UserMatches:
        """A page of users who meet the conditions that the store can answer, and which conditions those were.

        The primitive behind `list_users` and `search_users`; `limit` is from 1 to 60.
        Raises `InvalidPageTokenError`, `GroupNotFoundError`.
        """

    @abstractmethod
    @_operation(Access.WRITE)
    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        """Sets attributes; a value of `None` removes one. Raises `UserNotFoundError`, `InvalidInputError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        """Sets the password; with `permanent=False` the user must choose another one at sign-in.

        Raises `UserNotFoundError`, `InvalidPasswordError`, and `InvalidStateError` for a user of an external
        identity provider, because a password would turn the account into a local one.
        """

    @abstractmethod
    @_operation(Access.WRITE)
    def reset_password(self, username: str) -> None:
        """Invalidates the current password, so that the user must choose a new one. Raises `UserNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def enable_user(self, username: str) -> None:
        """Lets the user sign in again. Raises `UserNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def disable_user(self, username: str) -> None:
        """Keeps the user from signing in. Raises `UserNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def sign_out_user(self, username: str) -> None:
        """Ends all sessions: refresh tokens stop working; access tokens still verify offline until they expire.

        Raises `UserNotFoundError`.
        """

    @abstractmethod
    @_operation(Access.WRITE)
    def delete_user(self, username: str) -> None:
        """Deletes the user. Raises `UserNotFoundError`."""

    # --- Groups: primitives --------------------------------------------------------------------------

    @abstractmethod
    @_operation(Access.WRITE)
    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        """Adds a group. Raises `GroupExistsError`."""

    @abstractmethod
    @_operation(Access.READ)
    def get_group(self, name: str) -> Group:
        """The group. Raises `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        """Changes what is given and leaves the rest. Raises `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def delete_group(self, name: str) -> None:
        """Deletes the group; its users stay. Raises `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.READ)
    def list_groups(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[Group]:
        """A page of the groups."""

    @abstractmethod
    @_operation(Access.WRITE)
    def add_user_to_group(self, username: str, group: str) -> None:
        """Adds the user to the group; does nothing for a member. Raises `UserNotFoundError`, `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def remove_user_from_group(self, username: str, group: str) -> None:
        """Removes the user; does nothing for a non-member. Raises `UserNotFoundError`, `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.READ)
    def list_groups_for_user(
        self, username: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> Page[Group]:
        """A page of the user's groups. Raises `UserNotFoundError`."""

    # --- Sign-in: primitives -------------------------------------------------------------------------

    @abstractmethod
    @_operation(Access.SIGN_IN)
    def authenticate(self, username: str, password: str) -> AuthResult:
        """Signs in: `Tokens`, or a `Challenge` to answer.

        Raises `InvalidCredentialsError` (an unknown name and a wrong password look the same),
        `PasswordResetRequiredError`, `UserNotConfirmedError`.
        """

    @abstractmethod
    @_operation(Access.SIGN_IN)
    def answer_challenge(
        self, challenge: Challenge, answer: str, attributes: Mapping[str, str] | None = None
    ) -> AuthResult:
        """Answers with the new password or the one-time code.

        `attributes` are set with a new password, for a store that requires more than the user has so far.

        Raises `InvalidCodeError`, `ExpiredCodeError`, `InvalidPasswordError`, and `InvalidInputError` where an
        attribute is malformed or a required one is missing.
        """

    @abstractmethod
    @_operation(Access.SIGN_IN)
    def refresh(self, tokens: Tokens) -> Tokens:
        """Fresh tokens for `tokens.refresh_token`. Raises `InvalidCredentialsError` for one that no longer works."""

    # --- Built from the primitives -------------------------------------------------------------------

    def user_exists(self, username: str, *, eventually_consistent: bool = False) -> bool:
        """Whether there is a user of that name.

        Reads consistently, which some services bill; `eventually_consistent=True` looks up the exact real
        name in the listing instead, which may lag behind.
        """
        if eventually_consistent:
            return next(self.search_users(where("username").equals(username)), None) is not None
        try:
            self.get_user(username)
        except UserNotFoundError:
            return False
        return True

    def get_user_by_sub(self, sub: str) -> User:
        """The user with that `sub`, from the listing. Raises `UserNotFoundError`."""
        for user in self.search_users(where("sub").equals(sub)):
            return user
        raise UserNotFoundError(f"there is no user with the sub {sub}", username=sub)

    def get_users_by_email(self, email: str) -> tuple[User, ...]:
        """The users with that address, from the listing; addresses need not be unique.

        The address is found in any case where the store says that case does not matter.
        """
        return tuple(self.search_users(where("email").same_as(email)))

    def list_users(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[User]:
        """A page of all users. Raises `InvalidPageTokenError`."""
        found = self.find_users(limit=limit, page_token=page_token)
        return Page(found.users, found.next_token)

    def iter_users(self) -> Iterator[User]:
        """All users, one page in memory at a time."""
        return self.search_users()

    def list_users_in_group(self, group: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[User]:
        """A page of the group's users. Raises `GroupNotFoundError`."""
        found = self.find_users([where("group").equals(group)], limit=limit, page_token=page_token)
        return Page(found.users, found.next_token)

    def search_users(self, *conditions: Condition) -> Iterator[User]:
        """The users that meet all conditions, one page in memory at a time.

        The store answers what it can; the rest is done here. `plan_search` says which is which.
        """
        for found in pages(lambda token: self.find_users(conditions, page_token=token)):
            # A store may compare more loosely than we do, so its answer is final only where nobody else can know.
            rest = [c for i, c in enumerate(conditions) if not (_only_the_store_knows(c) and i in found.answered)]
            yield from (user for user in found.users if all(self._meets(user, c) for c in rest))

    def _meets(self, user: User, condition: Condition) -> bool:
        if condition.field != "group":
            return matches(user, condition)
        try:
            return condition.value in (group.name for group in self.iter_groups_for_user(user.username))
        except UserNotFoundError:  # deleted since the page was read
            return False

    def iter_groups_for_user(self, username: str) -> Iterator[Group]:
        """All groups of the user. Raises `UserNotFoundError`."""
        for page in pages(lambda token: self.list_groups_for_user(username, page_token=token)):
            yield from page.items

    def iter_groups(self) -> Iterator[Group]:
        """All groups, one page in memory at a time."""
        for page in pages(lambda token: self.list_groups(page_token=token)):
            yield from page.items

    def plan_search(self, *conditions: Condition) -> SearchPlan:
        """Which conditions the store would answer; asks it for one user to find out."""
        return plan(conditions, self.find_users(conditions, limit=1).answered)

    def ensure_user(
        self,
        username: str,
        attributes: Mapping[str, str | None] | None = None,
        *,
        password: str | None = None,
        enabled: bool = True,
    ) -> Ensured:
        """Creates the user, or brings it to the wanted state; doing it again changes nothing.

        Attributes that are not named are left alone; `None` or an empty string removes one. The password is set when
        the user is created, and when the user has no password of their own yet (`FORCE_CHANGE_PASSWORD`), which
        finishes an interrupted creation or an invitation. Otherwise it is ignored, because a store cannot tell
        whether it is the current one.

        Where the store changes an address only after the user has confirmed it, it sends the user a message; this
        manager sends each new address once. Add `email_verified` (or `phone_number_verified`) with the value `true` to
        change the address at once.
        """
        check_attributes({} if attributes is None else attributes, removable=True)
        wanted = {name: value or None for name, value in (attributes or {}).items()}
        try:
            user = self.get_user(username)
        except UserNotFoundError:
            present = {name: value for name, value in wanted.items() if value is not None}
            try:
                user = self.add_user(username, password, present)
            except UserExistsError:
                user = self.get_user(username)  # somebody else was faster: bring that user to the wanted state
            else:
                changed = [*present, *(["password"] if password is not None else [])]
                return self._ensure_enabled(user, enabled, changed, created=True)
        different = self._different(user, wanted)
        if different:
            self.update_user(user.username, different)
        changed = list(different)
        if password is not None and user.status is UserStatus.FORCE_CHANGE_PASSWORD:
            self.set_password(user.username, password)
            changed.append("password")
        ensured = self._ensure_enabled(user, enabled, changed, created=False)
        self._note_unconfirmed(ensured.user, different)
        return ensured

    def _different(self, user: User, wanted: Mapping[str, str | None]) -> dict[str, str | None]:
        """What has to be sent to bring the user to the wanted attributes.

        An address and its verification go in the same request, because a store takes an address that comes alone for
        unverified. An address that the store changes only after the user has confirmed it is not sent again, because
        each time would send the user another message.
        """
        different = {name: value for name, value in wanted.items() if user.attributes.get(name) != value}
        for address in ADDRESSES:
            flag = f"{address}_verified"
            if address in different and flag in wanted:
                different[flag] = wanted[flag]
            waiting = self._unconfirmed.get((user.sub, address))
            if waiting is not None and waiting == wanted.get(address) and different.get(flag) != "true":
                different.pop(address, None)
        return different

    @cached_property
    def _unconfirmed(self) -> dict[tuple[str, str], str]:
        """The new address that `ensure_user` has sent and the user has not confirmed yet, by `sub` and attribute."""
        return {}

    def _note_unconfirmed(self, user: User, sent: Mapping[str, str | None]) -> None:
        for address in ADDRESSES & sent.keys():
            self._unconfirmed.pop((user.sub, address), None)
            new = sent[address]
            if new is not None and user.attributes.get(address) != new:
                self._unconfirmed[user.sub, address] = new
        while len(self._unconfirmed) > MAX_UNCONFIRMED:
            del self._unconfirmed[next(iter(self._unconfirmed))]

    def _ensure_enabled(self, user: User, enabled: bool, changed: list[str], *, created: bool) -> Ensured:
        if user.enabled is not enabled:
            (self.enable_user if enabled else self.disable_user)(user.username)
            changed.append("enabled")
        if changed and not (created and user.enabled is enabled):
            user = self.get_user(user.username)
        return Ensured(user, created, tuple(changed))


def _only_the_store_knows(condition: Condition) -> bool:
    """Who is in a group, and whether case matters, are the store's to say."""
    return condition.field == "group" or condition.operator is Operator.SAME
