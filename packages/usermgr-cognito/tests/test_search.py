"""ListUsers filters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr import Condition, where
from usermgr_cognito._search import MAX_LENGTH, choose, to_filter

GRAMMAR = re.compile(r'([\w:]+) (\^?=) "((?:[^"\\]|\\["\\])*)"')
"""One attribute, one operator, one quoted value in which quotes and backslashes are escaped, and nothing else."""


@given(st.text(), st.sampled_from(["username", "email", "name", "sub", "status"]))
def test_no_value_leaves_its_quotes(value: str, field: str) -> None:
    """Whatever the value, the filter is one comparison whose unescaped value is exactly the one asked for."""
    text = to_filter(where(field).equals(value))
    if text is None:
        assert not value or not value.isprintable() or len(value) > MAX_LENGTH // 2 - 30
        return
    match = GRAMMAR.fullmatch(text)
    assert match is not None
    assert re.sub(r"\\(.)", r"\1", match[3]) == value
    assert len(text) <= MAX_LENGTH


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("email").equals("a@b.c"), 'email = "a@b.c"'),
        (where("name").starts_with('A"\\'), 'name ^= "A\\"\\\\"'),
        (where("status").equals("CONFIRMED"), 'cognito:user_status = "CONFIRMED"'),
        (where("enabled").equals(value=True), 'status = "Enabled"'),
        (where("enabled").equals(value=False), 'status = "Disabled"'),
        (where("custom:extra_info").equals("x"), None),
        (where("address").equals("x"), None),
        (where("email").contains("x"), None),
        (where("email").is_missing(), None),
        (where("email").starts_with(""), None),
        (where("name").equals("x" * 300), None),
    ],
)
def test_cognito_is_asked_what_it_can_answer(condition: Condition, expected: str | None) -> None:
    """The searchable attributes with = and ^= become a filter; everything else is left to core."""
    assert to_filter(condition) == expected


def test_most_selective_condition_is_sent() -> None:
    """Of several conditions, an equality goes before a prefix, and a name before a status."""
    conditions = [where("status").equals("CONFIRMED"), where("username").starts_with("a"), where("email").equals("e")]
    assert choose(conditions) == (2, 'email = "e"')
    assert choose([where("custom:x").equals("y")]) is None
