r"""The dialect of `--env-file`. Nothing is expanded: a value is what stands there.

* The file is UTF-8, with or without a byte order mark; a line ends with LF or CRLF.
* A line is empty, a comment that begins with `#`, or `NAME=value`, with or without `export` before it. Blanks around
  the name, the `=` and the value do not count.
* Without quotes, a `#` after a blank begins a comment; any other `#` belongs to the value.
* Between `'` and `'`, every character stands for itself.
* Between `"` and `"`, `\"` and `\\` stand for `"` and `\`, and every other character for itself.
* After the closing quote there may be blanks, and a comment after a blank.
* A name that stands there twice has the last value.
"""

from __future__ import annotations

import re
from pathlib import Path

from usermgr.errors import ConfigurationError

__all__ = ["parse", "read"]

_NAME = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_SINGLE = re.compile(r"'([^']*)'(?:[ \t]+#.*|[ \t]*)")
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"(?:[ \t]+#.*|[ \t]*)')
_COMMENT = re.compile(r"(?:\A|[ \t])#.*")
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def read(path: str | Path) -> dict[str, str]:
    """The settings of the file. Raises `ConfigurationError` with the number of the line that does not parse."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _refused(f"the file {path} of --env-file cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise _refused(f"{path}, line {number}: this is not UTF-8") from None
    return parse(text, str(path))


def parse(text: str, title: str) -> dict[str, str]:
    """As `read`. No message repeats a value, which may be a secret."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")  # noqa: PLW2901 - the same line, without its end
        bare = line.strip(" \t")
        if not bare or bare.startswith("#"):
            continue
        if _FORBIDDEN.search(line):
            raise _refused(f"{title}, line {number}: there is a control character")
        head = _NAME.match(line)
        if head is None:
            raise _refused(f"{title}, line {number}: expected NAME=value, with letters, digits and _ in the name")
        found[head[1]] = _value(line[head.end() :], f"{title}, line {number}")
    return found


def _value(text: str, where: str) -> str:
    if text.startswith("'"):
        single = _SINGLE.fullmatch(text)
        if single is None:
            raise _refused(f"{where}: expected a closing ' and nothing after it but a comment")
        return single[1]
    if text.startswith('"'):
        double = _DOUBLE.fullmatch(text)
        if double is None:
            raise _refused(f'{where}: expected a closing " and nothing after it but a comment')
        return re.sub(r'\\(["\\])', r"\1", double[1])
    return _COMMENT.sub("", text).rstrip(" \t")


def _refused(problem: str) -> ConfigurationError:
    return ConfigurationError(problem, problems=[problem])
