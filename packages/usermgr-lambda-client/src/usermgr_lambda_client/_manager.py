"""`LambdaUserManager`: every operation of `usermgr.UserManager`, run by the function; one line per operation."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, cast

from usermgr import Capability, StoreDescription, UserManager, wire
from usermgr.errors import UnsupportedOperationError
from usermgr.operations import OPERATIONS
from usermgr.validation import check_texts
from usermgr_aws import AwsAccess, OnAws, caller_of
from usermgr_lambda_client._transport import Transport

__all__ = ["LambdaUserManager"]

F = TypeVar("F", bound=Callable[..., Any])


def _remote(method: F) -> F:
    """The method that sends the operation's name and arguments, and returns what the function returned."""
    operation = OPERATIONS[method.__name__]
    signature = inspect.signature(method)

    @functools.wraps(method, updated=())  # without its __dict__, where the marks of an operation are
    def call(self: LambdaUserManager, *args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(self, *args, **kwargs).arguments
        del arguments["self"]
        request = wire.encode_request(operation, arguments, claimed_actor=_name_of(self.claimed_actor))
        reply = self.transport.invoke(request)
        return wire.decode_reply(operation, reply)

    return cast("F", call)


def _name_of(claimed_actor: str | Callable[[], str | None] | None) -> str | None:
    name = claimed_actor() if callable(claimed_actor) else claimed_actor
    if name is not None:
        check_texts(claimed_actor=name)
    return name


class LambdaUserManager(UserManager):
    """Users through the user management function, for callers that cannot reach the service itself.

    Besides the errors of each operation, all raise `RemoteError` or a subclass of it when the function is missing,
    crashes, runs out of time, or answers with something that is not a reply.
    """

    def __init__(self, transport: Transport, *, claimed_actor: str | Callable[[], str | None] | None = None) -> None:
        self.transport = transport
        self.claimed_actor = claimed_actor

    def __repr__(self) -> str:
        return f"LambdaUserManager({self.transport!r})"

    def close(self) -> None:
        """Closes the transport, where it can be closed; the next call opens it again."""
        close: Callable[[], object] | None = getattr(self.transport, "close", None)
        if close is not None:
            close()

    @property
    def aws(self) -> AwsAccess | None:
        """How requests reach AWS, for checks; `None` where another transport carries them."""
        return self.transport.aws if isinstance(self.transport, OnAws) else None

    def caller(self) -> str | None:
        """The ARN of the credentials, by GetCallerIdentity, which needs no permission."""
        return caller_of(self.aws)

    _describe = _remote(UserManager.describe)

    def describe(self) -> StoreDescription:
        """See `UserManager.describe`. A function of release 1.0 cannot tell, and had what every store of 1.0 had.

        A store's batches do not travel: through the function, each change is a call of its own.
        """
        try:
            described = self._describe()
        except UnsupportedOperationError:
            return StoreDescription()
        return replace(described, capabilities=described.capabilities - {Capability.BATCHES})

    add_user = _remote(UserManager.add_user)
    invite_user = _remote(UserManager.invite_user)
    resend_invitation = _remote(UserManager.resend_invitation)
    confirm_user = _remote(UserManager.confirm_user)
    get_user = _remote(UserManager.get_user)
    find_users = _remote(UserManager.find_users)
    update_user = _remote(UserManager.update_user)
    set_password = _remote(UserManager.set_password)
    reset_password = _remote(UserManager.reset_password)
    enable_user = _remote(UserManager.enable_user)
    disable_user = _remote(UserManager.disable_user)
    sign_out_user = _remote(UserManager.sign_out_user)
    delete_user = _remote(UserManager.delete_user)

    get_mfa = _remote(UserManager.get_mfa)
    set_mfa = _remote(UserManager.set_mfa)
    reset_mfa = _remote(UserManager.reset_mfa)

    add_group = _remote(UserManager.add_group)
    get_group = _remote(UserManager.get_group)
    update_group = _remote(UserManager.update_group)
    delete_group = _remote(UserManager.delete_group)
    list_groups = _remote(UserManager.list_groups)
    add_user_to_group = _remote(UserManager.add_user_to_group)
    remove_user_from_group = _remote(UserManager.remove_user_from_group)
    list_groups_for_user = _remote(UserManager.list_groups_for_user)

    authenticate = _remote(UserManager.authenticate)
    answer_challenge = _remote(UserManager.answer_challenge)
    refresh = _remote(UserManager.refresh)
