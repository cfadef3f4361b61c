"""Django REST framework: an authentication class, and permissions for groups and scopes. Extra `drf`.

The verifier comes from the setting `USERMGR_JWT_VERIFIER`, as for `django.py`; its middleware is not needed here.
"""

# The framework has no type annotations, and the types inferred from its base classes are too narrow.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportIncompatibleMethodOverride=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission

from usermgr_jwt._claims import Claims
from usermgr_jwt.integrations._bearer import VARY, BearerCheck, DeniedError, Rights, bearer_token, challenge
from usermgr_jwt.integrations.django import configured_verifier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from rest_framework.request import Request
    from rest_framework.views import APIView

__all__ = ["CognitoAuthentication", "CognitoUser", "requires"]


class CognitoUser:
    """`request.user` of a request with a good token. It has no row in a database.

    Nobody is staff, and nobody has a permission of Django's, which are rows in a database too: `IsAdminUser` and
    `DjangoModelPermissions` deny with 403. Use `requires(groups=...)`, or a subclass that decides by its claims.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.id = self.pk = claims.sub
        self.username = claims.username or claims.sub

    def __str__(self) -> str:
        return self.username

    def get_username(self) -> str:
        """The user name, or a machine's client id."""
        return self.username

    def get_all_permissions(self, obj: object = None) -> set[str]:  # noqa: ARG002 - Django's signature
        """No permission."""
        return set()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Whether the user has a permission of Django's."""
        return perm in self.get_all_permissions(obj)

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        """Whether the user has all of these permissions. An empty list asks for nothing, and is granted."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the user has any permission of an application."""
        return any(perm.startswith(f"{app_label}.") for perm in self.get_all_permissions())


class KeysUnavailable(APIException):
    """503: there are no keys to verify with."""

    status_code = 503
    default_code = "temporarily_unavailable"


class CognitoAuthentication(BaseAuthentication):
    """`request.user` is a CognitoUser and `request.auth` the claims; a bad token is 401, missing keys are 503.

    Every answer of a view that asks this class gets `Vary: Authorization`. Django's `cache_page` sees it on `dispatch`
    or around `as_view()`; on a handler method such as `get` it stores the page before: use `vary_on_headers` there.
    """

    def authenticate(self, request: Request) -> tuple[CognitoUser, Claims] | None:
        """None without a bearer token: then another authentication class, or a permission, decides."""
        _vary(request)
        authorization = request.headers.get("Authorization")
        if bearer_token(authorization) is None:
            return None
        try:
            claims = BearerCheck(configured_verifier()).claims(authorization)
        except DeniedError as denied:
            raise self._exception(request, denied) from denied
        return CognitoUser(claims), claims

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401. The framework asks for it after `authenticate` has failed."""
        return getattr(request, "usermgr_jwt_challenge", challenge())

    @staticmethod
    def _exception(request: Request, denied: DeniedError) -> APIException:
        if denied.status == 503:
            unavailable = KeysUnavailable(denied.body["error"])
            unavailable.wait = int(denied.headers["Retry-After"])  # the attribute that the framework's Throttled has
            return unavailable
        if denied.status == 403:
            return _permission_denied(denied)
        request.usermgr_jwt_challenge = denied.headers["WWW-Authenticate"]
        return AuthenticationFailed(denied.body["error"], denied.body["code"])


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
            except DeniedError as denied:
                raise _permission_denied(denied) from denied
            return True

    return HasRights


def _permission_denied(denied: DeniedError) -> PermissionDenied:
    exception = PermissionDenied(denied.body["error"], denied.body["code"])
    exception.auth_header = denied.headers["WWW-Authenticate"]  # the framework's handler sends it
    return exception


def _vary(request: Request) -> None:
    """Have the view add `Vary: Authorization` to its response, as it does with its own headers."""
    context = cast("dict[str, object]", request.parser_context or {})
    headers: dict[str, str] | None = getattr(context.get("view"), "headers", None)
    if headers is not None:
        headers["Vary"] = f"{headers['Vary']}, {VARY}" if headers.get("Vary") else VARY
