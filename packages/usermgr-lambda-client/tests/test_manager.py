"""The Lambda client's own table of operations, and a function that is older than the client."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest

from usermgr import Capability, StoreDescription, UserManager
from usermgr.errors import UnsupportedOperationError
from usermgr.operations import OPERATIONS
from usermgr_lambda_client import LambdaUserManager


class OlderFunction:
    """Answers as release 1.0.0 did to an operation that it does not know."""

    def invoke(self, payload: bytes) -> bytes:
        """One request, one reply."""
        error: dict[str, Any] = {
            "code": "protocol", "message": "the request does not name an operation of this protocol", "details": {}
        }  # fmt: skip
        return json.dumps({"v": 1, "version": "1.0.0", "error": error}).encode()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_travels(name: str) -> None:
    """Each operation is the client's own, with the signature of the interface: none inherits the refusal."""
    method = vars(LambdaUserManager).get(name)
    assert method is not None, f"LambdaUserManager lacks the line for {name}"
    assert inspect.signature(method) == inspect.signature(getattr(UserManager, name))


@pytest.mark.parametrize("name", sorted(n for n, o in OPERATIONS.items() if o.since != "1.0" and n != "describe"))
def test_older_function_is_to_be_redeployed(name: str) -> None:
    """An operation that the function does not know is refused with what helps, and none of its arguments repeated."""
    operation = OPERATIONS[name]
    arguments = {p: () if p == "methods" else "alice" for p in operation.parameters if p not in operation.defaults}

    with pytest.raises(UnsupportedOperationError, match="Redeploy the function") as caught:
        getattr(LambdaUserManager(OlderFunction()), name)(**arguments)

    assert caught.value.operation == name


class FunctionWithBatches:
    """Describes a store that makes batches, as one that is not Cognito may."""

    def invoke(self, payload: bytes) -> bytes:
        """One reply, whatever was asked."""
        described = StoreDescription(capabilities=frozenset({Capability.BATCHES, Capability.SIGN_IN}))
        return json.dumps({"v": 1, "version": "1.1.0", "result": described.to_dict()}).encode()


def test_batches_do_not_travel() -> None:
    """Through a function each change is a call of its own, so the capability is not described, whatever the store."""
    assert LambdaUserManager(FunctionWithBatches()).describe().capabilities == {Capability.SIGN_IN}


def test_older_function_is_described_as_what_it_was() -> None:
    """A function that cannot describe its store is taken to have what every store of release 1.0 had."""
    assert LambdaUserManager(OlderFunction()).describe() == StoreDescription()
