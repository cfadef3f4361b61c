"""The table of errors in docs/verifier.md, generated from the drawing in errors.py and the classes' constructors.

    uv run python packages/usermgr-jwt/tests/support/usermgr_jwt_docs.py

writes it into the document; a test fails while the two differ.
"""

import re
from inspect import signature
from pathlib import Path

from usermgr_jwt import errors

GUIDE = Path(__file__).parents[4] / "docs" / "verifier.md"
_HEAD = "| Class | `code` | Answer | Attributes |\n| --- | --- | --- | --- |\n"
_ROW = re.compile(r"^    [│├└─ ]*(\w+Error) +\w+ *(.*)$", re.MULTILINE)
_TABLE = re.compile(re.escape(_HEAD) + r"(?:\|.*\n)*")


def error_table() -> str:
    """One row for each class that is raised itself: code, HTTP status (or the only caller), attributes."""
    rows = [_row(getattr(errors, name), note) for name, note in _ROW.findall(errors.__doc__)]
    return _HEAD + "".join(row for row in rows if row)


def _row(cls: type[errors.VerifierError], note: str) -> str:
    if cls.__init__ is errors.VerifierError.__init__:
        return ""  # a root: its subclasses are raised
    attributes = ", ".join(f"`{name}`" for name in list(signature(cls).parameters))
    return f"| `{cls.__name__}` | `{cls.code}` | {_answer(cls, note)} | {attributes} |\n"


def _answer(cls: type[errors.VerifierError], note: str) -> str:
    if (only := re.search(r"\(only from (\w+)\)", note)) is not None:
        return f"only from `{only[1]}`"
    if "(403)" in note:
        return "403"
    return "401" if issubclass(cls, errors.TokenError) else "503"


if __name__ == "__main__":
    document, count = _TABLE.subn(lambda _match: error_table(), GUIDE.read_text())
    if count != 1:
        raise SystemExit(f"{GUIDE}: the heading of the table of errors was found {count} times")
    GUIDE.write_text(document)
