"""Attaching and detaching, over HTTP against a double that keeps what it is sent and resets what it is not."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.backoff import Backoff
from usermgr.errors import (
    AccessDeniedError,
    ConcurrentChangeError,
    ConfigurationError,
    InvalidInputError,
    NoCredentialsError,
    ServiceError,
    ServiceUnavailableError,
    StoreNotFoundError,
    UsermgrError,
)
from usermgr_cognito.trigger import (
    Difference,
    MissingPermissionsError,
    Permissions,
    PoolChangedError,
    Result,
    RetryBudget,
    Snapshot,
    State,
    Trigger,
    TriggerOccupiedError,
    UserPool,
    attach,
    canonical,
    check,
    detach,
    differences,
)

POOL_ID = "ap-northeast-1_AbCdEf123"
LAMBDA = "arn:aws:lambda:ap-northeast-1:123456789012:function:"
OURS = Trigger(f"{LAMBDA}usermgr_activity")
THEIRS = Trigger(f"{LAMBDA}other_team", "V2_0")

CREATE_ONLY = {
    "Id": POOL_ID,
    "Name": "people",
    "Arn": f"arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/{POOL_ID}",
    "CreationDate": 1700000000.125,
    "LastModifiedDate": 1700000000.125,
    "EstimatedNumberOfUsers": 3,
    "Status": "Enabled",
    "Domain": "people",
    "CustomDomain": "login.example.com",
    "SchemaAttributes": [{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
    "UsernameAttributes": ["email"],
    "AliasAttributes": ["phone_number"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "SmsConfigurationFailure": "SNSSandbox",
    "EmailConfigurationFailure": "none",
}
DEFAULTS = {
    "Policies": {"PasswordPolicy": {"MinimumLength": 8, "TemporaryPasswordValidityDays": 7}},
    "DeletionProtection": "INACTIVE",
    "LambdaConfig": {},
    "MfaConfiguration": "OFF",
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": False, "UnusedAccountValidityDays": 7},
    "UserPoolTags": {},
    "UserPoolTier": "ESSENTIALS",
}
SETTINGS = {
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 14, "RequireSymbols": True, "TemporaryPasswordValidityDays": 30, "PasswordHistorySize": 5,
            "FutureRule": {"Strictness": 3},
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]},
    },
    "DeletionProtection": "ACTIVE",
    "LambdaConfig": {
        "PostConfirmation": f"{LAMBDA}welcome",
        "InboundFederation": {"LambdaVersion": "V1_0", "LambdaArn": f"{LAMBDA}federation"},
        "FutureTrigger": {"LambdaArn": f"{LAMBDA}future"},
    },
    "AutoVerifiedAttributes": ["email"],
    "VerificationMessageTemplate": {"DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailMessage": "Votre code: {####} ☂"},
    "EmailVerificationMessage": "Votre code: {####} ☂",
    "SmsAuthenticationMessage": "{####}",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "MfaConfiguration": "OPTIONAL",
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False},
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT"},
    "UserPoolTags": {"team": "people", "empty": ""},
    "AdminCreateUserConfig": {
        "AllowAdminCreateUserOnly": True, "UnusedAccountValidityDays": 30,
        "InviteMessageTemplate": {"EmailSubject": "Welcome"},
    },
    "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT", "AdvancedSecurityAdditionalFlows": {"CustomAuthMode": "AUDIT"}},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
    "UserPoolTier": "PLUS",
    "IssuerConfiguration": {"Type": "UPDATED"},
    "MemberOfNextYear": {"Deep": [{"Value": 12345678901234567890, "Ratio": 0.1, "None": None}]},
    "FlagOfNextYear": False,
}  # fmt: skip
MFA = {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": True}}


class Double(ThreadingHTTPServer):
    """Speaks Cognito's three operations: stores raw JSON, and resets whatever UpdateUserPool is not sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.description: dict[str, Any] = copy.deepcopy(CREATE_ONLY | SETTINGS)
        self.mfa: dict[str, Any] = copy.deepcopy(MFA)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.signatures: list[str] = []
        self.faults: list[tuple[str, Callable[[], tuple[int, bytes] | None]]] = []
        """(operation, what happens instead) for the next calls of it; `None` means that it is then carried out."""

    words = "what AWS answers"

    def fail(self, operation: str, code: str, times: int = 1, status: int = 400) -> None:
        body = json.dumps({"__type": f"com.amazonaws.cognito#{code}", "message": self.words}).encode()
        self.faults += [(operation, lambda: (status, body))] * times

    def before(self, operation: str, action: Callable[[], None]) -> None:
        self.faults.append((operation, action))  # type: ignore[arg-type] - returns None

    def count(self, operation: str) -> int:
        return sum(name == operation for name, _ in self.calls)

    def answer(self, operation: str, request: dict[str, Any]) -> tuple[int, bytes]:
        self.calls.append((operation, request))
        for index, (name, happen) in enumerate(self.faults):
            if name == operation:
                del self.faults[index]
                instead = happen()
                if instead is not None:
                    return instead
                break
        if request.pop("UserPoolId") != POOL_ID:
            return refuse("ResourceNotFoundException")
        match operation:
            case "DescribeUserPool":
                return 200, json.dumps({"UserPool": self.description}).encode()
            case "GetUserPoolMfaConfig":
                return 200, json.dumps(self.mfa).encode()
            case "UpdateUserPool":
                return self.update(request)
        return refuse("UnknownOperationException")

    def update(self, request: dict[str, Any]) -> tuple[int, bytes]:
        triggers = request.get("LambdaConfig", {})
        config = triggers.get("PreTokenGenerationConfig")
        legacy = triggers.get("PreTokenGeneration")
        not_taken = set(request) & set(CREATE_ONLY)
        unused_days = "UnusedAccountValidityDays" in request.get("AdminCreateUserConfig", {})
        if not_taken or unused_days or (config and legacy and config["LambdaArn"] != legacy):
            return refuse("InvalidParameterException")
        updated = copy.deepcopy(CREATE_ONLY | DEFAULTS) | request
        if config or legacy:  # Cognito keeps both forms of the trigger equal
            arn, version = (config["LambdaArn"], config["LambdaVersion"]) if config else (legacy, "V1_0")
            triggers["PreTokenGeneration"] = arn
            triggers["PreTokenGenerationConfig"] = {"LambdaArn": arn, "LambdaVersion": version}
        days = updated["Policies"]["PasswordPolicy"].get("TemporaryPasswordValidityDays", 7)
        updated["AdminCreateUserConfig"] = {**updated["AdminCreateUserConfig"], "UnusedAccountValidityDays": days}
        updated["LastModifiedDate"] = self.description["LastModifiedDate"] + 1
        updated["EstimatedNumberOfUsers"] = self.description["EstimatedNumberOfUsers"] + 7
        self.description = updated
        return 200, b"{}"


class _Handler(BaseHTTPRequestHandler):
    server: Double

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.signatures.append(self.headers["Authorization"])
        service, _, operation = self.headers["X-Amz-Target"].partition(".")
        assert service == "AWSCognitoIdentityProviderService"
        status, body = self.server.answer(operation, request)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stays quiet."""


def refuse(code: str) -> tuple[int, bytes]:
    return 400, json.dumps({"__type": code}).encode()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.naps: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.time += seconds


@pytest.fixture
def cognito() -> Iterator[Double]:
    with Double() as double:
        thread = threading.Thread(target=double.serve_forever, args=(0.01,))
        thread.start()
        yield double
        double.shutdown()
        thread.join()


@pytest.fixture
def pool(cognito: Double, monkeypatch: pytest.MonkeyPatch) -> UserPool:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{cognito.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    return UserPool.connect(POOL_ID)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> RetryBudget:
    backoff = Backoff(now=clock.now, sleep=clock.sleep, jitter=lambda: 1.0)
    return RetryBudget(busy=30, access=60, backoff=backoff)


# --- Attach and detach --------------------------------------------------------------------------------


def test_attach_changes_the_trigger_and_nothing_else(cognito: Double, pool: UserPool) -> None:
    """After attaching, both forms of the trigger are set, and every other member is as it was, known or not."""
    before = pool.read()
    result = attach(pool, OURS)
    after = pool.read()
    assert differences(before, after, but_the_trigger=True) == []
    assert cognito.description["LambdaConfig"] == {
        **SETTINGS["LambdaConfig"],
        "PreTokenGeneration": OURS.arn,
        "PreTokenGenerationConfig": {"LambdaArn": OURS.arn, "LambdaVersion": "V1_0"},
    }
    assert {k: v for k, v in cognito.description.items() if k in SETTINGS and k != "LambdaConfig"} == {
        k: v for k, v in SETTINGS.items() if k != "LambdaConfig"
    }
    assert result == Result(POOL_ID, OURS, after.hash, changed=True)


def test_detach_leaves_the_pool_as_it_was(pool: UserPool) -> None:
    """Attach and detach end where they began: the canonical forms are equal, the trigger included."""
    before = pool.read()
    attach(pool, OURS)
    result = detach(pool, OURS)
    assert (canonical(pool.read()), result.trigger, result.hash) == (canonical(before), None, before.hash)


def test_each_setting_alone_survives(cognito: Double, pool: UserPool) -> None:
    """Every setting of the pool, and each unknown member, would be missed if it were not sent back."""
    before = pool.read()
    attach(pool, OURS)
    ((_, sent),) = [call for call in cognito.calls if call[0] == "UpdateUserPool"]
    lost = []
    for member in sorted(set(sent) - {"LambdaConfig"}):
        cognito.update({k: v for k, v in copy.deepcopy(sent).items() if k != member})
        if differences(before, pool.read(), but_the_trigger=True):
            lost.append(member)
    # EmailVerificationMessage and the like have no default in the double: absent is their reset value.
    assert lost == sorted(set(SETTINGS) - {"LambdaConfig"})


def test_a_naive_attacher_fails_the_comparison(cognito: Double, pool: UserPool) -> None:
    """One that sends back only its own change damages the pool, and the same comparison shows it."""
    before = pool.read()
    triggers = {**cognito.description["LambdaConfig"], "PreTokenGeneration": OURS.arn}
    pool.update({"LambdaConfig": triggers})
    found = [difference.path for difference in differences(before, pool.read(), but_the_trigger=True)]
    assert {"UserPool.DeletionProtection", "UserPool.MemberOfNextYear", "UserPool.UserPoolTags.team"} <= set(found)
    assert Difference("UserPool.DeletionProtection", "ACTIVE", "INACTIVE") in differences(before, pool.read())


def test_twice_is_once(cognito: Double, pool: UserPool) -> None:
    """Attaching what is attached and detaching what is detached writes nothing."""
    results = [attach(pool, OURS), attach(pool, OURS), detach(pool, OURS), detach(pool, OURS)]
    assert [result.changed for result in results] == [True, False, True, False]
    assert cognito.count("UpdateUserPool") == 2


def test_another_version_is_an_update(cognito: Double, pool: UserPool) -> None:
    """The event version of our own trigger can be changed, and it is detached whatever its version."""
    attach(pool, OURS)
    attach(pool, Trigger(OURS.arn, "V2_0"))
    assert cognito.description["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] == "V2_0"
    assert detach(pool, OURS).trigger is None


def test_another_function_of_ours_follows(pool: UserPool) -> None:
    """A trigger that follows an earlier one of the same owner takes its place, and may be repeated."""
    new = Trigger(f"{LAMBDA}usermgr_activity:live")
    attach(pool, OURS)
    assert [attach(pool, new, previous=OURS).changed for _ in range(2)] == [True, False]
    assert pool.read().trigger == new


def test_a_pool_without_triggers(cognito: Double, pool: UserPool) -> None:
    """A pool whose LambdaConfig is empty or missing ends without one."""
    del cognito.description["LambdaConfig"]
    before = pool.read()
    attach(pool, OURS)
    detach(pool, OURS)
    assert differences(before, pool.read()) == []


def test_requests_are_signed_and_nothing_else_is_called(cognito: Double, pool: UserPool) -> None:
    """Three operations, signed for cognito-idp in the pool's Region."""
    attach(pool, OURS)
    assert {operation for operation, _ in cognito.calls} == {
        "DescribeUserPool", "GetUserPoolMfaConfig", "UpdateUserPool",
    }  # fmt: skip
    assert all("/ap-northeast-1/cognito-idp/aws4_request" in signature for signature in cognito.signatures)


# --- Somebody else's trigger --------------------------------------------------------------------------


@pytest.fixture
def theirs(cognito: Double) -> Double:
    """A pool that has another team's trigger."""
    cognito.description["LambdaConfig"]["PreTokenGeneration"] = THEIRS.arn
    cognito.description["LambdaConfig"]["PreTokenGenerationConfig"] = {
        "LambdaArn": THEIRS.arn, "LambdaVersion": THEIRS.version,
    }  # fmt: skip
    return cognito


@pytest.mark.parametrize("replaces", [None, Trigger(THEIRS.arn, "V1_0"), Trigger(f"{LAMBDA}third", "V2_0")])
def test_another_trigger_is_refused_by_name(theirs: Double, pool: UserPool, replaces: Trigger | None) -> None:
    """Without the exact name and version of the present trigger, nothing is overwritten."""
    with pytest.raises(TriggerOccupiedError, match=r"function:other_team \(V2_0\).*set replaces = ") as caught:
        attach(pool, OURS, replaces=replaces)
    assert (caught.value.found_arn, caught.value.found_version) == (THEIRS.arn, "V2_0")
    assert theirs.count("UpdateUserPool") == 0


def test_named_trigger_is_replaced_and_restored(theirs: Double, pool: UserPool) -> None:
    """With it, the other trigger is replaced, and detaching puts exactly it back; both may be repeated."""
    before = pool.read()
    attached = [attach(pool, OURS, replaces=THEIRS).trigger for _ in range(2)]
    detached = [detach(pool, OURS, restores=THEIRS).trigger for _ in range(2)]
    assert (attached, detached) == ([OURS] * 2, [THEIRS] * 2)
    assert differences(before, pool.read()) == []
    assert theirs.count("UpdateUserPool") == 2


def test_legacy_form_is_restored_as_derived(cognito: Double, pool: UserPool) -> None:
    """A trigger in the legacy form alone is V1_0; restored, it compares equal in both forms."""
    cognito.description["LambdaConfig"]["PreTokenGeneration"] = THEIRS.arn
    before, legacy = pool.read(), Trigger(THEIRS.arn, "V1_0")
    assert before.trigger == legacy
    attach(pool, OURS, replaces=legacy)
    detach(pool, OURS, restores=legacy)
    assert differences(before, pool.read()) == []


def test_replacing_what_is_not_there_is_refused(pool: UserPool) -> None:
    """`replaces` is exact: where there is no trigger, it must be left out, because detach would invent one."""
    with pytest.raises(TriggerOccupiedError, match=r"has no pre token generation trigger.*leave replaces out"):
        attach(pool, OURS, replaces=THEIRS)


def test_detach_leaves_another_trigger_alone(theirs: Double, pool: UserPool) -> None:
    """Where the trigger is somebody else's, there is nothing of ours to remove."""
    assert detach(pool, OURS, restores=Trigger(f"{LAMBDA}third")).trigger == THEIRS
    assert theirs.count("UpdateUserPool") == 0


def test_check_tells_where_our_trigger_is(cognito: Double, pool: UserPool) -> None:
    """Absent, attached, another version, foreign."""
    states = [check(pool, OURS).state]
    attach(pool, OURS)
    states += [check(pool, OURS).state, check(pool, Trigger(OURS.arn, "V3_0")).state, check(pool, THEIRS).state]
    assert states == [State.ABSENT, State.ATTACHED, State.OTHER_VERSION, State.FOREIGN]


def test_contradictory_pool_is_not_touched(cognito: Double, pool: UserPool) -> None:
    """A pool whose two forms of the trigger differ is for its owner to set right."""
    cognito.description["LambdaConfig"]["PreTokenGeneration"] = OURS.arn
    cognito.description["LambdaConfig"]["PreTokenGenerationConfig"] = {"LambdaArn": THEIRS.arn, "LambdaVersion": "V1_0"}
    with pytest.raises(ServiceError, match="two pre token generation triggers"):
        attach(pool, OURS)


# --- Permissions ---------------------------------------------------------------------------------------

ROLE, KEY, SES = (
    "arn:aws:iam::123456789012:role/sms",
    "arn:aws:kms:ap-northeast-1:123456789012:key/k",
    "arn:aws:ses:ap-northeast-1:123456789012:identity/example.com",
)


@pytest.fixture
def demanding(cognito: Double) -> Double:
    """A pool with a role for text messages, a key for custom senders, and Amazon SES."""
    cognito.description["SmsConfiguration"] = {"SnsCallerArn": ROLE, "ExternalId": "x"}
    cognito.description["LambdaConfig"]["KMSKeyID"] = KEY
    cognito.description["EmailConfiguration"] = {"EmailSendingAccount": "DEVELOPER", "SourceArn": SES}
    return cognito


def test_missing_permissions_are_all_named(demanding: Double, pool: UserPool) -> None:
    """Nothing is written before the caller confirms that every further grant exists, for exactly that resource."""
    with pytest.raises(MissingPermissionsError) as caught:
        attach(pool, OURS, permissions=Permissions(sms_role_arn=f"{ROLE}-other"))
    assert [grant.split(" ", maxsplit=1)[0] for grant in caught.value.permissions or []] == [
        "iam:PassRole", "kms:CreateGrant", "iam:CreateServiceLinkedRole",
    ]  # fmt: skip
    assert demanding.count("UpdateUserPool") == 0


def test_granted_settings_survive(demanding: Double, pool: UserPool) -> None:
    """With the permissions, these settings are sent back like all others."""
    before = pool.read()
    permissions = Permissions(sms_role_arn=ROLE, sender_kms_key_arn=KEY, ses_source_arn=SES)
    attach(pool, OURS, permissions=permissions)
    detach(pool, OURS, permissions=permissions)
    assert differences(before, pool.read()) == []


# --- A pool that others change, and a service that fails ----------------------------------------------


@pytest.mark.parametrize(
    "refusal",
    [
        ("ConcurrentModificationException", 400),
        ("UserImportInProgressException", 400),
        ("TooManyRequestsException", 400),
        ("InternalErrorException", 500),
    ],
)
def test_passing_refusals_are_retried(
    cognito: Double, pool: UserPool, budget: RetryBudget, clock: Clock, refusal: tuple[str, int]
) -> None:
    """A refusal that passes is tried again, with growing pauses, from a new reading."""
    code, status = refusal
    cognito.fail("UpdateUserPool", code, times=3, status=status)
    assert attach(pool, OURS, budget=budget).trigger == OURS
    assert (clock.naps, cognito.count("UpdateUserPool")) == ([0.5, 1.0, 2.0], 4)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("UserImportInProgressException", "users are being imported"),
        ("ConcurrentModificationException", "keeps changing"),
    ],
)
def test_a_busy_pool_ends_in_a_clear_error(
    cognito: Double, pool: UserPool, budget: RetryBudget, code: str, text: str
) -> None:
    """After the budget, the error gives the reason, and how long it was tried; the pool is as it was."""
    before = pool.read()
    cognito.fail("UpdateUserPool", code, times=99)
    with pytest.raises(ConcurrentChangeError, match=rf"{text}.*tried for \d+ s"):
        attach(pool, OURS, budget=budget)
    assert budget.backoff.now() <= 30
    assert differences(before, pool.read()) == []


def test_a_change_by_others_between_tries_is_kept(cognito: Double, pool: UserPool, budget: RetryBudget) -> None:
    """What somebody else wrote when Cognito refused ours is sent back, not overwritten."""

    def other_team() -> None:
        cognito.description["UserPoolTags"] = {"team": "new"}

    cognito.before("UpdateUserPool", other_team)
    cognito.faults[-1] = ("UpdateUserPool", lambda: other_team() or refuse("ConcurrentModificationException"))
    attach(pool, OURS, budget=budget)
    assert cognito.description["UserPoolTags"] == {"team": "new"}


def test_a_lost_answer_is_not_taken_for_a_failure(cognito: Double, pool: UserPool, budget: RetryBudget) -> None:
    """When the write happened and its answer was lost, the next try finds it, compares, and is content."""

    def written_but_lost() -> tuple[int, bytes]:
        cognito.update({k: v for k, v in copy.deepcopy(cognito.calls[-1][1]).items() if k != "UserPoolId"})
        return 500, b"<html>"

    cognito.faults.append(("UpdateUserPool", written_but_lost))
    result = attach(pool, OURS, budget=budget)
    assert (result.trigger, result.changed, cognito.count("UpdateUserPool")) == (OURS, True, 1)


def test_a_lost_answer_does_not_hide_damage(cognito: Double, pool: UserPool, budget: RetryBudget) -> None:
    """When the answer is lost and a member too, the next try's comparison shows it."""

    def damaged_and_lost() -> tuple[int, bytes]:
        request = {
            k: v for k, v in copy.deepcopy(cognito.calls[-1][1]).items() if k not in {"UserPoolId", "UserPoolTags"}
        }
        cognito.update(request)
        return 500, b""

    cognito.faults.append(("UpdateUserPool", damaged_and_lost))
    with pytest.raises(PoolChangedError) as caught:
        attach(pool, OURS, budget=budget)
    assert caught.value.members == ["UserPool.UserPoolTags.empty", "UserPool.UserPoolTags.team"]


def test_a_member_that_is_not_taken_back_is_reported(cognito: Double, pool: UserPool, budget: RetryBudget) -> None:
    """A service that drops what we sent is found out by the second reading, by path and without values."""
    cognito.before("UpdateUserPool", lambda: cognito.calls[-1][1].pop("IssuerConfiguration") and None)
    with pytest.raises(PoolChangedError, match=r"differs from before in UserPool\.IssuerConfiguration") as caught:
        attach(pool, OURS, budget=budget)
    assert "UPDATED" not in str(caught.value)


def test_mfa_configuration_is_compared(cognito: Double, pool: UserPool, budget: RetryBudget) -> None:
    """A change of the MFA configuration, which another operation holds, counts as well."""
    cognito.before("UpdateUserPool", lambda: cognito.mfa.pop("SoftwareTokenMfaConfiguration") and None)
    with pytest.raises(PoolChangedError) as caught:
        attach(pool, OURS, budget=budget)
    assert caught.value.members == ["MfaConfig.SoftwareTokenMfaConfiguration"]


def test_a_stale_reading_settles(cognito: Double, pool: UserPool, budget: RetryBudget) -> None:
    """A reading after the write that still shows the time before it is read again."""
    stale = json.dumps({"UserPool": cognito.description}).encode()
    cognito.before("UpdateUserPool", lambda: cognito.faults.append(("DescribeUserPool", lambda: (200, stale))))
    assert attach(pool, OURS, budget=budget).trigger == OURS


def test_denials_of_a_new_role_are_retried_for_a_minute(
    cognito: Double, pool: UserPool, budget: RetryBudget, clock: Clock
) -> None:
    """IAM's changes take seconds to be seen: a denial is tried again while the budget lasts."""
    cognito.fail("DescribeUserPool", "AccessDeniedException", times=4)
    assert attach(pool, OURS, budget=budget).trigger == OURS
    assert clock.time == 0.5 + 1 + 2 + 4


def test_lasting_denial_names_the_actions(cognito: Double, pool: UserPool, budget: RetryBudget, clock: Clock) -> None:
    """A denial that stays ends within the minute, and names what to allow, the variable, and AWS's own words."""
    cognito.fail("DescribeUserPool", "AccessDeniedException", times=99)
    with pytest.raises(AccessDeniedError, match="cognito-idp:UpdateUserPool on the pool's ARN") as caught:
        attach(pool, OURS, budget=budget)
    assert 40 < clock.time <= 60
    assert "set pool_has_tags = true" in str(caught.value)
    assert "AWS answered: what AWS answers" in str(caught.value)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AccessDeniedException", "pool_has_tags"),
        ("NotAuthorizedException", "pool_has_tags"),
        ("InvalidSmsRoleAccessPolicyException", "sms_role_arn"),
        ("InvalidSmsRoleTrustRelationshipException", "sms_role_arn"),
        ("InvalidEmailRoleAccessPolicyException", "ses_source_arn"),
        ("InvalidParameterException", "MFA"),
        ("InvalidUserPoolConfigurationException", "own settings"),
        ("FeatureUnavailableInTierException", "trigger_event_version"),
        ("TierChangeNotAllowedException", "feature plan"),
        ("UserPoolTaggingException", "own tags"),
        ("OperationNotEnabledException", "read-only replica"),
    ],
)
def test_a_refusal_keeps_the_words_of_aws(cognito: Double, pool: UserPool, code: str, remedy: str) -> None:
    """A refused write names the remedy and repeats AWS's words, bounded and on one line; the pool is as it was."""
    before = pool.read()
    cognito.words = "User: arn:aws:sts::1:role/r\n\x1b[31mmay not\u2028do it " + "x" * 2000
    cognito.fail("UpdateUserPool", code)

    with pytest.raises(UsermgrError) as caught:
        attach(pool, OURS)

    assert remedy in caught.value.message
    assert "AWS answered: User: arn:aws:sts::1:role/r [31mmay not do it xxx" in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 1_600
    assert differences(before, pool.read()) == []


def test_without_a_budget_a_denial_is_final(cognito: Double, pool: UserPool) -> None:
    """By default a denial is not tried again."""
    cognito.fail("DescribeUserPool", "AccessDeniedException")
    with pytest.raises(AccessDeniedError):
        attach(pool, OURS)
    assert cognito.count("DescribeUserPool") == 1


def test_no_such_pool(pool: UserPool, cognito: Double) -> None:
    """A pool that does not exist is an error of the tree, at once."""
    cognito.fail("DescribeUserPool", "ResourceNotFoundException")
    with pytest.raises(StoreNotFoundError):
        detach(pool, OURS)


def test_unreachable(monkeypatch: pytest.MonkeyPatch, pool: UserPool, cognito: Double, budget: RetryBudget) -> None:
    """No connection at all ends in the tree's error after the budget."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ServiceUnavailableError):
        check(UserPool.connect(POOL_ID), OURS)


def test_bad_input(monkeypatch: pytest.MonkeyPatch, pool: UserPool) -> None:
    """Malformed ids and ARNs, versions of functions and unknown event versions are refused before any request."""
    with pytest.raises(ConfigurationError, match="USERPOOL_ID"):
        UserPool.connect("not a pool")
    for arn in ("x", f"{LAMBDA}f:7", f"{LAMBDA}f:$LATEST"):
        with pytest.raises(InvalidInputError):
            attach(pool, Trigger(arn))
    with pytest.raises(InvalidInputError, match="V1_0, V2_0, V3_0"):
        attach(pool, Trigger(OURS.arn, "V9_0"))


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Without credentials nothing is sent, and the error names the cause."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoCredentialsError):
        UserPool.connect(POOL_ID, session=boto3.session.Session())


# --- The comparison -----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(unknown=st.dictionaries(st.text(min_size=1).map("Next".__add__), JSON, max_size=4))
def test_unknown_members_are_sent_back_unchanged(unknown: dict[str, Any]) -> None:
    """Whatever JSON an unknown member holds, the request holds it too, and the snapshot is not changed by asking."""
    snapshot = Snapshot({**CREATE_ONLY, **SETTINGS, **unknown}, MFA)
    kept = copy.deepcopy(snapshot)
    request = json.loads(json.dumps(snapshot.request_with(OURS)))
    assert ({name: request[name] for name in unknown}, snapshot) == (unknown, kept)


@given(value=JSON, other=JSON)
def test_differences_see_every_value(value: Any, other: Any) -> None:
    """Two values of a member are told apart exactly when their JSON texts differ."""
    before, after = Snapshot({"Member": [value]}, {}), Snapshot({"Member": [other]}, {})
    same = json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (differences(before, after) == []) == same
    assert (canonical(before) == canonical(after)) == same


def test_only_two_members_are_ignored() -> None:
    """Of a whole description, only LastModifiedDate and EstimatedNumberOfUsers may differ unseen."""
    base = {**CREATE_ONLY, **SETTINGS}
    plain = sorted(set(base) - {"LambdaConfig", "AdminCreateUserConfig", "Policies"})  # these hold objects by rule
    unseen = [n for n in plain if not differences(Snapshot(base, MFA), Snapshot({**base, n: "changed"}, MFA))]
    assert unseen == ["EstimatedNumberOfUsers", "LastModifiedDate"]
