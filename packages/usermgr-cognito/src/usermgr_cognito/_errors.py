"""Cognito's errors, and the SDK's, as usermgr's: one table each, used in one place.

Codes: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html and the
"Errors" part of each operation's page there. A test derives the list from botocore's service model.
"""

from __future__ import annotations

from typing import Any

from botocore import exceptions as sdk

from usermgr import errors

__all__ = ["CODES", "SIGN_IN_CODES", "from_client_error", "from_sdk_error"]

SDK_ERRORS = (sdk.BotoCoreError, sdk.ClientError)

CODES: dict[str, type[errors.UsermgrError]] = {
    "UserNotFoundException": errors.UserNotFoundError,
    "UsernameExistsException": errors.UserExistsError,
    "AliasExistsException": errors.AliasExistsError,
    "GroupExistsException": errors.GroupExistsError,
    "ResourceNotFoundException": errors.StoreNotFoundError,
    "UnsupportedUserStateException": errors.InvalidStateError,
    "ConcurrentModificationException": errors.ConcurrentChangeError,
    "PreconditionNotMetException": errors.InvalidStateError,
    # The caller's input
    "InvalidPasswordException": errors.InvalidPasswordError,
    "PasswordHistoryPolicyViolationException": errors.InvalidPasswordError,
    "InvalidParameterException": errors.InvalidInputError,
    "UnsupportedOperationException": errors.UnsupportedOperationError,
    "OperationNotEnabledException": errors.UnsupportedOperationError,
    "FeatureUnavailableInTierException": errors.UnsupportedOperationError,
    # Sign-in
    "PasswordResetRequiredException": errors.PasswordResetRequiredError,
    "UserNotConfirmedException": errors.UserNotConfirmedError,
    "CodeMismatchException": errors.InvalidCodeError,
    "ExpiredCodeException": errors.ExpiredCodeError,
    "MFAMethodNotFoundException": errors.MfaNotAvailableError,
    "SoftwareTokenMFANotFoundException": errors.MfaNotAvailableError,
    "UnsupportedTokenTypeException": errors.InvalidCredentialsError,
    "RefreshTokenReuseException": errors.InvalidCredentialsError,
    # Permission
    "NotAuthorizedException": errors.AccessDeniedError,
    "AccessDeniedException": errors.AccessDeniedError,
    "ForbiddenException": errors.AccessDeniedError,
    "UnrecognizedClientException": errors.NoCredentialsError,
    "InvalidClientTokenId": errors.NoCredentialsError,
    "InvalidSignatureException": errors.NoCredentialsError,
    "IncompleteSignature": errors.NoCredentialsError,
    "IncompleteSignatureException": errors.NoCredentialsError,
    "MissingAuthenticationToken": errors.NoCredentialsError,
    "MissingAuthenticationTokenException": errors.NoCredentialsError,
    "ExpiredToken": errors.NoCredentialsError,
    "ExpiredTokenException": errors.NoCredentialsError,
    "NotAuthorized": errors.AccessDeniedError,
    "OptInRequired": errors.AccessDeniedError,
    # Quotas
    "LimitExceededException": errors.LimitExceededError,
    "TooManyFailedAttemptsException": errors.LimitExceededError,
    "TooManyRequestsException": errors.ThrottledError,
    "Throttling": errors.ThrottledError,
    "ThrottlingException": errors.ThrottledError,
    "RequestLimitExceeded": errors.ThrottledError,
    # The service, and what the pool calls during an operation
    "InternalErrorException": errors.ServiceUnavailableError,
    "InternalFailure": errors.ServiceUnavailableError,
    "ServiceUnavailable": errors.ServiceUnavailableError,
    "RequestExpired": errors.NoCredentialsError,
    "UserLambdaValidationException": errors.TriggerError,
    "UnexpectedLambdaException": errors.TriggerError,
    "InvalidLambdaResponseException": errors.TriggerError,
    "CodeDeliveryFailureException": errors.ServiceError,
    "InvalidEmailRoleAccessPolicyException": errors.ServiceError,
    "InvalidSmsRoleAccessPolicyException": errors.ServiceError,
    "InvalidSmsRoleTrustRelationshipException": errors.ServiceError,
    "InvalidUserPoolConfigurationException": errors.ServiceError,
    "UserPoolAddOnNotEnabledException": errors.UnsupportedOperationError,
    "UserImportInProgressException": errors.ConcurrentChangeError,
}

SIGN_IN_CODES: dict[str, type[errors.UsermgrError]] = {
    "NotAuthorizedException": errors.InvalidCredentialsError,
    # A pool may still tell unknown names apart (PreventUserExistenceErrors=LEGACY); we never do.
    "UserNotFoundException": errors.InvalidCredentialsError,
}

_OPERATION_CODES: dict[str, dict[str, type[errors.UsermgrError]]] = {
    # Not about the caller: a disabled user, or one whose password cannot be reset in its state.
    "AdminResetUserPassword": {"NotAuthorizedException": errors.InvalidStateError},
}

_SDK: tuple[tuple[type[Exception], type[errors.UsermgrError], str], ...] = (
    (sdk.NoCredentialsError, errors.NoCredentialsError, "no AWS credentials were found"),
    (sdk.PartialCredentialsError, errors.NoCredentialsError, "the AWS credentials are incomplete"),
    (sdk.CredentialRetrievalError, errors.NoCredentialsError, "the AWS credentials could not be retrieved"),
    (sdk.ProfileNotFound, errors.NoCredentialsError, "the AWS profile does not exist"),
    (sdk.SSOError, errors.NoCredentialsError, "the AWS sign-on session is missing or expired"),
    (sdk.ConnectTimeoutError, errors.ServiceUnavailableError, "the service could not be reached in time"),
    (sdk.ReadTimeoutError, errors.ServiceTimeoutError, "the service did not answer in time"),
    (sdk.ConnectionClosedError, errors.ServiceTimeoutError, "the connection was closed before the answer came"),
    (sdk.ResponseStreamingError, errors.ServiceTimeoutError, "the answer broke off"),
    (sdk.IncompleteReadError, errors.ServiceTimeoutError, "the answer broke off"),
    (sdk.ConnectionError, errors.ServiceUnavailableError, "the service could not be reached"),
    (sdk.HTTPClientError, errors.ServiceUnavailableError, "the service could not be reached"),
)


def from_client_error(error: sdk.ClientError, *, sign_in: bool = False, **evidence: Any) -> errors.UsermgrError:
    """The usermgr error for one that Cognito answered with. Its message is ours: theirs may quote input."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    special = SIGN_IN_CODES if sign_in else _OPERATION_CODES.get(error.operation_name, {})
    cls = special.get(code) or CODES.get(code)
    if cls is None:
        cls = errors.ServiceUnavailableError if status >= 500 else errors.ServiceError
    message = _MESSAGES.get(cls, (cls.__doc__ or code).split("\n")[0])
    if sign_in and cls is errors.InvalidInputError:
        message = "the app client does not accept this sign-in: allow ALLOW_ADMIN_USER_PASSWORD_AUTH on CLIENT_ID"
    text = message.format_map(_Evidence(evidence))
    if cls is errors.InvalidCredentialsError:
        return cls(text)  # with more evidence, an unknown name and a wrong password could be told apart
    # A call that was sent again tells on its first sending: see `creation`.
    retries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
    more = {"retries": retries} if retries else {}
    return cls(text, **evidence, **more, service_code=code, operation=error.operation_name)


def from_sdk_error(error: sdk.BotoCoreError, operation: str) -> errors.UsermgrError:
    """The usermgr error for one that the SDK raised before, or instead of, an answer."""
    if isinstance(error, sdk.ParamValidationError):
        # Its text quotes the offending value, a password included: nothing of it is kept.
        return errors.InvalidInputError(f"a value does not have the form that {operation} takes", operation=operation)
    for kind, cls, message in _SDK:
        if isinstance(error, kind):
            return cls(f"{operation}: {message}", operation=operation)
    return errors.ServiceError(f"{operation}: the SDK failed with {type(error).__name__}", operation=operation)


class _Evidence(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"({key})"


_MESSAGES: dict[type[errors.UsermgrError], str] = {
    errors.UserNotFoundError: "no user answers to the name {username}",
    errors.UserExistsError: "the user {username} exists",
    errors.AliasExistsError: "another user owns an alias (e-mail, phone number or preferred name) of {username}",
    errors.GroupExistsError: "the group {group} exists",
    errors.GroupNotFoundError: "no group is named {group}",
    errors.StoreNotFoundError: "no such user pool or app client: check USERPOOL_ID, CLIENT_ID and AWS_REGION",
    errors.InvalidStateError: "the status of {username} does not allow this operation",
    errors.InvalidPasswordError: "the password does not meet the pool's password policy",
    errors.InvalidInputError: "the pool does not accept a value: check the attributes against its schema",
    errors.InvalidCredentialsError: "the sign-in was refused: wrong name or password, a disabled user, or a dead token",
    errors.PasswordResetRequiredError: "the password was reset: the user must choose another first",
    errors.UserNotConfirmedError: "the user has not confirmed the account",
    errors.InvalidCodeError: "the code is wrong",
    errors.ExpiredCodeError: "the code or the session of the challenge has expired: sign in again",
    errors.AccessDeniedError: "the caller's AWS identity may not do this: grant it the action on the pool's ARN",
    errors.NoCredentialsError: "AWS does not accept the credentials: they are unknown, expired or of another Region",
    errors.ThrottledError: "too many requests: the quota of the account in this Region is used up for the moment",
    errors.LimitExceededError: "a limit of the pool is reached, or there were too many attempts",
    errors.TriggerError: "a Lambda function that the pool calls failed or refused",
    errors.ServiceUnavailableError: "Cognito failed inside: try again later",
}
