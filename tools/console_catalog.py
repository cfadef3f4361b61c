"""Brings the Japanese catalog of the console up to the texts of its code and templates: adds the new, drops the gone.

`make docs` runs it. What it adds has no translation yet, and a test fails until somebody writes one.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "packages" / "usermgr-console" / "src" / "usermgr_console"
PAGE = PACKAGE / "locale" / "ja" / "console.po"

KEYWORDS = {"_": None, "N_": None, "text": None, "plural": (1, 2)}
METHODS = [("_config.py", "ignore"), ("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def wanted() -> Catalog:
    """A catalog with every message of the code and the templates."""
    catalog = Catalog(locale="ja")
    options = {"templates/**.html": {"trimmed": "false", "silent": "false"}}
    found = extract_from_dir(PACKAGE, METHODS, options, keywords=KEYWORDS, directory_filter=lambda _: True)
    for _, _, message, _, _ in found:
        catalog.add(message)
    return catalog


def present() -> Catalog:
    """The catalog in the package."""
    with PAGE.open("rb") as stream:
        return read_po(stream, locale="ja")


def problems(catalog: Catalog) -> list[str]:
    """What is wrong with a catalog: missing, superfluous, unfinished, or with other placeholders than the message."""
    found, texts = [], {message.id for message in wanted() if message.id}
    for message in catalog:
        if not message.id:
            continue
        one = message.id[0] if isinstance(message.id, tuple) else message.id
        given = message.string[0] if isinstance(message.string, tuple) else message.string
        if message.id not in texts:
            found.append(f"not used: {one}")
        elif not given or message.fuzzy:
            found.append(f"not translated: {one}")
        elif set(PLACEHOLDER.findall(one)) != set(PLACEHOLDER.findall(given)):
            found.append(f"other placeholders: {one}")
    ids = {message.id for message in catalog}
    return found + [f"missing: {text}" for text in sorted(map(str, texts - ids))]


def main() -> int:
    """Writes the file; what is left to translate is printed."""
    old, new = present(), wanted()
    for message in new:
        known = old.get(message.id[0] if isinstance(message.id, tuple) else message.id) if message.id else None
        if known is not None and known.id == message.id:
            message.string = known.string
    new.fuzzy = False
    with PAGE.open("wb") as stream:
        write_po(stream, new, no_location=True, omit_header=True, sort_output=True, width=0)
    text = PAGE.read_text()
    header = (
        'msgid ""\nmsgstr ""\n"Language: ja\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    PAGE.write_text(header + re.sub(r"^#, python-format\n", "", text, flags=re.MULTILINE))
    left = problems(present())
    print("\n".join(left))
    return bool(left)


if __name__ == "__main__":
    sys.exit(main())
