"""Sign-in, challenges, refresh, and what they never tell."""

from __future__ import annotations

import pytest

from usermgr import Capability, Challenge, ChallengeName, Tokens, UserManager, UserStatus
from usermgr.errors import (
    AuthenticationError,
    InvalidCredentialsError,
    InvalidInputError,
    InvalidPasswordError,
    PasswordResetRequiredError,
)
from usermgr.testing._base import PASSWORD, ContractPart, needs

__all__ = ["SignInContract"]

NEW_PASSWORD = "An0ther-password"  # noqa: S105 - for the users of the tests


def signed_in(users: UserManager, username: str = "alice", password: str = PASSWORD) -> Tokens:
    """Signs in and expects tokens."""
    result = users.authenticate(username, password)
    assert isinstance(result, Tokens)
    return result


class SignInContract(ContractPart):
    """`authenticate`, `answer_challenge`, `refresh`, `sign_out_user`."""

    @needs(Capability.SIGN_IN)
    def test_right_password_gives_tokens(self, users: UserManager) -> None:
        """The right password gives three tokens for the real name, with their life in seconds."""
        users.add_user("alice", PASSWORD)
        tokens = signed_in(users)
        assert tokens.username == "alice"
        assert (tokens.access_token.count("."), tokens.id_token.count(".")) == (2, 2)
        assert tokens.refresh_token
        assert tokens.expires_in > 0

    @needs(Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS)
    def test_tokens_never_show(self, users: UserManager) -> None:
        """The repr of tokens and of a challenge holds no token and no session."""
        users.add_user("alice", PASSWORD)
        users.add_user("new", PASSWORD, temporary=True)
        tokens, challenge = signed_in(users), users.authenticate("new", PASSWORD)
        assert isinstance(challenge, Challenge)
        for secret in (tokens.access_token, tokens.id_token, tokens.refresh_token, challenge.session):
            assert secret
            assert secret not in repr(tokens) + repr(challenge)

    @needs(Capability.SIGN_IN)
    def test_wrong_password_unknown_name_and_disabled_user_look_the_same(self, users: UserManager) -> None:
        """All three raise InvalidCredentialsError with the same text and the same evidence."""
        users.add_user("alice", PASSWORD)
        users.add_user("off", PASSWORD)
        users.disable_user("off")
        seen: set[tuple[str, str]] = set()
        for name, password in (("alice", "Wr0ng-password"), ("nobody", PASSWORD), ("off", PASSWORD)):
            with pytest.raises(InvalidCredentialsError) as caught:
                users.authenticate(name, password)
            seen.add((str(caught.value), repr(sorted(caught.value.details.items()))))
        assert len(seen) == 1

    @needs(Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS)
    def test_temporary_password_asks_for_a_new_one(self, users: UserManager) -> None:
        """A temporary password gives a challenge; the new password answers it, confirms, and signs in from then on."""
        users.add_user("alice", PASSWORD, temporary=True)
        challenge = users.authenticate("alice", PASSWORD)
        assert isinstance(challenge, Challenge)
        assert challenge.name is ChallengeName.NEW_PASSWORD_REQUIRED
        with pytest.raises(InvalidPasswordError):
            users.answer_challenge(challenge, "weak")
        challenge = users.authenticate("alice", PASSWORD)
        assert isinstance(challenge, Challenge)
        assert isinstance(users.answer_challenge(challenge, NEW_PASSWORD), Tokens)
        assert users.get_user("alice").status == UserStatus.CONFIRMED
        assert signed_in(users, password=NEW_PASSWORD).username == "alice"
        with pytest.raises(InvalidCredentialsError):
            users.authenticate("alice", PASSWORD)

    @needs(Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS)
    def test_forged_challenge_is_refused(self, users: UserManager) -> None:
        """A challenge with a session that nobody gave raises an AuthenticationError and changes nothing."""
        users.add_user("alice", PASSWORD, temporary=True)
        forged = Challenge(ChallengeName.NEW_PASSWORD_REQUIRED, "alice", "x" * 40)
        with pytest.raises(AuthenticationError):
            users.answer_challenge(forged, NEW_PASSWORD)
        assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD

    @needs(Capability.SIGN_IN, Capability.PASSWORD_RESET)
    def test_reset_password_stops_sign_in(self, users: UserManager) -> None:
        """After reset_password the old password raises PasswordResetRequiredError."""
        users.add_user("alice", PASSWORD, {"email": "alice@example.org", "email_verified": "true"})
        users.reset_password("alice")
        with pytest.raises(PasswordResetRequiredError):
            users.authenticate("alice", PASSWORD)

    @needs(Capability.SIGN_IN)
    def test_refresh_gives_fresh_tokens(self, users: UserManager) -> None:
        """refresh gives new tokens for the same user, and can be repeated with what it gave."""
        users.add_user("alice", PASSWORD)
        tokens = signed_in(users)
        fresh = users.refresh(tokens)
        assert (fresh.username, fresh.access_token != tokens.access_token) == ("alice", True)
        assert users.refresh(fresh).username == "alice"

    @needs(Capability.SIGN_IN, Capability.SIGN_OUT)
    def test_dead_refresh_token_is_refused(self, users: UserManager) -> None:
        """A refresh token that is garbage, of a signed-out or of a deleted user raises InvalidCredentialsError."""
        users.add_user("alice", PASSWORD)
        tokens = signed_in(users)
        with pytest.raises(InvalidCredentialsError):
            users.refresh(Tokens("alice", "a.b.c", "a.b.c", "garbage", 3600))
        users.sign_out_user("alice")
        with pytest.raises(InvalidCredentialsError):
            users.refresh(tokens)
        again = signed_in(users)
        users.delete_user("alice")
        with pytest.raises(InvalidCredentialsError):
            users.refresh(again)

    @needs(Capability.SIGN_IN)
    def test_disabled_user_cannot_refresh(self, users: UserManager) -> None:
        """A disabled user gets no fresh tokens."""
        users.add_user("alice", PASSWORD)
        tokens = signed_in(users)
        users.disable_user("alice")
        with pytest.raises(InvalidCredentialsError):
            users.refresh(tokens)

    @needs(Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS)
    def test_disabled_user_cannot_answer(self, users: UserManager) -> None:
        """A challenge that waits while an administrator disables the user does not sign in."""
        users.add_user("alice", PASSWORD, temporary=True)
        challenge = users.authenticate("alice", PASSWORD)
        assert isinstance(challenge, Challenge)
        users.disable_user("alice")
        with pytest.raises(AuthenticationError):
            users.answer_challenge(challenge, NEW_PASSWORD)
        assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD

    @needs(Capability.SIGN_IN)
    @pytest.mark.parametrize("name", ["alice ", " alice", "al ice", "x" * 129])
    def test_name_that_cannot_be_one_is_malformed_at_sign_in_too(self, users: UserManager, name: str) -> None:
        """A blank that was typed behind the name raises InvalidInputError on `username`, not "wrong password"."""
        users.add_user("alice", PASSWORD)
        with pytest.raises(InvalidInputError) as caught:
            users.authenticate(name, PASSWORD)
        assert caught.value.field == "username"

    @needs(Capability.SIGN_IN)
    def test_names_in_another_case_sign_in(self, users: UserManager) -> None:
        """A store that takes names in any case signs in by all of them, as the real name."""
        users.add_user("alice", PASSWORD)
        assert signed_in(users, "ALICE").username == "alice"
