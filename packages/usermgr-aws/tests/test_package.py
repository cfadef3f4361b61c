"""What the package exports, and when it loads what."""

from __future__ import annotations

import subprocess
import sys

import pytest

import usermgr_aws


def test_every_name_is_there() -> None:
    """Each exported name exists and comes from the module that is said to have it; no other does."""
    assert sorted(usermgr_aws.__all__) == sorted(usermgr_aws._MODULES) == sorted(dir(usermgr_aws))
    for name, module in usermgr_aws._MODULES.items():
        assert name in getattr(sys.modules.get(f"usermgr_aws.{module}") or _loaded(name, module), "__all__", ())
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = usermgr_aws.Nonsense  # pyright: ignore[reportAttributeAccessIssue] - that is the mistake


def _loaded(name: str, module: str) -> object:
    getattr(usermgr_aws, name)
    return sys.modules[f"usermgr_aws.{module}"]


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        pytest.param("import usermgr_aws", set[str](), id="package"),
        pytest.param("from usermgr_aws import JsonApi, service_url", {"_requests", "_partitions"}, id="some"),
        pytest.param("from usermgr_aws import *", set(usermgr_aws._NAMES), id="all"),
    ],
)
def test_loads_on_use(code: str, allowed: set[str]) -> None:
    """Only the modules whose names are used load, and never the SDK."""
    probe = "import sys; print(*(m for m in sys.modules if m.startswith(('usermgr_aws.', 'boto'))))"
    run = subprocess.run([sys.executable, "-c", f"{code}; {probe}"], capture_output=True, text=True, check=True)

    assert set(run.stdout.split()) == {f"usermgr_aws.{module}" for module in allowed}
