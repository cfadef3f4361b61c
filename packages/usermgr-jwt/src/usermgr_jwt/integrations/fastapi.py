"""FastAPI: `claims: Annotated[Claims, Depends(bearer)]`. Extra `fastapi`."""

from __future__ import annotations

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from usermgr_jwt._claims import Claims
from usermgr_jwt.integrations.starlette import CognitoBearer as _StarletteBearer

__all__ = ["CognitoBearer"]


class CognitoBearer(_StarletteBearer, SecurityBase):
    """The Starlette bearer as a dependency, which also appears in the application's OpenAPI document."""

    model = HTTPBearer(bearerFormat="JWT", description="A token of an Amazon Cognito user pool")
    scheme_name = "CognitoBearer"

    # FastAPI reads the annotations at run time, from this module: hence this method, and hence the imports above.
    async def __call__(self, request: Request) -> Claims:
        """The claims of the request's bearer token."""
        return await super().__call__(request)
