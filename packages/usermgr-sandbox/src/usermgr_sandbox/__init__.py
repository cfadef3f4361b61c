"""An AWS sandbox for usermgr's users: no Docker, no account, no network.

A moto server whose Lambda functions really run (the uploaded zips, through awslambdaric), whose Cognito signs with
two keys per pool and calls the pre token generation trigger, whose roles have only the permissions of their policies,
and which is corrected where moto differs from AWS (`_fidelity`).

Documented modules: this one, `faults` and `pytest_plugin`. How it works: `_server`, `_gate`, `_fidelity` and
`_lambda_runtime`, in this order.
"""

from usermgr_sandbox._sandbox import ACCOUNT_ID, REGION, RequestRecord, Sandbox, SandboxError, SandboxPool, SentMessage

__all__ = ["ACCOUNT_ID", "REGION", "RequestRecord", "Sandbox", "SandboxError", "SandboxPool", "SentMessage"]
