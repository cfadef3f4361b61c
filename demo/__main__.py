"""The main job, end to end: from `terraform apply` to an offline-verified token, on a sandbox.

Each step is a function below, in the order in which they run. A step that does not show what it promises ends
the demo at once with a non-zero status, and whatever was started is stopped.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from demo import steps
from demo.narrator import DemoError, Narrator
from tools.terraform_sandbox import TerraformError
from usermgr.errors import UsermgrError
from usermgr_jwt import KeysError
from usermgr_sandbox import SandboxError

EXPECTED = (
    DemoError, UsermgrError, KeysError, SandboxError, TerraformError, BotoCoreError, ClientError, OSError,
    subprocess.SubprocessError,
)  # fmt: skip


def main() -> int:
    """Runs the steps; 0 if every promise was kept."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    narrator = Narrator()
    before = dict(os.environ)
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(prefix="usermgr-demo-") as folder:
        stage = steps.Stage(narrator, Path(folder), stack)
        try:
            for step in steps.ALL:
                with narrator.step((step.__doc__ or step.__name__).split("\n")[0].rstrip(".")):
                    step(stage)
        except KeyboardInterrupt:
            narrator.fail("interrupted")
            return 130
        except EXPECTED as error:
            narrator.fail(f"{type(error).__name__}: {error}")
            return 1
        finally:
            os.environ.clear()
            os.environ.update(before)
    narrator.say("Everything that the README promises was shown, and nothing was left behind.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
