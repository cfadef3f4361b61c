"""A JWKS document is read by one rule: the vectors in vectors/jwks.json, and JSON of any type in any member."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usermgr_jwt import InvokeSource, KeySet, parse_jwks, pull
from usermgr_jwt.errors import KeysError, KeysInvalidError, KeysSourceError

VECTORS = json.loads((Path(__file__).parent / "vectors" / "jwks.json").read_text())


def document_of(vector: dict[str, Any]) -> bytes:
    if "base64" in vector:
        return base64.b64decode(vector["base64"])
    text = vector["document"]
    if "repeat" in vector:
        part, count = vector["repeat"]
        text = text.replace("{{deep}}", part * count)
    for name, value in VECTORS["texts"].items():
        text = text.replace("{{" + name + "}}", value)
    return text.encode()


def params(member: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS["vectors"] if member in vector]


@pytest.mark.parametrize("vector", params("key_ids"))
def test_accepted_documents(vector):
    """Keys of other kinds are passed over, and the RSA keys for RS256 are read."""
    assert parse_jwks(document_of(vector), "test").key_ids == set(vector["key_ids"])


@pytest.mark.parametrize("vector", params("problem"))
def test_refused_documents(vector):
    """A malformed, private, weak or duplicate key, and what is not a JWKS, is an error that names the problem."""
    with pytest.raises(KeysInvalidError) as caught:
        parse_jwks(document_of(vector), "test")

    assert vector["problem"] in str(caught.value)


def test_the_vectors_are_both_ways_and_named_once():
    """There are vectors of both kinds, each is of exactly one, and a name is used once."""
    vectors = VECTORS["vectors"]

    assert len({vector["name"] for vector in vectors}) == len(vectors)
    assert all(("key_ids" in vector) != ("problem" in vector) for vector in vectors)
    assert min(len(params("key_ids")), len(params("problem"))) >= 20


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = ["kty", "use", "alg", "key_ops", "kid", "n", "e", "x5c", "x5t", "d", "k", "priv", "crv", "x"]


def test_any_json_in_any_member(pool, compact):
    """Whatever a member of a key, a key or the list is, the outcome is a key set or a KeysInvalidError."""
    outcomes = set()

    @hypothesis_settings(max_examples=600)
    @given(st.dictionaries(st.sampled_from(MEMBERS), ANY_JSON, max_size=4), ANY_JSON, st.integers(0, 3))
    def read(members, anything, place):
        keys = pool.jwks()["keys"]
        keys[1] |= members
        document = [{"keys": keys}, {"keys": [*keys, anything]}, {"keys": anything}, anything][place]
        try:
            outcomes.add(type(parse_jwks(compact(document), "test")))
        except KeysInvalidError as error:
            outcomes.add(type(error))

    read()

    assert outcomes == {KeySet, KeysInvalidError}


def test_any_reply_of_a_function(pool, compact, tmp_path):
    """Whatever JSON, or other type, the download function returns, `pull` writes good keys or raises a KeysError."""
    path = tmp_path / "jwks.json"

    @hypothesis_settings(max_examples=200)
    @given(ANY_JSON, st.sampled_from(["reply", "error", "code", "message"]))
    def try_to_pull(anything, place):
        error = {"code": anything} if place == "code" else {"code": "x", "message": anything}
        reply = {"reply": anything, "error": {"error": anything}}.get(place, {"error": error})
        with pytest.raises(KeysError) as caught:
            pull(InvokeSource(lambda _event: compact(reply)), path)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 600

    try_to_pull()
    for reply in (None, "{}", 5, {"keys": []}, bytearray(b"{}")):
        with pytest.raises(KeysSourceError, match="must return bytes"):
            pull(InvokeSource(lambda _event, reply=reply: reply), path)
    assert not path.exists()
