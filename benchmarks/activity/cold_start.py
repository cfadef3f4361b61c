"""What the recorder adds to a cold start, against a function that makes a `boto3.resource` at module level.

Both run in fresh processes, interleaved, against an HTTP server on the loopback that answers at once. Two
times are taken: importing the handler (Lambda's init phase), and that plus the first recorded sighting, which
is what a person waits for. Gated on the median of the paired ratios of the second, so that nothing is won by
loading late.

With `--against`, the recorder of another checkout runs in the same rounds, such as the one before a change:

    git worktree add /tmp/before main~1
    python benchmarks/activity/cold_start.py [--repeats 15] [--against /tmp/before]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TARGET = 0.75
EVENT = {
    "triggerSource": "TokenGeneration_Authentication",
    "userPoolId": "ap-northeast-1_Example",
    "callerContext": {"clientId": "web"},
    "request": {"userAttributes": {"sub": "57d4ca88-9051-70d3-f1ad-000000000001"}},
}
NAIVE = """
import boto3
table = boto3.resource("dynamodb").Table("usermgr_activity")
def handler(event, context):
    table.update_item(Key={"pk": "p", "sk": "s"}, UpdateExpression="SET x = :x", ExpressionAttributeValues={":x": "1"})
    return event
"""
OURS = "from usermgr_function_activity.handler import handler\n"
MEASURE = f"""
import time; start = time.perf_counter()
from subject import handler
ready = time.perf_counter()
handler({EVENT!r}, None)
import sys; print(ready - start, time.perf_counter() - start, file=sys.stderr)
"""


ROOT = Path(__file__).parents[2]


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


def measure(subject: str, folder: Path, url: str, tree: Path = ROOT) -> tuple[float, float]:
    """Seconds to import, and to import and record, in a process of its own, with the packages of that checkout."""
    sources = [folder, *sorted(tree.glob("packages/*/src")), *sorted(tree.glob("functions/*/src"))]
    (folder / "subject.py").write_text(subject)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "ap-northeast-1",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "AWS_ENDPOINT_URL": url,
        "DYNAMODB_NAME": "usermgr_activity",
    }
    run = subprocess.run([sys.executable, "-c", MEASURE], env=environment, capture_output=True, text=True, check=True)
    imported, recorded = map(float, run.stderr.split())
    return imported, recorded


def compare(name: str, theirs: list[tuple[float, float]], ours: list[tuple[float, float]]) -> float:
    """Prints medians and the quartiles of the paired ratios; the median ratio of what a person waits for."""
    ratio = 0.0
    for index, what in enumerate(("init", "init and first sighting")):
        medians = [statistics.median(times[index] for times in all_times) * 1000 for all_times in (theirs, ours)]
        ratios = [our[index] / their[index] for their, our in zip(theirs, ours, strict=True)]
        low, ratio, high = statistics.quantiles(ratios, n=4)
        print(
            f"{what}: {name} {medians[0]:.0f} ms, recorder {medians[1]:.0f} ms, "
            f"ratio {ratio:.2f} (quartiles {low:.2f} and {high:.2f})"
        )
    return ratio


def main() -> int:
    """Prints the medians and the ratios; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--against", type=Path, help="another checkout, whose recorder runs too")
    options = parser.parse_args()
    subjects = {"naive": (NAIVE, ROOT), "recorder": (OURS, ROOT)}
    if options.against:
        subjects["other checkout"] = (OURS, options.against.resolve(strict=True))
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in subjects}
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        for subject, tree in subjects.values():
            measure(subject, Path(folder), url, tree)  # so that every file is in the page cache
        for _ in range(options.repeats):
            for name, (subject, tree) in subjects.items():
                times[name].append(measure(subject, Path(folder), url, tree))
        server.shutdown()
    ratio = compare("naive", times["naive"], times["recorder"])
    if options.against:
        compare("other checkout", times["other checkout"], times["recorder"])
    print(f"target: the ratio to naive at most {TARGET}")
    return int(ratio > TARGET)


if __name__ == "__main__":
    sys.exit(main())
