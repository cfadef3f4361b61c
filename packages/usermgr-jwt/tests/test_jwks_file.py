"""The JWKS file: noticed when replaced, kept when broken, refused when old, and what may be in it."""

import copy
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from usermgr_jwt import CognitoVerifier, InvokeSource, JwksFile, _files, _jwks_file, pull
from usermgr_jwt._keys import parse_jwks
from usermgr_jwt.errors import KeysFileError, KeysInvalidError, KeysNotFoundError, KeysTooOldError, UnknownKeyError


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


def replace(path: Path, document: bytes) -> None:
    new = path.with_name("new")
    new.write_bytes(document)
    new.replace(path)


def test_a_replaced_file_is_noticed_without_a_restart(settings, jwks_path, pool, stranger, compact_jwks, clock):
    """A token of a rotated key is refused, and accepted a second after the file was replaced."""
    verifier = CognitoVerifier(**settings | {"keys": JwksFile(jwks_path, now=clock)})
    token = pool.token(key=stranger, key_id="rotated")
    with pytest.raises(UnknownKeyError):
        verifier.verify(token)

    replace(jwks_path, compact_jwks({"rotated": stranger}))

    with pytest.raises(UnknownKeyError):
        verifier.verify(token)
    clock.now += 1
    verifier.verify(token)
    with pytest.raises(UnknownKeyError):
        verifier.verify(pool.token())


def test_the_file_is_checked_once_per_second(jwks_path, clock):
    """Between two checks no system call is made, so that 100 uses in a second cost one stat."""
    checks = 0
    keys = JwksFile(jwks_path, now=clock)
    reload = keys._reload

    def counted(state, now):
        nonlocal checks
        checks += 1
        return reload(state, now)

    keys._reload = counted
    for _ in range(100):
        keys.current()
        clock.now += 0.1

    assert checks == 10


@pytest.mark.timeout(60)
def test_a_thread_that_has_keys_does_not_wait_for_another(jwks_path, clock):
    """While one thread checks the file, on a slow file system for example, the others verify with the keys that are."""
    keys = JwksFile(jwks_path, now=clock)
    good = keys.current()
    clock.now += 1

    with keys._lock.current:
        assert keys.current() is good


def test_a_clock_that_is_set_back_does_not_stop_the_checks(jwks_path, compact_jwks, stranger, clock):
    """The time of the last check may be in the future; the file is checked all the same."""
    keys = JwksFile(jwks_path, now=clock)
    keys.load()
    replace(jwks_path, compact_jwks({"rotated": stranger}))
    clock.now -= 86400

    assert keys.current().key_ids == {"rotated"}


@pytest.mark.parametrize("broken", [b"", b"{", b"{}", b'{"keys": []}', b"<html>", None, "folder"])
def test_the_last_good_keys_stay_when_the_file_breaks(jwks_path, clock, broken):
    """A broken, empty or missing file changes nothing as long as there are keys, and `problem` holds the error."""
    keys = JwksFile(jwks_path, now=clock)
    good = keys.current()
    if broken is None or broken == "folder":
        jwks_path.unlink()
        if broken == "folder":
            jwks_path.mkdir()
    else:
        replace(jwks_path, broken)
    clock.now += 1

    assert keys.current() is good
    assert isinstance(keys.problem, KeysNotFoundError | KeysInvalidError | KeysFileError)


def test_a_repaired_file_is_read_again(jwks_path, clock):
    """After a broken version a good one is picked up, and the problem is gone."""
    document = jwks_path.read_bytes()
    keys = JwksFile(jwks_path, now=clock)
    keys.load()
    for version, broken in ((b"{", True), (document, False)):
        replace(jwks_path, version)
        clock.now += 1
        keys.current()
        assert (keys.problem is not None) is broken


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, KeysNotFoundError), (b"{", KeysInvalidError), ("folder", KeysFileError), ("below", KeysNotFoundError)],
)
def test_without_good_keys_there_is_a_keys_error(settings, tmp_path, pool, content, error):
    """No file, a broken file and an unreadable one are each their own KeysError, and the next try looks again."""
    path = tmp_path / "keys"
    if content == "folder":
        path.mkdir()
    elif content == "below":
        path.write_bytes(b"")
        path /= "file"
    elif content is not None:
        path.write_bytes(content)
    verifier = CognitoVerifier(**settings | {"keys": JwksFile(path)})

    caught = []
    for _ in range(2):
        with pytest.raises(error) as refused:
            verifier.verify(pool.token())
        caught.append(refused.value)
    assert caught[0] is not caught[1]  # one object raised twice would collect the frames, and tokens, of both
    assert str(caught[0]) == str(caught[1])


def test_old_keys_are_refused(settings, jwks_path, pool, clock):
    """With max_age, keys older than that are a KeysError (not an unknown key), until the file is written again."""
    document = jwks_path.read_bytes()
    keys = JwksFile(jwks_path, max_age=3600, now=clock)
    verifier = CognitoVerifier(**settings | {"keys": keys})
    verifier.verify(pool.token())
    clock.now = jwks_path.stat().st_mtime + 3601

    for token in (pool.token(), pool.token(header={"kid": "rotated"})):
        with pytest.raises(KeysTooOldError) as caught:
            verifier.verify(token)
        assert caught.value.max_age == 3600
        assert caught.value.age == pytest.approx(3601)
    replace(jwks_path, document)
    os.utime(jwks_path, (clock.now, clock.now))
    clock.now += 1
    assert verifier.verify(pool.token()).username == "alice"
    assert keys.age() == pytest.approx(1)


def test_a_broken_file_does_not_make_old_keys_young(jwks_path, clock):
    """The age is that of the keys in use, not of the broken file that came after them."""
    keys = JwksFile(jwks_path, max_age=3600, now=clock)
    keys.load()
    written = jwks_path.stat().st_mtime
    replace(jwks_path, b"{")
    os.utime(jwks_path, (written + 3600, written + 3600))
    clock.now = written + 3601

    with pytest.raises(KeysTooOldError):
        keys.current()


@pytest.mark.parametrize("max_age", [0, -1, float("nan")])
def test_max_age_must_be_positive(max_age):
    """A maximum age that would refuse every file is refused itself."""
    with pytest.raises(ValueError, match="max_age"):
        JwksFile("jwks.json", max_age=max_age)


SECOND = 10**9  # nanoseconds


def write_in_place(path: Path, document: bytes) -> None:
    """What an editor, `rsync --inplace --times` or a network file system can do: the same inode, size and times."""
    path.write_bytes(document)
    os.utime(path, ns=(SECOND, SECOND))


def without_change_times(monkeypatch) -> None:
    """Make every `ctime` the same: a file system that counts time in steps shows two quick changes as one."""
    version = _files.version_of
    monkeypatch.setattr(_files, "version_of", lambda status: version(status)._replace(changed_ns=0))
    monkeypatch.setattr(_jwks_file, "version_of", _files.version_of)


@pytest.mark.parametrize("same_step", [False, True], ids=["ctime differs", "ctime is the same"])
def test_a_file_that_was_finished_in_place_is_read_again(jwks_path, compact_jwks, pool, clock, monkeypatch, same_step):
    """A half-written file is not remembered as broken: a second later the whole one is read, of the same size."""
    if same_step:
        without_change_times(monkeypatch)
    document = compact_jwks(pool.keys)
    write_in_place(jwks_path, document[:200].ljust(len(document)))
    keys = JwksFile(jwks_path, now=clock)
    with pytest.raises(KeysInvalidError):
        keys.load()

    write_in_place(jwks_path, document)
    clock.now += 1

    assert keys.current().key_ids == set(pool.keys)
    assert keys.problem is None


def test_a_version_is_read_until_it_is_older_than_a_step_of_time(
    jwks_path, compact_jwks, pool, stranger, clock, monkeypatch
):
    """For 3 seconds after a version was first seen its bytes are compared; then its size and times are enough."""
    without_change_times(monkeypatch)
    documents = [compact_jwks({"key-a": stranger}), compact_jwks({"key-b": stranger})]
    write_in_place(jwks_path, documents[0])
    keys = JwksFile(jwks_path, now=clock)
    keys.load()
    seen = []
    for step in range(1, 7):
        clock.now += 1
        write_in_place(jwks_path, documents[step % 2])
        seen.append(*keys.current().key_ids)

    assert seen == ["key-b", "key-a", "key-b", "key-a", "key-b", "key-a"], "each change begins the wait again"
    for unchanged, seen_at_last in ((2, "key-b"), (4, "key-b")):
        for _ in range(unchanged):
            clock.now += 1
            keys.current()
        write_in_place(jwks_path, documents[unchanged == 2])
        clock.now += 1
        assert keys.current().key_ids == {seen_at_last}, "before 3 seconds it is read, and after them it is not"


def test_the_wait_begins_again_when_the_clock_is_set_back(jwks_path, clock, monkeypatch):
    """After a clock was set back by a day the file is read for 3 seconds more, and not for a day."""
    keys = JwksFile(jwks_path, now=clock)
    keys.load()
    clock.now -= 86400
    for _ in range(5):
        keys.current()
        clock.now += 1
    monkeypatch.setattr(_jwks_file, "read_document", None)

    assert keys.current().key_ids == {"access-key", "id-key"}


def test_a_change_in_place_is_seen_though_its_date_is_restored(jwks_path, compact_jwks, stranger, clock):
    """After the wait, a program that restores the modification time cannot hide a change of the same size."""
    write_in_place(jwks_path, compact_jwks({"key-a": stranger}))
    keys = JwksFile(jwks_path, now=clock)
    for _ in range(5):
        keys.current()
        clock.now += 1
    time.sleep(0.02)  # more than a step of this file system's time
    write_in_place(jwks_path, compact_jwks({"key-b": stranger}))

    assert keys.current().key_ids == {"key-b"}


@pytest.mark.parametrize("ahead", [61, 86400 * 9000])
def test_a_date_in_the_future_is_no_age(settings, jwks_path, pool, clock, ahead):
    """With max_age, a file from the future is refused, as one whose age nobody knows; without, it is used."""
    os.utime(jwks_path, (clock.now + ahead, clock.now + ahead))
    keys = JwksFile(jwks_path, max_age=86400, now=clock)

    with pytest.raises(KeysTooOldError, match="modification time in the future") as caught:
        CognitoVerifier(**settings | {"keys": keys}).verify(pool.token())

    assert caught.value.age == pytest.approx(-ahead)
    assert keys.age() is None
    assert "in the future" in keys.warnings()[-1]
    assert JwksFile(jwks_path, now=clock).current().key_ids == set(pool.keys)


def test_a_file_servers_clock_may_be_a_little_ahead(jwks_path, clock):
    """A file that was just written by a machine whose clock is some seconds ahead is as fresh as one can be."""
    os.utime(jwks_path, (clock.now + 59, clock.now + 59))
    keys = JwksFile(jwks_path, max_age=1, now=clock)

    keys.load()

    assert keys.age() == 0
    assert keys.warnings() == []


def test_a_path_is_fixed_when_it_is_given(jwks_path, tmp_path, monkeypatch, pool, compact):
    """A relative path is that of the working folder at that time: a later chdir changes neither reading nor refresh."""
    monkeypatch.chdir(jwks_path.parent)
    keys = JwksFile(jwks_path.name, refresh_from=InvokeSource(lambda _event: compact(pool.jwks())))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.joinpath(jwks_path.name).write_bytes(b"{")
    monkeypatch.chdir(elsewhere)

    assert keys.current().key_ids == set(pool.keys)
    assert keys.path == keys._refresh._path == str(jwks_path)


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_what_is_not_a_path_is_named_at_once(path, pool, compact):
    """An unset variable that became an empty path is an error at the start, not a missing file at each request."""
    with pytest.raises(ValueError, match="path must be"):
        JwksFile(path)
    with pytest.raises(ValueError, match="path must be"):
        pull(InvokeSource(lambda _event: compact(pool.jwks())), path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["fifo", "device", "socket", "folder", "link to fifo"])
def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path, kind, pool, compact, monkeypatch):
    """A pipe would wait for a writer and a device never end: reading and pulling refuse both at once, and keep them."""
    path = tmp_path / "keys"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "device":
            path = Path("/dev/zero")
        case "socket":
            monkeypatch.chdir(tmp_path)  # an address has room for a hundred letters
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(path.name)
        case "folder":
            path.mkdir()
        case "link to fifo":
            os.mkfifo(tmp_path / "fifo")
            path.symlink_to(tmp_path / "fifo")
    before = path.stat()

    with pytest.raises(KeysFileError, match="not a regular file"):
        JwksFile(path).load()
    with pytest.raises(KeysFileError, match="not a regular file"):
        pull(InvokeSource(lambda _event: compact(pool.jwks())), path)

    assert path.stat().st_ino == before.st_ino


@pytest.mark.timeout(60)
def test_a_pipe_that_comes_between_is_not_waited_for(jwks_path, monkeypatch):
    """When the file becomes a pipe after it was looked at, opening it still does not wait."""
    looked_at = os.stat

    def swap(path, *arguments, **named):
        found = looked_at(path, *arguments, **named)
        jwks_path.unlink()
        os.mkfifo(jwks_path)
        return found

    monkeypatch.setattr(_files.os, "stat", swap)
    with pytest.raises(KeysFileError, match="not a regular file"):
        _files.read_document(str(jwks_path))


def test_an_unexpected_failure_is_tried_again(jwks_path, clock, monkeypatch):
    """What is known about the file changes only after it was read: an error that is not ours leaves no trace."""
    keys = JwksFile(jwks_path, now=clock)
    with monkeypatch.context() as patched:
        patched.setattr(_jwks_file, "parse_jwks", lambda *_arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            keys.load()

    assert keys.current().key_ids == {"access-key", "id-key"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("warm", [True, False], ids=["with keys", "without keys"])
def test_a_child_that_was_forked_during_a_check_goes_on(
    jwks_path, compact_jwks, pool, stranger, clock, monkeypatch, warm
):
    """A lock that another thread held at the fork is free in the child, which reads the file and sees new keys."""
    keys = JwksFile(jwks_path, refresh_from=InvokeSource(lambda _event: b"{}"), now=clock)
    if warm:
        keys.load()
        clock.now += 1
    reading, go_on = threading.Event(), threading.Event()
    parent, real = os.getpid(), os.stat

    def slow(path, *arguments, **named):  # a network file system that answers late
        if os.getpid() == parent and path == str(jwks_path):
            reading.set()
            go_on.wait(120)
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "stat", slow)
    other = threading.Thread(target=keys.current)
    other.start()
    assert reading.wait(60)
    keys._refresh._lock.current.acquire()
    child = os.fork()
    if child == 0:  # nothing here may return to pytest
        try:
            replace(jwks_path, compact_jwks({"rotated": stranger}))
            clock.now += 1
            keys.unknown_key_id()
            os._exit(0 if keys.current().key_ids == {"rotated"} else 3)
        except BaseException:  # noqa: BLE001
            os._exit(4)
    try:
        assert wait_for(child) == 0
    finally:
        go_on.set()
        other.join()


def wait_for(child: int) -> int:
    """The exit status of a child, which is killed when it has not ended after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


REPLACER = """
import sys
from usermgr_jwt import (_sources as sources)
path, documents = sys.argv[1], [open(name, "rb").read() for name in sys.argv[2:]]
fetched = iter(range(10_000))
class Source:
    name = "test"
    def fetch(self):
        return documents[next(fetched) % 2]
sources.os.fsync = lambda descriptor: None  # durability is not what is shown here, and 20,000 syncs take minutes
for _ in range(10_000):
    sources.pull(Source(), path)
print("replaced 10000")
"""


def test_10000_replacements_by_another_process_fail_no_verification(
    show, settings, jwks_path, pool, stranger, compact_jwks
):
    """While one process replaces the file 10,000 times, another that checks it each time verifies without a failure."""
    versions = [jwks_path.with_name(name) for name in ("one", "two")]
    versions[0].write_bytes(compact_jwks(pool.keys))
    versions[1].write_bytes(compact_jwks({"rotated": stranger} | pool.keys))
    ticks = iter(range(10**9))
    keys = JwksFile(jwks_path, now=lambda: float(next(ticks)))  # a second passes at each use: a check each time
    verifier = CognitoVerifier(**settings | {"keys": keys})
    token = pool.token()
    seen = set()

    command = [sys.executable, "-c", REPLACER, jwks_path, *versions]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as replacer:
        verified = 0
        while replacer.poll() is None:
            assert verifier.verify(token).username == "alice"
            assert keys.problem is None
            seen.add(keys.current().key_ids)
            verified += 1
        assert replacer.communicate()[0] == "replaced 10000\n"
    assert replacer.returncode == 0
    assert seen == {frozenset(pool.keys), frozenset(["rotated", *pool.keys])}
    assert verified > 1000
    show(f"verified {verified} times while another process replaced the file 10,000 times: 0 failed")


class TestParse:
    """What may be in a JWKS document."""

    @pytest.fixture
    def jwks(self, pool):
        return copy.deepcopy(pool.jwks())

    def check(self, compact, jwks):
        return parse_jwks(compact(jwks), "test")

    def test_keys_for_other_purposes_are_left_out(self, compact, jwks):
        """A new kind of key in the document does not stop an old verifier."""
        jwks["keys"] += [
            {"kty": "EC", "crv": "P-256", "kid": "ec", "x": "AA", "y": "AA"},
            {"kty": "OKP", "crv": "Ed25519", "kid": "okp", "x": "AA"},
            jwks["keys"][0] | {"kid": "encryption", "use": "enc"},
            jwks["keys"][0] | {"kid": "rs512", "alg": "RS512"},
            jwks["keys"][0] | {"kid": "operations", "key_ops": ["encrypt"]},
        ]

        assert self.check(compact, jwks).key_ids == {"access-key", "id-key"}

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"d": "AQAB"}, "private"),
            ({"p": "AQAB"}, "private"),
            ({"kty": "oct", "k": "c2VjcmV0"}, "symmetric"),
            ({"k": "c2VjcmV0"}, "symmetric"),
            ({"kty": "EC", "d": "AQAB"}, "private"),
            ({"kid": "access-key"}, "twice"),
            ({"kid": ...}, "kid"),
            ({"kid": ""}, "kid"),
            ({"kid": 5}, "kid"),
            ({"kid": "x" * 257}, "kid"),
            ({"n": ...}, "`n`"),
            ({"n": "AQ=="}, "`n`"),
            ({"n": "A+/B"}, "`n`"),
            ({"n": 65537}, "`n`"),
            ({"n": ""}, "`n`"),
            ({"n": "AQ"}, "weak"),
            ({"e": ...}, "`e`"),
            ({"e": "AQ"}, "weak"),
            ({"e": "Aw"}, "weak"),
            ({"e": "AQAAAAAB"}, "oversized"),
            ({"e": "AQAA"}, "weak"),
            ({"e": "AQAC"}, "not an RSA key"),
        ],
    )
    def test_one_bad_key_makes_the_document_bad(self, compact, jwks, change, problem):
        """A private, symmetric, weak, duplicate or malformed key is refused, and the good one beside it with it."""
        jwks["keys"][1] = {k: v for k, v in (jwks["keys"][1] | change).items() if v is not ...}

        with pytest.raises(KeysInvalidError, match=problem):
            self.check(compact, jwks)

    def test_key_sizes(self, compact, jwks, make_jwk):
        """Fewer than 2048 bits are weak; one modulus under two key ids is a duplicate."""
        with pytest.raises(KeysInvalidError, match="weak: 1024 bits"):
            self.check(compact, {"keys": [make_jwk(1024)]})
        assert self.check(compact, {"keys": [make_jwk(3072)]}).key_ids == {"made"}
        with pytest.raises(KeysInvalidError, match="twice"):
            self.check(compact, {"keys": [jwks["keys"][0], jwks["keys"][0] | {"kid": "again"}]})
        with pytest.raises(KeysInvalidError, match="oversized"):
            self.check(compact, {"keys": [jwks["keys"][0] | {"n": "_" * 1600}]})

    @pytest.mark.parametrize(
        "document",
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b'{"keys": null}',
            b'{"keys": {}}',
            b'{"keys": []}',
            b'{"keys": [1]}',
            b'{"keys": [{}]}',
            b'{"keys": [], "keys": []}',
            b'{"keys": [{"kty": "RSA", "kid": NaN}]}',
            b'\xef\xbb\xbf{"keys": []}',
            b'{"keys": []} {}',
            b'{"keys": ' + b"[" * 100_000,
            b'{"keys": "\xff"}',
            b'{"issuer": "https://cognito-idp.ap-northeast-1.amazonaws.com/x", "jwks_uri": "y"}',
            b" " * (1 << 20) + b"{}",
        ],
    )
    def test_what_is_not_a_jwks(self, document):
        """Anything but a strict JWKS document is a KeysInvalidError, and nothing else."""
        with pytest.raises(KeysInvalidError):
            parse_jwks(document, "test")
