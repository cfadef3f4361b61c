"""The command line, as a process: output, exit status, and no token on it."""

import json
import os
import subprocess
import sys

import pytest

from usermgr_jwt import _commands
from usermgr_jwt.errors import KeysNotFoundError


@pytest.fixture
def run(tmp_path):
    def run(*arguments: object, stdin: str | bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        clean = {k: v for k, v in os.environ.items() if k not in ("USERPOOL_ID", "CLIENT_ID")}
        command = [sys.executable, "-m", "usermgr_jwt", *map(str, arguments)]
        data = stdin.encode() if isinstance(stdin, str) else stdin
        return subprocess.run(
            command, input=data, capture_output=True, env=clean | environment, cwd=tmp_path, check=False
        )

    return run


def test_status_is_for_monitoring(run, jwks_path):
    """fresh is 0, stale 3, missing 4, broken 5, each with its state in the JSON."""
    fresh = run("status", jwks_path, "--max-age", 3600, "--json")
    assert fresh.returncode == 0
    assert json.loads(fresh.stdout)["state"] == "fresh"
    assert json.loads(fresh.stdout)["key_ids"] == ["access-key", "id-key"]
    os.utime(jwks_path, (1, 1))
    broken = jwks_path.with_name("broken.json")
    broken.write_bytes(b"{")

    for file, status, state, code in [
        (jwks_path, 3, "stale", "keys_too_old"),
        ("none.json", 4, "missing", "keys_not_found"),
        (broken, 5, "broken", "keys_invalid"),
        (jwks_path.parent, 5, "broken", "keys_file"),
    ]:
        result = run("status", file, "--max-age", 3600, "--json")
        assert result.returncode == status
        assert json.loads(result.stdout)["state"] == state
        assert json.loads(result.stdout)["error"]["code"] == code
    plain = run("status", "none.json")
    assert (plain.returncode, plain.stdout) == (4, b"")
    assert b"state: missing" in plain.stderr


def test_verify(run, jwks_path, pool):
    """A good token's claims come out with status 0, a refused one's error with status 1."""
    options = ["verify", jwks_path, "--user-pool-id", pool.pool_id, "--client-id", pool.client_id, "--token-use"]
    token = pool.token()

    good = run(*options, "access", "--json", stdin=token + "\n")
    assert good.returncode == 0
    assert json.loads(good.stdout)["claims"]["username"] == "alice"
    assert b"exp: " in run(*options, "any", stdin=token).stdout
    refused = run(*options, "id", "--json", stdin=token)
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["code"] == "token_use"
    assert token.encode() not in refused.stdout + refused.stderr
    assert run(*options, "access", "--group", "nobody", stdin=token).returncode == 1
    os.utime(jwks_path, (1, 1))
    assert run(*options, "access", "--max-age", 60, stdin=token).returncode == 3


def test_verify_takes_the_names_that_users_know(run, jwks_path, pool, tmp_path):
    """USERPOOL_ID and CLIENT_ID stand for the options, and the token may come from a file."""
    (tmp_path / "token").write_text(pool.token())

    result = run(
        "verify",
        jwks_path,
        "--token-use",
        "access",
        "--token-file",
        "token",
        USERPOOL_ID=pool.pool_id,
        CLIENT_ID=pool.client_id,
    )

    assert result.returncode == 0


def test_wrong_usage_is_2(run, jwks_path, pool):
    """A missing option, and one that makes no sense, is named."""
    pool_id = ["--user-pool-id", pool.pool_id]
    for arguments, problem in [
        ([], b"required"),
        (["verify", jwks_path, *pool_id, "--token-use", "access"], b"--client-id --any-client"),
        (["verify", jwks_path, *pool_id, "--any-client"], b"--token-use"),
        (["verify", jwks_path, "--user-pool-id", "x", "--any-client", "--token-use", "id"], b"user_pool_id must"),
        (["verify", jwks_path, *pool_id, "--any-client", "--token-use", "id", "--token-file", "none"], b"No such file"),
        (["pull", "jwks.json"], b"--user-pool-id --url --stdin"),
        (["pull", "jwks.json", "--url", "http://example.com/"], b"url must start with https"),
        (["status", jwks_path, "--max-age", "0"], b"max_age must"),
    ]:
        result = run(*arguments)
        assert result.returncode == 2
        assert problem in result.stderr
        assert b"Traceback" not in result.stderr


def test_pull(run, jwks_path, pool, stranger, compact, compact_jwks):
    """A document on stdin is written; a function's error is 6, a foreign set 7, an unreachable address 6."""
    good = run("pull", "new.json", "--stdin", "--json", stdin=compact(pool.jwks()))
    assert good.returncode == 0
    assert json.loads(good.stdout) == {
        "state": "written",
        "file": "new.json",
        "key_ids": ["access-key", "id-key"],
        "added": ["access-key", "id-key"],
        "removed": [],
    }
    assert run("pull", "new.json", "--stdin", stdin=b'{"error": {"code": "x", "message": "y"}}').returncode == 6
    assert run("pull", "new.json", "--stdin", stdin=b'{"keys": []}').returncode == 5
    foreign = compact_jwks({"x": stranger})
    refused = run("pull", "new.json", "--stdin", stdin=foreign)
    assert refused.returncode == 7
    assert b"--replace-all" in refused.stderr
    assert run("pull", "new.json", "--stdin", "--replace-all", stdin=foreign).returncode == 0
    assert run("pull", "new.json", "--url", "http://127.0.0.1:1/", stdin=b"").returncode == 6


def test_status_warns_of_what_others_can_change(run, jwks_path):
    """A file that everybody may write, a folder where everybody may replace it, and a date in the future are shown."""
    assert json.loads(run("status", jwks_path, "--json").stdout)["warnings"] == []
    jwks_path.chmod(0o666)
    jwks_path.parent.chmod(0o777)
    os.utime(jwks_path, (2493072000, 2493072000))

    shown = json.loads(run("status", jwks_path, "--json").stdout)

    assert shown["age"] is None
    assert [warning.partition(" (")[0].partition("'")[0] for warning in shown["warnings"]] == [
        "every user of this machine can write the file",
        "every user of this machine can replace files in ",
        "its modification time is in the future, so its age is unknown and max_age would refuse it",
    ]
    assert b"age: unknown" in run("status", jwks_path).stdout
    jwks_path.parent.chmod(0o1777)
    assert len(json.loads(run("status", jwks_path, "--json").stdout)["warnings"]) == 2
    stale = run("status", jwks_path, "--max-age", 10**9)
    assert (stale.returncode, b"modification time in the future" in stale.stderr) == (3, True)


def test_a_custom_issuer(run, jwks_path, pool):
    """--issuer replaces the pool, also one from the environment, in verify; pull reads the keys below it."""
    issuer = "http://localhost:1/local_AbC123"
    options = ["verify", jwks_path, "--client-id", pool.client_id, "--token-use", "access", "--issuer", issuer]

    good = run(*options, stdin=pool.token(pool.access_claims(iss=issuer)), USERPOOL_ID="local_AbC123")

    assert good.returncode == 0
    assert run(*options, stdin=pool.token()).returncode == 1
    assert run(*options, "--user-pool-id", pool.pool_id, stdin=pool.token()).returncode == 1
    neither = run(*options[:-2], stdin=pool.token())
    assert (neither.returncode, b"user_pool_id must be given, or issuer" in neither.stderr) == (2, True)
    address = b"http://localhost:1/local_AbC123/.well-known/jwks.json"
    emulator = ["--user-pool-id", "local_AbC123", "--endpoint", "http://localhost:1"]
    for source in (["--issuer", issuer], emulator):
        failed = run("pull", "new.json", *source)
        assert (failed.returncode, address in failed.stderr) == (6, True)
    unused = run("pull", "new.json", "--issuer", issuer, "--fips")
    assert (unused.returncode, b"belong to a user pool id" in unused.stderr) == (2, True)


def test_decode_warns_that_it_verifies_nothing(run, pool, stranger):
    """A forged token is shown, under a warning; what is not a token is refused."""
    claims = pool.access_claims(exp=10**30, iat="x")

    shown = run("decode", "--json", stdin=pool.token(claims, key=stranger))

    assert shown.returncode == 0
    assert json.loads(shown.stdout)["state"].startswith("NOT VERIFIED")
    assert json.loads(shown.stdout)["claims"] == claims
    assert b"NOT VERIFIED" in run("decode", stdin=pool.token(claims, key=stranger)).stdout
    for hostile in ("", "x", "a.b.c", "é.é.é", "e30." + "A" * 70_000 + ".AA"):
        result = run("decode", stdin=hostile)
        assert result.returncode == 1
        assert b"Traceback" not in result.stderr
    assert run("decode", stdin=b"\xff\xfe").returncode == 1


def test_the_commands_are_functions_that_print_nothing(jwks_path, pool, compact, capfd):
    """Another command line gets dicts that JSON can hold, and errors as an exit status and such a dict."""
    source = _commands.source_of(reply=compact(pool.jwks()))
    settings = {"user_pool_id": pool.pool_id, "client_id": pool.client_id, "token_use": "access"}

    pulled = _commands.pull(str(jwks_path), source)
    status = _commands.status(str(jwks_path))
    verified = _commands.verify(str(jwks_path), pool.token(), **settings)
    decoded = _commands.decode(pool.token())
    failure = _commands.failure(KeysNotFoundError("jwks.json"))

    states = [json.loads(json.dumps(result))["state"] for result in (pulled, status, verified, decoded)]
    assert states == ["written", "fresh", "verified", "NOT VERIFIED: anybody could have written this"]
    assert (failure.exit_status, failure.result["error"]["code"]) == (4, "keys_not_found")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ValueError, match="where the keys come from"):
        _commands.source_of()
