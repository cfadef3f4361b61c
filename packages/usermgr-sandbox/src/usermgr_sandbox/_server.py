"""The server that the sandbox runs in a child process: moto, corrected, behind the gate."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usermgr_sandbox._fidelity import World
    from usermgr_sandbox._gate import Gate

__all__ = ["serve"]


def serve(port: int, site_packages: Path | None, announce: Callable[[int], None], *, stop_with_stdin: bool) -> None:
    """Listens on loopback until it is stopped; calls `announce` with the port when it is ready."""
    # Before moto is imported: it reads these once.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    import moto.backends  # noqa: PLC0415 - after the environment is set
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    from usermgr_sandbox import _fidelity  # noqa: PLC0415
    from usermgr_sandbox._gate import Gate  # noqa: PLC0415
    from usermgr_sandbox._lambda_runtime import Executor  # noqa: PLC0415

    # moto scans its own folder here, which takes half of the time of a request; the result never changes.
    modules = tuple(moto.backends.list_of_moto_modules())
    moto.backends.list_of_moto_modules = lambda: modules
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    executor = Executor(site_packages)
    world = _fidelity.World(executor)
    _fidelity.apply(world)
    gate = Gate(DomainDispatcherApplication(create_backend_app), world.keys)
    gate.control.update(_controls(gate, world))
    gate.after_call = lambda: _fidelity.remember(world)
    try:
        server = make_server("127.0.0.1", port, gate, threaded=True, request_handler=MotoRequestHandler)
    except SystemExit:  # werkzeug's reaction to a port in use, after a message on stderr
        executor.close()
        raise
    world.endpoint_url = f"http://127.0.0.1:{server.server_port}"
    if stop_with_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()

    # shutdown() waits for the loop, which runs in the thread that a signal interrupts.
    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    announce(server.server_port)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        executor.close()


def _stop_at_end_of_stdin(server: Any) -> None:
    """Stops the server when the parent process, which holds the other end, is gone for any reason."""
    sys.stdin.buffer.read()
    server.shutdown()


def _controls(gate: Gate, world: World) -> dict[str, Callable[[dict[str, Any]], Any]]:
    from moto.moto_api._internal.models import moto_api_backend  # noqa: PLC0415 - see `serve`

    from usermgr_sandbox import _fidelity  # noqa: PLC0415 - see `serve`

    def delay_listing(asked: dict[str, Any]) -> None:
        _fidelity.forget_listings()
        world.delay_listing(float(asked["seconds"]))
        _fidelity.remember(world)

    def messages(asked: dict[str, Any]) -> list[dict[str, Any]]:
        user = _fidelity.find_pool(asked["user_pool_id"]).find(asked["username"])
        return [asdict(each) for each in world.messages.sent(asked["user_pool_id"], user.id)] if user else []

    def empty_pool(asked: dict[str, Any]) -> None:
        _fidelity.find_pool(asked["user_pool_id"]).empty()
        _fidelity.forget_listings()
        _fidelity.remember(world)

    def reset(_: dict[str, Any]) -> None:
        moto_api_backend.reset()
        world.reset()
        gate.forget()

    return {
        "health": lambda _: {"ok": True},
        "requests": lambda asked: gate.records(int(asked.get("since", 0))),
        "function-logs": lambda asked: world.executor.logs(asked["name"]),
        "rotate-keys": lambda asked: world.keys.rotate(asked["user_pool_id"]),
        "shift-clock": lambda asked: world.shift_clock(float(asked["seconds"])),
        "delay-listing": delay_listing,
        "messages": messages,
        "empty-pool": empty_pool,
        "lose-messages": lambda asked: setattr(world.messages, "are_lost", bool(asked["lost"])),
        "allow-incomplete-users": lambda asked: setattr(world, "incomplete_users", bool(asked["allowed"])),
        "federate-user": lambda asked: _fidelity.federate_user(**asked),
        "reset": reset,
    }
