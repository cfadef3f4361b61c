"""The gate: who may do what, how a denial reads, and what the request log holds."""

from __future__ import annotations

import dataclasses
import json
import urllib.error
import urllib.request

import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from usermgr_sandbox._iam import DenialError, evaluate
from usermgr_sandbox._operations import identify

AWS = "arn:aws:{}:ap-northeast-1:123456789012:{}"
TABLE = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def _allow(actions, resource="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def _denied(call, **arguments):
    """The status, code and content type of the refusal."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - narrowed at once
        call(**arguments)
    response = caught.value.response
    metadata = response["ResponseMetadata"]
    return metadata["HTTPStatusCode"], response["Error"]["Code"], metadata["HTTPHeaders"]["content-type"]


def test_a_role_does_what_its_policy_allows_and_nothing_else(cloud, error_of):
    """One action on one pool is allowed; another action, and another pool, are denied."""
    pool, other = cloud.pool(), cloud.pool()
    cloud.user(pool)
    role = cloud.assume(cloud.role(_allow("cognito-idp:AdminGetUser", AWS.format("cognito-idp", f"userpool/{pool}"))))
    assert role.cognito.admin_get_user(UserPoolId=pool, Username="alice")["Username"] == "alice"
    for operation, asked in (("admin_delete_user", pool), ("admin_get_user", other)):
        code, message = error_of(getattr(role.cognito, operation), UserPoolId=asked, Username="alice")
        assert code == "AccessDeniedException"
        assert "is not authorized to perform: cognito-idp:Admin" in message
        assert f"userpool/{asked}" in message
    assert cloud.cognito.admin_get_user(UserPoolId=pool, Username="alice")["Username"] == "alice"


def test_a_role_without_a_policy_may_only_ask_who_it_is(differs):
    """Everything but GetCallerIdentity is denied."""

    def check(cloud):
        role = cloud.assume(cloud.role())
        assert ":assumed-role/" in role.client("sts").get_caller_identity()["Arn"]
        assert _denied(role.cognito.list_user_pools, MaxResults=1)[1] == "AccessDeniedException"

    differs(check)


def test_a_denial_is_worded_by_the_service(differs):
    """Cognito and DynamoDB answer 400 in JSON, Lambda 403 in JSON, IAM 403 in XML."""

    def check(cloud):
        role = cloud.assume(cloud.role())
        name = cloud.function("def handler(event, context): return 1\n")
        assert _denied(role.cognito.list_user_pools, MaxResults=1)[:2] == (400, "AccessDeniedException")
        assert _denied(role.client("dynamodb").list_tables)[:2] == (400, "AccessDeniedException")
        assert _denied(role.client("lambda").invoke, FunctionName=name)[:2] == (403, "AccessDeniedException")
        status, code, kind = _denied(role.client("iam").list_roles)
        assert (status, code, kind.partition(";")[0]) == (403, "AccessDenied", "text/xml")

    differs(check)


def test_a_user_of_iam_is_held_to_its_policies(cloud, error_of):
    """An IAM user's inline policy counts like a role's."""
    iam = cloud.client("iam")
    iam.create_user(UserName="operator")
    document = json.dumps({"Version": "2012-10-17", "Statement": [_allow("dynamodb:ListTables")]})
    iam.put_user_policy(UserName="operator", PolicyName="only", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    user = dataclasses.replace(cloud, key_id=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert "TableNames" in user.client("dynamodb").list_tables()
    assert error_of(user.cognito.list_user_pools, MaxResults=1)[0] == "AccessDeniedException"


def test_a_managed_policy_counts_and_an_explicit_deny_wins(cloud, error_of):
    """An attached policy allows; a Deny beside it takes back what it names."""
    iam, role_arn = (
        cloud.client("iam"),
        cloud.role({"Effect": "Deny", "Action": "dynamodb:DeleteItem", "Resource": "*"}),
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [_allow("dynamodb:*")]})
    policy = iam.create_policy(PolicyName="tables", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role_arn.rpartition("/")[2], PolicyArn=policy)
    cloud.client("dynamodb").create_table(TableName="gate", **TABLE)
    table = cloud.assume(role_arn).client("dynamodb")
    table.put_item(TableName="gate", Item={"pk": {"S": "a"}})
    assert error_of(table.delete_item, TableName="gate", Key={"pk": {"S": "a"}})[0] == "AccessDeniedException"


def test_a_transaction_is_weighed_by_its_parts(cloud, error_of):
    """TransactWriteItems needs the action of each of its items."""
    cloud.client("dynamodb").create_table(TableName="parts", **TABLE)
    key = {"pk": {"S": "a"}}
    update = {"Update": {"TableName": "parts", "Key": key, "UpdateExpression": "SET a = :a",
                         "ExpressionAttributeValues": {":a": {"S": "x"}}}}  # fmt: skip
    role = cloud.assume(cloud.role(_allow("dynamodb:UpdateItem", AWS.format("dynamodb", "table/parts"))))
    table = role.client("dynamodb")
    table.transact_write_items(TransactItems=[update])
    delete = {"Delete": {"TableName": "parts", "Key": {"pk": {"S": "b"}}}}
    assert error_of(table.transact_write_items, TransactItems=[update, delete])[0] == "AccessDeniedException"


def test_an_unknown_key_is_refused(differs):
    """A key that nobody gave out is UnrecognizedClientException."""

    def check(cloud):
        stranger = dataclasses.replace(cloud, key_id="AKIAIOSFODNN7UNKNOWN")
        assert _denied(stranger.cognito.list_user_pools, MaxResults=1)[:2] == (400, "UnrecognizedClientException")

    differs(check)


def test_a_wrong_secret_is_refused(differs):
    """A known key with another secret is an invalid signature, in the service's own words."""

    def check(cloud):
        forger = dataclasses.replace(cloud, secret="not the secret")
        code = "InvalidSignatureException"
        assert _denied(forger.cognito.list_user_pools, MaxResults=1)[:2] == (400, code)
        assert _denied(forger.client("lambda").list_functions)[:2] == (403, code)
        assert _denied(forger.client("iam").list_roles)[:2] == (403, "SignatureDoesNotMatch")

    differs(check)


def test_an_address_with_an_arn_is_signed_as_it_was_sent(cloud):
    """A function's ARN travels encoded, and its signature holds."""
    name = cloud.function("def handler(event, context): return 1\n")
    functions = cloud.client("lambda")
    arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    assert functions.get_function_configuration(FunctionName=arn)["FunctionName"] == name
    assert functions.list_tags(Resource=arn)["Tags"] == {}


def test_a_session_needs_its_token(cloud, error_of):
    """A role's temporary key without its session token, or with another's, is not that role."""
    statement = _allow("cognito-idp:ListUserPools")
    role, other = (cloud.assume(cloud.role(statement)) for _ in range(2))
    assert "UserPools" in role.cognito.list_user_pools(MaxResults=1)
    for token in (None, other.token):
        wrong = dataclasses.replace(role, token=token)
        assert error_of(wrong.cognito.list_user_pools, MaxResults=1)[0] == "InvalidSignatureException"


def test_a_body_that_was_changed_on_the_way_is_refused(cloud):
    """The signature covers the body: the same header with another body is refused."""
    address = f"{cloud.endpoint_url}/"
    request = AWSRequest(
        "POST", address, {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools"}, b'{"MaxResults":1}'
    )
    SigV4Auth(Credentials(cloud.key_id, cloud.secret), "cognito-idp", "ap-northeast-1").add_auth(request)
    headers = {**dict(request.headers.items()), "Content-Type": "application/x-amz-json-1.1"}
    statuses = []
    for body in (b'{"MaxResults":1}', b'{"MaxResults":2}'):
        sent = urllib.request.Request(address, data=body, headers=headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:  # noqa: S310
                statuses.append(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                statuses.append(error.code)
    assert statuses == [200, 400]


def test_an_unsigned_call_of_a_signed_operation_is_refused(differs):
    """Without a signature only Cognito's public operations are answered."""

    def check(cloud):
        call = _unsigned(cloud, "cognito-idp").list_user_pools
        assert _denied(call, MaxResults=1)[:2] == (400, "MissingAuthenticationTokenException")

    differs(check)


def test_public_operations_need_no_signature(cloud):
    """InitiateAuth and GetUser work unsigned, as from a browser."""
    pool = cloud.pool()
    client = cloud.app(pool, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])["ClientId"]
    cloud.user(pool)
    public = _unsigned(cloud, "cognito-idp")
    token = public.initiate_auth(
        ClientId=client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": "a-Long-passw0rd"},
    )["AuthenticationResult"]["AccessToken"]
    assert public.get_user(AccessToken=token)["Username"] == "alice"


def test_an_unsigned_invocation_is_refused(cloud):
    """A REST service is closed to unsigned requests too."""
    name = cloud.function("def handler(event, context): return 1\n")
    address = f"{cloud.endpoint_url}/2015-03-31/functions/{name}/invocations"
    request = urllib.request.Request(address, data=b"{}", method="POST")  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)  # noqa: S310
    with caught.value as answer:
        assert answer.code == 403


def test_a_version_is_a_resource_of_its_own(cloud, error_of):
    """A policy on the function's ARN does not reach its versions, unless it says so."""
    name = cloud.function("def handler(event, context): return 1\n", Publish=True)
    arn = AWS.format("lambda", f"function:{name}")
    plain, wide = (cloud.assume(cloud.role(_allow("lambda:InvokeFunction", each))) for each in (arn, [arn, f"{arn}:*"]))
    assert "FunctionError" not in plain.invoke(name)
    call = plain.client("lambda").invoke
    assert error_of(call, FunctionName=name, Qualifier="1")[0] == "AccessDeniedException"
    assert "FunctionError" not in wide.invoke(name, Qualifier="1")


def test_the_log_tells_who_did_what(sandbox, cloud):
    """Each call has service, operation, principal, status and a rising index."""
    since = len(sandbox.requests())
    role_arn = cloud.role(_allow("cognito-idp:ListUserPools"))
    role = cloud.assume(role_arn)
    role.cognito.list_user_pools(MaxResults=1)
    _denied(role.client("dynamodb").list_tables)
    session = f"arn:aws:sts::123456789012:assumed-role/{role_arn.rpartition('/')[2]}/test"
    records = sandbox.requests(since)
    assert [(each.service, each.operation, each.principal, each.status) for each in records] == [
        ("iam", "CreateRole", "root", 200),
        ("iam", "PutRolePolicy", "root", 200),
        ("sts", "AssumeRole", "root", 200),
        ("cognito-idp", "ListUserPools", session, 200),
        ("dynamodb", "ListTables", session, 400),
    ]
    assert [each.index for each in records] == list(range(since, since + 5))


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        (_allow("s:*"), True),
        (_allow("S:get"), True),
        (_allow("s:G?t", "r/*"), True),
        (_allow("s:Get", "r/b*"), False),
        (_allow("s:Get", "R/a"), False),
        (_allow(["s:Put", "s:Get"], ["x", "r/a"]), True),
        ({"Effect": "Allow", "NotAction": "s:Put", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": "s:*", "Resource": "*"}, False),
        (_allow("s:Get", Condition={"StringEquals": {"aws:principalaccount": "1"}}), True),
        (_allow("s:Get", Condition={"StringEquals": {"aws:PrincipalAccount": "2"}}), False),
        (_allow("s:Get", Condition={"StringEquals": {"aws:Missing": "1"}}), False),
        (_allow("s:Get", Condition={"ArnLike": {"aws:PrincipalAccount": "?"}}), True),
    ],
)
def test_a_statement_is_read_as_iam_reads_it(statement, allowed):
    """Wildcards, lists, negated members, conditions; actions in any case, resources in theirs."""
    policies, context = [{"Statement": statement}], {"aws:PrincipalAccount": "1"}
    try:
        evaluate(policies, "s:Get", ["r/a"], context)
        outcome = True
    except DenialError:
        outcome = False
    assert outcome == allowed


def test_a_condition_that_is_not_understood_is_refused_aloud():
    """An unknown operator denies, and the denial names it."""
    policies = [{"Statement": [_allow("*"), _allow("*", Condition={"DateLessThan": {"aws:CurrentTime": "x"}})]}]
    with pytest.raises(DenialError, match="DateLessThan"):
        evaluate(policies, "s:Get", ["r"], {})


@pytest.mark.parametrize(
    ("service", "method", "address", "target", "body", "actions"),
    [
        ("cognito-idp", "POST", "/", "A.AdminGetUser", {"UserPoolId": "p"},
         [("cognito-idp:AdminGetUser", AWS.format("cognito-idp", "userpool/p"))]),
        ("dynamodb", "POST", "/", "D.Query", {"TableName": "t", "IndexName": "i"},
         [("dynamodb:Query", AWS.format("dynamodb", "table/t/index/i"))]),
        ("dynamodb", "POST", "/", "D.BatchGetItem", {"RequestItems": {"t": {}, "u": {}}},
         [("dynamodb:BatchGetItem", AWS.format("dynamodb", f"table/{name}")) for name in "tu"]),
        ("lambda", "POST", "/2015-03-31/functions/f/invocations?Qualifier=live", "", {},
         [("lambda:InvokeFunction", AWS.format("lambda", "function:f:live"))]),
        ("lambda", "GET", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af/policy", "", {},
         [("lambda:GetPolicy", "arn:aws:lambda:r:1:function:f")]),
        ("logs", "POST", "/", "L.PutLogEvents", {"logGroupName": "g", "logStreamName": "s"},
         [("logs:PutLogEvents", AWS.format("logs", "log-group:g:log-stream:s"))]),
    ],
)  # fmt: skip
def test_a_call_is_weighed_against_its_resource(service, method, address, target, body, actions):
    """Each service's action and ARN are read from the request."""
    scope = f"AWS4-HMAC-SHA256 Credential=A/20260101/ap-northeast-1/{service}/aws4_request, Signature=x"
    headers = {"Authorization": scope, "X-Amz-Target": target, "Content-Type": "application/json"}
    assert list(identify(method, address, headers, json.dumps(body).encode()).actions) == actions


def _unsigned(cloud, service):
    import boto3  # noqa: PLC0415 - the only client that is not signed

    return boto3.session.Session().client(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name="ap-northeast-1",
        config=Config(signature_version=UNSIGNED),
    )


@pytest.mark.parametrize(("agent", "expected"), [("aws-sdk-go-v2/1.36", 200), ("Boto3/1.44", 400)])
def test_call_of_terraform_that_is_sent_again_gets_its_answer(sandbox, agent, expected):
    """Terraform's SDK, and no other, gets the same answer to a call that it sends again."""
    variables = sandbox.environment()
    key = Credentials(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    table = {
        "TableName": f"again-{expected}",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    }
    answers = []
    for _ in range(2):
        headers = {
            "User-Agent": agent,
            "amz-sdk-invocation-id": f"call-{expected}",
            "X-Amz-Target": "DynamoDB_20120810.CreateTable",
            "Content-Type": "application/x-amz-json-1.0",
        }
        request = AWSRequest("POST", sandbox.endpoint_url, headers=headers, data=json.dumps(table))
        SigV4Auth(key, "dynamodb", "ap-northeast-1").add_auth(request)
        answers.append(URLLib3Session().send(request.prepare()))
    first, second = answers
    assert (first.status_code, second.status_code) == (200, expected)
    assert (second.content == first.content) is (expected == 200)
