"""`UserManager`: the one API to manage users, whatever service holds them.

A backend implements the operations (`_primitives`). Everything that is built from them (listing, searching, looking up,
ensuring, batches) is written here, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import Self

from usermgr._changes import Change, Outcome, checked_changes
from usermgr._ensuring import Ensured, EnsuredGroup, GroupsChange, UnconfirmedAddresses
from usermgr._models import Group, Page, Tokens, User, UserMatches, UserStatus
from usermgr._primitives import Access, Primitives
from usermgr.errors import AccessDeniedError, GroupExistsError, GroupNotFoundError, UserExistsError, UserNotFoundError
from usermgr.paging import pages
from usermgr.search import Condition, Operator, SearchPlan, matches, plan, where
from usermgr.validation import PAGE_LIMIT, check_attributes, check_group_names, check_texts

__all__ = ["Access", "UserManager"]


class UserManager(Primitives):
    """Manages the users of one store.

    Every method raises the errors of `usermgr.errors` and no others. A `username` is the real name or, where the
    store has aliases, an alias such as an e-mail address.

    What a store lacks is refused with `UnsupportedOperationError`, which names the capability; `describe()` lists the
    capabilities that it has. A manager is a context manager, which is closed at the end.
    """

    def close(self) -> None:
        """Lets go of what the manager holds, such as a file; a manager that holds nothing does nothing."""

    def caller(self) -> str | None:
        """Who makes the calls, as the service names them: on AWS the ARN of the credentials.

        `None` where the service has no such notion, or it cannot be known. It may be one more request, and is no
        operation: it never travels through a function, whose own caller is meant there. Raises what a call raises.
        """
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- Looking up and listing ----------------------------------------------------------------------

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

    def count_users(self, *, exact: bool = False) -> int:
        """How many users there are.

        The service's own estimate, which may be hours old, where it has one; with `exact=True`, or without an estimate,
        every page of the listing is read.
        """
        estimate = None if exact else self.describe().estimated_users
        return estimate if estimate is not None else sum(1 for _ in self.iter_users())

    def list_users_in_group(self, group: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[User]:
        """A page of the group's users. Raises `GroupNotFoundError`."""
        found = self.find_users([where("group").equals(group)], limit=limit, page_token=page_token)
        return Page(found.users, found.next_token)

    def iter_users_in_group(self, group: str) -> Iterator[User]:
        """All users of the group, one page in memory at a time. Raises `GroupNotFoundError`."""
        return self.search_users(where("group").equals(group))

    def search_users(self, *conditions: Condition) -> Iterator[User]:
        """The users that meet all conditions, one page in memory at a time.

        The store answers what it can; the rest is done here. `plan_search` says which is which.
        """
        for found in pages(lambda token: self.find_users(conditions, page_token=token)):
            yield from self._meeting(found, conditions)

    def search_page(
        self, *conditions: Condition, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> UserMatches:
        """A page of what `search_users` finds, for who shows pages; it can be empty and still have a next one.

        The page is what the store read: with `limit` users at most, and with fewer where some of them do not meet the
        conditions that the store left to us. Raises `InvalidPageTokenError`, `GroupNotFoundError`.
        """
        found = self.find_users(conditions, limit=limit, page_token=page_token)
        return UserMatches(tuple(self._meeting(found, conditions)), found.next_token, found.answered)

    def _meeting(self, found: UserMatches, conditions: Sequence[Condition]) -> Iterator[User]:
        """Those of the page who meet all conditions."""
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
        """Which conditions the store would answer, and how many pages a search without any of them reads.

        Asks the store for one user to find out, and for its description where it answers no condition.
        """
        answered = self.find_users(conditions, limit=1).answered
        return plan(conditions, answered, None if answered else self._estimated_users())

    def _estimated_users(self) -> int | None:
        try:
            return self.describe().estimated_users
        except AccessDeniedError:  # a plan is worth having without it
            return None

    # --- Bringing to a wanted state ------------------------------------------------------------------

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
        different = self._unconfirmed.different(user, wanted)
        if different:
            self.update_user(user.username, different)
        changed = list(different)
        if password is not None and user.status is UserStatus.FORCE_CHANGE_PASSWORD:
            self.set_password(user.username, password)
            changed.append("password")
        ensured = self._ensure_enabled(user, enabled, changed, created=False)
        self._unconfirmed.note(ensured.user, different)
        return ensured

    @cached_property
    def _unconfirmed(self) -> UnconfirmedAddresses:
        return UnconfirmedAddresses()

    def _ensure_enabled(self, user: User, enabled: bool, changed: list[str], *, created: bool) -> Ensured:
        if user.enabled is not enabled:
            (self.enable_user if enabled else self.disable_user)(user.username)
            changed.append("enabled")
        if changed and not (created and user.enabled is enabled):
            user = self.get_user(user.username)
        return Ensured(user, created, tuple(changed))

    def ensure_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> EnsuredGroup:
        """Creates the group, or brings it to the wanted state; doing it again changes nothing.

        What is `None` is left alone; an empty description removes it.
        """
        wanted = {"description": description, "precedence": precedence}
        given = {key: value for key, value in wanted.items() if value is not None}
        try:
            group = self.get_group(name)
        except GroupNotFoundError:
            first = {key: value for key, value in given.items() if value != ""}
            try:
                return EnsuredGroup(self.add_group(name, **first), created=True, changed=tuple(first))  # pyright: ignore[reportArgumentType] - each by its own name
            except GroupExistsError:
                group = self.get_group(name)  # somebody else was faster: bring that group to the wanted state
        present = {"description": group.description or "", "precedence": group.precedence}
        changed = tuple(key for key, value in given.items() if present[key] != value)
        if changed:
            group = self.update_group(name, **{key: given[key] for key in changed})  # pyright: ignore[reportArgumentType] - as above
        return EnsuredGroup(group, created=False, changed=changed)

    def set_groups(self, username: str, groups: Iterable[str]) -> GroupsChange:
        """Puts the user into exactly these groups: joins first, then leaves; doing it again changes nothing.

        A call that fails half-way has done a part; calling it again does the rest.

        Raises `UserNotFoundError`, `GroupNotFoundError` before anything changes for a group that does not exist.
        """
        wanted = check_group_names(groups)
        present = {group.name for group in self.iter_groups_for_user(username)}
        joined = tuple(name for name in wanted if name not in present)
        left = tuple(sorted(present - set(wanted)))
        for name in joined:
            self.get_group(name)
        for name in joined:
            self.add_user_to_group(username, name)
        for name in left:
            self.remove_user_from_group(username, name)
        return GroupsChange(joined, left)

    def write_many(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Makes the changes in their order and yields what became of each; one that fails does not stop the others.

        A store with the capability `batches` makes them in few transactions, and yields an outcome once it is durable.
        Any other makes them one by one, as the outcomes are asked for. This is not an operation of the wire: through a
        function each change is a call of its own.

        Raises `InvalidInputError` for what is not a `Change`.
        """
        for change in checked_changes(changes):
            yield Outcome.of(change, self)

    # --- Sessions ------------------------------------------------------------------------------------

    def refresh_session(self, username: str, refresh_token: str) -> Tokens:
        """Fresh tokens for a refresh token that was kept by itself, with the real name of its user.

        Raises `InvalidCredentialsError` for one that no longer works.
        """
        check_texts(username=username)
        if refresh_token is not None:  # pyright: ignore[reportUnnecessaryComparison] - a session without one has ended
            check_texts(refresh_token=refresh_token)
        return self.refresh(Tokens(username, access_token="", id_token="", refresh_token=refresh_token, expires_in=0))


def _only_the_store_knows(condition: Condition) -> bool:
    """Who is in a group, and whether case matters, are the store's to say."""
    return condition.field == "group" or condition.operator is Operator.SAME
