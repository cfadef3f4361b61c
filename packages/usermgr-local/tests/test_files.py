"""What is checked before a file is used, and what is never overwritten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from usermgr.errors import ConfigurationError
from usermgr_local import LocalUserManager, create

from .conftest import CHEAP, PASSWORD

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners, modes and links as POSIX has them")

JWKS = {"keys": []}


# --- The public keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("way", ["itself", "symbolic link", "other spelling"])
@pytest.mark.parametrize("is_open", [False, True])
def test_keys_are_never_written_over_the_store(
    path: Path, make: Callable[..., LocalUserManager], suffix: str, way: str, is_open: bool
) -> None:
    """A JWKS path that leads to the store or to SQLite's files beside it is refused, and the store stays whole."""
    users = make()
    users.add_user("alice", PASSWORD)
    if not is_open:
        users.close()
    target = path.with_name(path.name + suffix)
    named = path.with_name("keys.json")
    match way:
        case "symbolic link":
            named.symlink_to(target)
        case "other spelling":
            named = path.parent / ".." / path.parent.name / target.name
        case _:
            named = target

    with pytest.raises(ConfigurationError, match="a file of the store itself"):
        make(jwks_path=named)

    assert make(jwks_path=path.with_name("others.json")).get_user("alice").username == "alice"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_store_behind_a_link_is_not_overwritten(path: Path, make: Callable[..., LocalUserManager], suffix: str) -> None:
    """Where the store is opened by a link, the files beside the real one are the store's too."""
    link = path.with_name("link.db")
    link.symlink_to(path)

    with pytest.raises(ConfigurationError, match="a file of the store itself"):
        make(path=link, jwks_path=path.with_name(path.name + suffix))


def test_hard_link_to_the_store_is_the_store(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """Another name of the same file is refused too."""
    named = path.with_name("keys.json")
    named.hardlink_to(path)

    with pytest.raises(ConfigurationError, match="a file of the store itself"):
        make(jwks_path=named)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"notes", id="text"),
        pytest.param(b"{}", id="another object"),
        pytest.param(b'{"keys": {}}', id="keys that are not a list"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"\xff\xfe", id="binary"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"keys": []}' + b" " * 2**20, id="large"),
    ],
)
def test_file_that_is_not_a_jwks_is_never_overwritten(
    path: Path, make: Callable[..., LocalUserManager], content: bytes
) -> None:
    """What is at the path and is not a JWKS stays as it is, and the error names it."""
    named = path.with_name("notes.txt")
    named.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"notes\.txt is not a JWKS file"):
        make(jwks_path=named)

    assert named.read_bytes() == content


def test_directory_in_place_of_the_keys_is_refused(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A directory is not a JWKS file."""
    (path.parent / "keys").mkdir()

    with pytest.raises(ConfigurationError, match="not a JWKS file"):
        make(jwks_path=path.parent / "keys")


def test_symbolic_link_to_the_keys_stays_a_link(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """The file that a link leads to is replaced, and not the link."""
    link, target = path.with_name("keys.json"), path.with_name("target.json")
    target.write_text(json.dumps(JWKS))
    link.symlink_to(target)

    make(jwks_path=link)

    assert link.is_symlink()
    assert len(json.loads(target.read_bytes())["keys"]) == 2


def test_keys_that_others_could_replace_are_written_again(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """The right content in a file that others may write becomes a file that only its owner may write."""
    make()
    published = path.with_name("users.db.jwks.json")
    published.chmod(0o666)

    make()

    assert published.stat().st_mode & 0o777 == 0o644


def test_keys_of_another_user_are_refused(
    path: Path, make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of the file could replace the keys that verifiers trust."""
    published, lstat = path.with_name("keys.json"), Path.lstat
    published.write_text(json.dumps(JWKS))

    def planted(file: Path) -> os.stat_result:
        state = lstat(file)
        return os.stat_result((*state[:4], os.geteuid() + 1, *state[5:])) if file == published else state

    monkeypatch.setattr(Path, "lstat", planted)

    with pytest.raises(ConfigurationError, match=r"keys\.json belongs to another user"):
        make(jwks_path=published)

    assert json.loads(published.read_bytes()) == JWKS


def test_keys_in_a_directory_of_all_are_refused(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """Where everybody may replace files, everybody may replace the keys."""
    shared = path.parent / "shared"
    shared.mkdir()
    shared.chmod(0o777)

    with pytest.raises(ConfigurationError, match="chmod o-w"):
        make(jwks_path=shared / "keys.json")


# --- The store ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
def test_file_that_others_may_use_is_refused(
    path: Path, make: Callable[..., LocalUserManager], suffix: str, mode: int
) -> None:
    """The store and each of SQLite's files beside it must be for their owner alone."""
    file = path.with_name(path.name + suffix)
    file.touch()
    file.chmod(mode)

    with pytest.raises(ConfigurationError, match="chmod 600"):
        make()


def test_file_of_another_user_is_refused(
    path: Path, make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of a file can read it, whatever its mode."""
    mine = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: mine + 1)
    monkeypatch.setattr("usermgr_local._files._check_directory", lambda _: None)

    with pytest.raises(ConfigurationError, match="belongs to another user, who can read"):
        make()


def test_log_of_another_user_is_refused(
    path: Path, make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted log would be read into the store."""
    log, lstat = path.with_name("users.db-wal"), Path.lstat
    log.touch(0o600)

    def planted(file: Path) -> os.stat_result:
        state = lstat(file)
        return os.stat_result((*state[:4], state.st_uid + 1, *state[5:])) if file == log else state

    monkeypatch.setattr(Path, "lstat", planted)

    with pytest.raises(ConfigurationError, match=r"users\.db-wal belongs to another user"):
        make()


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_log_that_is_a_link_is_refused(path: Path, make: Callable[..., LocalUserManager], suffix: str) -> None:
    """SQLite would write through the link."""
    victim = path.with_name("victim")
    victim.write_text("precious")
    victim.chmod(0o600)
    path.with_name(path.name + suffix).symlink_to(victim)

    with pytest.raises(ConfigurationError, match="not a regular file"):
        make()

    assert victim.read_text() == "precious"


def test_pipe_is_refused(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A store that is not a regular file is refused, instead of waited for."""
    path.unlink()
    os.mkfifo(path, 0o600)

    with pytest.raises(ConfigurationError, match="not a regular file"):
        make()


@pytest.mark.parametrize(("mode", "refused"), [(0o777, True), (0o757, True), (0o1777, False), (0o775, False)])
def test_directory_in_which_all_may_replace_files_is_refused(tmp_path: Path, mode: int, refused: bool) -> None:
    """A directory that everybody may write is refused, unless it is sticky, as /tmp is."""
    directory = tmp_path / "shared"
    directory.mkdir()
    directory.chmod(mode)

    if refused:
        with pytest.raises(ConfigurationError, match="chmod o-w"):
            create(path=directory / "users.db", argon2=CHEAP)
    else:
        create(path=directory / "users.db", argon2=CHEAP).close()

    assert (directory / "users.db").exists() is not refused


def test_directory_of_another_user_is_refused(
    path: Path, make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner of a directory can replace what is in it."""
    stranger = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: stranger)
    monkeypatch.setattr("usermgr_local._files._is_ours", lambda state: state.st_uid == stranger)

    with pytest.raises(ConfigurationError, match="belongs to another user, who may replace files"):
        make()


def test_link_to_the_store_is_followed(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A symbolic link of one's own leads to the store, with one log for both names."""
    make().add_user("alice")
    link = path.with_name("link.db")
    link.symlink_to(path)

    linked = make(path=link)
    linked.add_user("bob")

    assert sorted(user.username for user in make().iter_users()) == ["alice", "bob"]
    assert [file.name for file in path.parent.iterdir() if file.name.startswith("link.db-")] == []


def test_link_to_nothing_makes_the_file_that_it_names(tmp_path: Path) -> None:
    """A link may come before its file."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "real.db")

    create(path=link, argon2=CHEAP).close()

    assert link.is_symlink()
    assert (tmp_path / "real.db").stat().st_mode & 0o777 == 0o600


def test_link_of_another_user_is_refused(
    path: Path, make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a shared directory, others could lead us to a file of their choice."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    monkeypatch.setattr("usermgr_local._files._is_ours", lambda _: False)

    with pytest.raises(ConfigurationError, match="symbolic link of another user"):
        make(path=link)


@pytest.mark.parametrize("setting", ["path", "jwks_path"])
@pytest.mark.parametrize("value", ["nul\0", "circle", "x" * 5000])
def test_path_that_cannot_be_is_a_configuration_error(
    path: Path, make: Callable[..., LocalUserManager], setting: str, value: str
) -> None:
    """A path with a NUL, links in a circle and a name that is too long raise ConfigurationError."""
    path.with_name("circle").symlink_to(path.with_name("circle"))

    with pytest.raises(ConfigurationError, match="cannot be"):
        make(**{setting: path.with_name(value)})
