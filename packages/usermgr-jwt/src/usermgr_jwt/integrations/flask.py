"""Flask: `@token_required(verifier)` on a view or a `before_request` function; the claims are in `flask.g.claims`.

Extra `flask`.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from flask import Response, after_this_request, current_app, g, jsonify, request

from usermgr_jwt.integrations._bearer import REALM, VARY, BearerCheck, DeniedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from usermgr_jwt._verifier import Verifier

__all__ = ["token_required"]

P = ParamSpec("P")


def token_required(
    verifier: Verifier,
    *,
    groups: str | Collection[str] | None = None,
    scopes: str | Collection[str] | None = None,
    realm: str = REALM,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Call the view only with a good bearer token; otherwise answer 401, 403 or 503 with a small JSON body.

    A CORS preflight has no token: browsers send none. It gets Flask's own answer to OPTIONS, to which a CORS extension
    adds its headers, and the view is not called.
    """
    check = BearerCheck(verifier, groups=groups, scopes=scopes, realm=realm)

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
            if _is_preflight():
                return current_app.make_default_options_response()
            after_this_request(_vary)
            try:
                g.claims = check.claims(request.headers.get("Authorization"))
            except DeniedError as denied:
                return jsonify(denied.body), denied.status, denied.headers
            return current_app.ensure_sync(view)(*args, **kwargs)

        return checked

    return decorate


def _is_preflight() -> bool:
    """Whether the request is a CORS preflight (https://fetch.spec.whatwg.org/#cors-preflight-request)."""
    headers = request.headers
    return request.method == "OPTIONS" and "Origin" in headers and "Access-Control-Request-Method" in headers


def _vary(response: Response) -> Response:
    response.vary.add(VARY)
    return response
