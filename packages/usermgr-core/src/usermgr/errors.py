"""The one error tree of usermgr.

Every class has a stable `code`, which crosses the wire, and carries its evidence as attributes::

    UsermgrError                        error
    ├── ConfigurationError              configuration             problems
    │   ├── BackendNotInstalledError    backend_not_installed     backend, remedy
    │   └── UnknownBackendError         unknown_backend           backend, choices
    ├── InvalidInputError               invalid_input             field
    │   ├── InvalidPasswordError        invalid_password
    │   ├── InvalidPageTokenError       invalid_page_token
    │   ├── InvalidSearchError          invalid_search            position, expected
    │   └── UnsupportedOperationError   unsupported_operation     capability
    ├── NotFoundError                   not_found
    │   ├── UserNotFoundError           user_not_found            username
    │   ├── GroupNotFoundError          group_not_found           group
    │   └── StoreNotFoundError          store_not_found           store
    ├── ConflictError                   conflict
    │   ├── UserExistsError             user_exists               username, retries
    │   ├── AliasExistsError            alias_exists              username
    │   ├── GroupExistsError            group_exists              group
    │   ├── InvalidStateError           invalid_state             username
    │   ├── ProtectedUserError          protected_user            username, group
    │   └── ConcurrentChangeError       concurrent_change         (retryable)
    ├── AuthenticationError             authentication
    │   ├── InvalidCredentialsError     invalid_credentials
    │   ├── PasswordResetRequiredError  password_reset_required   username
    │   ├── UserNotConfirmedError       user_not_confirmed        username
    │   ├── InvalidCodeError            invalid_code
    │   ├── ExpiredCodeError            expired_code
    │   └── MfaNotAvailableError        mfa_not_available
    ├── AccessDeniedError               access_denied
    │   ├── NoCredentialsError          no_credentials
    │   └── OperationNotAllowedError    operation_not_allowed
    ├── LimitExceededError              limit_exceeded
    ├── AuditError                      audit                     outcome
    ├── ServiceError                    service
    │   ├── ThrottledError              throttled                 (retryable)
    │   ├── ServiceUnavailableError     service_unavailable       (retryable)
    │   ├── ServiceTimeoutError         service_timeout           (retryable)
    │   ├── TriggerError                trigger_failed
    │   ├── DeliveryError               delivery_failed           username
    │   └── IncompleteCreationError     incomplete_creation       username
    └── RemoteError                     remote                    function
        ├── RemoteNotFoundError         remote_not_found
        ├── RemoteCrashedError          remote_crashed            error_type
        ├── RemoteTimeoutError          remote_timeout
        ├── ProtocolError               protocol
        └── VersionMismatchError        version_mismatch          ours, theirs

Every class also has `operation` and `service_code`: the operation that failed and the service's own name for the
failure, where there are such names.

`retryable` means that the same call may succeed later. It does not mean that the first try had no effect: a
mutating call that ended in a time-out may have happened.

`http_status` is the status (RFC 9110) for a web application that answers its own caller with the error. It blames the
caller only for what the caller sent: a missing store, a missing function and missing credentials are the application's.

A class owns its `sentence`, the message for people: raise `UserNotFoundError(username="alice")`, and every backend
words it alike. Pass a message only where more is known than the class can know. Evidence that a class does not name
is a `TypeError`; only `UsermgrError.from_wire` keeps it, because a newer peer may name more.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Self

__all__ = [
    "AccessDeniedError",
    "AliasExistsError",
    "AuditError",
    "AuthenticationError",
    "BackendNotInstalledError",
    "ConcurrentChangeError",
    "ConfigurationError",
    "ConflictError",
    "DeliveryError",
    "ExpiredCodeError",
    "GroupExistsError",
    "GroupNotFoundError",
    "IncompleteCreationError",
    "InvalidCodeError",
    "InvalidCredentialsError",
    "InvalidInputError",
    "InvalidPageTokenError",
    "InvalidPasswordError",
    "InvalidSearchError",
    "InvalidStateError",
    "LimitExceededError",
    "MfaNotAvailableError",
    "NoCredentialsError",
    "NotFoundError",
    "OperationNotAllowedError",
    "PasswordResetRequiredError",
    "ProtectedUserError",
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

    `message` is for people, names the remedy where there is one, and never holds a secret; without one, the class's
    `sentence` is used, with the evidence in its placeholders. `details` is the evidence: strings, numbers, booleans,
    `None`, or lists of strings, so that it survives the wire.

    Raises:
        TypeError: the class does not name this evidence.
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    http_status: ClassVar[int] = 500
    sentence: ClassVar[str] = "the operation failed"
    operation: str | None = None
    service_code: str | None = None

    def __init__(self, message: str | None = None, /, **evidence: Any) -> None:
        unknown = sorted(evidence.keys() - self.evidence_names())
        if unknown:
            raise TypeError(f"{type(self).__name__} has no evidence named {', '.join(unknown)}")
        self._take(self.fill(self.sentence, evidence) if message is None else message, evidence)

    @staticmethod
    def fill(sentence: str, evidence: Mapping[str, Any]) -> str:
        """The sentence with the evidence in its placeholders."""
        known = {name: value for name, value in evidence.items() if value is not None}
        return sentence.format_map(_Placeholders(known))

    def _take(self, message: str, details: dict[str, Any]) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        for name in details.keys() & self.evidence_names():
            setattr(self, name, details[name])

    @classmethod
    def evidence_names(cls) -> frozenset[str]:
        """The names that this class takes as evidence."""
        own = (inspect.get_annotations(c) for c in cls.__mro__ if issubclass(c, UsermgrError))
        return frozenset(name for names in own for name in names) - {"code", "retryable", "http_status", "sentence"}

    @classmethod
    def from_wire(cls, message: str, details: Mapping[str, Any]) -> Self:
        """The error as a peer described it. Evidence that this release does not know stays in `details`."""
        error = cls.__new__(cls)
        error._take(message, dict(details))
        return error

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_wire, (self.message, self.details)


class _Placeholders(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"(unknown {key})"


# --- The caller's set-up -----------------------------------------------------------------------------


class ConfigurationError(UsermgrError):
    """Settings are missing or malformed; `problems` names all of them, one string each."""

    code = "configuration"
    sentence = "the settings are missing or malformed"
    problems: list[str] | None = None


class BackendNotInstalledError(ConfigurationError):
    """The backend's package is not installed; `remedy` says where it must come from, as a command where one is safe."""

    code = "backend_not_installed"
    sentence = "the backend {backend} is not installed"
    backend: str | None = None
    remedy: str | None = None


class UnknownBackendError(ConfigurationError):
    """No backend of that name is known, or none was named; `choices` are the known names."""

    code = "unknown_backend"
    sentence = "no backend is named {backend}"
    backend: str | None = None
    choices: list[str] | None = None


# --- The caller's input ------------------------------------------------------------------------------


class InvalidInputError(UsermgrError):
    """A value that cannot be valid; `field` names it."""

    code = "invalid_input"
    http_status = 400
    sentence = "the value of {field} is not valid"
    field: str | None = None


class InvalidPasswordError(InvalidInputError):
    """The password does not meet the store's policy."""

    code = "invalid_password"
    sentence = "the password does not meet the password policy"
    field: str | None = "password"


class InvalidPageTokenError(InvalidInputError):
    """The page token is malformed, expired, or belongs to another query."""

    code = "invalid_page_token"
    field: str | None = "page_token"
    sentence = "the page token is malformed, too old, or from another query: start again without one"


class InvalidSearchError(InvalidInputError):
    """A search does not parse: at the character `position`, counted from 1, `expected` says what should stand there."""

    code = "invalid_search"
    sentence = "the search does not parse at character {position}: expected {expected}"
    field: str | None = "search"
    position: int | None = None
    expected: str | None = None


class UnsupportedOperationError(InvalidInputError):
    """This store cannot do that; `capability` is the name of what it lacks, as `describe()` lists it.

    `field` is the argument that asked for it, where the rest of the operation is possible.
    """

    code = "unsupported_operation"
    http_status = 501
    sentence = "this store does not support {operation}: it lacks the capability {capability}"
    capability: str | None = None


# --- What is not there, and what is there already ----------------------------------------------------


class NotFoundError(UsermgrError):
    """Something that the call names does not exist."""

    code = "not_found"
    http_status = 404
    sentence = "something that the call names does not exist"


class UserNotFoundError(NotFoundError):
    """There is no user named `username`."""

    code = "user_not_found"
    sentence = "there is no user named {username}"
    username: str | None = None


class GroupNotFoundError(NotFoundError):
    """There is no group named `group`."""

    code = "group_not_found"
    sentence = "there is no group named {group}"
    group: str | None = None


class StoreNotFoundError(NotFoundError):
    """The store of users itself (a pool, an app client, a file) does not exist."""

    code = "store_not_found"
    http_status = 500
    sentence = "the store of users does not exist: check the settings that name it"
    store: str | None = None


class ConflictError(UsermgrError):
    """The current state does not allow the call."""

    code = "conflict"
    http_status = 409
    sentence = "the current state does not allow the call"


class UserExistsError(ConflictError):
    """A user of that name already exists."""

    code = "user_exists"
    sentence = "the user {username} already exists"
    username: str | None = None
    retries: int | None = None
    """How often the SDK had sent the request again before this answer: the first sending may have made the user."""


class AliasExistsError(ConflictError):
    """Another user already owns that e-mail address, phone number or preferred name as an alias."""

    code = "alias_exists"
    sentence = "another user already has the e-mail address, phone number or preferred user name of {username}"
    username: str | None = None


class GroupExistsError(ConflictError):
    """A group of that name already exists."""

    code = "group_exists"
    sentence = "the group {group} already exists"
    group: str | None = None


class InvalidStateError(ConflictError):
    """The user's status does not allow the operation."""

    code = "invalid_state"
    sentence = "the status of {username} does not allow this operation"
    username: str | None = None


class ProtectedUserError(ConflictError):
    """A guard refused what would lock out the acting account, or the last enabled member of `group`."""

    code = "protected_user"
    sentence = "this would take away {username}, which the configuration protects"
    username: str | None = None
    group: str | None = None


class ConcurrentChangeError(ConflictError):
    """Somebody else changed the same thing at the same time."""

    code = "concurrent_change"
    retryable = True
    sentence = "somebody else changed the same thing at the same time: try again"


# --- Sign-in -----------------------------------------------------------------------------------------


class AuthenticationError(UsermgrError):
    """A sign-in, a challenge's answer or a refresh was refused."""

    code = "authentication"
    http_status = 401
    sentence = "the sign-in was refused"


class InvalidCredentialsError(AuthenticationError):
    """Unknown name, wrong password, disabled user or ended session: these look the same on purpose."""

    code = "invalid_credentials"
    sentence = (
        "the sign-in was refused: the name or the password is wrong, the user is disabled, or the session has ended"
    )


class PasswordResetRequiredError(AuthenticationError):
    """An administrator reset the password; the user must choose another first."""

    code = "password_reset_required"
    sentence = "the password was reset: the user must choose a new one first"
    username: str | None = None


class UserNotConfirmedError(AuthenticationError):
    """The user has not confirmed the account."""

    code = "user_not_confirmed"
    sentence = "the user has not confirmed the account yet"
    username: str | None = None


class InvalidCodeError(AuthenticationError):
    """The one-time code is wrong."""

    code = "invalid_code"
    sentence = "the code is wrong"


class ExpiredCodeError(AuthenticationError):
    """The one-time code or the challenge's session is too old."""

    code = "expired_code"
    sentence = "the code or the challenge has expired: sign in again"


class MfaNotAvailableError(AuthenticationError):
    """The multi-factor method that was asked for is not set up."""

    code = "mfa_not_available"
    sentence = "the user has not set up this second factor: sign in again"


# --- Permission and quota ----------------------------------------------------------------------------


class AccessDeniedError(UsermgrError):
    """The caller may not do `operation`."""

    code = "access_denied"
    http_status = 403
    sentence = "the caller does not have permission to do this"


class NoCredentialsError(AccessDeniedError):
    """The caller has no credentials, or ones that the service does not accept."""

    code = "no_credentials"
    http_status = 500
    sentence = "the caller has no credentials, or the service does not accept them"


class OperationNotAllowedError(AccessDeniedError):
    """The operation is not on this deployment's list of allowed operations."""

    code = "operation_not_allowed"
    sentence = "this deployment does not allow {operation}: ask its owner to widen the function's access"


class LimitExceededError(UsermgrError):
    """A quota on how many there may be, or on attempts in a time."""

    code = "limit_exceeded"
    http_status = 429
    sentence = "a limit is reached: too many of these exist, or there were too many attempts"


# --- The record of who changed what ------------------------------------------------------------------


class AuditError(UsermgrError):
    """The audit record of a change cannot be written; `outcome` says what became of the change all the same."""

    code = "audit"
    sentence = "the audit record cannot be written"
    outcome: str | None = None
    """`not_made`: the change was not tried. Else an `usermgr.audit.Outcome`: `done`, `failed` or `unknown`."""


# --- The service -------------------------------------------------------------------------------------


class ServiceError(UsermgrError):
    """The service failed; `service_code` is its own name for the failure."""

    code = "service"
    http_status = 502
    sentence = "the service failed"


class ThrottledError(ServiceError):
    """Too many requests; nothing was done."""

    code = "throttled"
    http_status = 503
    retryable = True
    sentence = "the service received too many requests and did nothing: try again later"


class ServiceUnavailableError(ServiceError):
    """The service cannot be reached, or failed inside."""

    code = "service_unavailable"
    http_status = 503
    retryable = True
    sentence = "the service could not be reached, or failed inside: try again later"


class ServiceTimeoutError(ServiceError):
    """No answer in time: a mutating call may or may not have happened."""

    code = "service_timeout"
    http_status = 504
    retryable = True
    sentence = "the service did not answer in time: a change may or may not have been made"


class TriggerError(ServiceError):
    """A function that the service calls during the operation failed or refused."""

    code = "trigger_failed"
    sentence = "a function that the service calls during the operation failed or refused"


class DeliveryError(ServiceError):
    """The change was made, and the message about it could not be sent."""

    code = "delivery_failed"
    sentence = "the message to {username} could not be sent, and the change that it is about was made"
    username: str | None = None


class IncompleteCreationError(ServiceError):
    """A creation failed half-way and could not be taken back: the user exists without the password."""

    code = "incomplete_creation"
    sentence = (
        "the user {username} was created without its password and could not be deleted again: delete the "
        "user, or set the password"
    )
    username: str | None = None


# --- The far side of the wire ------------------------------------------------------------------------


class RemoteError(UsermgrError):
    """The peer that runs operations for us failed; `function` names it."""

    code = "remote"
    http_status = 502
    sentence = "the function {function} could not be called"
    function: str | None = None


class RemoteNotFoundError(RemoteError):
    """The peer does not exist."""

    code = "remote_not_found"
    http_status = 500
    sentence = "there is no function named {function}"


class RemoteCrashedError(RemoteError):
    """The peer ended without an answer: a mutating call may or may not have happened."""

    code = "remote_crashed"
    sentence = "the function {function} ended without an answer: a change may or may not have been made"
    error_type: str | None = None
    """The name of the exception that ended the peer."""


class RemoteTimeoutError(RemoteError):
    """The peer ran out of time: a mutating call may or may not have happened."""

    code = "remote_timeout"
    http_status = 504
    sentence = "the function {function} ran out of time: a change may or may not have been made"


class ProtocolError(RemoteError):
    """A request or a reply that is not part of the wire protocol."""

    code = "protocol"
    sentence = "the request or the reply is not part of the wire protocol"


class VersionMismatchError(RemoteError):
    """The peers speak different versions of the wire protocol."""

    code = "version_mismatch"
    http_status = 500
    sentence = (
        "the other side speaks version {theirs} of the wire protocol and this side version {ours}: deploy "
        "both from one release"
    )
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
