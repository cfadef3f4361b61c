"""An AWS sandbox for usermgr's users: moto server, the real Lambda runtime client and Cognito triggers.

Read in this order: ``sandbox`` (what a test holds in its hand), ``server`` (the child process behind it),
``lambda_runtime`` (functions really run), ``fidelity`` (where moto differs from AWS, corrected), ``faults`` (the wire breaks).
"""

from usermgr_sandbox.records import RequestRecord
from usermgr_sandbox.sandbox import Sandbox, SandboxError

__all__ = ["Sandbox", "SandboxError", "RequestRecord"]
