"""The one error tree of usermgr.

Every class has a stable `code`, which crosses the wire, and carries its evidence as attributes::

    UsermgrError                        error
    ├── ConfigurationError              configuration             problems
    │   ├── BackendNotInstalledError    backend_not_installed     backend, remedy
    │   └── UnknownBackendError         unknown_backend           backend, choices
    ├── InvalidInputError               invalid_input             field
    │   ├── InvalidPasswordError        invalid_password
    │   ├── InvalidPageTokenError       invalid_page_token
    │   └── UnsupportedOperationError   unsupported_operation     operation
    ├── NotFoundError                   not_found
    │   ├── UserNotFoundError           user_not_found            username
    │   ├── GroupNotFoundError          group_not_found           group
    │   └── StoreNotFoundError          store_not_found           store
    ├── ConflictError                   conflict
    │   ├── UserExistsError             user_exists               username
    │   ├── AliasExistsError            alias_exists              username
    │   ├── GroupExistsError            group_exists              group
    │   ├── InvalidStateError           invalid_state             username
    │   └── ConcurrentChangeError       concurrent_change         (retryable)
    ├── AuthenticationError             authentication
    │   ├── InvalidCredentialsError     invalid_credentials
    │   ├── PasswordResetRequiredError  password_reset_required   username
    │   ├── UserNotConfirmedError       user_not_confirmed        username
    │   ├── InvalidCodeError            invalid_code
    │   ├── ExpiredCodeError            expired_code
    │   └── MfaNotAvailableError        mfa_not_available
    ├── AccessDeniedError               access_denied             operation
    │   ├── NoCredentialsError          no_credentials
    │   └── OperationNotAllowedError    operation_not_allowed     operation
    ├── LimitExceededError              limit_exceeded
    ├── ServiceError                    service                   operation, service_code
    │   ├── ThrottledError              throttled                 (retryable)
    │   ├── ServiceUnavailableError     service_unavailable       (retryable)
    │   ├── ServiceTimeoutError         service_timeout           (retryable)
    │   ├── TriggerError                trigger_failed
    │   └── IncompleteCreationError     incomplete_creation       username
    └── RemoteError                     remote                    function
        ├── RemoteNotFoundError         remote_not_found
        ├── RemoteCrashedError          remote_crashed
        ├── RemoteTimeoutError          remote_timeout
        ├── ProtocolError               protocol
        └── VersionMismatchError        version_mismatch          ours, theirs

`retryable` says that the same call may succeed later. It does not say that a first try had no effect: a
mutating call that ended in a time-out may have happened.

An error is built from a message and its evidence, on either side of the wire, by the same constructor;
evidence that a class does not name (from a newer peer) is kept in `details`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

__all__ = [
    "AccessDeniedError",
    "AliasExistsError",
    "AuthenticationError",
    "BackendNotInstalledError",
    "ConcurrentChangeError",
    "ConfigurationError",
    "ConflictError",
    "ExpiredCodeError",
    "GroupExistsError",
    "GroupNotFoundError",
    "IncompleteCreationError",
    "InvalidCodeError",
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidPageTokenError",
    "InvalidPasswordError",
    "InvalidStateError",
    "LimitExceededError",
    "MfaNotAvailableError",
    "NoCredentialsError",
    "NotFoundError",
    "OperationNotAllowedError",
    "PasswordResetRequiredError",
    "ProtocolError",
    "RemoteCrashedError",
    "RemoteError",
    "RemoteNotFoundError",
    "RemoteTimeoutError",
    "ServiceError",
    "ServiceTimeoutError",
    "ServiceUnavailableError",
    "StoreNotFoundError",
    "ThrottledError",
    "TriggerError",
    "UnknownBackendError",
    "UnsupportedOperationError",
    "UserExistsError",
    "UserNotConfirmedError",
    "UserNotFoundError",
    "UsermgrError",
    "VersionMismatchError",
    "errors_by_code",
]


class UsermgrError(Exception):
    """The root of every error that usermgr raises on purpose.

    `message` is for people, says the remedy where there is one, and never holds a secret. `details` is
    the evidence: strings, numbers, booleans, `None`, or lists of strings, so that it survives the wire.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, /, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = details
        for name, value in details.items():
            if name in self._evidence():
                setattr(self, name, value)

    @classmethod
    def _evidence(cls) -> frozenset[str]:
        own = (vars(c).get("__annotations__", {}) for c in cls.__mro__)
        return frozenset(name for names in own for name in names) - {"code", "retryable"}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.details)

    def with_details(self, **details: Any) -> Self:
        """The same error with more evidence, for the layer that knows it."""
        return type(self)(self.message, **{**self.details, **details})


def _rebuild(cls: type[UsermgrError], message: str, details: dict[str, Any]) -> UsermgrError:
    return cls(message, **details)


# --- The caller's set-up -----------------------------------------------------------------------------


class ConfigurationError(UsermgrError):
    """Settings are missing or malformed; `problems` names all of them, one string each."""

    code = "configuration"
    problems: list[str] | None = None


class BackendNotInstalledError(ConfigurationError):
    """The backend's package is not installed; `remedy` is the command that installs it."""

    code = "backend_not_installed"
    backend: str | None = None
    remedy: str | None = None


class UnknownBackendError(ConfigurationError):
    """No backend of that name is known, or none was named; `choices` are the known names."""

    code = "unknown_backend"
    backend: str | None = None
    choices: list[str] | None = None


# --- The caller's input ------------------------------------------------------------------------------


class InvalidInputError(UsermgrError):
    """A value that cannot be right; `field` names it."""

    code = "invalid_input"
    field: str | None = None


class InvalidPasswordError(InvalidInputError):
    """The password does not meet the store's policy."""

    code = "invalid_password"


class InvalidPageTokenError(InvalidInputError):
    """The page token is malformed, expired, or belongs to another query."""

    code = "invalid_page_token"


class UnsupportedOperationError(InvalidInputError):
    """This store cannot do that operation."""

    code = "unsupported_operation"
    operation: str | None = None


# --- What is not there, and what is there already ----------------------------------------------------


class NotFoundError(UsermgrError):
    """Something that the call names does not exist."""

    code = "not_found"


class UserNotFoundError(NotFoundError):
    """No user answers to `username`."""

    code = "user_not_found"
    username: str | None = None


class GroupNotFoundError(NotFoundError):
    """No group is named `group`."""

    code = "group_not_found"
    group: str | None = None


class StoreNotFoundError(NotFoundError):
    """The store of users itself (a pool, an app client, a file) does not exist."""

    code = "store_not_found"
    store: str | None = None


class ConflictError(UsermgrError):
    """The present state stands against the call."""

    code = "conflict"


class UserExistsError(ConflictError):
    """A user of that name exists."""

    code = "user_exists"
    username: str | None = None


class AliasExistsError(ConflictError):
    """Another user already owns that e-mail address, phone number or preferred name as an alias."""

    code = "alias_exists"
    username: str | None = None


class GroupExistsError(ConflictError):
    """A group of that name exists."""

    code = "group_exists"
    group: str | None = None


class InvalidStateError(ConflictError):
    """The user's status does not allow the operation."""

    code = "invalid_state"
    username: str | None = None


class ConcurrentChangeError(ConflictError):
    """Somebody else changed the same thing at the same time."""

    code = "concurrent_change"
    retryable = True


# --- Sign-in -----------------------------------------------------------------------------------------


class AuthenticationError(UsermgrError):
    """A sign-in, a challenge's answer or a refresh was refused."""

    code = "authentication"


class InvalidCredentialsError(AuthenticationError):
    """Unknown name, wrong password, disabled user or dead refresh token: not told apart on purpose."""

    code = "invalid_credentials"


class PasswordResetRequiredError(AuthenticationError):
    """An administrator reset the password; the user must choose another first."""

    code = "password_reset_required"
    username: str | None = None


class UserNotConfirmedError(AuthenticationError):
    """The user has not confirmed the account."""

    code = "user_not_confirmed"
    username: str | None = None


class InvalidCodeError(AuthenticationError):
    """The one-time code is wrong."""

    code = "invalid_code"


class ExpiredCodeError(AuthenticationError):
    """The one-time code or the challenge's session is too old."""

    code = "expired_code"


class MfaNotAvailableError(AuthenticationError):
    """The multi-factor method that was asked for is not set up."""

    code = "mfa_not_available"


# --- Permission and quota ----------------------------------------------------------------------------


class AccessDeniedError(UsermgrError):
    """The caller may not do `operation`."""

    code = "access_denied"
    operation: str | None = None


class NoCredentialsError(AccessDeniedError):
    """The caller has no credentials, or ones that the service does not accept."""

    code = "no_credentials"


class OperationNotAllowedError(AccessDeniedError):
    """The operation is not on this deployment's list of allowed operations."""

    code = "operation_not_allowed"


class LimitExceededError(UsermgrError):
    """A quota on how many there may be, or on attempts in a time."""

    code = "limit_exceeded"


# --- The service -------------------------------------------------------------------------------------


class ServiceError(UsermgrError):
    """The service failed; `service_code` is its own name for that."""

    code = "service"
    operation: str | None = None
    service_code: str | None = None


class ThrottledError(ServiceError):
    """Too many requests; nothing was done."""

    code = "throttled"
    retryable = True


class ServiceUnavailableError(ServiceError):
    """The service cannot be reached, or failed inside."""

    code = "service_unavailable"
    retryable = True


class ServiceTimeoutError(ServiceError):
    """No answer in time: a mutating call may or may not have happened."""

    code = "service_timeout"
    retryable = True


class TriggerError(ServiceError):
    """A function that the service calls during the operation failed or refused."""

    code = "trigger_failed"


class IncompleteCreationError(ServiceError):
    """A creation failed half-way and could not be taken back: the user exists without the password."""

    code = "incomplete_creation"
    username: str | None = None


# --- The far side of the wire ------------------------------------------------------------------------


class RemoteError(UsermgrError):
    """The peer that runs operations for us failed; `function` names it."""

    code = "remote"
    function: str | None = None


class RemoteNotFoundError(RemoteError):
    """There is no such peer."""

    code = "remote_not_found"


class RemoteCrashedError(RemoteError):
    """The peer ended without an answer: a mutating call may or may not have happened."""

    code = "remote_crashed"


class RemoteTimeoutError(RemoteError):
    """The peer ran out of time: a mutating call may or may not have happened."""

    code = "remote_timeout"


class ProtocolError(RemoteError):
    """A request or a reply that is not of the wire protocol."""

    code = "protocol"


class VersionMismatchError(RemoteError):
    """The peers speak different versions of the wire protocol."""

    code = "version_mismatch"
    ours: int | None = None
    theirs: int | None = None


def errors_by_code() -> dict[str, type[UsermgrError]]:
    """Every error class by its `code`: the codec's table."""
    found: dict[str, type[UsermgrError]] = {}
    waiting: list[type[UsermgrError]] = [UsermgrError]
    while waiting:
        cls = waiting.pop()
        if cls.__module__ == __name__:
            found[cls.code] = cls
        waiting.extend(cls.__subclasses__())
    return found
