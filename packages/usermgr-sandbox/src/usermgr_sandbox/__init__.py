"""An AWS sandbox for usermgr's users: no Docker, no account, no network.

A moto server whose Lambda functions really run (the uploaded zips, through awslambdaric), whose Cognito signs with
keys of each pool's own and calls the pre token generation trigger, whose roles are held to their policies, and
which is corrected where moto differs from AWS (`fidelity`).

Open `sandbox` for its use, then `server`, `gate`, `fidelity` and `lambda_runtime` for how it works.
"""

from usermgr_sandbox.sandbox import ACCOUNT_ID, REGION, RequestRecord, Sandbox, SandboxError

__all__ = ["ACCOUNT_ID", "REGION", "RequestRecord", "Sandbox", "SandboxError"]
