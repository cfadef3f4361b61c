"""Cognito's error codes as errors of usermgr: one table, used in one place.

Codes: the "Errors" part of each operation's page in
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/. A test derives the list from botocore's
service model.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from usermgr import errors
from usermgr_aws import COMMON_CODES, Answer, error_from_code

__all__ = ["CODES", "SIGN_IN_CODES", "TARGET", "from_answer", "from_client_error"]

TARGET = "AWSCognitoIdentityProviderService"
"""The prefix of `X-Amz-Target` in raw requests."""

CODES: dict[str, type[errors.UsermgrError]] = {
    **COMMON_CODES,
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
    "EnableSoftwareTokenMFAException": errors.InvalidCodeError,
    "ExpiredCodeException": errors.ExpiredCodeError,
    "MFAMethodNotFoundException": errors.MfaNotAvailableError,
    "SoftwareTokenMFANotFoundException": errors.MfaNotAvailableError,
    "UnsupportedTokenTypeException": errors.InvalidCredentialsError,
    "RefreshTokenReuseException": errors.InvalidCredentialsError,
    # Permission and quotas
    "NotAuthorizedException": errors.AccessDeniedError,
    "LimitExceededException": errors.LimitExceededError,
    "TooManyFailedAttemptsException": errors.LimitExceededError,
    # The service, and what the pool calls during an operation
    "InternalErrorException": errors.ServiceUnavailableError,
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
    # A pool may still reveal unknown names (PreventUserExistenceErrors=LEGACY); we never do.
    "UserNotFoundException": errors.InvalidCredentialsError,
}

_NOT_READY = ("PasswordResetRequiredException", "UserNotConfirmedException")

_OPERATION_CODES: dict[str, dict[str, type[errors.UsermgrError]]] = {
    # Not about the caller: a disabled user, or one whose password cannot be reset in its state.
    "AdminResetUserPassword": {"NotAuthorizedException": errors.InvalidStateError},
    # Not about the caller: a user in another status than UNCONFIRMED.
    "AdminConfirmSignUp": {"NotAuthorizedException": errors.InvalidStateError},
    # Not about a sign-in: a user whose password was reset, or who is not confirmed, cannot change second factors.
    "AdminSetUserMFAPreference": dict.fromkeys(_NOT_READY, errors.InvalidStateError),
    "AdminDeleteSoftwareToken": dict.fromkeys(_NOT_READY, errors.InvalidStateError),
}

_SENTENCES: dict[type[errors.UsermgrError] | str, str] = {
    # By class: what only Cognito's users can act on.
    errors.StoreNotFoundError: "there is no such user pool or app client: check USERPOOL_ID, CLIENT_ID and AWS_REGION",
    errors.InvalidInputError: "the pool does not accept a value",
    errors.AccessDeniedError: "the caller's AWS identity lacks a permission: allow cognito-idp:{operation} on "
    "the pool's ARN",
    errors.ThrottledError: "too many requests: the account's quota in this Region is used up for the moment",
    errors.LimitExceededError: "a limit of the pool is reached, or there were too many attempts",
    errors.TriggerError: "a Lambda function that the pool calls during this operation failed or refused",
    errors.ServiceUnavailableError: "Cognito failed inside: try again later",
    errors.UnsupportedOperationError: "this pool does not allow the operation",
    # By code, where a class has several causes.
    "PasswordHistoryPolicyViolationException": "the password was used before: the pool's policy asks for a new one",
    "PreconditionNotMetException": "{username} does not meet a precondition of this operation",
    "FeatureUnavailableInTierException": "the pool's feature plan does not include this: choose Essentials or Plus",
    "OperationNotEnabledException": "this pool does not allow the operation: it may be a read-only replica",
    "UserPoolAddOnNotEnabledException": "the pool does not have the add-on (threat protection) that this needs",
    "TooManyFailedAttemptsException": "there were too many failed attempts: wait, and try again",
    "CodeDeliveryFailureException": "the message with the code could not be delivered: check the address, and the "
    "e-mail or SMS settings of the pool",
    "InvalidEmailRoleAccessPolicyException": "Cognito may not send e-mail through the pool's SES identity: check its "
    "sending authorization policy",
    "InvalidSmsRoleAccessPolicyException": "the pool's SMS role does not allow sns:Publish: check its policy",
    "InvalidSmsRoleTrustRelationshipException": "the pool's SMS role does not trust Cognito, or its external id "
    "differs: check its trust policy",
    "InvalidUserPoolConfigurationException": "the pool's configuration does not allow this: check its settings",
    "UserImportInProgressException": "users are being imported into the pool: try again when the import has ended",
}


def from_client_error(
    error: ClientError, *, sign_in: bool = False, field: str | None = None, **evidence: Any
) -> errors.UsermgrError:
    """The error for one that Cognito answered with. Its message is ours, because theirs may quote input.

    `field` is the argument that a refused value belongs to, where nothing else is known of it.
    """
    code = str(error.response.get("Error", {}).get("Code", ""))
    metadata = error.response.get("ResponseMetadata", {})
    special = SIGN_IN_CODES if sign_in else _OPERATION_CODES.get(error.operation_name, {})
    codes = {**CODES, **special}
    if codes.get(code) is errors.InvalidInputError:
        evidence["field"] = field
    translated = error_from_code(
        codes,
        _SENTENCES,
        code,
        status=metadata.get("HTTPStatusCode", 0),
        operation=error.operation_name,
        retries=metadata.get("RetryAttempts") or None,
        **evidence,
    )
    if isinstance(translated, errors.InvalidCredentialsError):
        return errors.InvalidCredentialsError()  # evidence could reveal whether the name or the password is wrong
    return translated


def from_answer(answer: Answer, operation: str, *, sign_in: bool = False, **evidence: Any) -> errors.UsermgrError:
    """The error for a raw request's answer with a code: the same as where the SDK had made the request."""
    response: Any = {"Error": {"Code": answer.code}, "ResponseMetadata": {"HTTPStatusCode": answer.status}}
    return from_client_error(ClientError(response, operation), sign_in=sign_in, **evidence)
