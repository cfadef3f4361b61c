"""Django: a middleware that sets `request.claims`, and a decorator for views that need it. Extra `django`.

Settings: `USERMGR_JWT_VERIFIER`, the dotted path of a verifier (`"project.auth.verifier"`) or the verifier itself.
"""

# Django has no type annotations.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.decorators import sync_and_async_middleware
from django.utils.module_loading import import_string

from usermgr_jwt.integrations._bearer import BearerCheck, DeniedError, Rights, bearer_token

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from usermgr_jwt._claims import Claims
    from usermgr_jwt._verifier import Verifier

__all__ = ["cognito_middleware", "configured_verifier", "token_required"]


def configured_verifier() -> Verifier:
    """The verifier that the setting names."""
    setting: Any = getattr(settings, "USERMGR_JWT_VERIFIER", None)
    if setting is None:
        raise ImproperlyConfigured("USERMGR_JWT_VERIFIER must be a verifier or its dotted path")
    return import_string(setting) if isinstance(setting, str) else setting


@sync_and_async_middleware
def cognito_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Set `request.claims` from a bearer token: None without one; answer 401, 403 or 503 for a token that fails.

    Public pages stay public: put `token_required` on the views that need a token.
    """
    check = BearerCheck(configured_verifier())

    def refusal(request: HttpRequest) -> HttpResponseBase | None:
        authorization = request.headers.get("Authorization")
        claims: Claims | None = None
        if bearer_token(authorization) is not None:
            try:
                claims = check.claims(authorization)
            except DeniedError as denied:
                return _response(denied)
        request.claims = claims  # as Django's own middleware adds to a request
        return None

    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            return refusal(request) or await get_response(request)

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return refusal(request) or get_response(request)

    return middleware


def token_required(
    *, groups: str | Collection[str] | None = None, scopes: str | Collection[str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call the view only for a request with claims, and with one of the groups and scopes when they are given."""
    rights = Rights(groups=groups, scopes=scopes)

    def refusal(request: HttpRequest) -> HttpResponseBase | None:
        try:
            claims = cast("Claims | None", request.claims)
        except AttributeError:
            raise ImproperlyConfigured("token_required needs cognito_middleware in MIDDLEWARE") from None
        if claims is None:
            return _response(DeniedError.unauthorized())
        try:
            rights.check(claims)
        except DeniedError as denied:
            return _response(denied)
        return None

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(view):

            @wraps(view)
            async def async_checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                return refusal(request) or await view(request, *args, **kwargs)

            return async_checked

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return refusal(request) or view(request, *args, **kwargs)

        return checked

    return decorate


def _response(denied: DeniedError) -> JsonResponse:
    return JsonResponse(denied.body, status=denied.status, headers=denied.headers)
