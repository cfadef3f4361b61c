"""Django: a middleware that sets `request.claims`, and a decorator for views that need it. Extra `django`.

Settings: `USERMGR_JWT_VERIFIER`, the dotted path of a verifier (`"project.auth.verifier"`) or the verifier itself.

Every answer that passes either of them gets `Vary: Authorization`.
"""

# Django has no type annotations.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from functools import wraps
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.module_loading import import_string

from usermgr_jwt.integrations._bearer import VARY, BearerCheck, DeniedError, Rights, bearer_token

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Generator

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

    def denial(request: HttpRequest) -> HttpResponseBase | None:
        authorization = request.headers.get("Authorization")
        claims: Claims | None = None
        if bearer_token(authorization) is not None:
            try:
                claims = check.claims(authorization)
            except DeniedError as denied:
                return _Denied(denied)
        request.claims = claims  # as Django's own middleware adds to a request
        return None

    if iscoroutinefunction(get_response):

        async def async_middleware(request: HttpRequest) -> HttpResponseBase:
            return denial(request) or await _varied_later(get_response(request))

        return async_middleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return denial(request) or _varied(get_response(request))

    return middleware


def token_required(
    *, groups: str | Collection[str] | None = None, scopes: str | Collection[str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call the view only for a request with claims, and with one of the groups and scopes when they are given.

    The view may be a function or `View.as_view()`, or the decorator may be put on `dispatch` with `method_decorator`;
    each synchronous or asynchronous.
    """
    rights = Rights(groups=groups, scopes=scopes)

    def denial(request: HttpRequest) -> HttpResponseBase | None:
        try:
            claims = cast("Claims | None", request.claims)
        except AttributeError:
            raise ImproperlyConfigured("token_required needs cognito_middleware in MIDDLEWARE") from None
        if claims is None:
            return _Denied(DeniedError.unauthorized())
        try:
            rights.check(claims)
        except DeniedError as denied:
            return _Denied(denied)
        return None

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(view):

            @wraps(view)
            async def async_checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                return denial(request) or await _varied_later(view(request, *args, **kwargs))

            return async_checked

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return denial(request) or _varied(view(request, *args, **kwargs))

        return checked

    return decorate


class _Denied(JsonResponse):
    """The answer that denies a request. It can be awaited, as what an asynchronous view returns is.

    `dispatch` of a class-based view is a plain function that returns a coroutine when the view's methods are
    asynchronous. A decorator on it cannot see which kind it has, and its caller awaits what comes back.
    """

    def __init__(self, denied: DeniedError) -> None:
        super().__init__(denied.body, status=denied.status, headers=denied.headers)

    async def _itself(self) -> _Denied:
        return self

    def __await__(self) -> Generator[Any, Any, _Denied]:
        return self._itself().__await__()


def _varied(response: Any) -> Any:
    """The response, or the coroutine of one, with `Vary: Authorization`."""
    if not isinstance(response, HttpResponseBase) and isawaitable(response):
        return _varied_later(response)
    if isinstance(response, HttpResponseBase):  # Django itself reports a view that returns something else
        patch_vary_headers(response, [VARY])
    return response


async def _varied_later(response: Awaitable[Any]) -> Any:
    return _varied(await response)
