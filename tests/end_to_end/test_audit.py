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

    users.add_user("alice", "a-Long-passw0rd", {"email": "a@example.org"})
    users.get_user("alice")

    (ours,) = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    (sent,) = ours["request_ids"]
    (line,) = [line for line in usermgr_sandbox.function_logs(deployed) if '"operation"' in line and sent in line]
    theirs = json.loads(line[line.index("{") :])
    assert theirs["request_id"] == sent
    assert theirs["actor"]["details"] == {"claimed_actor": "kim"}
    assert theirs["target"] == ours["target"]
    assert len(theirs["request_ids"]) >= 2  # AdminCreateUser and AdminSetUserPassword
    assert not {"a-Long-passw0rd", "a@example.org"} & set(line.split('"'))
