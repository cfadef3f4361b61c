"""FastAPI: `claims: Annotated[Claims, Depends(bearer)]`. Extra `fastapi`."""

from fastapi.openapi.models import HTTPBearer
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection
from starlette.responses import Response

from usermgr_jwt._claims import Claims
from usermgr_jwt.integrations._bearer import DeniedError
from usermgr_jwt.integrations.starlette import CognitoBearer as _StarletteBearer
from usermgr_jwt.integrations.starlette import VaryMiddleware, add_vary, denied_exception

__all__ = ["CognitoBearer", "VaryMiddleware"]


class CognitoBearer(_StarletteBearer, SecurityBase):
    """The Starlette bearer as a dependency of routes and WebSockets, which also appears in the OpenAPI document.

    `Security(bearer, scopes=[...])` requires every one of these scopes, as FastAPI documents it, in addition to the
    bearer's own `scopes`, of which one is enough.
    """

    model = HTTPBearer(bearerFormat="JWT", description="A token of an Amazon Cognito user pool")
    scheme_name = "CognitoBearer"

    # FastAPI reads the annotations at run time, and older versions do not resolve them when they are text: hence this
    # method, the imports above, and no `annotations` from `__future__`. It passes all three arguments; the defaults are
    # for callers who have a connection alone.
    async def __call__(
        self,
        connection: HTTPConnection,
        security_scopes: SecurityScopes = None,  # pyright: ignore[reportArgumentType] - FastAPI accepts no union here
        response: Response = None,  # pyright: ignore[reportArgumentType]
    ) -> Claims:
        """The claims of the connection's bearer token."""
        if response is not None:  # pyright: ignore[reportUnnecessaryComparison]
            add_vary(response.headers)
        try:
            claims = self.claims_of(connection)
            if security_scopes is not None:  # pyright: ignore[reportUnnecessaryComparison]
                self.rights.check_all_scopes(claims, security_scopes.scopes)
        except DeniedError as denied:
            raise denied_exception(connection, denied) from denied
        return claims
