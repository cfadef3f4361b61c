"""The facts of actions.json: each operation works with exactly its actions, and a role may do what it says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

import usermgr_cognito
from tests.conftest import Pool
from usermgr import Access, Challenge, Factory, MfaMethod, Tokens, UserManager
from usermgr.errors import AccessDeniedError, InvalidInputError, InvalidStateError
from usermgr.operations import OPERATIONS
from usermgr_cognito import permissions
from usermgr_cognito._quotas import REQUESTS
from usermgr_cognito.permissions import Role, operation_actions, policy
from usermgr_sandbox import REGION, Sandbox

ROOT = Path(__file__).parents[2]
FACTS = ROOT / "packages" / "usermgr-cognito" / "src" / "usermgr_cognito" / "actions.json"
ARN = "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_AbCdEf123"
PASSWORD = "a-Long-passw0rd"

Allow = Callable[[dict[str, Any]], UserManager]


@pytest.fixture(scope="module")
def someone(aws: boto3.session.Session, usermgr_sandbox: Sandbox) -> tuple[boto3.session.Session, Any]:
    """A session of a role without any policy, and the operator's IAM client."""
    clients = {name: aws.client(name, endpoint_url=usermgr_sandbox.endpoint_url) for name in ("iam", "sts")}
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = clients["iam"].create_role(RoleName="someone", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    key = clients["sts"].assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION), clients[
        "iam"
    ]


@pytest.fixture
def allow(someone: tuple[boto3.session.Session, Any], pool: Pool) -> Allow:
    """A manager of somebody with exactly that policy; there are people and a group, which the operator made."""
    session, iam = someone
    operator = Factory.create(Factory.AWS_COGNITO)
    operator.add_user("alice", PASSWORD, {"email": "alice@example.org", "email_verified": "true"})
    operator.add_user("new", PASSWORD, temporary=True)
    operator.invite_user("invited", {"email": "invited@example.org"})
    operator.add_group("admins")
    operator.add_user_to_group("alice", "admins")

    def allowed(document: dict[str, Any]) -> UserManager:
        iam.put_role_policy(RoleName="someone", PolicyName="only", PolicyDocument=json.dumps(document))
        return usermgr_cognito.connect(session=session, discover_client_secret=True, client_secret=None)

    return allowed


@pytest.fixture
def arn(usermgr_sandbox: Sandbox, pool: Pool) -> str:
    """The pool's ARN."""
    return usermgr_sandbox.client("cognito-idp").describe_user_pool(UserPoolId=pool.id)["UserPool"]["Arn"]


def signed_in(users: UserManager) -> Tokens:
    """Alice's tokens."""
    tokens = users.authenticate("alice", PASSWORD)
    assert isinstance(tokens, Tokens)
    return tokens


def answer(users: UserManager) -> object:
    """The answer to a challenge that the operator was given."""
    challenge = Factory.create(Factory.AWS_COGNITO).authenticate("new", PASSWORD)
    assert isinstance(challenge, Challenge)
    return users.answer_challenge(challenge, "An0ther-password")


def confirm(users: UserManager) -> None:
    """Only the service knows that alice is confirmed already."""
    with pytest.raises(InvalidStateError, match="is CONFIRMED"):
        users.confirm_user("alice")


USES: dict[str, Callable[[UserManager], object]] = {
    "describe": lambda users: users.describe(),
    "find_users": lambda users: (list(users.list_users()), list(users.list_users_in_group("admins"))),
    "get_group": lambda users: users.get_group("admins"),
    "get_mfa": lambda users: users.get_mfa("alice"),
    "get_user": lambda users: users.get_user("alice"),
    "list_groups": lambda users: users.list_groups(),
    "list_groups_for_user": lambda users: users.list_groups_for_user("alice"),
    "add_user": lambda users: users.add_user("carol", PASSWORD),
    "add_user_to_group": lambda users: users.add_user_to_group("new", "admins"),
    "confirm_user": confirm,
    "disable_user": lambda users: users.disable_user("alice"),
    "enable_user": lambda users: users.enable_user("alice"),
    "invite_user": lambda users: users.invite_user("dave", {"email": "dave@example.org"}),
    "remove_user_from_group": lambda users: users.remove_user_from_group("alice", "admins"),
    "resend_invitation": lambda users: users.resend_invitation("invited"),
    "set_mfa": lambda users: users.set_mfa("alice", [MfaMethod.EMAIL]),
    "reset_mfa": lambda users: users.reset_mfa("alice"),
    "reset_password": lambda users: users.reset_password("alice"),
    "set_password": lambda users: users.set_password("alice", PASSWORD),
    "sign_out_user": lambda users: users.sign_out_user("alice"),
    "update_user": lambda users: users.update_user("alice", {"name": "A"}),
    "add_group": lambda users: users.add_group("staff"),
    "update_group": lambda users: users.update_group("admins", description="x"),
    "delete_group": lambda users: users.delete_group("admins"),
    "answer_challenge": answer,
    "authenticate": signed_in,
    "refresh": lambda users: users.refresh(signed_in(users)),
    "delete_user": lambda users: users.delete_user("alice"),
}
"""A use of each operation, in an order in which each finds what it needs."""


def test_every_operation_has_its_actions() -> None:
    """The facts have each operation of the interface, with its access, and what it asks of Cognito by its costs."""
    facts = json.loads(FACTS.read_text())
    kinds = {"read-only": Access.READ, "operator": Access.WRITE, "admin": Access.WRITE, "sign-in": Access.SIGN_IN}
    assert {name: kinds[fact["access"]] for name, fact in facts.items()} == {
        name: operation.access for name, operation in OPERATIONS.items()
    }
    lacking = {
        f"{name}: {request}"
        for name, requests in REQUESTS.items()
        for request in requests
        if f"cognito-idp:{request}" not in operation_actions()[name.partition(".")[0]]
    }
    assert lacking == set()


def test_operation_works_with_exactly_its_actions(allow: Allow, arn: str) -> None:
    """With the actions that the facts name for it, and no more, each operation does its work."""
    assert sorted(USES) == sorted(OPERATIONS)
    denied: list[str] = []
    for name, use in USES.items():
        statement = {"Effect": "Allow", "Action": [*operation_actions()[name]], "Resource": [arn]}
        try:
            use(allow({"Version": "2012-10-17", "Statement": [statement]}))
        except AccessDeniedError as error:
            denied.append(f"{name}: {error.message}")

    assert denied == []


@pytest.mark.parametrize("role", list(Role))
def test_role_may_do_what_it_says(role: Role, allow: Allow, arn: str) -> None:
    """With a role's policy its operations work, in their order, and those of the roles above it are denied."""
    facts = json.loads(FACTS.read_text())
    roles = list(Role)
    users = allow(policy(access=role, user_pool_arn=arn))
    allowed = [n for n in USES if facts[n]["access"] in roles and roles.index(facts[n]["access"]) <= roles.index(role)]
    denied = (
        ["delete_group", "add_group", "delete_user"] if role is Role.OPERATOR else ["add_user_to_group", "disable_user"]
    )

    for name in [] if role is Role.ADMIN else [*denied, "authenticate"]:
        with pytest.raises(AccessDeniedError):
            USES[name](users)
    for name in ("get_user", "disable_user", "add_user", "add_group", "delete_user"):
        if name in allowed:
            USES[name](users)


def test_terraform_reads_the_same_facts() -> None:
    """terraform/actions.json is the package's file, as `make docs` copies it."""
    assert (ROOT / "terraform" / "actions.json").read_bytes() == FACTS.read_bytes()


def test_policy_names_one_pool_and_no_wildcard() -> None:
    """Every statement is for the one pool; no action stands twice, and none is a wildcard; each role has more."""
    sizes: list[int] = []
    for role in Role:
        statements = policy(access=role, user_pool_arn=ARN, sign_in=True)["Statement"]
        actions = [action for statement in statements for action in statement["Action"]]
        assert [s for s in statements if s["Resource"] != [ARN]] == []
        assert sorted(set(actions)) == sorted(actions)
        assert "*" not in "".join(actions)
        sizes.append(len(actions))
    assert sizes == sorted(set(sizes))
    assert "cognito-idp:AdminDeleteUser" not in json.dumps(policy(access="operator", user_pool_arn=ARN))


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("access", {"access": "root", "user_pool_arn": ARN}),
        ("user_pool_arn", {"access": "admin", "user_pool_arn": "*"}),
        ("user_pool_arn", {"access": "admin", "user_pool_arn": ARN[:-1] + "*"}),
    ],
)
def test_wrong_policy_is_not_made(field: str, given: dict[str, str]) -> None:
    """An unknown role, and what is not the ARN of one pool, are refused by name."""
    with pytest.raises(InvalidInputError) as caught:
        permissions.policy(**given)  # type: ignore[arg-type]
    assert caught.value.field == field
