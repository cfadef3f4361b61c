"""`terraform test` sets every variable by name, and asserts what comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
MODULES = {".": TERRAFORM, **{f"./modules/{p.name}": p for p in sorted((TERRAFORM / "modules").iterdir())}}

OBSERVED = re.compile(r"(?<![\w.])(?:output|module|data|terraform_data|aws_\w+)\.")
"""What a deployment has, as against what it was given."""


@dataclass(frozen=True)
class Run:
    """A `run` of a test: the module that it plans, what it sets by name, and the conditions that it asserts."""

    module: str
    sets: frozenset[str]
    conditions: tuple[str, ...]

    def asserted(self) -> set[str]:
        """The variables that it sets and compares with something that the deployment has."""
        return {
            name
            for condition in self.conditions
            if OBSERVED.search(condition)
            for name in re.findall(r"(?<![\w.])var\.(\w+)", condition)
            if name in self.sets
        }


def runs(text: str) -> Iterator[Run]:
    """The runs of a file, as `terraform fmt` writes it."""
    common = names(text, "")
    for body in re.findall(r'^run "\w+" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
        source = re.search(r'^    source = "(.*)"$', body, re.MULTILINE)
        conditions = [part.partition("error_message")[0] for part in blocks(body, "assert", "  ")]
        sets = common | names(body, "  ")
        yield Run(source[1] if source else ".", frozenset(sets), tuple(conditions))


def blocks(text: str, name: str, indent: str) -> list[str]:
    return re.findall(rf"^{indent}{name} \{{\n(.*?)^{indent}\}}", text, re.MULTILINE | re.DOTALL)


def names(text: str, indent: str) -> set[str]:
    """What the blocks `variables` of that indentation set."""
    return {
        name
        for body in blocks(text, "variables", indent)
        for name in re.findall(rf"^{indent}  (\w+) += ", body, re.MULTILINE)
    }


def declared(module: Path) -> set[str]:
    return set(re.findall(r'^variable "(\w+)"', (module / "variables.tf").read_text(), re.MULTILINE))


def test_every_variable_is_set_and_asserted() -> None:
    """Every variable of the root module and of its modules is set in a test and compared with what was planned."""
    found = {module: set[str]() for module in MODULES}
    for path in sorted(TERRAFORM.glob("tests/*.tftest.hcl")):
        for run in runs(path.read_text()):
            found[run.module] |= run.asserted()
    wanted = {module: declared(path) for module, path in MODULES.items()}

    missing = {module: sorted(wanted[module] - found[module]) for module in MODULES}

    count = sum(len(names) for names in wanted.values())
    print(f"variables asserted: {count - sum(len(names) for names in missing.values())} of {count}")
    assert (missing, len(wanted)) == ({module: [] for module in MODULES}, 6)


TEST = """
variables {
  common = 1
}

run "one" {
  variables {
    set    = 2
    unused = 3
    map = {
      inner = 4
    }
  }

  assert {
    condition     = output.x == var.set && var.not_set == 1
    error_message = "var.unused"
  }

  assert {
    condition = [
      var.unused,
    ] == [3]
    error_message = "Compared with nothing of the deployment."
  }
}

run "two" {
  module {
    source = "./modules/role"
  }

  assert {
    condition     = aws_iam_role.function.name == var.common
    error_message = "x"
  }
}
"""


def test_what_counts_as_asserted() -> None:
    """A variable counts where it is set and a condition compares it with an output, a module or a resource."""
    assert [(run.module, run.asserted()) for run in runs(TEST)] == [(".", {"set"}), ("./modules/role", {"common"})]
