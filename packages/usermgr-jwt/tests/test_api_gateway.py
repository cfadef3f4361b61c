"""Lambda authorizers, with events as API Gateway's documentation shows them: one golden file per shape.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from usermgr_jwt import CognitoVerifier, JwksFile
from usermgr_jwt.errors import KeysNotFoundError
from usermgr_jwt.integrations.api_gateway import UnauthorizedError, http_api_authorizer, rest_authorizer

METHOD_ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/request/a/b"
STAGE_ARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/*"


GOLDEN = sorted((Path(__file__).parent / "vectors" / "api_gateway").glob("*.json"))


def golden(path: Path, authorization: str) -> dict[str, Any]:
    """A golden file, whose event carries the header's value."""
    text = json.dumps(authorization)[1:-1]
    return json.loads(path.read_text().replace("{{authorization}}", text))


def answer(handler: str, verifier: CognitoVerifier, event: dict[str, Any]) -> dict[str, Any]:
    return {"rest": rest_authorizer, "http": http_api_authorizer}[handler](verifier)(event, None)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
class TestEveryShape:
    """Every documented shape of an event, with one and several identity sources, and headers sent once and twice."""

    def test_a_good_token(self, verifier, pool, path):
        """A shape with one Authorization header is allowed, on the stage that was asked for; any other is refused."""
        case = golden(path, f"Bearer {pool.token()}")
        event = case["event"]
        if case["outcome"] == "refused":
            self.refuse(verifier, case)
            return

        allowed = answer(case["handler"], verifier, event)

        assert allowed["context"]["sub"] == pool.access_claims()["sub"]
        if case["handler"] == "http":
            assert allowed["isAuthorized"] is True
        else:
            [statement] = allowed["policyDocument"]["Statement"]
            arn = event.get("methodArn") or event["routeArn"]
            assert (statement["Effect"], statement["Resource"]) == ("Allow", "/".join(arn.split("/")[:2]) + "/*")

    @pytest.mark.parametrize("authorization", ["Bearer x", "Basic x", "", "x"])
    def test_a_bad_token(self, verifier, path, authorization):
        """No shape lets a bad token in."""
        self.refuse(verifier, golden(path, authorization))

    def refuse(self, verifier, case):
        if case["handler"] == "http":
            assert answer("http", verifier, case["event"])["isAuthorized"] is False
        else:
            with pytest.raises(UnauthorizedError):
                answer("rest", verifier, case["event"])


@pytest.mark.parametrize("junk", [None, 5, True, [], ["Bearer x"], {}, "x"])
@pytest.mark.parametrize("member", ["headers", "multiValueHeaders", "authorizationToken", "authorization"])
def test_members_of_any_type_are_refused(verifier, pool, member, junk):
    """An event that no API Gateway sends, from whoever may invoke the function, is 401 and never another failure."""
    header = {"authorization": f"Bearer {pool.token()}"}
    if member == "authorization":
        event = {"type": "REQUEST", "headers": {"authorization": junk}}
    elif member == "authorizationToken":
        event = {"type": "TOKEN", "authorizationToken": junk, "headers": header}
    else:
        event = {"type": "REQUEST", member: junk}

    with pytest.raises(UnauthorizedError):
        rest_authorizer(verifier)(event | {"methodArn": METHOD_ARN}, None)
    assert http_api_authorizer(verifier)(event, None)["isAuthorized"] is False


def test_group_names_may_hold_any_separator(verifier, pool):
    """Groups reach the integration as a JSON array: two names, and one name with a space or comma, stay apart."""
    for groups in (["a b", "c,d", '"', "é"], ["a", "b"], ["a b"]):
        token = pool.token(pool.access_claims(**{"cognito:groups": groups}))

        context = http_api_authorizer(verifier)(http_event(f"Bearer {token}"), None)["context"]

        assert json.loads(context["groups"]) == groups


def token_event(authorization: str) -> dict[str, object]:
    return {"type": "TOKEN", "authorizationToken": authorization, "methodArn": METHOD_ARN}


def request_event(authorization: str) -> dict[str, object]:
    return {"type": "REQUEST", "methodArn": METHOD_ARN, "headers": {"AUTHORIZATION": authorization, "Accept": "*/*"}}


def http_event(authorization: str | None) -> dict[str, object]:
    headers = {} if authorization is None else {"authorization": authorization}
    return {"version": "2.0", "type": "REQUEST", "routeArn": METHOD_ARN, "routeKey": "GET /a", "headers": headers}


@pytest.mark.parametrize("event", [token_event, request_event])
class TestRest:
    """REST APIs: a policy, or 401."""

    def test_a_good_token_is_allowed_on_the_stage(self, verifier, pool, event):
        """The policy covers the stage, because API Gateway caches it by token; the context is flat strings."""
        answer = rest_authorizer(verifier)(event(f"Bearer {pool.token()}"), None)

        sub = pool.access_claims()["sub"]
        assert answer == {
            "principalId": sub,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": STAGE_ARN}],
            },
            "context": {
                "sub": sub,
                "username": "alice",
                "client_id": pool.client_id,
                "token_use": "access",
                "groups": '["admins", "support"]',
                "scopes": "aws.cognito.signin.user.admin orders/read",
            },
        }

    def test_a_bad_token_is_401(self, verifier, pool, stranger, event):
        """API Gateway answers 401 to an error whose text is exactly `Unauthorized`."""
        for authorization in ("Bearer x", "x", "Basic x", "", f"Bearer {pool.token(key=stranger)}", pool.token()):
            with pytest.raises(UnauthorizedError) as caught:
                rest_authorizer(verifier)(event(authorization), None)
            assert str(caught.value) == "Unauthorized"

    def test_a_missing_right_is_403(self, settings, pool, event):
        """A Deny policy is what makes API Gateway answer 403."""
        answer = rest_authorizer(CognitoVerifier(**settings, groups="root"))(event(f"Bearer {pool.token()}"), None)

        assert answer["policyDocument"]["Statement"][0]["Effect"] == "Deny"
        assert answer["context"] == {"error": "token_group"}

    def test_missing_keys_are_a_failure(self, settings, pool, tmp_path, event):
        """There is no 503 for an authorizer: the function fails, and its Errors metric shows it."""
        verifier = CognitoVerifier(**settings | {"keys": JwksFile(tmp_path / "none")})

        with pytest.raises(KeysNotFoundError):
            rest_authorizer(verifier)(event(f"Bearer {pool.token()}"), None)


class TestHttpApi:
    """HTTP APIs with simple responses."""

    def test_a_good_token_is_authorized(self, verifier, pool):
        """isAuthorized, with the user in the context."""
        answer = http_api_authorizer(verifier)(http_event(f"Bearer {pool.token()}"), None)

        assert answer["isAuthorized"] is True
        assert answer["context"]["username"] == "alice"

    def test_every_refusal_has_its_reason(self, settings, pool):
        """isAuthorized is false, and the code is in the context for the access log."""
        handler = http_api_authorizer(CognitoVerifier(**settings, groups="root"))
        for authorization, code in [
            (None, "unauthorized"),
            ("Basic x", "unauthorized"),
            ("Bearer x", "token_format"),
            (f"Bearer {pool.token(pool.access_claims(exp=1))}", "token_expired"),
            (f"Bearer {pool.token()}", "token_group"),
        ]:
            assert handler(http_event(authorization), None) == {"isAuthorized": False, "context": {"error": code}}

    def test_a_machine_has_no_user_name(self, verifier, pool):
        """A client credentials token gives a context without empty members."""
        token = pool.token(pool.access_claims(username=..., scope="orders/read", **{"cognito:groups": ...}))

        context = http_api_authorizer(verifier)(http_event(f"Bearer {token}"), None)["context"]

        assert sorted(context) == ["client_id", "scopes", "sub", "token_use"]


def test_it_loads_no_framework(jwks_path):
    """An authorizer's cold start, until its keys are read, pays for no framework and neither for urllib nor ssl."""
    code = (
        "import sys, usermgr_jwt.integrations.api_gateway;"
        "from usermgr_jwt import CognitoVerifier, JwksFile;"
        "CognitoVerifier(user_pool_id='eu-west-1_A', client_id='x', token_use='access', keys=JwksFile('x'));"
        "JwksFile(sys.argv[1]).load();"
        "print([m for m in ('jwt', 'urllib.request', 'ssl', 'http.client', 'tempfile', 'flask', 'django',"
        " 'starlette', 'fastapi', 'boto3', 'argparse') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code, jwks_path], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
