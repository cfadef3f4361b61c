"""Desired states: every spelling that could mean something else is refused with its line, in YAML as in JSON."""

from __future__ import annotations

import builtins
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from usermgr.errors import ConfigurationError, InvalidInputError
from usermgr_bulk.sync import (
    Desired,
    DesiredGroup,
    DesiredStateError,
    DesiredUser,
    Unmanaged,
    parse_desired,
    read_desired,
)

WHOLE = """\
# Everybody
users:
  - username: ada
    attributes:
      email: ada@example.org
      custom:room: 012
      "nickname": no
    without: [phone_number]
    enabled: true
    groups: [staff]
  - {username: 1815, enabled: false, groups: []}
groups:
  - name: staff
    description: |-
      Two
      lines
    precedence: 3
    members: [ada]
  - name: 'on'
    description: ""
    members: []
unmanaged:
  users: ["svc-*"]
  groups: ["*_Google"]
  attributes: [phone_number_verified]
"""

STATE = Desired(
    [
        DesiredUser(
            "ada",
            {"email": "ada@example.org", "custom:room": "012", "nickname": "no"},
            ["phone_number"],
            True,
            ["staff"],
        ),
        DesiredUser("1815", enabled=False, groups=[]),
    ],
    [DesiredGroup("staff", "Two\nlines", 3, ["ada"]), DesiredGroup("on", "", None, [])],
    Unmanaged(["svc-*"], ["*_Google"], ["phone_number_verified"]),
)


def problems(content: str | bytes, form: str = "yaml") -> list[tuple[int | None, str]]:
    """The line and the field of each thing that is wrong."""
    with pytest.raises(DesiredStateError) as caught:
        parse_desired(content, form)
    return [(problem.line, problem.field) for problem in caught.value.problems or ()]


def test_scalars_are_the_text_that_stands_there() -> None:
    """`no`, `on`, `012` and `1815` are names and values like others; what is left out is None, and [] is nobody."""
    assert parse_desired(WHOLE, "yaml") == STATE


def test_a_file_is_read_by_what_its_name_says(tmp_path: Path) -> None:
    """`.yaml`, `.yml` and `.json`, with a byte order mark or without; another name needs its format named."""
    for name in ("a.yaml", "a.YML"):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
        assert read_desired(tmp_path / name) == STATE
    (tmp_path / "a.json").write_text('\ufeff{"groups": []}')
    assert read_desired(tmp_path / "a.json") == Desired(groups=[])
    (tmp_path / "a.txt").write_text("groups: []")
    assert read_desired(tmp_path / "a.txt", "yaml") == Desired(groups=[])
    with pytest.raises(InvalidInputError, match="name the format"):
        read_desired(tmp_path / "a.txt")
    with pytest.raises(InvalidInputError, match="yaml, json"):
        parse_desired("", "toml")


def user(rest: str) -> str:
    """A document with one user, whose second line is this."""
    return f"users:\n  - username: ada\n    {rest}\n"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("", (1, "document"), id="empty"),
        pytest.param("# nobody\n\n", (1, "document"), id="comments alone"),
        pytest.param("---\n", (2, "document"), id="no content"),
        pytest.param("null", (1, "document"), id="null"),
        pytest.param("{}", (1, "document"), id="no keys"),
        pytest.param("unmanaged: {users: ['*']}", (1, "document"), id="nothing is declared"),
        pytest.param("users:\n\ngroups: []", (1, "users"), id="a key without a value"),
        pytest.param("groups: []\nusers: ~", (2, "users"), id="a tilde"),
        pytest.param("users: {ada: {}}", (1, "users"), id="a mapping for a list"),
        pytest.param("- username: ada", (1, "the document"), id="a list for the document"),
        pytest.param("users: [ada]", (1, "users"), id="a text for an entry"),
        pytest.param("users: []\nuser: []", (2, "the document"), id="an unknown key"),
        pytest.param("users: []\n---\nusers: []", (2, "document"), id="a second document"),
        pytest.param("%YAML 1.1\n---\nusers: []", (2, "document"), id="another version"),
        pytest.param("%TAG ! tag:x,2000:\n---\nusers: []", (2, "document"), id="a declared tag"),
        pytest.param("users: []\nusers: []", (2, "document"), id="a key twice"),
        pytest.param(user('"username": alan'), (3, "document"), id="a key twice, once in quotation marks"),
        pytest.param("users: []\n? [a]\n: b", (2, "document"), id="a list for a key"),
        pytest.param(user("groups: &all [staff]"), (3, "document"), id="an anchor"),
        pytest.param(user("groups: *all"), (3, "document"), id="an alias"),
        pytest.param(user("<<: {enabled: true}"), (3, "users"), id="a merge key"),
        pytest.param(user("enabled: !!bool true"), (3, "document"), id="a tag"),
        pytest.param(user("attributes: !x {}"), (3, "document"), id="a tag on a mapping"),
        pytest.param(user("enabled: yes"), (3, "users.enabled"), id="yes"),
        pytest.param(user("enabled: True"), (3, "users.enabled"), id="True"),
        pytest.param(user("enabled: 1"), (3, "users.enabled"), id="1"),
        pytest.param(user('enabled: "true"'), (3, "users.enabled"), id="true in quotation marks"),
        pytest.param(user("enabled:"), (3, "users.enabled"), id="enabled without a value"),
        pytest.param(user("password: hunter2"), (3, "users.password"), id="a password"),
        pytest.param(user("attributes: {sub: x}"), (3, "users.attributes"), id="sub"),
        pytest.param(user("attributes: {email: }"), (3, "users.attributes.email"), id="an attribute without a value"),
        pytest.param(user("attributes: {email: Null}"), (3, "users.attributes.email"), id="an attribute of Null"),
        pytest.param(user('attributes: {email: ""}'), (3, "users.attributes.email"), id="an empty attribute"),
        pytest.param(user("attributes: {email: [a]}"), (3, "users.attributes.email"), id="a list for an attribute"),
        pytest.param(user("attributes: []"), (3, "users.attributes"), id="a list for attributes"),
        pytest.param(user("attributes: {a: b}\n    without:\n      - a"), (5, "users.without"), id="with and without"),
        pytest.param(user("groups: staff"), (3, "users.groups"), id="a text for a list"),
        pytest.param(user("groups:\n    - a\n    - b\n    - a"), (6, "users.groups"), id="a group twice"),
        pytest.param(user("groups:\n    - a\n    -"), (5, "users.groups"), id="an item without a value"),
        pytest.param(user('groups: [""]'), (3, "users.groups"), id="an empty item"),
        pytest.param("users:\n  - enabled: true", (2, "users.username"), id="no name"),
        pytest.param("users:\n  - username: ''", (2, "users.username"), id="an empty name"),
        pytest.param("users: [{username: a}, \n {username: a}]", (2, "users.username"), id="a person twice"),
        pytest.param("groups: [{name: a}, \n {name: a}]", (2, "groups.name"), id="a group declared twice"),
        pytest.param("users: [{username: a}, {username: a}]", (1, "users.username"), id="a person twice on a line"),
        pytest.param("groups: [{name: a, members: [b]}, {name: a}]", (1, "groups.name"), id="a group twice on a line"),
        pytest.param('users: [\n{username: "\\ud800"}]', (2, "users.username"), id="half of a character"),
        pytest.param(user('attributes: {"\\udc00": a}'), (3, "document"), id="half of a character in a key"),
        pytest.param('users: [\n{username: "\\U00110000"}]', (2, "document"), id="an escape of no character"),
        pytest.param("users:\n- username: a\x07", (2, "document"), id="a character that is not allowed"),
        pytest.param("users:\n# x\u2028- username: a", (2, "document"), id="a comment that some readers end earlier"),
        pytest.param(user('groups: ["a\x85b"]'), (3, "document"), id="a line break of YAML 1.1"),
        pytest.param(b"users:\n- username: \xe9", (2, "document"), id="not UTF-8"),
        pytest.param("users: [\n", (2, "document"), id="not YAML"),
        pytest.param("users:\n\t- a", (2, "document"), id="a tabulator"),
        pytest.param("users: []\n" + "[" * 500, (2, "document"), id="deep, and broken"),
        pytest.param("users:\n " + "[" * 500 + "]" * 500, (2, "document"), id="deep"),
        *(
            pytest.param(
                f"groups:\n- name: a\n  precedence: {value}", (3, "groups.precedence"), id=f"precedence {value!a}"
            )
            for value in ("010", "+1", "-1", "1.0", "1e1", "0x1", '"1"', "1_0", "٣", "2147483648", "9" * 5000, "[1]")
        ),
    ],
)  # fmt: skip
def test_what_could_mean_something_else_is_refused(document: str | bytes, expected: tuple[int, str]) -> None:
    """The line and the member of each such spelling; the message says what to do, and repeats no password."""
    found = problems(document)

    assert found[0] == expected


@pytest.mark.parametrize(
    ("document", "line"),
    [
        pytest.param("", 1, id="empty"),
        pytest.param(" \n", 1, id="space alone"),
        pytest.param("{}", 1, id="no keys"),
        pytest.param('{"users": null}', 1, id="null"),
        pytest.param('{"users":\n [], "users": []}', 2, id="a key twice"),
        pytest.param('{"users": []}\n{"users": []}', 2, id="a second document"),
        pytest.param('{"users": [{"username": "ada",\n "enabled": "true"}]}', 2, id="true in quotation marks"),
        pytest.param('{"users": [{"username": "ada",\n "enabled": 1}]}', 2, id="1"),
        pytest.param('{"groups": [{"name": "a",\n "precedence": 1.0}]}', 2, id="1.0"),
        pytest.param('{"users":\n [,]}', 2, id="no item"),
        pytest.param('{"users":\n []', 2, id="not closed"),
        pytest.param('{"users":\n [] "groups": []}', 2, id="no comma"),
        pytest.param('{"users":\n [],}', 2, id="a comma at the end"),
        pytest.param('{"users"\n []}', 2, id="no colon"),
        pytest.param("{\nusers: []}", 2, id="no quotation marks"),
        pytest.param('{"users": [{"username":\n NaN}]}', 2, id="NaN"),
        pytest.param('{"users": [{"username":\n 01}]}', 2, id="a leading zero"),
        pytest.param('{"users": [{"username":\n "a\tb"}]}', 2, id="a tabulator in a text"),
        pytest.param('{"users": [{"username":\n "\\x41"}]}', 2, id="an escape of YAML"),
        pytest.param('{"users": [{"username":\n "\\ud800"}]}', 2, id="half of a character"),
        pytest.param('{"users":\n' + "[" * 100_000, 2, id="deep"),
        pytest.param(b'{"users":\n "\xe9"}', 2, id="not UTF-8"),
    ],
)
def test_json_is_as_strict(document: str | bytes, line: int) -> None:
    """What is not JSON, and what could mean something else, is refused with its line."""
    assert problems(document, "json")[0][0] == line


def test_all_problems_are_told_at_once() -> None:
    """The message has the first five by line, and the error has all; a password is not among them."""
    document = "users:\n" + "".join(f"- username: u{n}\n  password: hunter2\n" for n in range(7))

    with pytest.raises(DesiredStateError, match=r"^line 3: .*; and 2 more$") as caught:
        parse_desired(document, "yaml")

    assert [problem.line for problem in caught.value.problems or ()] == [3, 5, 7, 9, 11, 13, 15]
    assert "hunter2" not in str(caught.value) + repr(caught.value.problems)
    assert (caught.value.code, caught.value.field) == ("desired_state", "users.password")


def test_json_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ruamel.yaml, JSON is read, and YAML is refused with what to install."""
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.startswith("ruamel"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)

    assert parse_desired('{"users": []}', "json") == Desired(users=[])
    with pytest.raises(ConfigurationError, match="extra yaml"):
        parse_desired("users: []", "yaml")


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
texts = names | st.sampled_from(
    ["no", "null", "~", "1e3", "012", "true", "a: b", "- a", "# a", "'", '"', "\n", "&a", "*a"]
)
entries = st.fixed_dictionaries(
    {"username": texts},
    optional={
        "attributes": st.dictionaries(names, texts, max_size=3),
        "without": st.just([]),
        "enabled": st.booleans(),
        "groups": st.lists(texts, unique=True, max_size=3),
    },
)
groups = st.fixed_dictionaries(
    {"name": texts},
    optional={
        "description": texts | st.just(""),
        "precedence": st.integers(0, 2**31 - 1),
        "members": st.lists(texts, unique=True, max_size=3),
    },
)
documents = st.fixed_dictionaries(
    {"users": st.lists(entries, unique_by=lambda entry: entry["username"], max_size=3)},
    optional={
        "groups": st.lists(groups, unique_by=lambda group: group["name"], max_size=3),
        "unmanaged": st.fixed_dictionaries({}, optional={"users": st.lists(texts, unique=True, max_size=2)}),
    },
).filter(lambda document: not any("sub" in user.get("attributes", {}) for user in document["users"]))


@settings(max_examples=60)
@given(documents, st.sampled_from([None, 1]))
def test_yaml_and_json_are_read_alike(document: dict[str, Any], indent: int | None) -> None:
    """A document in JSON, which is YAML too, is the same state by both readers, and holds what was written."""
    text = json.dumps(document, indent=indent)

    state = parse_desired(text, "json")

    assert state == parse_desired(text, "yaml")
    assert [user.username for user in state.users or ()] == [user["username"] for user in document["users"]]
    assert [user.groups for user in state.users or ()] == [
        tuple(user["groups"]) if "groups" in user else None for user in document["users"]
    ]
    assert [user.line for user in state.users or ()] == [
        user.line for user in parse_desired(text, "yaml").users or ()
    ]  # fmt: skip


@settings(max_examples=100)
@given(st.text() | st.binary(), st.sampled_from(["yaml", "json"]))
@example("users: []\n...\nx", "yaml")
@example("!", "yaml")
@example("'", "yaml")
@example("a: |9\n", "yaml")
def test_anything_is_a_state_or_is_refused(content: str | bytes, form: str) -> None:
    """No text and no bytes end in another way."""
    with suppress(DesiredStateError):
        assert isinstance(parse_desired(content, form), Desired)
