"""A change through the deployed function is on record at both ends, and each record leads to the other."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Pool
from usermgr import Factory
from usermgr.audit import Audited, FileSink
from usermgr_sandbox import Sandbox


def test_records_of_both_ends_have_one_request_id(
    pool: Pool, deployed: str, usermgr_sandbox: Sandbox, tmp_path: Path
) -> None:
    """The client's record has the invocation's id, under which the function's log has the claim and Cognito's."""
    function = Factory.create(Factory.AWS_LAMBDA, function_name=deployed, claimed_actor="kim")
    users = Audited(function, FileSink(tmp_path / "audit.jsonl", b"k" * 32), "kim")
    before = len(usermgr_sandbox.function_logs(deployed))

    users.add_user("alice", "a-Long-passw0rd", {"email": "a@example.org"})
    users.get_user("alice")

    (ours,) = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    lines = [line for line in usermgr_sandbox.function_logs(deployed)[before:] if '"operation"' in line]
    (line,) = lines
    theirs = json.loads(line[line.index("{") :])
    assert ours["request_ids"] == [theirs["request_id"]]
    assert theirs["actor"]["details"] == {"claimed_actor": "kim"}
    assert theirs["target"] == ours["target"]
    assert len(theirs["request_ids"]) >= 2  # AdminCreateUser and AdminSetUserPassword
    assert not {"a-Long-passw0rd", "a@example.org"} & set(line.split('"'))
