"""Derives the attributes of our resources in another release of the aws provider, which cannot be run here.

    python tools/provider_schema.py cdktf_cdktf_provider_aws-21.22.0-py3-none-any.whl > tests/terraform/provider_6.json

The wheel holds the CDK's bindings, which are generated from the provider's schema; its metadata names the provider's
release. It is read as text, and only for the resources and data sources that terraform/ uses. A test holds the HCL to
the result, and downloads nothing. It is a comparison of names, not a run.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parent.parent / "terraform"
META = frozenset({"for_each", "count", "depends_on", "provider", "lifecycle", "provisioner", "connection"})
_OPENED = re.compile(r'^(?P<indent> *)(?P<dynamic>dynamic )?"?(?P<name>\w+)"?(?P<labels>(?: "[\w-]+")*) \{(?: #.*)?$')
_ARGUMENT = re.compile(r"^(?P<indent> *)(?P<name>\w+) += (?P<value>.*)$")
_REFERENCE = re.compile(r"\b(data\.)?(aws_\w+)\.\w+(?:\[[^\]]*\])?\.(\w+)")


_ITERATED = re.compile(
    r"\bfor (?:\w+, )?(?P<variable>\w+) in (?P<data>data\.)?(?P<kind>aws_\w+)\.\w+ :(?P<rest>(?s:.*?))(?:^}|\n\n|\Z)",
    re.MULTILINE,
)
_SELF = re.compile(r"\bself\.(\w+)")


@dataclass(frozen=True, slots=True)
class Use:
    """An attribute that the HCL sets or reads: of which kind, in which nested block (`a/b`; empty at the top)."""

    kind: str
    """Such as `resource aws_lambda_function`."""

    block: str
    name: str


def uses(text: str) -> Iterator[Use]:
    """What a file sets and reads, as `terraform fmt` writes it."""
    for is_data, kind, name in _REFERENCE.findall(text):
        yield Use(f"{'data' if is_data else 'resource'} {kind}", "", name)
    for found in _ITERATED.finditer(text):
        for name in re.findall(rf"\b{found['variable']}\.(\w+)", found["rest"]):
            yield Use(f"{'data' if found['data'] else 'resource'} {found['kind']}", "", name)
    path: list[str] = []
    skipped: str | None = None
    for line in text.splitlines():
        if skipped is not None:  # inside the value of an argument, until its closing bracket
            skipped = None if re.match(rf"{skipped}[\]\)}}]", line) else skipped
        elif opened := _OPENED.match(line):
            labels = re.findall(r'"([\w-]+)"', opened["labels"])
            path = [*path[: len(opened["indent"]) // 2], " ".join([opened["name"], *labels[:1]])]
            if _is_ours(path) and len(path) > 1 and path[-1] != "content" and path[1] not in META:
                yield Use(path[0], _block(path[1:-1]), path[-1])
        elif argument := _ARGUMENT.match(line):
            path = path[: len(argument["indent"]) // 2]
            if _is_ours(path):
                yield from (Use(path[0], "", name) for name in _SELF.findall(argument["value"]))
            if (
                _is_ours(path)
                and argument["name"] not in META
                and not META & set(path)
                and not _is_dynamic(path, argument)
            ):
                yield Use(path[0], _block(path[1:]), argument["name"])
            if re.search(r"[\[\({]$", argument["value"]):
                skipped = argument["indent"]


def _is_ours(path: list[str]) -> bool:
    return bool(path) and re.match(r"(resource|data) aws_", path[0]) is not None


def _is_dynamic(path: list[str], name: str) -> bool:
    """Whether it is an argument of a dynamic block itself."""
    return name == "iterator" and len(path) > 1


def _block(path: list[str]) -> str:
    return "/".join(name for name in path if name != "content")


def schema(wheel: zipfile.ZipFile, kind: str) -> dict[str, list[str]]:
    """The attributes of a kind by block."""
    source, _, name = kind.partition(" ")
    module = name.removeprefix("aws_") if source == "resource" else f"data_{name}"
    tree = ast.parse(wheel.read(f"cdktf_cdktf_provider_aws/{module}/__init__.py"))
    base = _camel(module)
    found: dict[str, set[str]] = {}
    for cls in tree.body:
        if isinstance(cls, ast.ClassDef) and cls.name.startswith(base) and not cls.name.endswith(("List", "Map")):
            found.setdefault(cls.name.removeprefix(base).removesuffix("OutputReference"), set()).update(_names(cls))
    found.pop("Config", None)
    return {block: sorted(names) for block, names in sorted(found.items())}


def _names(cls: ast.ClassDef) -> Iterator[str]:
    for function in cls.body:
        if isinstance(function, ast.FunctionDef):
            if function.name == "__init__":
                yield from (argument.arg for argument in function.args.kwonlyargs if argument.arg not in META)
            elif any(ast.unparse(d) == "builtins.property" for d in function.decorator_list):
                yield from () if function.name.endswith("_input") else (function.name,)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def knows(known: dict[str, dict[str, list[str]]], use: Use) -> bool:
    """Whether the schemas have that attribute."""
    block = "".join(_camel(part) for part in use.block.split("/")) if use.block else ""
    return use.name in known.get(use.kind, {}).get(block, [])


def all_uses() -> set[Use]:
    """What terraform/ sets and reads."""
    return {use for path in TERRAFORM.rglob("*.tf") for use in uses(path.read_text())}


def main() -> int:
    """The command."""
    path = Path(sys.argv[1])
    with zipfile.ZipFile(path) as wheel:
        metadata = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        release = re.search(r"hashicorp/aws provider version ([\d.]+)", wheel.read(metadata).decode())
        if release is None:
            print(f"provider_schema: {path.name} does not name the provider's release", file=sys.stderr)
            return 1
        kinds = sorted({use.kind for use in all_uses()})
        document = {
            "source": path.name,
            "provider": f"hashicorp/aws {release[1]}",
            "licence": "MPL-2.0, names of attributes only",
            "kinds": {kind: schema(wheel, kind) for kind in kinds},
        }
    print(json.dumps(document, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
