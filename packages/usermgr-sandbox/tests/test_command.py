"""The command `usermgr-sandbox`, the fixtures of the plug-in, and an environment without a way to the real AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

import pytest

from tests.cli.running import usermgr
from usermgr_sandbox._isolation import HARMLESS, environment, isolated, to_remove

COMMAND = [sys.executable, "-m", "usermgr_sandbox"]
USERMGR = [str(Path(sys.executable).with_name("usermgr")), "sandbox"]
"""The same, where usermgr-cli is installed."""
HOSTILE = {
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_SESSION_TOKEN": "of-production",
    "AWS_SECURITY_TOKEN": "of-production",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://127.0.0.1:9",
    "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:9",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/production",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_ROLE_ARN": "arn:aws:iam::210987654321:role/production",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
CONFIGURATION = """
[default]
region = us-east-1
endpoint_url = http://127.0.0.1:9
ignore_configured_endpoint_urls = true
use_fips_endpoint = true
"""
DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
CALL = "import boto3; print(len(boto3.client('cognito-idp').list_user_pools(MaxResults=1)['UserPools']))"


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which every setting leads to the real AWS, or to nowhere."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / "config").write_text(CONFIGURATION)
    (tmp_path / ".aws" / "config").write_text("no configuration: whoever reads it fails")
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = AKIAPRODUCTION\naws_secret_access_key = x\n")
    files = {
        "AWS_CONFIG_FILE": tmp_path / "config",
        "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "credentials",
        "HOME": tmp_path,
    }
    for name, value in {**HOSTILE, **files}.items():
        monkeypatch.setenv(name, str(value))
    return dict(os.environ)


def _own_profile(**more: str) -> dict[str, str]:
    """The environment with a profile, and nothing else of AWS."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**rest, "AWS_PROFILE": "x", **more}


def _run(*arguments: str, **settings):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=90, **settings)


@pytest.fixture(autouse=True)
def interruptible():
    """A background job of a shell ignores SIGINT or SIGHUP, and so would every command that a test starts."""
    before = {number: signal.signal(number, default) for number, default in DEFAULTS.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("command", "as_json"),
    [
        pytest.param(COMMAND, False, id="shell"),
        pytest.param([*COMMAND, "--json"], True, id="json"),
        pytest.param([*USERMGR, "--output", "json"], True, id="usermgr"),
    ],
)
def test_the_command_prints_what_to_export(command, as_json):
    """`usermgr-sandbox` runs in the foreground, prints its environment, and ends by a signal with status 0."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE, env=_own_profile())
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as output, process.stderr as errors:
        assert errors.readline().startswith("# the sandbox answers on http://127.0.0.1:")
        if as_json:
            variables = json.loads(output.readline())
            assert variables.pop("AWS_PROFILE") is None
        else:
            lines = [output.readline().rstrip("\n") for _ in range(len(environment("")) + 1)]
            assert lines.pop(0) == "unset AWS_PROFILE"
            variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        with urllib.request.urlopen(variables["AWS_ENDPOINT_URL"] + "/moto-api/data.json", timeout=60) as answer:  # noqa: S310
            assert answer.status == 200
        assert variables["AWS_REGION"] == "ap-northeast-1"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_the_exports_are_quoted_for_the_shell(tmp_path):
    """A shell that evaluates them takes every value as it is, and runs nothing that is in one."""
    proof = tmp_path / "proof"
    dangerous = f"a b;$(touch {proof})'\"`touch {proof}`"
    process = subprocess.Popen([*COMMAND, "--pool"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=_own_profile(NO_PROXY=dangerous))  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as output, process.stderr as errors:
        errors.readline()
        exports = "".join(output.readline() for _ in range(len(environment("")) + 5))
        script = f"{exports}\n{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
        shell = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True,
                               env={"AWS_PROFILE": "x"})  # fmt: skip
        process.terminate()
        assert process.wait(60) == 0
    seen = json.loads(shell.stdout)
    assert seen["NO_PROXY"] == f"{dangerous},127.0.0.1,localhost"
    assert ("AWS_PROFILE" in seen, proof.exists()) == (False, False)
    assert {"AWS_REGION", "USERPOOL_ID", "CLIENT_ID", "SECRET"} <= seen.keys()
    assert seen["USERMGR_BACKEND"] == "cognito"  # and not a store of the caller's own, which commands would change


def test_a_command_runs_inside_and_gives_its_status():
    """`usermgr-sandbox -- command` sets the environment, and ends with the command's exit status."""
    code = "import os, sys, boto3; boto3.client('cognito-idp').list_user_pools(MaxResults=1); sys.exit(7)"

    done = _run("--", sys.executable, "-c", code)

    assert (done.returncode, done.stdout) == (7, ""), done.stderr


def test_a_command_can_have_a_pool():
    """`usermgr sandbox --pool -- command` names a pool in which a user can sign in."""
    code = """
    import base64, hashlib, hmac, os, boto3
    pool, client, cognito = os.environ["USERPOOL_ID"], os.environ["CLIENT_ID"], boto3.client("cognito-idp")
    cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password="a-Long-passw0rd", Permanent=True)
    digest = hmac.new(os.environ["SECRET"].encode(), f"alice{client}".encode(), hashlib.sha256).digest()
    given = {"USERNAME": "alice", "PASSWORD": "a-Long-passw0rd", "SECRET_HASH": base64.b64encode(digest).decode()}
    done = cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=given
    )
    print(sorted(done["AuthenticationResult"]))
    """

    done = subprocess.run([*USERMGR, "--pool", "--", sys.executable, "-c", textwrap.dedent(code)],
                          capture_output=True, text=True, check=False, timeout=90)  # fmt: skip

    assert done.stdout.strip() == "['AccessToken', 'ExpiresIn', 'IdToken', 'RefreshToken', 'TokenType']", done.stderr


@pytest.mark.parametrize(
    ("command", "status"),
    [
        pytest.param(["/nowhere/at-all"], 127, id="not found"),
        pytest.param(
            [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"], 137, id="killed"
        ),
        pytest.param([sys.executable, "-c", "print('--', flush=True)", "--", "--port"], 0, id="its own options"),
    ],
)
def test_the_status_is_a_shells(command, status):
    """127 for a command that cannot be run, 128 and the number for a signal; what follows `--` is the command's."""
    assert _run("--", *command).returncode == status


def test_two_dashes_need_a_command(sandbox):
    """Nothing behind `--` is an error, and so is a port that is taken; both say why in one line."""
    assert "must be followed by a command" in _run("--").stderr
    taken = _run("--port", sandbox.endpoint_url.rpartition(":")[2])
    assert (taken.returncode, "usermgr-sandbox: the sandbox did not start" in taken.stderr) == (1, True)
    assert "Traceback" not in taken.stderr
    ours = usermgr("sandbox", "--port", sandbox.endpoint_url.rpartition(":")[2])
    assert (ours.status, ours.err.startswith("usermgr: the sandbox did not start")) == (1, True)


@pytest.mark.parametrize(
    ("program", "number"), [(COMMAND, signal.SIGTERM), (USERMGR, signal.SIGHUP)], ids=["sigterm", "usermgr-sighup"]
)
def test_signal_to_end_reaches_the_command(program, number):
    """The command decides how it ends, and its sandbox ends after it."""
    code = textwrap.dedent(
        """
        import os, signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(9))
        print(os.environ["AWS_ENDPOINT_URL"], flush=True)
        while True:
            time.sleep(0.01)  # a signal that comes just before a longer sleep is seen only after it
        """
    )
    process = subprocess.Popen([*program, "--", sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as output:
        address = output.readline().strip()
        process.send_signal(number)
        assert process.wait(60) == 9
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)  # noqa: S310


def test_no_setting_leads_out_of_the_sandbox(sandbox, hostile):
    """Whatever profile, file, session, endpoint or proxy the environment names, a child reaches the sandbox."""
    assert subprocess.run([sys.executable, "-c", CALL], env=hostile, capture_output=True, check=False).returncode != 0
    before = len(sandbox.requests())

    inside = sandbox.isolated_environment(hostile)
    subprocess.run([sys.executable, "-c", CALL], env=inside, check=True, timeout=60)

    assert [each.operation for each in sandbox.requests(before)] == ["ListUserPools"]
    own = {name for name in environment("") if name.startswith("AWS_")}
    assert {name for name in inside if name.startswith("AWS_")} - HARMLESS == own


def test_the_clients_of_the_sandbox_heed_no_setting(sandbox, hostile):
    """`client`, `create_pool` and `deploy_function` work in any environment."""
    pool = sandbox.create_pool()
    assert sandbox.client("iam").list_roles(MaxItems=1)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert sandbox.client("cognito-idp").describe_user_pool(UserPoolId=pool.id)["UserPool"]["Id"] == pool.id


def test_what_is_removed_and_what_stays():
    """Every AWS variable goes but those that choose neither account nor endpoint; others are left alone."""
    given = {**HOSTILE, "AWS_MAX_ATTEMPTS": "3", "PATH": "/bin", "AWS_REGION": "us-east-1"}

    inside = isolated("http://127.0.0.1:1", given)

    replaced = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "HTTP_PROXY", "http_proxy")
    assert to_remove(given) == sorted(name for name in HOSTILE if name not in replaced)
    assert (inside["PATH"], inside["AWS_MAX_ATTEMPTS"], inside["AWS_REGION"]) == ("/bin", "3", "ap-northeast-1")
    assert inside["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "false"


def test_a_pool_does_not_show_its_secret(sandbox):
    """Neither does its text, nor that of a message's code."""
    pool = sandbox.create_pool()
    assert pool.client_secret not in repr(pool)


def test_an_emptied_pool_has_nothing(sandbox, cloud, error_of):
    """No user, no group, no token; the pool and its client stay, and listings that lag are current."""
    pool = sandbox.create_pool(AutoVerifiedAttributes=["email"])
    client = cloud.app(pool.id)["ClientId"]
    cloud.user(pool.id)
    cloud.cognito.create_group(UserPoolId=pool.id, GroupName="g")
    token = cloud.sign_in(pool.id, client)["AuthenticationResult"]["AccessToken"]
    try:
        sandbox.delay_listing(60)
        sandbox.empty_pool(pool)
        assert cloud.cognito.list_users(UserPoolId=pool.id)["Users"] == []
    finally:
        sandbox.delay_listing(0)
    assert cloud.cognito.list_groups(UserPoolId=pool.id)["Groups"] == []
    assert error_of(cloud.cognito.get_user, AccessToken=token)[0] == "NotAuthorizedException"
    cloud.user(pool.id)
    assert "AuthenticationResult" in cloud.sign_in(pool.id, client)


def _pytest(folder: Path, source: str, **environ: str) -> str:
    (folder / "test_app.py").write_text(textwrap.dedent(source))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )
    return done.stdout + done.stderr


def test_the_plugin_gives_an_applications_tests_a_sandbox(tmp_path, hostile):
    """An application's test gets the sandbox and an environment that leads boto3 to it, by naming a fixture."""
    source = """
    import os

    import boto3
    import pytest

    boto3.DEFAULT_SESSION = "that of another test"

    def test_it(usermgr_sandbox_env):
        assert boto3.client("cognito-idp").list_user_pools(MaxResults=1)["UserPools"] == []
        assert usermgr_sandbox_env.requests()[-1].operation == "ListUserPools"

    def test_afterwards():
        assert os.environ["AWS_PROFILE"] == "production"

    @pytest.mark.parametrize("number", [1, 2])
    def test_pool(usermgr_sandbox_pool, number):
        cognito, pool = boto3.client("cognito-idp"), os.environ["USERPOOL_ID"]
        assert (pool, os.environ["CLIENT_ID"]) == (usermgr_sandbox_pool.id, usermgr_sandbox_pool.client_id)
        assert cognito.list_users(UserPoolId=pool)["Users"] == []
        cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="SUPPRESS")

    @pytest.fixture(scope="session")
    def alice(usermgr_sandbox_shared_env, usermgr_sandbox_shared_pool):
        made = boto3.client("cognito-idp").admin_create_user(
            UserPoolId=os.environ["USERPOOL_ID"], Username="alice", MessageAction="SUPPRESS"
        )
        return made["User"]["Username"]

    def test_session(alice, usermgr_sandbox_shared_pool):
        assert os.environ["USERPOOL_ID"] == usermgr_sandbox_shared_pool.id
        assert boto3.client("cognito-idp").admin_get_user(UserPoolId=os.environ["USERPOOL_ID"], Username=alice)
    """
    output = _pytest(tmp_path, source)
    assert "5 passed" in output, output


def test_the_plugin_deploys_the_function(tmp_path, zipped):
    """The function of the given zip answers for the pool; without a zip the test fails with the remedy."""
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    handler = "import os\ndef handler(event, context):\n    return os.environ['USERPOOL_ID']\n"
    path = tmp_path / "usermgr.zip"
    path.write_bytes(zipped("", **{"usermgr_function_usermgr/handler": handler}))
    source = """
    import json
    import os

    import boto3

    def test_it(usermgr_sandbox_function, usermgr_sandbox_pool):
        assert os.environ["LAMBDA_NAME_USERMGR"] == usermgr_sandbox_function == "usermgr"
        answer = boto3.client("lambda").invoke(FunctionName=usermgr_sandbox_function, Payload=b"{}")
        assert json.load(answer["Payload"]) == usermgr_sandbox_pool.id
    """
    output = _pytest(tmp_path / "with", source, USERMGR_SANDBOX_FUNCTION_ZIP=str(path))
    assert "1 passed" in output, output
    failed = _pytest(tmp_path / "without", source)
    assert "set USERMGR_SANDBOX_FUNCTION_ZIP to the path" in failed
