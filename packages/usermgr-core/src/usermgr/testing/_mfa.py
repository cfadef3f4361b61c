"""Second factors of users who have none; how they are set up is a matter of the service."""

from __future__ import annotations

import pytest

from usermgr import Capability, MfaMethod, MfaMode, MfaReset, MfaSettings, UserManager
from usermgr.errors import InvalidInputError, InvalidStateError, UserNotFoundError
from usermgr.testing._base import PASSWORD, ContractPart, needs

__all__ = ["MfaContract"]


class MfaContract(ContractPart):
    """`get_mfa`, `set_mfa`, `reset_mfa` where a second factor is optional."""

    @needs(Capability.MFA)
    def test_store_says_which_factors_it_offers(self, users: UserManager) -> None:
        """A store with second factors describes the mode and the methods."""
        described = users.describe()
        assert described.mfa is not MfaMode.OFF
        assert described.mfa_methods

    @needs(Capability.MFA)
    def test_new_user_has_no_second_factor(self, users: UserManager) -> None:
        """A user who has set nothing up has no method and no preferred one; to switch nothing on changes nothing."""
        users.add_user("alice", PASSWORD)
        assert users.get_mfa("alice") == MfaSettings()
        users.set_mfa("alice", [])
        assert users.get_mfa("alice") == MfaSettings()

    @needs(Capability.MFA)
    def test_what_is_not_set_up_cannot_be_switched_on(self, users: UserManager) -> None:
        """A method that the user has not set up raises InvalidStateError, and none is switched on."""
        users.add_user("alice", PASSWORD)
        for method in users.describe().mfa_methods:
            with pytest.raises(InvalidStateError) as caught:
                users.set_mfa("alice", [method])
            assert caught.value.username == "alice"
        assert users.get_mfa("alice") == MfaSettings()

    @needs(Capability.MFA)
    def test_unknown_method_is_refused(self, users: UserManager) -> None:
        """A method that the store does not offer, and a preferred one that is not among the methods, name the field."""
        users.add_user("alice", PASSWORD)
        with pytest.raises(InvalidInputError) as caught:
            users.set_mfa("alice", [MfaMethod("carrier pigeon")])
        assert caught.value.field == "methods"
        with pytest.raises(InvalidInputError) as caught:
            users.set_mfa("alice", [], preferred=MfaMethod.TOTP)
        assert caught.value.field == "preferred"

    @needs(Capability.MFA)
    def test_nobody_has_second_factors(self, users: UserManager) -> None:
        """An unknown user raises UserNotFoundError."""
        with pytest.raises(UserNotFoundError):
            users.get_mfa("nobody")
        with pytest.raises(UserNotFoundError):
            users.set_mfa("nobody", [])

    @needs(Capability.MFA_RESET)
    def test_reset_of_nothing_removes_nothing(self, users: UserManager) -> None:
        """Who has no second factor has none afterwards, which the result says; nobody raises UserNotFoundError."""
        users.add_user("alice", PASSWORD)
        assert users.reset_mfa("alice") == MfaReset((), next_sign_in_enrols=False)
        with pytest.raises(UserNotFoundError):
            users.reset_mfa("nobody")
