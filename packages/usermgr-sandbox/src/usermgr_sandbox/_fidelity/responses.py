"""Corrected request handlers, where moto's drop or cut what the backend needs.

Cognito's handler does not pass ClientMetadata on, and Lambda's cuts answers at 6,000,000 bytes, where AWS's limit is
6,291,556.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse
from moto.cognitoidp.models import CognitoIdpUser
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult, EmptyResult

from usermgr_sandbox._fidelity.mfa import EMAIL, SMS, TOKEN, switched_on
from usermgr_sandbox._fidelity.pool import all_pools
from usermgr_sandbox._fidelity.triggers import client_metadata
from usermgr_sandbox._fidelity.world import force_alias, mediums

__all__ = ["SandboxCognitoResponse", "SandboxLambdaResponse"]


class _WholeClient(ActionResult):
    """An app client with all its members, also those that the models of older SDKs do not have, as plain JSON."""

    def __init__(self, answer: ActionResult) -> None:
        members = cast("dict[str, dict[str, Any]]", answer.result)["UserPoolClient"]
        kept = {name: value for name, value in members.items() if name != "GenerateSecret" and value is not None}
        super().__init__({"UserPoolClient": kept})

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:  # noqa: ARG002 - of the base
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(self.result)


def _with_factors(answer: ActionResult, user: CognitoIdpUser) -> ActionResult:
    """The answer with the second factors that the user has on, as the API reference of AdminGetUser has them."""
    members = cast("dict[str, Any]", answer.result)
    members.pop("MFAOptions", None)
    on = switched_on(user)
    members["UserMFASettingList"] = [method for method in (SMS, EMAIL, TOKEN) if method in on] or None
    members["PreferredMfaSetting"] = user.preferred_mfa_setting or None
    return ActionResult({name: value for name, value in members.items() if value is not None})


class SandboxCognitoResponse(CognitoIdpResponse):
    """Registered instead of moto's own."""

    def admin_respond_to_auth_challenge(self) -> ActionResult:
        with self._metadata():
            return super().admin_respond_to_auth_challenge()

    def respond_to_auth_challenge(self) -> ActionResult:
        with self._metadata():
            return super().respond_to_auth_challenge()

    def admin_create_user(self) -> ActionResult:
        token = force_alias.set(bool(self.parameters.get("ForceAliasCreation")))
        wanted = mediums.set(tuple(self.parameters.get("DesiredDeliveryMediums") or ()))
        try:
            return super().admin_create_user()
        finally:
            force_alias.reset(token)
            mediums.reset(wanted)

    def admin_get_user(self) -> ActionResult:
        asked = self.parameters
        return _with_factors(
            super().admin_get_user(), self.backend.admin_get_user(asked["UserPoolId"], asked["Username"])
        )

    def get_user(self) -> ActionResult:
        token = self.parameters["AccessToken"]
        return _with_factors(super().get_user(), self._holder_of(token).get_user(token))

    def set_user_pool_mfa_config(self) -> ActionResult:
        return ActionResult(self._corrected.set_mfa_config(self.parameters["UserPoolId"], self.parameters))

    def admin_set_user_mfa_preference(self) -> ActionResult:
        self._corrected.prefer(self.parameters["UserPoolId"], self.parameters["Username"], self._preferences())
        return EmptyResult()

    def set_user_mfa_preference(self) -> ActionResult:
        token = self.parameters["AccessToken"]
        backend = self._holder_of(token)
        user = backend.get_user(token)
        backend.prefer(user.user_pool_id, user.username, self._preferences())
        return EmptyResult()

    def _preferences(self) -> dict[str, dict[str, bool]]:
        members = {SMS: "SMSMfaSettings", EMAIL: "EmailMfaSettings", TOKEN: "SoftwareTokenMfaSettings"}
        return {method: self.parameters[name] for method, name in members.items() if self.parameters.get(name)}

    def associate_software_token(self) -> ActionResult:
        asked = self.parameters
        backend = self._in_setup(asked.get("Session"), asked.get("AccessToken"))
        return ActionResult(backend.associate_software_token(asked.get("AccessToken"), asked.get("Session")))

    def verify_software_token(self) -> ActionResult:
        asked = self.parameters
        backend = self._in_setup(asked.get("Session"), asked.get("AccessToken"))
        return ActionResult(
            backend.verify_software_token(asked.get("AccessToken"), asked.get("Session"), asked["UserCode"], "")
        )

    def admin_delete_software_token(self) -> str:
        """As plain JSON, because the models of older SDKs do not have it."""
        self._corrected.admin_delete_software_token(self.parameters["UserPoolId"], self.parameters["Username"])
        return "{}"

    def create_user_pool_client(self) -> ActionResult:
        return _WholeClient(super().create_user_pool_client())

    def describe_user_pool_client(self) -> ActionResult:
        return _WholeClient(super().describe_user_pool_client())

    def update_user_pool_client(self) -> ActionResult:
        return _WholeClient(super().update_user_pool_client())

    def get_tokens_from_refresh_token(self) -> str:
        """As plain JSON, because the models of older SDKs, which moto would serialize it by, do not have it.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html"""
        asked = self.parameters
        with self._metadata():
            result = self._region_of(asked["ClientId"]).get_tokens_from_refresh_token(
                asked["RefreshToken"], asked["ClientId"], asked.get("ClientSecret")
            )
        return json.dumps(result)

    def list_user_pool_replicas(self) -> str:
        """No pool has any. As plain JSON, as above.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolReplicas.html"""
        self.backend.describe_user_pool(self.parameters["UserPoolId"])
        return json.dumps({"UserPoolReplicas": []})

    def verify_user_attribute(self) -> ActionResult:
        """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html"""
        asked = self.parameters
        self._holder_of(asked["AccessToken"]).verify_user_attribute(
            asked["AccessToken"], asked["AttributeName"], asked["Code"]
        )
        return EmptyResult()

    def get_user_attribute_verification_code(self) -> ActionResult:
        """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html"""
        asked = self.parameters
        details = self._holder_of(asked["AccessToken"]).get_user_attribute_verification_code(
            asked["AccessToken"], asked["AttributeName"]
        )
        return ActionResult({"CodeDeliveryDetails": details})

    @property
    def _corrected(self) -> Any:
        """The backend, with the methods that moto's does not have."""
        return self.backend

    def _in_setup(self, session: str | None, access_token: str | None) -> Any:
        """The backend with the session of a challenge, or with the access token."""
        if not session:
            return self._holder_of(access_token or "")
        backends: list[Any] = [pool.backend for pool in all_pools()]
        return next((each for each in backends if session in each.sessions_of_challenges()), self.backend)

    def _region_of(self, client_id: str) -> Any:
        """The backend with the client: a request without a signature does not tell its region."""
        return next((pool.backend for pool in all_pools() if client_id in pool.clients), self.backend)

    def _holder_of(self, access_token: str) -> Any:
        """The backend that issued the token."""
        return next((pool.backend for pool in all_pools() if access_token in pool.access_tokens), self.backend)

    @contextmanager
    def _metadata(self) -> Generator[None]:
        """The request's ClientMetadata, for the trigger that runs meanwhile."""
        token = client_metadata.set(self.parameters.get("ClientMetadata"))
        try:
            yield
        finally:
            client_metadata.reset(token)


class SandboxLambdaResponse(LambdaResponse):
    """Registered instead of moto's own."""

    def invoke(self) -> tuple[int, dict[str, str], str | bytes]:
        """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax"""
        name, headers = unquote(self.path.rsplit("/", 2)[-2]), dict[str, str]()
        payload = self.backend.invoke(
            name, self.querystring.get("Qualifier", [None])[0], self.body, self.headers, headers
        )
        status = _STATUS.get(self.headers.get("X-Amz-Invocation-Type", "RequestResponse"), 200)
        if self.headers.get("X-Amz-Log-Type") != "Tail":
            headers.pop("x-amz-log-result", None)
        headers |= {"content-type": "application/json", "status": str(status)}
        return status, headers, payload or b""

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
        """Keeps the id of the invocation, which moto would replace."""
        own = {name: value for name, value in headers.items() if name == "x-amzn-requestid"}
        enriched, body = LambdaResponse._enrich_response(headers, body)
        return enriched | own, body


_STATUS = {"Event": 202, "DryRun": 204}
