"""What every front end does first."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from usermgr.errors import ConfigurationError, ProtectedUserError
from usermgr.frontends import AuditFile, open_activity, open_audit, open_users


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names a local store."""
    for name in ("ACTIVITY", "REQUIRED_GROUPS", "ACTING_SUB", "AUDIT", "AUDIT_KEY"):
        monkeypatch.delenv(f"USERMGR_{name}", raising=False)
    monkeypatch.setenv("USERMGR_BACKEND", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(tmp_path / "users.db"))
    return monkeypatch


def test_required_group_keeps_its_last_member(environment: pytest.MonkeyPatch) -> None:
    """The last enabled member of a group that USERMGR_REQUIRED_GROUPS names cannot be deleted."""
    environment.setenv("USERMGR_REQUIRED_GROUPS", " staff, admins ")
    with open_users("kim") as users:
        users.add_user("ada")
        users.add_group("admins")
        users.add_user_to_group("ada", "admins")
        with pytest.raises(ProtectedUserError, match="admins"):
            users.delete_user("ada")


def test_acting_account_is_kept(environment: pytest.MonkeyPatch) -> None:
    """The account that USERMGR_ACTING_SUB names cannot be disabled."""
    with open_users("kim") as users:
        sub = users.add_user("ada").sub
    environment.setenv("USERMGR_ACTING_SUB", sub)
    with open_users("kim") as users, pytest.raises(ProtectedUserError):
        users.disable_user("ada")


def test_changes_are_recorded(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With USERMGR_AUDIT a change leaves a record of who made it."""
    environment.setenv("USERMGR_AUDIT", str(tmp_path / "audit.jsonl"))
    environment.setenv("USERMGR_AUDIT_KEY", secrets.token_hex(32))
    with open_users("kim") as users:
        users.add_user("ada")
    text = (tmp_path / "audit.jsonl").read_text()
    assert '"kim"' in text
    assert "add_user" in text


@pytest.mark.parametrize("key", ["", "hush-hush", "abcd", f"{'ab' * 32},x"])
def test_bad_audit_key_is_named_and_not_shown(environment: pytest.MonkeyPatch, key: str) -> None:
    """A missing, malformed or short key is an error that names the variable, and never the key."""
    environment.setenv("USERMGR_AUDIT", "audit.jsonl")
    environment.setenv("USERMGR_AUDIT_KEY", key)
    with pytest.raises(ConfigurationError, match="USERMGR_AUDIT_KEY") as caught:
        open_audit()
    assert not key or f" {key}" not in str(caught.value)


def test_keys_do_not_show_in_a_repr() -> None:
    """An audit file's repr has no key."""
    assert "seal" not in repr(AuditFile(Path("audit.jsonl"), [b"seal" * 8]))


def test_no_activity_store_without_its_setting(environment: pytest.MonkeyPatch) -> None:
    """Nothing is inferred: without USERMGR_ACTIVITY there is no activity store."""
    assert open_activity() is None
    environment.setenv("USERMGR_ACTIVITY", "local")
    store = open_activity()
    assert store is not None
    store.close()
