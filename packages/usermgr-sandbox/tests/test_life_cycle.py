"""Start, stop and reset; nothing stays behind, however the sandbox or its starter ends."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from usermgr_sandbox import Sandbox, SandboxError

SLEEP = "import os, time\ndef handler(event, context):\n    print(os.getpid(), flush=True)\n    time.sleep(120)\n"


def _runs(pid):
    """Whether the process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _ends(pid, seconds=60.0):
    deadline = time.monotonic() + seconds
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _runs(pid)


def _busy_function(cloud, sandbox):
    """A function in the middle of an invocation: the process id of its container."""
    name = cloud.function(SLEEP, Timeout=200)
    cloud.invoke(name, InvocationType="Event")
    pids = Path("/proc").glob("[0-9]*/environ")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in pids:
            try:
                environment = path.read_bytes()
            except OSError:
                continue
            if f"AWS_LAMBDA_FUNCTION_NAME={name}\0".encode() in environment:
                return int(path.parent.name)
        pids = Path("/proc").glob("[0-9]*/environ")
    raise AssertionError("the function did not start")


def test_stop_ends_the_server_and_its_functions(cloud):
    """After `stop` neither the server nor a busy function runs, and its folder is gone."""
    with Sandbox.start() as sandbox:
        other = dataclasses.replace(cloud, endpoint_url=sandbox.endpoint_url)
        function, server = _busy_function(other, sandbox), sandbox.pid
        folder = Path(f"/proc/{function}/cwd").readlink()
        assert (_runs(function), folder.exists()) == (True, True)
    assert (_ends(server), _ends(function), folder.exists()) == (True, True, False)
    sandbox.stop()


def test_the_sandbox_dies_with_whoever_started_it():
    """SIGKILL of the starter ends the server, which had no chance to be told."""
    code = """
    import time
    from usermgr_sandbox import Sandbox
    sandbox = Sandbox.start()
    print(sandbox.pid, flush=True)
    time.sleep(120)
    """
    starter = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    assert starter.stdout is not None
    with starter.stdout as output:
        server = int(output.readline())
        assert _runs(server)
        starter.kill()
        starter.wait()
    assert _ends(server)


def test_a_busy_function_dies_with_a_killed_sandbox(cloud):
    """SIGKILL of the server ends its containers too, in the middle of an invocation."""
    sandbox = Sandbox.start()
    function = _busy_function(dataclasses.replace(cloud, endpoint_url=sandbox.endpoint_url), sandbox)
    folder = Path(f"/proc/{function}/cwd").readlink().parents[1]
    os.kill(sandbox.pid, signal.SIGKILL)
    assert _ends(function)
    sandbox.stop()
    # Nobody was left to remove it.
    assert folder.name.startswith("usermgr-sandbox-lambda-")
    shutil.rmtree(folder)


def test_reset_empties_everything(cloud):
    """After `reset` there are no resources, no records, no logs and no switches."""
    with Sandbox.start() as sandbox:
        other = dataclasses.replace(cloud, endpoint_url=sandbox.endpoint_url)
        pool = other.pool()
        name = other.function("def handler(event, context): print('x')\n")
        other.invoke(name)
        sandbox.delay_listing(60)
        assert sandbox.function_logs(name) == ["x"]
        sandbox.reset()
        assert (sandbox.requests(), sandbox.function_logs(name)) == ([], [])
        assert other.cognito.list_user_pools(MaxResults=60)["UserPools"] == []
        assert other.client("lambda").list_functions()["Functions"] == []
        again = other.pool()
        other.user(again)
        assert len(other.cognito.list_users(UserPoolId=again)["Users"]) == 1
        assert pool != again


def test_a_port_that_is_taken_is_an_error(sandbox):
    """A start that fails says so at once, and leaves nothing."""
    with pytest.raises(SandboxError, match="did not start"):
        Sandbox.start(port=int(sandbox.endpoint_url.rpartition(":")[2]))


def test_an_unknown_pool_is_an_error_of_the_caller(sandbox):
    """A control that names no pool is a SandboxError."""
    with pytest.raises(SandboxError, match="nowhere"):
        sandbox.federate_user("nowhere", "Google", "1")


def test_the_command_ends_by_sigterm():
    """SIGTERM, as from a process manager, ends it cleanly too."""
    process = subprocess.Popen([sys.executable, "-m", "usermgr_sandbox", "--json"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        output.readline()
        process.terminate()
        assert process.wait(60) == 0


def test_the_server_knows_no_proxy(monkeypatch):
    """A proxy in the environment stands between nobody and the loopback address."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Sandbox.start() as sandbox:
        assert sandbox.requests() == []
