"""The style sheet, the script and the icon: read once, and named by their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["Static"]

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Static:
    """The files by the names that pages use for them, such as `console.1f3a9c.css`."""

    content: Mapping[str, bytes]
    names: Mapping[str, str]
    """By the name in the package, such as `console.css`."""

    @classmethod
    def load(cls) -> Static:
        """The files of the package."""
        content: dict[str, bytes] = {}
        names: dict[str, str] = {}
        for file in (files("usermgr_console") / "static").iterdir():
            stem, _, kind = file.name.rpartition(".")
            if kind in TYPES:
                data = file.read_bytes()
                names[file.name] = f"{stem}.{hashlib.sha256(data).hexdigest()[:12]}.{kind}"
                content[names[file.name]] = data
        return cls(content, names)

    async def answer(self, request: Request) -> Response:
        """The file, or 404."""
        request.state.route = "GET /static/{name}"
        name = request.path_params["name"]
        data = self.content.get(name)
        if data is None:
            return Response("there is no such file\n", 404, media_type="text/plain")
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(data, headers=kept, media_type=TYPES[name.rpartition(".")[2]])
