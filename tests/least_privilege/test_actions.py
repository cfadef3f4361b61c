"""Least privilege, proved: with exactly its policy a function does all its work, without any one action it does not.

The policies are those of the real Terraform, applied and destroyed once; the sandbox weighs each request against
them. The recorder's one action is shown in packages/usermgr-activity.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

import usermgr_activity
from tests.conftest import Pool
from tools.terraform_sandbox import TerraformRun
from usermgr import Challenge, Factory, MfaMethod, UserManager
from usermgr.activity import Sighting, SightingKind
from usermgr.errors import AccessDeniedError, InvalidInputError, InvalidStateError, UsermgrError
from usermgr_activity.table import definition
from usermgr_cognito.trigger import Trigger, UserPool
from usermgr_sandbox import ACCOUNT_ID, REGION, Sandbox

PASSWORD = "a-Long-passw0rd"
OURS = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:usermgr_activity"
KEYS = {name: f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/{name}" for name in ("functions", "table")}
STATIC = ("logs:", "ec2:", "kms:")
"""What services do in a function's name. Those of the sandbox do not ask, so these are compared with AWS's pages."""

SUBNET, GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"
INSIDE = {"subnet_ids": [SUBNET], "security_group_ids": [GROUP]}

Policies = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def policies(
    aws: boto3.session.Session,
    usermgr_sandbox: Sandbox,
    contract_pool: Pool,
    zips: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Policies:
    """The policies that Terraform makes for that pool, by function, in a VPC and with keys of the account's own, and
    that for readers of the table; all is destroyed again before they are used."""
    ec2 = aws.client("ec2", endpoint_url=usermgr_sandbox.endpoint_url)
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.dynamodb")["VpcEndpoint"]
    variables = {
        "vpc": dict.fromkeys(("usermgr", "download_jwks", "activity", "trigger"), INSIDE),
        "vpc_dynamodb_endpoint_id": endpoint["VpcEndpointId"],
        "functions_kms_key_arn": KEYS["functions"],
        "table_kms_key_arn": KEYS["table"],
        "user_pool_id": contract_pool.id,
        "client_id": contract_pool.client_id,
        "allow_sign_in": True,
        "functions_directory": str(zips),
    }
    environment = usermgr_sandbox.environment()
    run = TerraformRun(tmp_path_factory.mktemp("plan"), usermgr_sandbox.endpoint_url, environment, variables)
    run.init()
    run.apply()
    outputs = run.outputs()
    run.destroy()
    documents = {
        **outputs["policy_documents"],
        "reader": outputs["activity_reader_policy_json"],
        "activity_forget": outputs["activity_forget_policy_json"],
    }
    return {name: json.loads(document) for name, document in documents.items()}


def actions(policy: dict[str, Any]) -> list[str]:
    """The data actions of a policy: all but those that only a comparison shows."""
    found = [action for statement in policy["Statement"] for action in statement["Action"]]
    return sorted(action for action in found if not action.startswith(STATIC))


def without(policy: dict[str, Any], action: str | None) -> str:
    """The policy as JSON, less one action."""
    statements = [{**s, "Action": [a for a in s["Action"] if a != action]} for s in policy["Statement"]]
    return json.dumps({**policy, "Statement": [s for s in statements if s["Action"]]})


@pytest.fixture(scope="module")
def deploy(aws: boto3.session.Session, usermgr_sandbox: Sandbox, zips: Path) -> Callable[..., str]:
    """Deploys a function with a role of its own; the role's policy is set by the tests."""
    iam = aws.client("iam", endpoint_url=usermgr_sandbox.endpoint_url)
    client = aws.client("lambda", endpoint_url=usermgr_sandbox.endpoint_url)

    def deployed(function: str, variables: dict[str, str]) -> str:
        name = f"least-{function}"
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        client.create_function(
            FunctionName=name, Runtime="python3.13", Role=role, Timeout=15, Environment={"Variables": variables},
            Handler=f"usermgr_function_{function}.handler.handler",
            Code={"ZipFile": (zips / f"{function}.zip").read_bytes()},
        )  # fmt: skip
        return name

    return deployed


@pytest.fixture
def grant(aws: boto3.session.Session, usermgr_sandbox: Sandbox) -> Callable[[str, str], None]:
    """Gives a role exactly that policy."""
    iam = aws.client("iam", endpoint_url=usermgr_sandbox.endpoint_url)
    return lambda role, document: iam.put_role_policy(RoleName=role, PolicyName="only", PolicyDocument=document)


@pytest.fixture(scope="module")
def function(deploy: Callable[..., str], contract_pool: Pool) -> str:
    """The user management function."""
    settings = {"USERPOOL_ID": contract_pool.id, "CLIENT_ID": contract_pool.client_id, "USERMGR_SIGN_IN": "true"}
    return deploy("usermgr", settings)


@pytest.fixture
def far(pool: Pool, function: str) -> Iterator[UserManager]:
    """The manager through the function, with people and groups that the operator made."""
    operator = Factory.create(Factory.AWS_COGNITO)
    for name in ("alice", "bob"):
        operator.add_user(name, PASSWORD, {"email": f"{name}@example.org", "email_verified": "true", "name": name})
    operator.add_user("new", PASSWORD, temporary=True)
    for group in ("admins", "staff"):
        operator.add_group(group)
        operator.add_user_to_group("alice", group)
    return Factory.create(Factory.AWS_LAMBDA, function_name=function)


def answer_a_challenge(users: UserManager) -> None:
    """Signs in with a temporary password and chooses another."""
    challenge = users.authenticate("new", PASSWORD)
    assert isinstance(challenge, Challenge)
    users.answer_challenge(challenge, "An0ther-password")


def have_a_refusal_explained(users: UserManager) -> None:
    """A refused update names the attribute that the pool does not have."""
    with pytest.raises(InvalidInputError) as caught:
        users.update_user("alice", {"custom:unheard_of": "x"})
    if caught.value.field != "custom:unheard_of":
        raise caught.value


def confirm(users: UserManager) -> None:
    """Confirms one who is confirmed already, which only the service can tell."""
    with pytest.raises(InvalidStateError, match="is CONFIRMED"):
        users.confirm_user("alice")


WORK: dict[str, Callable[[UserManager], object]] = {
    "AdminGetUser": lambda users: users.get_user("alice"),
    "AdminListGroupsForUser": lambda users: users.list_groups_for_user("alice"),
    "GetGroup": lambda users: users.get_group("admins"),
    "GetUserPoolMfaConfig": lambda users: users.describe(),
    "ListGroups": lambda users: users.list_groups(),
    "ListUsers": lambda users: users.list_users(),
    "ListUsersInGroup": lambda users: users.list_users_in_group("admins"),
    "AdminConfirmSignUp": confirm,
    "AdminCreateUser": lambda users: users.add_user("carol", PASSWORD),
    "AdminSetUserMFAPreference": lambda users: users.set_mfa("alice", [MfaMethod.EMAIL]),
    "AdminDeleteSoftwareToken": lambda users: users.reset_mfa("bob"),
    "AdminSetUserPassword": lambda users: users.add_user("dave", PASSWORD),
    "AdminUpdateUserAttributes": lambda users: users.update_user("alice", {"name": "A"}),
    "AdminDisableUser": lambda users: users.disable_user("bob"),
    "AdminEnableUser": lambda users: users.enable_user("bob"),
    "AdminResetUserPassword": lambda users: users.reset_password("alice"),
    "AdminUserGlobalSignOut": lambda users: users.sign_out_user("alice"),
    "AdminDeleteUser": lambda users: users.delete_user("bob"),
    "AdminAddUserToGroup": lambda users: users.add_user_to_group("new", "staff"),
    "AdminRemoveUserFromGroup": lambda users: users.remove_user_from_group("alice", "staff"),
    "CreateGroup": lambda users: users.add_group("new-group"),
    "UpdateGroup": lambda users: users.update_group("admins", description="x"),
    "DeleteGroup": lambda users: users.delete_group("staff"),
    "AdminRespondToAuthChallenge": answer_a_challenge,
    "AdminInitiateAuth": lambda users: users.authenticate("alice", PASSWORD),
    "DescribeUserPoolClient": lambda users: users.authenticate("alice", PASSWORD),
    "DescribeUserPool": have_a_refusal_explained,
}
"""A piece of the function's work that needs the action."""


def test_there_is_work_for_every_action(policies: Policies) -> None:
    """The policy has exactly the actions that the tests below show to be needed."""
    assert actions(policies["usermgr"]) == sorted(f"cognito-idp:{name}" for name in WORK)
    assert actions(policies["download_jwks"]) == []
    assert actions(policies["activity"]) == ["dynamodb:UpdateItem"]
    assert actions(policies["activity_forget"]) == ["dynamodb:BatchGetItem", "dynamodb:DeleteItem"]


def test_whole_work_with_exactly_the_policy(
    far: UserManager, function: str, policies: Policies, grant: Callable[[str, str], None]
) -> None:
    """With its policy and no more, the function does every piece of its work."""
    grant(function, without(policies["usermgr"], None))
    for name in sorted(WORK, key=lambda name: name == "AdminResetUserPassword"):
        if name == "AdminResetUserPassword":
            far.set_password("alice", PASSWORD)
        WORK[name](far)


@pytest.mark.parametrize("name", WORK)
def test_without_one_action_its_effect_is_absent(
    name: str, far: UserManager, function: str, policies: Policies, grant: Callable[[str, str], None],
    aws: boto3.session.Session, usermgr_sandbox: Sandbox,
) -> None:  # fmt: skip
    """Without that one action, the piece of work that needs it is denied."""
    grant(function, without(policies["usermgr"], f"cognito-idp:{name}"))
    if name.startswith("Describe") or name == "GetUserPoolMfaConfig":  # a container keeps what it read: start another
        client = aws.client("lambda", endpoint_url=usermgr_sandbox.endpoint_url)
        client.update_function_configuration(FunctionName=function, MemorySize=256 + len(name))
    with pytest.raises(UsermgrError) as caught:
        WORK[name](far)
    if name == "AdminSetUserPassword":
        assert caught.value.code in ("access_denied", "incomplete_creation")
        assert Factory.create(Factory.AWS_COGNITO).user_exists("dave") is False
    elif name == "DescribeUserPool":
        assert "allow cognito-idp:DescribeUserPool" in caught.value.message
    else:
        assert isinstance(caught.value, AccessDeniedError)


def test_attacher_needs_each_of_its_actions(
    pool: Pool, policies: Policies, deploy: Callable[..., str], grant: Callable[[str, str], None]
) -> None:
    """The attacher attaches and detaches with its policy; without any one action the pool stays as it is."""
    function = deploy("attacher", {"TRIGGER_ARN": OURS})
    attachment = {"user_pool_id": pool.id, "trigger_arn": OURS, "lambda_version": "V1_0", "replaces": None}
    user_pool, policy = UserPool.connect(pool.id), policies["trigger_on_pool"]

    def invoke(action: str) -> dict[str, Any]:
        lifecycle = {"action": action, "prev_input": None if action == "create" else attachment}
        payload = json.dumps({**attachment, "tf": lifecycle}).encode()
        return json.load(boto3.client("lambda").invoke(FunctionName=function, Payload=payload)["Payload"])

    before = user_pool.read()
    for action in actions(policy):
        grant(function, without(policy, action))
        assert invoke("create").get("errorType") == "AccessDeniedError", action
        assert user_pool.read().trigger == before.trigger, action
    grant(function, without(policy, None))
    assert invoke("create")["trigger_arn"] == OURS
    assert user_pool.read().trigger == Trigger(OURS)
    assert invoke("delete")["trigger_arn"] is None
    assert user_pool.read().trigger is None


@pytest.fixture
def activity_table(aws: boto3.session.Session, usermgr_sandbox: Sandbox) -> Iterator[Any]:
    """A client, while the activity table is there: the sandbox is shared with files that create one of this name."""
    client = aws.client("dynamodb", endpoint_url=usermgr_sandbox.endpoint_url)
    client.create_table(**definition("usermgr_activity"))
    yield client
    client.delete_table(TableName="usermgr_activity")


def test_forgetting_needs_each_of_its_actions(
    policies: Policies, pool: Pool, grant: Callable[[str, str], None], aws: boto3.session.Session,
    usermgr_sandbox: Sandbox, activity_table: Any,
) -> None:  # fmt: skip
    """With its policy a person is forgotten, from the first day to the last; without any one action, none of it is."""
    clients = {name: aws.client(name, endpoint_url=usermgr_sandbox.endpoint_url) for name in ("iam", "sts")}
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = clients["iam"].create_role(RoleName="forgetting", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    key = clients["sts"].assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION)
    operator = usermgr_activity.connect(user_pool_id=pool.id)
    for day in (1, 2, 20):
        seen = datetime(2026, 1, day, 8, 0, tzinfo=UTC)
        operator.record(Sighting("sub-of-alice", SightingKind.SIGN_IN, "web", seen))
    policy = policies["activity_forget"]

    with usermgr_activity.connect(user_pool_id=pool.id, session=session) as store:
        for action in actions(policy):
            grant("forgetting", without(policy, action))
            with pytest.raises(AccessDeniedError):
                store.forget("sub-of-alice")
            assert activity_table.scan(TableName="usermgr_activity")["Count"] == 4, action
        grant("forgetting", without(policy, None))
        assert store.forget("sub-of-alice") == 4
        with pytest.raises(AccessDeniedError):  # nor may it write
            store.record(Sighting("sub-of-alice", SightingKind.SIGN_IN, "web", seen))
    assert activity_table.scan(TableName="usermgr_activity")["Count"] == 0


def test_resources_are_exact(policies: Policies, pool: Pool) -> None:
    """Every statement names pool, table, key, own log, subnets and security groups; no action is a wildcard, and only
    what AWS cannot limit is allowed on every resource."""
    base = f"{REGION}:{ACCOUNT_ID}"
    arn = f"arn:aws:cognito-idp:{base}:userpool/{pool.id}"
    table = f"arn:aws:dynamodb:{base}:table/usermgr_activity"
    logs = {
        name: f"arn:aws:logs:{base}:log-group:/aws/lambda/{function}:*"
        for name, function in {
            "usermgr": "usermgr", "download_jwks": "usermgr_download_jwks", "activity": "usermgr_activity",
            "trigger": "usermgr_trigger",
        }.items()
    }  # fmt: skip
    interfaces = f"arn:aws:ec2:{base}:network-interface/*"
    without_id = f"arn:aws:ec2:{base}:*/*"
    network = {
        interfaces,
        without_id,
        f"arn:aws:ec2:{REGION}:*:subnet/{SUBNET}",
        f"arn:aws:ec2:{REGION}:*:security-group/{GROUP}",
    }
    common = {KEYS["functions"], "*", *network}
    allowed = {
        "usermgr": {arn, logs["usermgr"], *common},
        "download_jwks": {logs["download_jwks"], *common},
        "activity": {table, logs["activity"], KEYS["table"], *common},
        "activity_forget": {table, KEYS["table"]},
        "trigger": {logs["trigger"], *common},
        "trigger_on_pool": {arn},
        "reader": {table, f"{table}/index/last_seen", KEYS["table"]},
    }
    resources = {
        name: {resource for statement in policy["Statement"] for resource in statement["Resource"]}
        for name, policy in policies.items()
    }
    assert resources == allowed
    statements = [statement for policy in policies.values() for statement in policy["Statement"]]
    every = [action for statement in statements if statement["Effect"] == "Allow" for action in statement["Action"]]
    assert not any("*" in action for action in every)
    everywhere = {tuple(s["Action"]) for s in statements if s["Effect"] == "Allow" and s["Resource"] == ["*"]}
    assert everywhere == {("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")}
    shown = len(WORK) + sum(len(actions(policies[name])) for name in ("trigger_on_pool", "activity_forget")) + 1
    static = [len([action for action in every if action.startswith(prefix)]) for prefix in STATIC]
    print(f"least privilege: {shown} actions shown necessary; static: {dict(zip(STATIC, static, strict=True))}")


# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
INTERFACES = {
    "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
}  # fmt: skip


@pytest.mark.parametrize("function", ["usermgr", "download_jwks", "activity", "trigger"])
def test_network_interfaces_are_lambdas(function: str, policies: Policies) -> None:
    """In a VPC, a role allows exactly what AWS names for Lambda, and denies all of it to the function's own code."""
    found: dict[str, list[str]] = {"Allow": [], "Deny": []}
    for statement in policies[function]["Statement"]:
        found[statement["Effect"]] += [action for action in statement["Action"] if action.startswith("ec2:")]
    (denied,) = [s for s in policies[function]["Statement"] if s["Effect"] == "Deny"]
    assert (sorted(found["Allow"]), sorted(found["Deny"])) == (sorted(INTERFACES), sorted(INTERFACES))
    assert denied["Condition"] == {"Null": {"lambda:SourceFunctionArn": "false"}}


def test_keys_are_used_through_their_service_only(policies: Policies) -> None:
    """Who may decrypt with a key may do so for functions' environment variables, or through DynamoDB, and not else."""
    found = {
        (name, resource): statement["Condition"]
        for name, policy in policies.items()
        for statement in policy["Statement"]
        if "kms:Decrypt" in statement["Action"]
        for resource in statement["Resource"]
    }
    context = {"kms:EncryptionContext:aws:lambda:FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:*"}
    through = {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}}
    functions = ("usermgr", "download_jwks", "activity", "trigger")
    assert found == {
        **{(name, KEYS["functions"]): {"StringLike": context} for name in functions},
        **{(name, KEYS["table"]): through for name in ("activity", "reader", "activity_forget")},
    }
