"""Pages that are written from code are as the code is."""

from __future__ import annotations

from tools import reference_docs
from usermgr.errors import errors_by_code


def test_reference_is_as_make_docs_writes_it() -> None:
    """docs/reference.md is what `make docs` would write now."""
    assert reference_docs.PAGE.read_text() == reference_docs.rendered()


def test_reference_has_every_error() -> None:
    """Every code that can cross the wire has its row."""
    page = reference_docs.rendered()
    assert [code for code in errors_by_code() if f"| `{code}` |" not in page] == []
