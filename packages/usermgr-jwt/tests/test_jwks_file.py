"""The JWKS file: noticed when replaced, kept when broken, refused when old, and what may be in it."""

import copy
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from usermgr_jwt import CognitoVerifier, JwksFile
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

    def counted() -> None:
        nonlocal checks
        checks += 1
        reload()

    keys._reload = counted
    for _ in range(100):
        keys.current()
        clock.now += 0.1

    assert checks == 10


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
