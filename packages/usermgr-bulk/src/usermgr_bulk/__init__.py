"""Many users at once, over any `usermgr.UserManager`: no backend, no SDK and no terminal is known here."""

from __future__ import annotations

__all__: list[str] = []
