"""`LocalUserManager`: `usermgr.UserManager` on an SQLite file. Each part has a module of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from usermgr import (
    AuthResult,
    Challenge,
    Change,
    Condition,
    Group,
    Medium,
    MfaMethod,
    MfaMode,
    MfaReset,
    MfaSettings,
    Outcome,
    Page,
    StoreDescription,
    Tokens,
    User,
    UserManager,
    UserMatches,
)
from usermgr.validation import PAGE_LIMIT
from usermgr_local._activity import LocalActivityStore
from usermgr_local._attributes import AttributeSchema
from usermgr_local._batches import Batches
from usermgr_local._clock import utc_now
from usermgr_local._description import describe
from usermgr_local._groups import Groups
from usermgr_local._invitations import Deliver, Invitations, Outbox
from usermgr_local._mfa import SecondFactors
from usermgr_local._passwords import Passwords
from usermgr_local._records import UsernameRule
from usermgr_local._search import Search
from usermgr_local._settings import LocalSettings
from usermgr_local._sign_in import SignIn
from usermgr_local._store import open_store
from usermgr_local._tokens import TokenIssuer
from usermgr_local._users import Users

__all__ = ["LocalUserManager"]


class LocalUserManager(UserManager):
    """Users of one file. Safe to share between threads, and several processes may each have one on the same file.

    Creating a manager creates the file where there is none, and publishes its public keys as `settings.jwks_path`.
    `deliver` sends the invitations; without it the store lacks the capability `invitations`.
    """

    def __init__(
        self, settings: LocalSettings, now: Callable[[], datetime] = utc_now, *, deliver: Deliver | None = None
    ) -> None:
        store = open_store(settings)
        rule = UsernameRule(case_sensitive=settings.case_sensitive)
        schema = AttributeSchema(settings.custom_attributes)
        passwords = Passwords(settings.argon2)
        issuer = TokenIssuer(store.keys, settings, now)
        outbox = None if deliver is None else Outbox(deliver)
        policy = settings.password_policy
        self.settings = settings
        self._store_id = store.id
        self._database = store.database
        self._users = Users(store.database, settings, schema, rule=rule, passwords=passwords, now=now)
        self._invitations = Invitations(self._users, passwords, policy, outbox) if outbox else None
        self._factors = SecondFactors(store.database, rule, self._users, settings.mfa)
        self._batches = Batches(self, store.database, rule, passwords=passwords, policy=policy, outbox=outbox)
        self._search = Search(store.database, rule, schema, store.pages)
        self._groups = Groups(store.database, rule, store.pages, now)
        self._sign_in = SignIn(store.database, settings, schema, rule=rule, passwords=passwords, issuer=issuer, now=now)
        self.activity = LocalActivityStore(store.database)

    def __repr__(self) -> str:
        return f"LocalUserManager({str(self.settings.path)!r})"

    def close(self) -> None:
        """Closes the file. Using the manager again opens it again."""
        self._database.close()

    def describe(self) -> StoreDescription:
        """Also counts the users, which takes SQLite some milliseconds for a hundred thousand of them."""
        return describe(self.settings, self._store_id, self._users.count(), delivers=self._invitations is not None)

    # --- Users ---------------------------------------------------------------------------------------

    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        return self._users.add(username, password, {} if attributes is None else attributes, temporary=temporary)

    def invite_user(
        self, username: str, attributes: Mapping[str, str] | None = None, *, medium: Medium = Medium.EMAIL
    ) -> User:
        if self._invitations is None:
            return super().invite_user(username, attributes, medium=medium)
        return self._invitations.invite(username, {} if attributes is None else attributes, medium)

    def resend_invitation(self, username: str, *, medium: Medium = Medium.EMAIL) -> None:
        if self._invitations is None:
            return super().resend_invitation(username, medium=medium)
        return self._invitations.resend(username, medium)

    def confirm_user(self, username: str) -> None:
        self._users.confirm(username)

    def get_user(self, username: str) -> User:
        return self._users.get(username)

    def find_users(
        self, conditions: Sequence[Condition] = (), *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> UserMatches:
        return self._search.find(conditions, limit, page_token)

    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        self._users.update(username, attributes)

    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        self._users.set_password(username, password, permanent=permanent)

    def reset_password(self, username: str) -> None:
        self._users.reset_password(username)

    def enable_user(self, username: str) -> None:
        self._users.enable(username)

    def disable_user(self, username: str) -> None:
        self._users.disable(username)

    def sign_out_user(self, username: str) -> None:
        self._users.sign_out(username)

    def delete_user(self, username: str) -> None:
        self._users.delete(username)

    def write_many(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """Makes up to 250 changes in one transaction; see `UserManager`.

        An outcome is yielded once its transaction is on the disk, and its invitation was handed to `deliver`. Changes
        are taken from the iterable in such numbers too, so a stream that is left early may have made some more than it
        yielded. Where a transaction fails as a whole, as on a full disk, its changes all have that error, and none was
        made. Passwords are hashed beforehand, on all cores.
        """
        return self._batches.write(changes)

    # --- Second factors ------------------------------------------------------------------------------

    def get_mfa(self, username: str) -> MfaSettings:
        if self.settings.mfa is MfaMode.OFF:
            return super().get_mfa(username)
        return self._factors.get(username)

    def set_mfa(self, username: str, methods: Sequence[MfaMethod], *, preferred: MfaMethod | None = None) -> None:
        if self.settings.mfa is MfaMode.OFF:
            return super().set_mfa(username, methods, preferred=preferred)
        return self._factors.set(username, methods, preferred)

    def reset_mfa(self, username: str) -> MfaReset:
        """Deletes the secret and ends the user's sessions; see `UserManager`."""
        if self.settings.mfa is MfaMode.OFF:
            return super().reset_mfa(username)
        return self._factors.reset(username)

    # --- Groups --------------------------------------------------------------------------------------

    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        return self._groups.add(name, description, precedence)

    def get_group(self, name: str) -> Group:
        return self._groups.get(name)

    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        return self._groups.update(name, description, precedence)

    def delete_group(self, name: str) -> None:
        self._groups.delete(name)

    def list_groups(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[Group]:
        return self._groups.list(limit, page_token)

    def add_user_to_group(self, username: str, group: str) -> None:
        self._groups.add_member(username, group)

    def remove_user_from_group(self, username: str, group: str) -> None:
        self._groups.remove_member(username, group)

    def list_groups_for_user(
        self, username: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> Page[Group]:
        return self._groups.list_for_user(username, limit, page_token)

    # --- Sign-in -------------------------------------------------------------------------------------

    def authenticate(self, username: str, password: str) -> AuthResult:
        return self._sign_in.authenticate(username, password)

    def answer_challenge(
        self, challenge: Challenge, answer: str, attributes: Mapping[str, str] | None = None
    ) -> AuthResult:
        return self._sign_in.answer_challenge(challenge, answer, {} if attributes is None else attributes)

    def refresh(self, tokens: Tokens) -> Tokens:
        return self._sign_in.refresh(tokens)

    def set_totp_secret(self, username: str, secret: str | None) -> None:
        """Makes every sign-in of the user ask for a code (RFC 6238); `None` deletes the secret.

        Only this backend has it. `secret` is Base32, at least 16 bytes; `usermgr_local.totp.new_secret()` creates one.
        Ends the user's sessions.

        Raises `UserNotFoundError`, `InvalidInputError`, and `UnsupportedOperationError` where the store asks nobody.
        """
        self._factors.set_totp_secret(username, secret)
