"""What the HCL is made of: nothing that OpenTofu lacks."""

from __future__ import annotations

import re
from pathlib import Path

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
HCL = {path.relative_to(TERRAFORM).as_posix(): path.read_text() for path in TERRAFORM.rglob("*.tf")}

BOTH_HAVE = {"terraform", "variable", "locals", "data", "resource", "module", "output", "check", "provider", "removed"}
"""Blocks of both at 1.11; not `action` and `list`, which are Terraform's alone."""


def test_only_blocks_that_both_have() -> None:
    """Every top-level block is one that OpenTofu knows."""
    blocks = {(name, block) for name, text in HCL.items() for block in re.findall(r"^(\w+)\b.*\{$", text, re.MULTILINE)}

    assert len(blocks) > 20
    assert [(name, block) for name, block in sorted(blocks) if block not in BOTH_HAVE] == []


def test_only_functions_and_settings_that_both_have() -> None:
    """No function of a provider, no HCP Terraform, and no language experiment."""
    lacking = re.compile(r"provider::terraform::|^\s*cloud \{|^\s*experiments\s*=|terraform\.applying", re.MULTILINE)

    assert [name for name, text in HCL.items() if lacking.search(text)] == []


def test_the_bound_is_one_that_opentofu_has() -> None:
    """Each module asks for 1.11 or newer: a release of Terraform, and one of OpenTofu that has all of the above."""
    bounds = {bound for text in HCL.values() for bound in re.findall(r'required_version\s*=\s*"([^"]*)"', text)}

    assert bounds == {">= 1.11"}
