"""The project's own CI on GitHub is a thin door to `.ci/run`."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())


def test_workflow_calls_the_script_of_every_ci() -> None:
    """Every job ends with `.ci/run`, which can be executed, has Python and Terraform, and may not write."""
    for job in WORKFLOW["jobs"].values():
        assert job["steps"][-1] == {"run": ".ci/run"}
        actions = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
        assert actions == ["actions/checkout", "actions/setup-python", "hashicorp/setup-terraform"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert WORKFLOW["permissions"] == {"contents": "read"}
