"""What a sandbox cannot show of the checks: domains, replicas, PrivateLink, the root user, and what IAM writes."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

import usermgr_cognito
from tests.checks.conftest import findings
from tests.stub import Handler, Stub, answers
from usermgr.checks import Severity, Subject
from usermgr_cognito import _checks
from usermgr_cognito._trigger_check import _allows

POOL = "ap-northeast-1_Example"
ARN = f"arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/{POOL}"
ROOT_USER = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:root</Arn><UserId>1</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
KEYS = boto3.session.Session("AKIAEXAMPLE", "secret", region_name="ap-northeast-1")


def at(stub: Stub) -> usermgr_cognito.CognitoUserManager:
    """A manager of the pool behind the stub."""
    return usermgr_cognito.connect(user_pool_id=POOL, session=KEYS, endpoint_url=stub.url)


def a_pool(handler: Handler) -> None:
    """Answers as Cognito does of a replica that has a domain."""
    replicas = [
        {"RegionName": "us-east-1", "Role": "PRIMARY"},
        {"RegionName": "ap-northeast-1", "Role": "SECONDARY"},
    ]
    described = {
        "Id": POOL, "Arn": ARN, "Domain": "example", "UserPoolTier": "PLUS", "MfaConfiguration": "OPTIONAL",
        "AliasAttributes": ["email"],
    }  # fmt: skip
    is_list = handler.headers["X-Amz-Target"].endswith("ListUserPoolReplicas")
    answers(200, {"UserPoolReplicas": replicas} if is_list else {"UserPool": described})(handler)


def test_domain_and_replica_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool with a domain cannot be used through PrivateLink, and a replica is read-only: both with their remedy."""
    monkeypatch.setattr(_checks, "is_private", lambda _: True)
    with Stub() as stub:
        stub.behave = a_pool
        domain, replica, well = findings("cognito.pool", Subject(at(stub)))

    assert well.evidence["domain"] == "example"
    assert well.evidence["privatelink"] == "cannot be used, because of the domain"
    assert well.evidence["names"] == "user name or email, case-sensitive"
    assert (well.evidence["tier"], well.evidence["mfa"]) == ("PLUS", "optional")
    assert (domain.severity, "remove the pool's domain" in str(domain.remedy)) == (Severity.WARNING, True)
    assert (replica.severity, "us-east-1" in str(replica.remedy)) == (Severity.WARNING, True)


def test_refusal_inside_a_private_network_may_be_the_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cognito words a denial and a domain's refusal alike, so that both are named where it can be either."""
    monkeypatch.setattr(_checks, "is_private", lambda _: True)
    with Stub() as stub:
        stub.behave = answers(400, {"__type": "NotAuthorizedException"})
        (found,) = findings("cognito.pool", Subject(at(stub)))

    assert found.severity is Severity.WARNING
    assert "or the pool has a domain" in found.summary


@pytest.mark.parametrize(
    ("address", "private"),
    [("10.0.1.7", True), ("fd00::7", True), ("52.1.2.3", False), ("127.0.0.1", False)],
)
def test_private_address_is_known(address: str, private: bool) -> None:
    """An address of a VPC is private; those of the internet and of this machine are not."""
    assert _checks.is_private("https://cognito.example/", lambda *_: [(0, 0, 0, "", (address, 0))]) is private


COGNITO: dict[str, Any] = {"Service": "cognito-idp.amazonaws.com"}
BOTH = {"StringEquals": {"AWS:SourceAccount": "123456789012"}, "ArnLike": {"AWS:SourceArn": ARN}}


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        pytest.param({}, True, id="as AWS writes it"),
        pytest.param({"Condition": {"ArnLike": {"AWS:SourceArn": ARN[:-4] + "*"}}}, True, id="a pattern"),
        pytest.param({"Action": ["lambda:Invoke*"]}, True, id="a pattern of actions"),
        pytest.param({"Principal": "*"}, True, id="everybody"),
        pytest.param({"Condition": {"ArnLike": {"AWS:SourceArn": ARN + "x"}}}, False, id="another pool"),
        pytest.param({"Condition": {"StringEquals": {"AWS:SourceAccount": "1"}}}, False, id="another account"),
        pytest.param({"Action": "lambda:GetFunction"}, False, id="another action"),
        pytest.param({"Principal": {"Service": "s3.amazonaws.com"}}, False, id="another service"),
        pytest.param({"Effect": "Deny"}, False, id="denied"),
    ],
)
def test_statement_of_a_functions_policy_is_read(change: dict[str, Any], allowed: bool) -> None:
    """A statement counts only where it lets Cognito call the function for this pool of this account."""
    statement = {
        "Effect": "Allow", "Principal": COGNITO, "Action": "lambda:InvokeFunction", "Condition": BOTH, **change
    }  # fmt: skip
    assert _allows(json.loads(json.dumps(statement)), ARN, "123456789012") is allowed
