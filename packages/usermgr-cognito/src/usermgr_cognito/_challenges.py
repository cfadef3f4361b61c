"""The steps of a sign-in after the password: Cognito's challenges as usermgr's, and answers in Cognito's words.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminRespondToAuthChallenge.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from usermgr import Challenge, ChallengeName
from usermgr.errors import InvalidCodeError, InvalidInputError, MfaNotAvailableError, UnsupportedOperationError
from usermgr_cognito._client import call
from usermgr_cognito._mfa import METHODS

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Challenges", "required_attributes"]

_ANSWERS = {
    ChallengeName.NEW_PASSWORD_REQUIRED: "NEW_PASSWORD",
    ChallengeName.SMS_MFA: "SMS_MFA_CODE",
    ChallengeName.EMAIL_OTP: "EMAIL_OTP_CODE",
    ChallengeName.SOFTWARE_TOKEN_MFA: "SOFTWARE_TOKEN_MFA_CODE",
}
"""The response that carries the answer, which Cognito takes as it is."""

_CHOICES = ("MFAS_CAN_CHOOSE", "MFAS_CAN_SELECT")
"""The parameter with the methods, and the name that it has in the developer guide."""

_AN_APP = "SOFTWARE_TOKEN_MFA"
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


class Challenges:
    """The challenges of one pool's sign-ins."""

    def __init__(self, client: CognitoIdentityProviderClient) -> None:
        self._client = client

    def read(self, response: Mapping[str, Any], username: str) -> Challenge:
        """The challenge in an answer of (Admin)InitiateAuth or RespondToAuthChallenge.

        MFA_SETUP begins with a new secret for an authenticator app, which Cognito gives for the challenge's session
        alone: neither AssociateSoftwareToken nor VerifySoftwareToken takes an IAM identity.
        """
        parameters: dict[str, str] = dict(response.get("ChallengeParameters", {}))
        name, session = ChallengeName(response["ChallengeName"]), response.get("Session")
        # The real name, where the sign-in used an alias: the answer's hash is made with it.
        username = parameters.get("USER_ID_FOR_SRP", username)
        if name is ChallengeName.SELECT_MFA_TYPE:
            parameters["methods"] = ",".join(_choices(parameters))
        if name is ChallengeName.MFA_SETUP and _AN_APP in _words(parameters.get("MFAS_CAN_SETUP")):
            begun = call(self._client.associate_software_token, sign_in_of=username, Session=session)
            parameters["secret_code"] = begun["SecretCode"]
            session = begun.get("Session", session)
        return Challenge(name=name, username=username, session=session, parameters=parameters)

    def responses(self, challenge: Challenge, answer: str) -> tuple[dict[str, str], str | None]:
        """`ChallengeResponses` for the answer, and the session to send with them.

        Raises `InvalidInputError`, `InvalidCodeError`, and `UnsupportedOperationError` for a challenge that cannot be
        answered here.
        """
        named = {"USERNAME": challenge.username}
        if challenge.name in _ANSWERS:
            return {**named, _ANSWERS[challenge.name]: answer}, challenge.session
        if challenge.name == ChallengeName.SELECT_MFA_TYPE:
            choices = _choices(challenge.parameters)
            if answer not in choices:
                raise InvalidInputError(f"answer must be one of {', '.join(choices) or 'none'}", field="answer")
            return {**named, "ANSWER": choices[answer]}, challenge.session
        if challenge.name == ChallengeName.MFA_SETUP:
            return named, self._verify(challenge, answer)
        raise UnsupportedOperationError(
            f"the challenge {str(challenge.name)[:100]!r} cannot be answered here",
            operation="answer_challenge",
            field="challenge",
        )

    def _verify(self, challenge: Challenge, code: str) -> str | None:
        """The session that proves the app's code. A wrong one leaves the challenge open."""
        if "secret_code" not in challenge.parameters:
            raise MfaNotAvailableError(
                "the pool asks for an address as the second factor, and offers no authenticator app: set phone_number "
                "or email with update_user, and sign in again"
            )
        if _CODE.fullmatch(code) is None:
            raise InvalidInputError("answer must be the six digits that the authenticator app shows", field="answer")
        done = call(
            self._client.verify_software_token,
            sign_in_of=challenge.username,
            Session=challenge.session,
            UserCode=code,
        )
        # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
        if done["Status"] == "ERROR":
            raise InvalidCodeError
        return done.get("Session", challenge.session)


def _choices(parameters: Mapping[str, str]) -> dict[str, str]:
    """Cognito's words for the methods that a user can choose, by ours."""
    words = next((parameters[name] for name in _CHOICES if name in parameters), None)
    return {str(METHODS.get(word, word.lower())): word for word in _words(words)}


def _words(text: Any) -> list[str]:
    """The items of a list that Cognito writes as JSON in a string."""
    try:
        items = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return []
    return [str(item) for item in cast("list[object]", items)] if isinstance(items, list) else []


def required_attributes(challenge: Challenge) -> list[str]:
    """The attributes that the challenge asks for; Cognito writes `["userAttributes.name"]`."""
    return [name.removeprefix("userAttributes.") for name in _words(challenge.parameters.get("requiredAttributes"))]
