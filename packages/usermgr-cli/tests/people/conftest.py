"""Three people and a group, made once, and a copy of them for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import usermgr_local
from usermgr_local import LocalUserManager

ESCAPES = "\x1b[31mred\x1b[0m\u202e"
CREATED = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that is made once: three people and a group, of the same moment."""
    path = tmp_path_factory.mktemp("people") / "users.db"
    with usermgr_local.connect(path=path, now=lambda: CREATED) as users:
        users.add_group("admins", description="May do [bold]all[/bold]", precedence=1)
        ada = {"email": "ada@example.org", "email_verified": "true", "name": "Ada Lovelace", "phone_number": "+4420"}
        users.add_user("ada", None, ada)
        users.add_user("grace", None, {"email": "grace@example.org", "custom:extra_info": "red"})
        users.add_user("花子", None, {"name": "山田　花子 [bold]x[/bold]", "nickname": ESCAPES})
        users.add_user_to_group("ada", "admins")
        users.disable_user("grace")
    return path


@pytest.fixture
def people(environment: dict[str, str], made: Path) -> Iterator[LocalUserManager]:
    """A copy of that store. One of the people has values that a terminal would obey."""
    shutil.copytree(made.parent, Path(environment["USERMGR_LOCAL_PATH"]).parent, dirs_exist_ok=True)
    with usermgr_local.connect(path=environment["USERMGR_LOCAL_PATH"], now=lambda: CREATED) as users:
        yield users
