"""Writes the tables of variables and outputs in terraform/**/README.md from the HCL.

    uv run python -m tools.terraform_docs [--check]

`make docs` runs it too, and a test holds the tables to the HCL. A table is between the lines `<!-- variables -->` and
`<!-- end -->`, or `<!-- outputs -->` and `<!-- end -->`. It reads only what `terraform fmt` writes: a block starts in
the first column and ends with a brace there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import generated

TERRAFORM = generated.ROOT / "terraform"
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
ARGUMENT = re.compile(r"^  (\w+)\s+= (.*?)(?=^  \w|\n\n|\Z)", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"(<!-- (variables|outputs) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A variable or an output: its name, and its arguments as they are written."""

    kind: str
    name: str
    arguments: dict[str, str]


def main() -> int:
    """The command."""
    return generated.main(
        "Writes the tables in terraform's READMEs from the HCL.", sorted(TERRAFORM.rglob("README.md")), rendered
    )


def rendered(readme: Path) -> str:
    """The README's text with tables as the HCL beside it has them."""
    blocks = [block for path in sorted(readme.parent.glob("*.tf")) for block in read(path.read_text())]
    tables = {"variables": _variables(blocks), "outputs": _outputs(blocks)}
    return MARKED.sub(lambda found: f"{found[1]}\n{tables[found[2]]}\n{found[3]}", readme.read_text())


def read(text: str) -> Iterator[Block]:
    """The variables and outputs of a file."""
    for kind, name, body in BLOCK.findall(text):
        yield Block(kind, name, {key: value.strip() for key, value in ARGUMENT.findall(body)})


def _variables(blocks: list[Block]) -> str:
    rows = [f"| `{b.name}` | {_type(b)} | {_default(b)} | {_description(b)} |" for b in blocks if b.kind == "variable"]
    return "\n".join(["| variable | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _outputs(blocks: list[Block]) -> str:
    rows = [f"| `{b.name}` | {_description(b)} |" for b in blocks if b.kind == "output"]
    return "\n".join(["| output | meaning |", "| --- | --- |", *rows, ""])


def _description(block: Block) -> str:
    return block.arguments["description"][1:-1].replace('\\"', '"').replace("|", "\\|")


def _type(block: Block) -> str:
    """The type on one line, with an object's members and their defaults."""
    text = re.sub(r"\s+", " ", re.sub(r"\n\s+(?=\w)", ", ", block.arguments["type"])).replace("({, ", "({ ")
    return f"`{text}`"


def _default(block: Block) -> str:
    default = block.arguments.get("default")
    return "required" if default is None else f"`{default}`"


if __name__ == "__main__":
    sys.exit(main())
