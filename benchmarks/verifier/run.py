"""The verifier's speed, beside its peers, in one run.

    uv run python benchmarks/verifier/run.py [--json] [--rounds 9] [--tokens 2000] [--check] [--cpu-time]

Every contender is a separate process on the same core. A round runs each of them once, one after the other; the figures
are medians over the rounds, and ratios are medians of the ratios within a round, because absolute rates drift on shared
machines while ratios hold.

A rate is tokens per second that passed. Where other programs use the core too, `--cpu-time` counts the seconds that a
contender used instead (of all its threads); two processes at once are then not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tokens import prepare

HERE = Path(__file__).parent
NODE = {"aws-jwt-verify": "node aws-jwt-verify verifySync", "fast-jwt": "node fast-jwt, no cache"}
LABELS = {
    "openssl": "openssl speed rsa2048 verify",
    "raw": "cryptography verify, pre-split",
    "ours-fast": "usermgr_jwt with orjson + pybase64",
    "ours": "usermgr_jwt",
    **NODE,
    "joserfc": "joserfc",
    "pyjwt": "PyJWT, keys prebuilt",
    "pyjwkclient": "PyJWT + PyJWKClient, cached",
    "ours-misses": "usermgr_jwt, cache on, misses",
    "ours-hits": "usermgr_jwt, cache on, hits",
    "ours-2": "usermgr_jwt in 2 processes",
}
IMPORTS = {
    "import boto3": "import boto3",
    "import usermgr_jwt": "import usermgr_jwt",
    "import jwt": "import jwt",
    "until the first verification": (
        "from usermgr_jwt import CognitoVerifier, JwksFile;"
        "CognitoVerifier(user_pool_id='ap-northeast-1_AbCdEf123', client_id='1h57kf5cpq17m0eml12example',"
        " token_use='access', keys=JwksFile(folder + '/jwks.json')).verify(token)"
    ),
}


@dataclass
class Worker:
    """A contender's process."""

    process: subprocess.Popen[str]
    share: float = 1.0
    cpu_time: bool = False

    @classmethod
    def start(cls, command: list[str | Path], core: int, environment: dict[str, str] | None = None) -> Worker | None:
        """None, with a line on stderr, when the contender cannot run here."""
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
        )
        os.sched_setaffinity(process.pid, {core})
        if process.stdout.readline() != "ready\n":
            print(f"not measured: {' '.join(map(str, command[1:3]))}", file=sys.stderr)
            process.wait()
            return None
        return cls(process)

    def ask(self) -> None:
        self.process.stdin.write("run\n")
        self.process.stdin.flush()

    def seconds(self) -> float:
        """Seconds that passed, or were used. `share` keeps how much of the core the contender had."""
        passed, used = map(int, self.process.stdout.readline().split())
        self.share = used / passed
        return (used if self.cpu_time else passed) / 1e9

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def openssl_rate(core: int, *, cpu_time: bool) -> float:
    """Verifications per second; one second of signing cannot be left out."""
    command = ["taskset", "-c", str(core)] if shutil.which("taskset") else []
    command += ["openssl", "speed", *([] if cpu_time else ["-elapsed"]), "-seconds", "1", "rsa2048"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(re.search(r"rsa\s+2048 bits .* ([\d.]+)\s*$", output, re.MULTILINE)[1])


def install_node(folder: Path) -> Path | None:
    """Node's libraries in a temporary folder, or None without node, npm or network."""
    names = ", ".join(NODE)
    if not (shutil.which("node") and shutil.which("npm")):
        print(f"not measured: {names} (node or npm is not installed)", file=sys.stderr)
        return None
    modules = folder / "node"
    modules.mkdir()
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *NODE]
    try:
        subprocess.run(command, cwd=modules, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        print(f"not measured: {names} (npm could not install them; is there a network?)", file=sys.stderr)
        return None
    return modules


def install_accelerators(folder: Path) -> dict[str, str]:
    """orjson and pybase64 for one contender alone: what is in the environment stays as it is."""
    target = folder / "fast"
    uv = shutil.which("uv") or next(map(str, Path(".tools/uv/bin").glob("uv")), None)
    if uv is not None:
        command = [uv, "pip", "install", "-q", "--python", sys.executable, "--target", target, "orjson", "pybase64"]
        subprocess.run(command, check=False, capture_output=True, timeout=120)
    return {"PYTHONPATH": str(target)}


def start_workers(folder: Path, core: int, other_core: int | None, *, cpu_time: bool) -> dict[str, Worker]:
    python = [sys.executable, HERE / "worker.py"]
    workers = {
        name: Worker.start([*python, name, folder], core)
        for name in ("raw", "ours", "joserfc", "pyjwt", "pyjwkclient", "ours-misses", "ours-hits")
    }
    workers["ours-fast"] = Worker.start([*python, "ours-fast", folder], core, install_accelerators(folder))
    if (modules := install_node(folder)) is not None:
        for name in NODE:
            workers[name] = Worker.start(["node", HERE / "worker.mjs", name, modules, folder], core)
    if cpu_time:
        print("not measured: 2 processes (with --cpu-time)", file=sys.stderr)
    elif other_core is None:
        print("not measured: 2 processes (there is one core)", file=sys.stderr)
    else:
        workers["other"] = Worker.start([*python, "ours", folder], other_core)
    started = {name: worker for name, worker in workers.items() if worker is not None}
    for worker in started.values():
        worker.cpu_time = cpu_time
    return started


def round_of_rates(workers: dict[str, Worker], tokens: int, core: int, *, cpu_time: bool) -> dict[str, float]:
    """Tokens per second of each contender, one after the other; then two processes at once."""
    rates = {"openssl": openssl_rate(core, cpu_time=cpu_time)} if shutil.which("openssl") else {}
    for name, worker in workers.items():
        if name != "other":
            worker.ask()
            rates[name] = tokens / worker.seconds()
    if "other" in workers:
        # Alone, each on its core, then together: the cores of a shared machine are not always alike.
        pair = [workers["ours"], workers["other"]]
        alone: list[float] = []
        for worker in pair:
            worker.ask()
            alone.append(tokens / worker.seconds())
        for worker in pair:
            worker.ask()
        rates["ours-2"] = sum(tokens / worker.seconds() for worker in pair)
        rates["one-of-2"] = statistics.mean(alone)
    rates["share"] = workers["ours"].share
    return rates


def import_seconds(statement: str, folder: Path, core: int) -> float:
    code = (
        "import os, sys, time; folder = sys.argv[1]; token = open(folder + '/tokens.txt').readline().strip();"
        f"os.sched_setaffinity(0, {{{core}}}); started = time.perf_counter(); {statement};"
        "print(time.perf_counter() - started)"
    )
    command = [sys.executable, "-c", code, folder]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def ratio(rounds: list[dict[str, float]], above: str, below: str) -> float | None:
    pairs = [(each[above], each[below]) for each in rounds if above in each and below in each]
    return round(statistics.median(a / b for a, b in pairs), 3) if pairs else None


def report(rounds: list[dict[str, float]], imports: list[dict[str, float]]) -> dict[str, object]:
    names = [name for name in LABELS if name in rounds[0]]
    rates = {name: round(statistics.median(each[name] for each in rounds)) for name in names}
    figures = {
        "ours / openssl": (ratio(rounds, "ours", "openssl"), 0.40),
        "ours / aws-jwt-verify": (ratio(rounds, "ours", "aws-jwt-verify"), 1.1),
        "ours / fast-jwt": (ratio(rounds, "ours", "fast-jwt"), None),
        "ours, accelerated / aws-jwt-verify": (ratio(rounds, "ours-fast", "aws-jwt-verify"), None),
        "ours, accelerated / fast-jwt": (ratio(rounds, "ours-fast", "fast-jwt"), 1.0),
        "ours / PyJWT + PyJWKClient": (ratio(rounds, "ours", "pyjwkclient"), 5.0),
        "cache hits / no cache": (ratio(rounds, "ours-hits", "ours"), 8.0),
        "cache misses / no cache": (ratio(rounds, "ours-misses", "ours"), 1 / 1.2),
        "2 processes / 1": (ratio(rounds, "ours-2", "one-of-2"), 1.8),
        "import usermgr_jwt / boto3": (ratio(imports, "import usermgr_jwt", "import boto3"), -0.35),
        "ours, accelerated / openssl": (ratio(rounds, "ours-fast", "openssl"), None),
        "raw cryptography / openssl": (ratio(rounds, "raw", "openssl"), None),
    }
    return {
        "tokens_per_second": rates,
        "of_openssl": {name: ratio(rounds, name, "openssl") for name in names},
        "core_share": round(statistics.median(each["share"] for each in rounds), 2),
        "import_ms": {name: round(statistics.median(each[name] for each in imports) * 1000, 1) for name in imports[0]},
        "figures": {
            name: {"value": value, "wanted": wanted and abs(wanted), "reached": reached(value, wanted)}
            for name, (value, wanted) in figures.items()
        },
    }


def reached(value: float | None, wanted: float | None) -> bool | None:
    """Whether a figure is at least (or, for a negative `wanted`, at most) what is wanted."""
    if value is None or wanted is None:
        return None
    return value <= -wanted if wanted < 0 else value >= wanted


def print_table(result: dict[str, object], size: int) -> None:
    print(f"distinct access tokens, {size} bytes of payload, one core\n")
    print(f"{'':38}{'tokens/s':>10}{'/ openssl':>11}")
    for name, rate in result["tokens_per_second"].items():
        share = result["of_openssl"][name]
        print(f"{LABELS[name]:38}{rate:>10,}{'' if share is None else f'{share:11.3f}'}")
    print()
    for name, milliseconds in result["import_ms"].items():
        print(f"{name:38}{milliseconds:>10.1f} ms")
    print()
    for name, figure in result["figures"].items():
        if figure["value"] is None:
            print(f"{name:38}not measured")
            continue
        verdict = {True: "reached", False: "MISSED", None: ""}[figure["reached"]]
        wanted = "" if figure["wanted"] is None else f"wanted {figure['wanted']:.2f}"
        print(f"{name:38}{figure['value']:>10.3f}  {wanted:14}{verdict}")


def warn_of_company(result: dict[str, object]) -> None:
    """Rates by the seconds that passed mean little on a core that other programs used too."""
    if result["core_share"] < 0.95:
        print(
            f"\nthe core was shared: a contender had {result['core_share']:.0%} of it. "
            "Run it again alone, or with --cpu-time.",
            file=sys.stderr,
        )


def main() -> int:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode, and so must ours here
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a wanted figure is missed")
    parser.add_argument("--cpu-time", action="store_true", help="count the seconds that a contender used")
    arguments = parser.parse_args()

    cores = sorted(os.sched_getaffinity(0))
    core, other = cores[0], cores[1] if len(cores) > 1 else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = prepare(folder, arguments.tokens)
        workers = start_workers(folder, core, other, cpu_time=arguments.cpu_time)
        try:
            rounds = [
                round_of_rates(workers, arguments.tokens, core, cpu_time=arguments.cpu_time)
                for _ in range(arguments.rounds)
            ]
        finally:
            for worker in workers.values():
                worker.stop()
        imports = [
            {label: import_seconds(statement, folder, core) for label, statement in IMPORTS.items()}
            for _ in range(arguments.rounds)
        ]
    result = report(rounds, imports)
    if arguments.json:
        print(json.dumps(result | {"payload_bytes": size}, indent=2))
    else:
        print_table(result, size)
    if not arguments.cpu_time:
        warn_of_company(result)
    missed = [name for name, figure in result["figures"].items() if figure["reached"] is False]
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
