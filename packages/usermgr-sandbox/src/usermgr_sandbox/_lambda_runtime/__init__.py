"""Really runs Lambda functions, without Docker: the uploaded zip, in a subprocess, through awslambdaric."""

from usermgr_sandbox._lambda_runtime.executor import Executor, FunctionSpec, Outcome

__all__ = ["Executor", "FunctionSpec", "Outcome"]
