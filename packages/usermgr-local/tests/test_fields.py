"""Every refused value is named: forms and reports stand on it."""

from __future__ import annotations

from collections.abc import Callable

from usermgr.errors import InvalidInputError, UsermgrError
from usermgr.operations import OPERATIONS
from usermgr.testing._hostile import DERIVED, hostile_calls
from usermgr_local import LocalUserManager

from .conftest import PASSWORD


def test_every_refused_value_has_its_field(make: Callable[..., LocalUserManager]) -> None:
    """Of all that the contract calls operations with, whatever raises InvalidInputError says for which argument."""
    users = make(deliver=id)
    users.add_user("alice", PASSWORD)
    users.add_group("staff")
    unnamed: list[str] = []
    named = 0

    for operation in (*OPERATIONS, *DERIVED):
        for what, call in hostile_calls(operation):
            try:
                call(users)
            except InvalidInputError as error:
                named += error.field is not None
                if error.field is None:
                    unnamed.append(f"{operation} with {what}: {error}")
            except UsermgrError:
                pass

    assert unnamed == []
    assert named > 1000
