"""Lambda functions that really run: what they see, what they tell, how they fail."""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import subprocess
import sys
import threading
import time

import pytest

from usermgr_sandbox import Sandbox

ENVIRONMENT = """
import json, os, sys
print("hello from init")
def handler(event, context):
    print("hello from", event.get("who"))
    return {
        "environment": dict(os.environ),
        "path": sys.path,
        "cwd": os.getcwd(),
        "arn": context.invoked_function_arn,
        "remaining": context.get_remaining_time_in_millis(),
        "pid": os.getpid(),
    }
"""
ECHO = "def handler(event, context):\n    return event\n"
WHO = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
PID = """
import os, pathlib, time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if "meet" in event:
        folder, number = event["meet"]
        pathlib.Path(folder, str(os.getpid())).touch()
        while len(os.listdir(folder)) < number:
            time.sleep(0.01)
    return os.getpid()
"""
"""Its process id; it sleeps before it answers, or waits until there are so many files in a folder, of which one is its
own."""


def _result(answer):
    return json.loads(answer["Payload"].read())


def _wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_function_sees_what_aws_shows_it(cloud):
    """The environment holds the function's variables, the reserved ones and the role's credentials, and no more."""
    name = cloud.function(ENVIRONMENT, MemorySize=256, Environment={"Variables": {"MINE": "yes", "TZ": "no"}})
    seen = _result(cloud.invoke(name, {"who": "me"}))
    environment = seen["environment"]
    expected = {
        "MINE": "yes",
        "TZ": ":UTC",
        "AWS_REGION": "ap-northeast-1",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "LAMBDA_TASK_ROOT": seen["cwd"],
        "_HANDLER": "app.handler",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    assert {key: environment.get(key) for key in expected} == expected
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    known = {"PATH", "LANG", "LC_CTYPE", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "_X_AMZN_TRACE_ID"}
    assert [key for key in environment if not key.startswith(("AWS_", *expected)) and key not in known] == []
    assert seen["arn"].endswith(f":function:{name}")
    assert 0 < seen["remaining"] <= 10_000


def test_nothing_of_our_environment_is_visible(cloud):
    """A zip that lacks a module fails here as on AWS, although the module is installed beside the sandbox."""
    source = (
        "import boto3, awslambdaric, botocore, urllib3\ndef handler(event, context):\n    __import__(event['name'])\n"
    )
    name = cloud.function(source)
    for missing in ("pytest", "moto", "usermgr_sandbox", "flask", "cryptography", "jwt"):
        answer = cloud.invoke(name, {"name": missing})
        assert (answer.get("FunctionError"), _result(answer)["errorType"]) == ("Unhandled", "ModuleNotFoundError")


def test_the_zip_comes_before_the_runtime(cloud, zipped):
    """A module of the zip hides the runtime's of the same name."""
    name = cloud.function("import boto3\ndef handler(event, context):\n    return boto3.MINE\n")
    code = zipped("import boto3\ndef handler(event, context):\n    return boto3.MINE\n", boto3="MINE = 'mine'\n")
    cloud.client("lambda").update_function_code(FunctionName=name, ZipFile=code)
    assert _result(cloud.invoke(name)) == "mine"


def test_a_raised_exception_is_unhandled(differs):
    """The answer is 200 with FunctionError Unhandled, and a payload of type, message and trace."""

    def check(cloud):
        name = cloud.function("def handler(event, context):\n    raise KeyError('which')\n")
        answer = cloud.invoke(name)
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        report = _result(answer)
        assert (report["errorType"], report["errorMessage"]) == ("KeyError", "'which'")
        assert any("in handler" in line for line in report["stackTrace"])

    differs(check)


def test_the_answer_has_the_id_of_the_invocation(differs):
    """The request id of the answer is the handler's own, so that its log can be found by it; of a failure too."""

    def check(cloud):
        own = "def handler(event, context):\n    return context.aws_request_id\n"
        for source in (own, "import os\ndef handler(event, context): os._exit(7)\n"):
            answer = cloud.invoke(cloud.function(source))
            assert answer["ResponseMetadata"]["RequestId"] in answer["Payload"].read().decode()

    differs(check)


@pytest.mark.parametrize(
    ("source", "kind", "text"),
    [
        ("import nowhere\n", "Runtime.ImportModuleError", "No module named 'nowhere'"),
        ("def other(event, context): pass\n", "Runtime.HandlerNotFound", "Handler 'handler' missing"),
        ("def handler(:\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("import os\ndef handler(event, context): os._exit(7)\n", "Runtime.ExitError", "exit status 7"),
        ("import os\ndef handler(event, context): os.kill(os.getpid(), 9)\n", "Runtime.ExitError", "signal: killed"),
        ("import os\nos._exit(1)\n", "Runtime.ExitError", "exit status 1"),
    ],
)
def test_a_function_that_cannot_run_says_why(cloud, source, kind, text):
    """Each way to fail has AWS's error type, as an Unhandled error."""
    answer = cloud.invoke(cloud.function(source))
    report = _result(answer)
    assert (answer["FunctionError"], report["errorType"]) == ("Unhandled", kind)
    assert text in report["errorMessage"]


def test_a_time_out_kills_the_function(cloud):
    """The function's own time-out ends it, and the next invocation finds a new container."""
    name = cloud.function(PID, Timeout=1)
    first = _result(cloud.invoke(name))
    started = time.monotonic()
    answer = cloud.invoke(name, {"sleep": 60})
    assert time.monotonic() - started < 30
    report = _result(answer)
    assert (answer["FunctionError"], report["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert report["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert not _is_running(first)
    assert _result(cloud.invoke(name)) != first


def test_a_container_is_used_again(cloud):
    """One process serves one invocation after the other."""
    name = cloud.function(PID)
    assert len({_result(cloud.invoke(name)) for _ in range(4)}) == 1


def test_invocations_at_once_have_containers_of_their_own(cloud, tmp_path):
    """Three at a time take three processes: each of them waits for the others."""
    name, pids, event = cloud.function(PID, Timeout=60), [], {"meet": [str(tmp_path), 3]}
    threads = [threading.Thread(target=lambda: pids.append(_result(cloud.invoke(name, event)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 3


def test_idle_containers_do_not_pile_up(cloud):
    """However many functions ran, a bounded number of processes waits for the next invocation."""
    pids = [_result(cloud.invoke(cloud.function(PID))) for _ in range(15)]
    assert sum(_is_running(pid) for pid in pids) <= 12
    assert _is_running(pids[-1])


def test_new_code_and_new_settings_are_used_at_once(cloud, zipped):
    """After an update no warm container of before answers."""
    name = cloud.function("import os\ndef handler(event, context): return ['old', os.environ.get('A')]\n")
    assert _result(cloud.invoke(name)) == ["old", None]
    functions = cloud.client("lambda")
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"A": "1"}})
    assert _result(cloud.invoke(name)) == ["old", "1"]
    functions.update_function_code(
        FunctionName=name, ZipFile=zipped("import os\ndef handler(event, context): return ['new', os.environ['A']]\n")
    )
    assert _result(cloud.invoke(name)) == ["new", "1"]


def test_output_is_kept_whole(sandbox, cloud):
    """Every line of stdout and stderr is there when the invocation has ended, however much it is."""
    source = """
import sys
def handler(event, context):
    for number in range(3000):
        print("x" * 60, number)
    print("last", file=sys.stderr)
"""
    name = cloud.function(source)
    for count in (1, 2):
        cloud.invoke(name)
        lines = sandbox.function_logs(name)
        assert (len(lines), lines[-1]) == (3001 * count, "last")


def test_output_goes_to_cloudwatch_as_far_as_the_role_may(cloud):
    """Lines arrive in the log group for a role that may write it, and nowhere for one that may not."""
    write = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    logs, seen = cloud.client("logs"), []
    for statements in ([write], []):
        name = cloud.function("def handler(event, context): print('a line')\n", Role=cloud.role(*statements))
        logs.create_log_group(logGroupName=f"/aws/lambda/{name}")
        cloud.invoke(name)
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        seen.append([event["message"] for event in events if "a line" in event["message"]])
    assert seen == [["a line"], []]


def test_the_tail_of_the_log_comes_with_the_answer(cloud):
    """LogType=Tail carries the last 4 KB; without it there is no log."""
    name = cloud.function("def handler(event, context): print('a line')\n")
    assert "a line" in base64.b64decode(cloud.invoke(name, LogType="Tail")["LogResult"]).decode()
    assert "LogResult" not in cloud.invoke(name)


def test_an_event_runs_later(sandbox, cloud, tmp_path):
    """InvocationType=Event answers 202 while the function still runs."""
    go = tmp_path / "go"
    name = cloud.function(
        "import os, time\ndef handler(event, context):\n"
        f"    while not os.path.exists({str(go)!r}): time.sleep(0.01)\n    print('ran')\n"
    )
    assert cloud.invoke(name, InvocationType="Event")["StatusCode"] == 202
    go.touch()
    _wait_until(lambda: sandbox.function_logs(name) == ["ran"])


def test_a_dry_run_runs_nothing(sandbox, cloud):
    """InvocationType=DryRun answers 204."""
    name = cloud.function("def handler(event, context): print('ran')\n")
    assert cloud.invoke(name, InvocationType="DryRun")["StatusCode"] == 204
    assert sandbox.function_logs(name) == []


def test_payloads_are_limited_each_way(cloud, error_of):
    """Six MB in is the most, and an answer of more is an error of the function."""
    name = cloud.function("def handler(event, context): return 'x' * event['size']\n")
    call = cloud.client("lambda").invoke
    assert error_of(call, FunctionName=name, Payload=json.dumps("x" * 6_300_000))[0] == "RequestTooLargeException"
    answer = cloud.invoke(name, {"size": 6_300_000})
    assert (answer["FunctionError"], _result(answer)["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert len(_result(cloud.invoke(name, {"size": 6_000_000}))) == 6_000_000


def test_a_payload_that_is_no_json_is_refused(cloud, error_of):
    """Lambda parses the payload before it runs anything."""
    name = cloud.function(ECHO)
    call = cloud.client("lambda").invoke
    assert error_of(call, FunctionName=name, Payload=b"{nope")[0] == "InvalidRequestContentException"


def test_reserved_concurrency_throttles(cloud, error_of, tmp_path):
    """With a reserved concurrency of one, a second invocation at the same time is TooManyRequestsException."""
    name = cloud.function(PID, Timeout=60)
    functions = cloud.client("lambda")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    busy = threading.Thread(target=cloud.invoke, args=(name, {"meet": [str(tmp_path), 2]}))
    busy.start()
    try:
        _wait_until(lambda: list(tmp_path.iterdir()))
        assert error_of(functions.invoke, FunctionName=name)[0] == "TooManyRequestsException"
    finally:
        (tmp_path / "the test").touch()
        busy.join()
    assert "FunctionError" not in cloud.invoke(name)


def test_no_such_function(cloud, error_of):
    """Invoking a function that does not exist is ResourceNotFoundException."""
    assert error_of(cloud.client("lambda").invoke, FunctionName="nowhere")[0] == "ResourceNotFoundException"


def test_a_qualifier_chooses_the_version(cloud, zipped):
    """A version and an alias run the code that was published, $LATEST the newest."""
    functions, name = (
        cloud.client("lambda"),
        cloud.function("def handler(event, context): return 'old'\n", Publish=True),
    )
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.update_function_code(FunctionName=name, ZipFile=zipped("def handler(event, context): return 'new'\n"))
    results = [_result(cloud.invoke(name, Qualifier=each)) for each in ("1", "live", "$LATEST")]
    assert results == ["old", "old", "new"]


def test_logging_settings_are_kept(differs):
    """LoggingConfig comes back as it was set, with AWS's defaults, after create and update."""

    def check(cloud):
        functions = cloud.client("lambda")
        plain, name = cloud.function(ECHO), cloud.function(ECHO, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/my"})
        read = functions.get_function_configuration
        assert read(FunctionName=plain).get("LoggingConfig") == {
            "LogFormat": "Text",
            "LogGroup": f"/aws/lambda/{plain}",
        }
        assert read(FunctionName=name)["LoggingConfig"] == {
            "LogFormat": "JSON",
            "LogGroup": "/my",
            "ApplicationLogLevel": "INFO",
            "SystemLogLevel": "INFO",
        }
        functions.update_function_configuration(FunctionName=name, LoggingConfig={"LogFormat": "Text"})
        assert read(FunctionName=name)["LoggingConfig"]["LogFormat"] == "Text"

    differs(check)


def test_another_key_is_taken(differs):
    """The key of the environment variables can be set and changed later."""

    def check(cloud):
        name, key = cloud.function(ECHO), "arn:aws:kms:ap-northeast-1:123456789012:key/one"
        updated = cloud.client("lambda").update_function_configuration(FunctionName=name, KMSKeyArn=key)
        assert updated.get("KMSKeyArn") == key

    differs(check)


def test_a_published_version_keeps_its_own_configuration(differs):
    """A version tells its own number and its LoggingConfig, also when it is published at creation."""

    def check(cloud):
        functions = cloud.client("lambda")
        name = cloud.function(ECHO, Publish=True, LoggingConfig={"LogFormat": "JSON"})
        for qualifier in ("1", "$LATEST"):
            told = functions.get_function_configuration(FunctionName=name, Qualifier=qualifier)
            assert (told["Version"], told.get("LoggingConfig", {}).get("LogFormat")) == (qualifier, "JSON")

    differs(check)


def test_a_function_calls_aws_as_its_role(sandbox, cloud):
    """What a function does is signed by its role's session, which carries the function's name."""
    role = cloud.role()
    name = cloud.function(WHO, Role=role)
    since = len(sandbox.requests())
    arn = f"arn:aws:sts::123456789012:assumed-role/{role.rpartition('/')[2]}/{name}"
    assert _result(cloud.invoke(name)) == arn
    seen = [record.principal for record in sandbox.requests(since) if record.operation == "GetCallerIdentity"]
    assert seen == [arn]


def test_creating_a_function_needs_no_docker(cloud):
    """The function runs with no Docker on the path: its result is its own, not a canned one."""
    assert _result(cloud.invoke(cloud.function(ECHO), {"a": [1, None, "é"]})) == {"a": [1, None, "é"]}


def test_functions_can_get_another_sdk(tmp_path, cloud):
    """`lambda_site_packages` replaces the boto3 that functions find, and shows nothing else of that folder."""
    folder = tmp_path / "site-packages"
    (folder / "boto3").mkdir(parents=True)
    (folder / "boto3" / "__init__.py").write_text("__version__ = '0.0.1'\n")
    (folder / "stray.py").write_text("")
    info = folder / "boto3-0.0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: boto3\nVersion: 0.0.1\n")
    (info / "RECORD").write_text("boto3/__init__.py,,\nboto3-0.0.1.dist-info/METADATA,,\n")
    source = """
import boto3
def handler(event, context):
    try:
        import stray
    except ImportError:
        return boto3.__version__
"""
    with Sandbox.start(lambda_site_packages=folder) as sandbox:
        other = dataclasses.replace(cloud, endpoint_url=sandbox.endpoint_url)
        assert _result(other.invoke(other.function(source))) == "0.0.1"


def _is_running(pid):
    code = "import os, sys; os.kill(int(sys.argv[1]), 0)"
    return subprocess.run([sys.executable, "-c", code, str(pid)], capture_output=True, check=False).returncode == 0


def _role_of(cloud, name):
    """The name of the role that the function finds itself in."""
    return _result(cloud.invoke(name)).split("/")[1]


def test_a_recreated_function_has_its_new_role(cloud):
    """Neither a function of the same name and code, nor one with a changed role, finds the former credentials."""
    roles = [cloud.role() for _ in range(3)]
    functions = cloud.client("lambda")
    name = cloud.function(WHO, Role=roles[0])
    seen = [_role_of(cloud, name)]

    functions.delete_function(FunctionName=name)
    cloud.function(WHO, name=name, Role=roles[1])
    seen.append(_role_of(cloud, name))
    functions.update_function_configuration(FunctionName=name, Role=roles[2])
    seen.append(_role_of(cloud, name))

    assert seen == [role.rpartition("/")[2] for role in roles]


def test_a_recreated_function_starts_afresh(cloud):
    """A function of the same name, code and role does not find the memory of the one before."""
    source = "calls = []\ndef handler(event, context):\n    calls.append(1)\n    return len(calls)\n"
    role = cloud.role()
    name = cloud.function(source, Role=role)
    assert [_result(cloud.invoke(name)) for _ in range(2)] == [1, 2]

    cloud.client("lambda").delete_function(FunctionName=name)
    cloud.function(source, name=name, Role=role)

    assert _result(cloud.invoke(name)) == 1
