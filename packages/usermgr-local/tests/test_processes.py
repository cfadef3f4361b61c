"""Several processes on one store."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

WRITER = """
import json, sys
from usermgr.errors import UserExistsError
from usermgr_local import Argon2Cost, create

path, me = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
users = create(path=path, argon2=Argon2Cost(8, 1, 1))
won = []
for number in range(25):
    users.add_user(f"own-{me}-{number}", None, {"name": f"{me}-{number}"})
    try:
        users.add_user(f"shared-{number}", None, {"name": me})
        won.append(number)
    except UserExistsError:
        pass
    users.update_user(f"own-{me}-{number}", {"custom:extra_info": me})
print(json.dumps(won), flush=True)
"""


def test_processes_make_one_store_and_write_at_once(tmp_path: Path) -> None:
    """Four processes that open a new file at the same moment make one store, and lose and mix up nothing in it."""
    path = tmp_path / "users.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    answers = []
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert writer.returncode == 0
        answers.append(json.loads(out))
    won = {f"shared-{number}": str(me) for me, numbers in enumerate(answers) for number in numbers}
    assert sum(map(len, answers)) == len(won) == 25

    connection = sqlite3.connect(path)
    names = dict(
        connection.execute("SELECT username, value FROM users JOIN attributes ON user_id = id AND name = 'name'")
    )
    changed = connection.execute("SELECT count(*) FROM attributes WHERE name = 'custom:extra_info'").fetchone()[0]
    key_count = connection.execute("SELECT count(*) FROM signing_keys").fetchone()[0]
    connection.close()
    own = {f"own-{me}-{number}": f"{me}-{number}" for me in range(4) for number in range(25)}
    assert names == {**own, **won}
    assert (changed, key_count) == (100, 2)
