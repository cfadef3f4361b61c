"""FastAPI: `claims: Annotated[Claims, Depends(bearer)]`. Extra `fastapi`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from usermgr_jwt.claims import Claims
from usermgr_jwt.integrations.starlette import CognitoBearer as _StarletteBearer

if TYPE_CHECKING:
    from collections.abc import Collection

    from usermgr_jwt.verifier import Verifier

__all__ = ["CognitoBearer"]


class CognitoBearer(_StarletteBearer, SecurityBase):
    """The Starlette bearer as a dependency, which also shows in the application's OpenAPI document."""

    def __init__(
        self,
        verifier: Verifier,
        *,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        realm: str = "api",
    ) -> None:
        super().__init__(verifier, groups=groups, scopes=scopes, realm=realm)
        self.model = HTTPBearer(bearerFormat="JWT", description="A token of an Amazon Cognito user pool")
        self.scheme_name = "CognitoBearer"

    # FastAPI reads the annotations at run time, from this module: hence here, and hence the imports above.
    async def __call__(self, request: Request) -> Claims:
        """The claims of the request's bearer token."""
        return await super().__call__(request)
