"""Runs checkov over terraform/, in an environment of its own (it pins an old boto3).

    uv run python tools/run_checkov.py

The environment is .tools/checkov, made from tools/checkov.txt when that file has changed: the first run downloads, the
next ones need no network. What is skipped, and why, is in terraform/.checkov.yaml.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.build_functions import BuildError, find_uv  # noqa: E402 - a script's own folder is not the root

LOCK = ROOT / "tools" / "checkov.txt"
ENVIRONMENT = ROOT / ".tools" / "checkov"


def main() -> int:
    """The command; its status is checkov's."""
    try:
        uv = find_uv()
    except BuildError as error:
        print(f"run_checkov: {error}", file=sys.stderr)
        return 1
    installed = ENVIRONMENT / "checkov.txt"
    if not installed.is_file() or installed.read_bytes() != LOCK.read_bytes():
        python = ENVIRONMENT / "bin" / "python"
        subprocess.run([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, ENVIRONMENT], check=True)
        subprocess.run([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, LOCK], check=True)
        shutil.copy(LOCK, installed)
    configuration = ROOT / "terraform" / ".checkov.yaml"
    words = [ENVIRONMENT / "bin" / "checkov", "--directory", "terraform", "--config-file", configuration]
    return subprocess.run(words, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
