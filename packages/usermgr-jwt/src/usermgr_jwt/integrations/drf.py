"""Django REST framework: an authentication class, and permissions for groups and scopes. Extra `drf`.

The verifier comes from the setting `USERMGR_JWT_VERIFIER`, as for `django.py`; that middleware is not needed here.
"""

# The framework carries no types of its own, and what is inferred from its base classes is too narrow.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportIncompatibleMethodOverride=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission

from usermgr_jwt.claims import Claims
from usermgr_jwt.integrations.bearer import BearerCheck, RefusedError, Rights, bearer_token
from usermgr_jwt.integrations.django import configured_verifier

if TYPE_CHECKING:
    from collections.abc import Collection

    from rest_framework.request import Request
    from rest_framework.views import APIView

__all__ = ["CognitoAuthentication", "CognitoUser", "requires"]


class CognitoUser:
    """`request.user` of a request with a good token. There is no row in a database behind it."""

    is_authenticated = True
    is_anonymous = False
    is_active = True

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.pk = claims.sub
        self.username = claims.username or claims.sub

    def __str__(self) -> str:
        return self.username


class KeysUnavailable(APIException):
    """503: there are no keys to verify with."""

    status_code = 503
    default_code = "temporarily_unavailable"


class CognitoAuthentication(BaseAuthentication):
    """`request.user` is a CognitoUser and `request.auth` the claims; a bad token is 401, missing keys are 503."""

    def authenticate(self, request: Request) -> tuple[CognitoUser, Claims] | None:
        """None without a bearer token: then another authentication class, or a permission, decides."""
        authorization = request.headers.get("Authorization")
        if bearer_token(authorization) is None:
            return None
        try:
            claims = BearerCheck(configured_verifier()).claims(authorization)
        except RefusedError as refused:
            raise self._exception(request, refused) from refused
        return CognitoUser(claims), claims

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401. The framework asks for it after `authenticate` has failed."""
        return getattr(request, "usermgr_jwt_challenge", 'Bearer realm="api"')

    @staticmethod
    def _exception(request: Request, refused: RefusedError) -> APIException:
        if refused.status == 503:
            unavailable = KeysUnavailable(refused.body["error"])
            unavailable.wait = int(refused.headers["Retry-After"])  # as the framework's own Throttled has it
            return unavailable
        if refused.status == 403:
            return _denied(refused)
        request.usermgr_jwt_challenge = refused.headers["WWW-Authenticate"]
        return AuthenticationFailed(refused.body["error"], refused.body["code"])


def requires(
    *, groups: str | Collection[str] | None = None, scopes: str | Collection[str] | None = None
) -> type[BasePermission]:
    """A permission class: a good token, with one of the groups and one of the scopes when they are given."""
    rights = Rights(groups=groups, scopes=scopes)

    class HasRights(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - the framework's signature
            claims: Any = request.auth
            if not isinstance(claims, Claims):
                return False
            try:
                rights.check(claims)
            except RefusedError as refused:
                raise _denied(refused) from refused
            return True

    return HasRights


def _denied(refused: RefusedError) -> PermissionDenied:
    denied = PermissionDenied(refused.body["error"], refused.body["code"])
    denied.auth_header = refused.headers["WWW-Authenticate"]  # the framework's handler sends it
    return denied
