"""`usermgr jwks` and `usermgr token`: what they print, how they end, and no token anywhere but in."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.running import Ran, usermgr
from tests.stub import Handler, Stub, answers
from usermgr_jwt._cli import FUNCTION


@pytest.fixture(autouse=True)
def environment(monkeypatch, jwks_path, pool):
    """The settings of an application that verifies tokens, and no store."""
    for name in ("USERMGR_BACKEND", "USERPOOL_ID", "CLIENT_ID", "LAMBDA_NAME_DOWNLOAD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USERMGR_JWKS", str(jwks_path))
    monkeypatch.setenv("USERPOOL_ID", pool.pool_id)
    monkeypatch.setenv("CLIENT_ID", pool.client_id)


def parts(token: str) -> list[str]:
    """What must not be told: the token, its signed part, its signature."""
    return [token, token.rpartition(".")[0], token.rpartition(".")[2]]


def verify(token: str, *arguments: str) -> Ran:
    done = usermgr("token", "verify", "-o", "json", *arguments, stdin=token)
    assert not [part for part in parts(token) if part and part in done.out + done.err]
    return done


def test_good_token(pool):
    """Its claims come out, and when it expires as a time; by stdin, with or without a line end."""
    claims = pool.access_claims()
    token = pool.token(claims)

    done = verify(token + "\n", "--token-use", "access")

    assert (done.status, done.err) == (0, "")
    assert (done.data["state"], done.data["claims"]) == ("verified", claims)
    assert done.data["expires_at"].startswith("20")
    assert verify(token, "--token-use", "any", "--any-client").status == 0
    only = usermgr("token", "verify", "--token-use", "access", "--query", "claims.username", stdin=token)
    assert only.out == "alice\n"


@pytest.mark.parametrize(
    ("changes", "arguments", "code"),
    [
        pytest.param({"exp": 1}, (), "token_expired", id="expired"),
        pytest.param({"client_id": "other"}, (), "token_client", id="client"),
        pytest.param({}, ("--client-id", "other"), "token_client", id="client asked for"),
        pytest.param({}, ("--group", "nobody"), "token_group", id="group"),
        pytest.param({}, ("--scope", "none"), "token_scope", id="scope"),
        pytest.param({}, ("--issuer", "https://issuer.example"), "token_issuer", id="issuer"),
    ],
)
def test_refused_token(pool, changes, arguments, code):
    """Whatever is wrong with it ends with 4, and its code."""
    refused = verify(pool.token(pool.access_claims(**changes)), "--token-use", "access", *arguments)

    assert (refused.status, refused.out, f"[{code}]" in refused.err) == (4, "", True)


def test_what_is_no_token(pool):
    """Garbage, nothing, and a token that somebody changed end with 4."""
    token = pool.token()
    for wrong in ("", "garbage", token[:-4] + "AAAA", token * 3000):
        assert verify(wrong, "--token-use", "access").status == 4


def test_keys_that_cannot_be_used(pool, jwks_path, monkeypatch):
    """No file ends with 3, an old or broken one with 1, and no name of one with 2: the token may be good."""
    token = pool.token()
    os.utime(jwks_path, (1, 1))
    assert verify(token, "--token-use", "access", "--max-age", "60").status == 1
    assert verify(token, "--token-use", "access", "--keys", "none.json").status == 3
    monkeypatch.delenv("USERMGR_JWKS")
    unnamed = verify(token, "--token-use", "access")
    assert (unnamed.status, "USERMGR_JWKS" in unnamed.err) == (2, True)


def test_misuse(pool, monkeypatch):
    """What is not said is asked for by name; a token as an argument is refused, and not repeated."""
    token = pool.token()
    assert verify(token).status == 2
    assert "--any-client" in verify(token, "--token-use", "access", "--any-client", "--client-id", "x").err
    monkeypatch.delenv("CLIENT_ID")
    assert "CLIENT_ID" in verify(token, "--token-use", "access").err
    for command in (["verify", "--token-use", "access", "--any-client"], ["decode"]):
        typed = usermgr("token", *command, token, stdin=token)
        assert (typed.status, typed.out) == (2, "")
        assert not [part for part in parts(token) if part in typed.err]
    both = usermgr("token", "decode", "--token-fd", "0", "--token-file", "x")
    assert (both.status, "one of --token-file and --token-fd" in both.err) == (2, True)


def test_token_by_file_and_by_descriptor(pool, tmp_path):
    """A token comes by a file or by a descriptor, which stays open; one that cannot be read is misuse."""
    path = tmp_path / "token"
    path.write_text(pool.token())
    assert verify("", "--token-use", "access", "--token-file", str(path)).status == 0
    reading, writing = os.pipe()
    os.write(writing, pool.token().encode())
    os.close(writing)
    assert verify("", "--token-use", "access", "--token-fd", str(reading)).status == 0
    os.close(reading)
    for wrong in (
        ["--token-fd", str(reading)],
        ["--token-file", str(tmp_path / "none")],
        ["--token-file", str(tmp_path)],
    ):
        unread = usermgr("token", "decode", *wrong)
        assert (unread.status, "the token cannot be read: " in unread.err) == (2, True)


def test_decode_says_that_nothing_is_verified(pool, stranger):
    """A token of anybody is decoded, with the sentence that it may be; what is no token is a failure."""
    token = pool.token(pool.access_claims(exp=10**30), key=stranger)

    for arguments in (["-o", "json"], []):
        done = usermgr("token", "decode", *arguments, stdin=token)
        assert (done.status, "NOT VERIFIED: anybody could have written this" in done.out) == (0, True)
        assert not [part for part in parts(token) if part in done.out + done.err]
    assert usermgr("token", "decode", stdin="x.y.z").status == 1


def test_pull_and_status(pool, other_pool, tmp_path, compact, jwks_path):
    """Keys are pulled from stdin or an address, a foreign set is refused, and the status tells what there is."""
    path = tmp_path / "pulled.json"
    assert usermgr("jwks", "status", path).status == 3
    document = compact(pool.jwks())

    written = usermgr("jwks", "pull", path, "--stdin", "-o", "json", stdin=document)

    assert written.data == {
        "state": "written", "file": str(path), "key_ids": ["access-key", "id-key"],
        "added": ["access-key", "id-key"], "removed": [],
    }  # fmt: skip
    assert path.read_bytes() == document
    fresh = usermgr("jwks", "status", path, "--max-age", 60, "-o", "json")
    assert (fresh.status, fresh.data["state"], fresh.data["warnings"]) == (0, "fresh", [])
    assert abs(datetime.fromisoformat(fresh.data["renewed_at"]).timestamp() - path.stat().st_mtime) < 10
    foreign = compact({"keys": [dict(key, kid=f"other-{key['kid']}") for key in other_pool.jwks()["keys"]]})
    refused = usermgr("jwks", "pull", path, "--stdin", stdin=foreign)
    assert (refused.status, "[keys_replacement]" in refused.err) == (1, True)
    assert usermgr("jwks", "pull", path, "--stdin", "--replace-all", stdin=foreign).status == 0
    unreached = usermgr("jwks", "pull", path, "--url", "http://127.0.0.1:9/jwks.json")
    assert (unreached.status, "[keys_source]" in unreached.err) == (1, True)
    assert usermgr("jwks", "pull", path, "--stdin", "--lambda").status == 2
    assert usermgr("jwks", "pull", path, "--stdin", "--fips", stdin=document).status == 2


def test_pull_through_the_download_function(pool, compact, monkeypatch, tmp_path):
    """With --lambda the keys come from the function, whose failure and absence are told."""
    path = tmp_path / "pulled.json"
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S3cret-planted")
    asked: list[str] = []

    def behave(handler: Handler) -> None:
        asked.append(handler.path)
        answers(200, compact(pool.jwks()))(handler)

    with Stub() as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", stub.url)
        stub.behave = behave
        assert usermgr("jwks", "pull", path, "--lambda").status == 0
        monkeypatch.setenv("LAMBDA_NAME_DOWNLOAD", "keys-please")
        assert usermgr("jwks", "pull", path, "--lambda").status == 0
        stub.behave = answers(200, {"error": {"code": "unreachable", "message": "no way to Cognito"}})
        failed = usermgr("jwks", "pull", path, "--lambda")
        assert (failed.status, "no way to Cognito" in failed.err) == (1, True)
    assert asked == [f"/2015-03-31/functions/{name}/invocations" for name in (FUNCTION, "keys-please")]
    assert json.loads(Path(path).read_bytes()) == pool.jwks()
    monkeypatch.setattr("usermgr_jwt._cli.entry_points", lambda **_: ())
    absent = usermgr("jwks", "pull", path, "--lambda")
    assert (absent.status, "usermgr-lambda-client" in absent.err) == (2, True)
