"""The steps of the demo, in their order."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from demo.narrator import DemoError, Narrator, expect
from demo.somebody_elses_pool import OTHER_TEAMS_FUNCTION, Pool, create_pool
from tools.build_functions import build
from tools.terraform_sandbox import TerraformRun
from usermgr import Factory, Tokens, UserManager, where
from usermgr_activity import DynamoActivityStore
from usermgr_cognito.trigger import Snapshot, UserPool, differences
from usermgr_jwt import InvokeSource, pull
from usermgr_lambda_client import LambdaTransport
from usermgr_sandbox import Sandbox

__all__ = ["ALL", "Stage"]

ROOT = Path(__file__).parents[1]
PASSWORD = "a-Long-passw0rd"
EMAIL = "alice@example.org"


@dataclass
class Stage:
    """What the steps pass to each other."""

    narrator: Narrator
    folder: Path
    stack: contextlib.ExitStack
    sandbox: Sandbox = None  # type: ignore[assignment] - set by the first step
    pool: Pool = None  # type: ignore[assignment]
    before: Snapshot = None  # type: ignore[assignment]
    terraform: TerraformRun = None  # type: ignore[assignment]
    settings: Mapping[str, str] = None  # type: ignore[assignment]
    caller_policy: str = ""
    users: UserManager = None  # type: ignore[assignment]
    username: str = ""
    tokens: Tokens = None  # type: ignore[assignment]
    jwks: Path = None  # type: ignore[assignment]


def start_the_sandbox(stage: Stage) -> None:
    """Start the sandbox: AWS on this machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # nothing of the user's own account
    stage.sandbox = stage.stack.enter_context(Sandbox.start())
    os.environ.update(stage.sandbox.environment())
    stage.narrator.tell(f"Every AWS call of this demo goes to {stage.sandbox.endpoint_url}, and none to AWS.")


def create_somebody_elses_pool(stage: Stage) -> None:
    """Create a user pool as another team would."""
    stage.pool = create_pool()
    stage.before = UserPool.connect(stage.pool.id).read()
    config = stage.before.description["LambdaConfig"]
    stage.narrator.tell(f"The user pool is {stage.pool.id}.")
    for trigger, arn in config.items():
        stage.narrator.tell(f"It already has a trigger, {trigger}, which calls the function {_function_name(arn)}.")
    expect(config == {"PostConfirmation": OTHER_TEAMS_FUNCTION}, "the pool has the other team's trigger alone")


def apply_terraform(stage: Stage) -> None:
    """Build the functions, and run terraform apply beside the pool."""
    built = build(ROOT, stage.folder / "functions")
    stage.narrator.tell(f"{len(built)} functions were built. The same code gives the same bytes on every machine:")
    stage.narrator.table(
        (name, f"{zipped.path.stat().st_size:,} bytes", f"SHA-256 {zipped.sha256.hex()[:16]}...")
        for name, zipped in built.items()
    )
    stage.terraform = TerraformRun(
        directory=stage.folder / "terraform",
        endpoint_url=stage.sandbox.endpoint_url,
        environment=stage.sandbox.environment(),
        variables={
            "user_pool_id": stage.pool.id,
            "client_id": stage.pool.client_id,
            "allow_sign_in": True,
            "functions_directory": str(stage.folder / "functions"),
        },
    )
    stage.terraform.init()
    stage.narrator.tell(f"Terraform says: {_summary(stage.terraform.apply())}")
    outputs = stage.terraform.outputs()
    stage.settings = outputs["environment"]
    stage.caller_policy = outputs["caller_policy_json"]
    expect("SECRET" not in stage.settings, "no secret enters Terraform")
    stage.narrator.tell("Its output `environment` is all that an application needs to know:")
    stage.narrator.table(stage.settings.items())


def use_cognito(stage: Stage) -> None:
    """Add, update, search and list users with Factory.create(Factory.AWS_COGNITO)."""
    os.environ.update(stage.settings)
    os.environ["SECRET"] = stage.pool.client_secret
    stage.users = Factory.create(Factory.AWS_COGNITO)
    added = stage.users.add_user(EMAIL, PASSWORD, {"custom:extra_info": "extra_info"})
    stage.username = added.username
    stage.users.update_user(added.username, {"name": "Alice"})
    found = list(stage.users.search_users(where("email").starts_with("alice@")))
    stage.narrator.tell(f"{EMAIL} was added. The pool gave her the username {added.username}.")
    expect([user.attributes.get("name") for user in found] == ["Alice"], "the updated user is found")
    stage.narrator.tell(f"Her name was set to {found[0].attributes['name']}, and a search for alice@ finds her.")
    expect([user.username for user in stage.users.list_users().items] == [added.username], "the user is listed")


def use_lambda(stage: Stage) -> None:
    """Do the same through Factory.create(Factory.AWS_LAMBDA), from a private subnet."""
    credentials = _application_credentials(stage.caller_policy)
    earlier = len(stage.sandbox.requests())
    with _closed_port() as closed:
        environment = {
            **{name: value for name, value in os.environ.items() if name not in ("SECRET", "CLIENT_ID")},
            **credentials,
            "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": f"http://127.0.0.1:{closed}",
            "AWS_MAX_ATTEMPTS": "1",
        }
        seen = _run("demo.private_subnet", environment)
    calls = [call for call in stage.sandbox.requests(earlier) if call.service == "cognito-idp"]
    signers = sorted({call.principal for call in calls})
    expect(calls, "the function called Cognito")
    stage.narrator.tell(f"From the private subnet, Cognito itself cannot be reached: {seen['direct']}.")
    stage.narrator.tell(
        f"Through the function, {seen['found'][0]} was added, and the list has {' and '.join(seen['listed'])}."
    )
    stage.narrator.tell(
        f"All {len(calls)} calls to Cognito were signed by the function's role, and none by the application:"
    )
    stage.narrator.table([("role", signer.rpartition(":")[2]) for signer in signers])
    expect(seen["direct"] == "ServiceUnavailableError", "Cognito is out of reach from the private subnet")
    expect(seen["found"] == ["bob@example.org"] and seen["name"] == "Bob", "the function did the work")
    expect(seen["listed"] == [EMAIL, "bob@example.org"], "both users are listed through Lambda")
    role = f":assumed-role/{stage.settings['ROLE']}-usermgr/"
    expect(all(role in signer for signer in signers), "each Cognito call is signed by the function's role")
    statements = json.loads(stage.caller_policy)["Statement"]
    expect([s["Action"] for s in statements] in (["lambda:InvokeFunction"], [["lambda:InvokeFunction"]]), "one right")


def download_keys_and_sign_in(stage: Stage) -> None:
    """Download the JWKS through its function, sign in, and see who was here."""
    stage.jwks = stage.folder / "jwks.json"
    transport = LambdaTransport(stage.settings["LAMBDA_NAME_DOWNLOAD"], stage.settings["AWS_REGION"])
    pulled = pull(InvokeSource(transport.invoke), stage.jwks)
    stage.narrator.tell(f"The pool's {len(pulled.key_ids)} public keys were downloaded to a file:")
    stage.narrator.table([("key", key_id) for key_id in pulled.key_ids])
    stage.tokens = _sign_in(stage, EMAIL)
    store = DynamoActivityStore.connect(
        table_name=stage.settings["DYNAMODB_NAME"], user_pool_id=stage.pool.id, region=stage.settings["AWS_REGION"]
    )
    user = stage.users.get_user(stage.username)
    activity = store.last_seen(user.sub)
    if activity is None or activity.last_sign_in is None:
        raise DemoError("not so: the trigger wrote an activity row with a sign-in")
    stage.narrator.tell(f"{EMAIL} signed in, and the trigger recorded it:")
    stage.narrator.table([
        ("first seen", f"{activity.first_seen:%Y-%m-%d %H:%M} UTC"),
        ("last seen", f"{activity.last_seen:%Y-%m-%d %H:%M} UTC"),
        ("last sign-in", f"{activity.last_sign_in:%Y-%m-%d %H:%M} UTC"),
        ("sign-ins", str(activity.sign_in_count)),
        ("app client", str(activity.client_id)),
    ])  # fmt: skip


def verify_offline(stage: Stage) -> None:
    """Verify the tokens in a process without sockets, and refuse three bad ones."""
    second = Factory.create(
        Factory.AWS_COGNITO, client_id=stage.pool.second_client_id, client_secret=stage.pool.second_client_secret
    ).authenticate(EMAIL, PASSWORD)
    stage.sandbox.shift_clock(-7200)  # a token that was issued two hours ago has really expired
    expired = _sign_in(stage, EMAIL)
    stage.sandbox.shift_clock(0)
    header, payload, signature = stage.tokens.access_token.split(".")
    changed = "A" if signature[10] != "A" else "B"
    asked = {
        "jwks": str(stage.jwks),
        "user_pool_id": stage.pool.id,
        "client_id": stage.pool.client_id,
        "tokens": {
            "access token": stage.tokens.access_token,
            "id token": stage.tokens.id_token,
            "tampered token": f"{header}.{payload}.{signature[:10]}{changed}{signature[11:]}",
            "expired token": expired.access_token,
            "token of the second app client": second.access_token if isinstance(second, Tokens) else "",
        },
    }
    bare = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    seen = _run("demo.offline", bare, json.dumps(asked))
    stage.narrator.tell(f"The verifier's process may not open a socket (its first try ended with {seen['denied']}).")
    stage.narrator.tell("Its verdicts, from the file of keys alone:")
    stage.narrator.table(seen["verdicts"].items())
    verdicts = list(seen["verdicts"].values())
    expect(all(verdict.startswith("verified") for verdict in verdicts[:2]), "both tokens verify offline")
    expected = [f"refused: {name}" for name in ("TokenSignatureError", "TokenExpiredError", "TokenClientError")]
    expect(verdicts[2:] == expected, f"the other three verdicts are {', '.join(expected)}")


def plan_and_destroy(stage: Stage) -> None:
    """Show that terraform plan is empty, and that terraform destroy leaves the pool as it was."""
    plan = stage.terraform.plan()
    expect(plan.is_empty, f"a second plan shows no change: {plan.text}")
    stage.narrator.tell("A second terraform plan has no changes.")
    stage.narrator.tell(f"Terraform says: {_summary(stage.terraform.destroy())}")
    after = UserPool.connect(stage.pool.id).read()
    changed = differences(stage.before, after)
    expect(not changed, f"the pool's description and MFA configuration are as before: {changed}")
    stage.narrator.tell("The pool's description and its MFA configuration are what they were before the demo.")
    expect(after.description["LambdaConfig"] == {"PostConfirmation": OTHER_TEAMS_FUNCTION}, "their trigger is there")
    _sign_in(stage, EMAIL)
    stage.narrator.tell(f"The trigger of the other team is still there, and {EMAIL} still signs in.")


ALL: tuple[Callable[[Stage], None], ...] = (
    start_the_sandbox,
    create_somebody_elses_pool,
    apply_terraform,
    use_cognito,
    use_lambda,
    download_keys_and_sign_in,
    verify_offline,
    plan_and_destroy,
)


# --- What the steps use ------------------------------------------------------------------------------


def _summary(output: str) -> str:
    """The line of Terraform's summary, such as `Apply complete! Resources: 12 added, 0 changed, 0 destroyed.`"""
    return next((line for line in output.splitlines() if "Resources:" in line), output.strip()[-200:])


def _function_name(arn: str) -> str:
    return arn.rpartition(":")[2]


def _sign_in(stage: Stage, name: str) -> Tokens:
    result = stage.users.authenticate(name, PASSWORD)
    expect(isinstance(result, Tokens), "the user signs in")
    return result  # type: ignore[return-value] - just seen


def _application_credentials(policy: str) -> dict[str, str]:
    """An application's role that may do what the output `caller_policy_json` says, and nothing else."""
    iam, name = boto3.client("iam"), "application-in-a-private-subnet"
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="invoke", PolicyDocument=policy)
    assumed = boto3.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="app")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["SessionToken"],
    }


@contextlib.contextmanager
def _closed_port() -> Any:
    """A port that nobody listens on, held so that nobody takes it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def _run(module: str, environment: Mapping[str, str], given: str = "") -> dict[str, Any]:
    """Runs one of the demo's own modules as a process of its own, and reads the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env=dict(environment), input=given, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    expect(done.returncode == 0, f"{module} ends well; it wrote: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)
