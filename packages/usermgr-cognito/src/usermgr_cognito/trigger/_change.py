"""Attach, detach, check: read, decide, write, read again, compare."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from usermgr.backoff import Backoff
from usermgr.errors import AccessDeniedError, ConcurrentChangeError, NoCredentialsError, UsermgrError
from usermgr_cognito.trigger._errors import MissingPermissionsError, PoolChangedError, TriggerOccupiedError
from usermgr_cognito.trigger._permissions import Permissions
from usermgr_cognito.trigger._pool import UserPool
from usermgr_cognito.trigger._snapshot import Snapshot, Trigger, differences

__all__ = ["Result", "RetryBudget", "State", "Status", "attach", "check", "detach", "status_of"]


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How long to try again, in seconds, and the pauses and the clock to do it by."""

    busy: float = 120.0
    """For a concurrent change, an import in progress, throttling, a broken connection."""

    access: float = 0.0
    """For a denial: a new role's policy takes effect some seconds after it was made, so 60 where the role is new."""

    backoff: Backoff = field(default_factory=Backoff)

    def allowance(self, error: UsermgrError) -> float:
        """How long to try again after this error; 0 for one that will not go away by itself."""
        if isinstance(error, AccessDeniedError):
            return 0.0 if isinstance(error, (NoCredentialsError, MissingPermissionsError)) else self.access
        return self.busy if error.retryable else 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """The pool as it is now. `hash` is of its canonical description; `changed` is whether anything was written; `stack`
    is the CloudFormation stack that owns the pool, which resets the trigger when it next updates the pool."""

    user_pool_id: str
    trigger: Trigger | None
    hash: str
    changed: bool
    stack: str | None = None


class State(enum.Enum):
    """Where our trigger is."""

    ATTACHED = "attached"
    ABSENT = "absent"
    OTHER_VERSION = "other_version"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Status:
    """What `check` found; `found` is the pool's trigger, ours or not."""

    user_pool_id: str
    state: State
    found: Trigger | None


def attach(
    pool: UserPool,
    trigger: Trigger,
    *,
    replaces: Trigger | None = None,
    previous: Trigger | None = None,
    permissions: Permissions | None = None,
    budget: RetryBudget | None = None,
) -> Result:
    """Makes `trigger` the pool's pre token generation trigger; nothing to do when it is already.

    Another function's trigger is overwritten only if `replaces` is exactly that trigger. `previous` is an earlier
    trigger of the same owner, which this one succeeds.

    Raises `InvalidInputError` for a malformed trigger, `TriggerOccupiedError`, `MissingPermissionsError`,
    `PoolChangedError`, and when `budget` is used up the error of the last try, such as `ConcurrentChangeError`.
    """

    trigger.validate()

    def decide(found: Trigger | None) -> Trigger:
        ours = {trigger.arn} | ({previous.arn} if previous else set[str]())
        if (found is None and replaces is None) or (found is not None and found.arn in ours) or found == replaces:
            return trigger
        raise _occupied(pool.user_pool_id, found, replaces)

    return _Change(pool, decide, permissions or Permissions(), budget or RetryBudget()).carry_out()


def detach(
    pool: UserPool,
    trigger: Trigger,
    *,
    restores: Trigger | None = None,
    permissions: Permissions | None = None,
    budget: RetryBudget | None = None,
) -> Result:
    """Removes our trigger, whatever its event version, and puts `restores` back if it is given.

    A pool with no trigger, or with somebody else's, is left alone. Raises as `attach` does.
    """

    def decide(found: Trigger | None) -> Trigger | None:
        return restores if found is not None and found.arn == trigger.arn else found

    return _Change(pool, decide, permissions or Permissions(), budget or RetryBudget()).carry_out()


def check(pool: UserPool, trigger: Trigger) -> Status:
    """Reports where our trigger is, and changes nothing."""
    return status_of(pool.user_pool_id, pool.read().trigger, trigger)


def status_of(user_pool_id: str, found: Trigger | None, trigger: Trigger) -> Status:
    """What `check` reports of a pool that has the trigger `found`."""
    if found is None:
        state = State.ABSENT
    elif found.arn != trigger.arn:
        state = State.FOREIGN
    else:
        state = State.ATTACHED if found == trigger else State.OTHER_VERSION
    return Status(user_pool_id, state, found)


class _Change:
    """One change of the trigger, tried until it holds or the budget is used up."""

    def __init__(
        self,
        pool: UserPool,
        decide: Callable[[Trigger | None], Trigger | None],
        permissions: Permissions,
        budget: RetryBudget,
    ) -> None:
        self._pool = pool
        self._decide = decide
        self._permissions = permissions
        self._budget = budget
        self._written_over: Snapshot | None = None
        """The pool before a write whose outcome is not known: a lost answer must not skip the comparison."""

    def carry_out(self) -> Result:
        for attempt in self._budget.backoff.attempts():
            try:
                return self._attempt()
            except UsermgrError as error:
                if not attempt.may_wait(self._budget.allowance(error)):
                    raise _final(error, self._pool.user_pool_id, attempt.elapsed) from error
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self) -> Result:
        before = self._pool.read()
        wanted = self._decide(before.trigger)
        if wanted == before.trigger:
            if self._written_over is not None:
                self._refuse_differences(self._written_over, before, wanted)
            return self._result(before)
        self._permissions.require(self._pool.user_pool_id, before.description)
        self._written_over = before
        try:
            self._pool.update(before.request_with(wanted))
        except ConcurrentChangeError:
            self._written_over = None  # refused for certain: the next turn reads anew
            raise
        return self._result(self._read_back(before, wanted))

    def _read_back(self, before: Snapshot, wanted: Trigger | None) -> Snapshot:
        """The pool after the write; read a few times, because a read may still return what was before it."""
        after = before
        for _ in replace(self._budget.backoff, first=0.25, longest=1.0, tries=4, jitter=lambda: 1.0).attempts():
            after = self._pool.read()
            if after.trigger == wanted and not differences(before, after, but_the_trigger=True):
                return after
        self._refuse_differences(before, after, wanted)
        return after

    def _refuse_differences(self, before: Snapshot, after: Snapshot, wanted: Trigger | None) -> None:
        members = [difference.path for difference in differences(before, after, but_the_trigger=True)]
        if after.trigger != wanted:
            members.append("UserPool.LambdaConfig.PreTokenGenerationConfig")
        if members:
            raise PoolChangedError(
                f"after the write, {self._pool.user_pool_id} differs from before in {', '.join(members)}: "
                "compare it with its owner's settings; either somebody changed it just now, or Cognito did not take "
                "these members back",
                user_pool_id=self._pool.user_pool_id,
                members=members,
            )

    def _result(self, now: Snapshot) -> Result:
        changed = self._written_over is not None
        return Result(self._pool.user_pool_id, now.trigger, now.hash, changed=changed, stack=now.stack)


def _occupied(user_pool_id: str, found: Trigger | None, replaces: Trigger | None) -> TriggerOccupiedError:
    if found is None:
        text = f"nothing was changed: {user_pool_id} has no pre token generation trigger, but replaces names {replaces}"
        return TriggerOccupiedError(f"{text}; leave replaces out", user_pool_id=user_pool_id)
    expected = f", and replaces names {replaces}" if replaces else ""
    return TriggerOccupiedError(
        f"nothing was changed: {user_pool_id} already has another pre token generation trigger: {found}{expected}; to "
        f'replace it, and restore it on detach, set replaces = {{ arn = "{found.arn}", version = "{found.version}" }}',
        user_pool_id=user_pool_id,
        found_arn=found.arn,
        found_version=found.version,
    )


_REMEDIES = {
    "UserImportInProgressException": "Cognito allows no other change during an import: try again when it has ended",
    "ConcurrentModificationException": "somebody else keeps changing the pool: try again",
    "InvalidSmsRoleAccessPolicyException": "correct the policy of the pool's SMS role, and set sms_role_arn to it",
    "InvalidSmsRoleTrustRelationshipException": "correct the trust policy of the pool's SMS role, and set sms_role_arn "
    "to it",
    "InvalidEmailRoleAccessPolicyException": "correct the sending authorization of the pool's SES identity, and set "
    "ses_source_arn to it",
    "InvalidParameterException": "Cognito does not take the pool's own settings back, such as a combination of MFA "
    "settings: the pool's owner must correct them first",
    "InvalidUserPoolConfigurationException": "Cognito does not take the pool's own settings back: its owner must "
    "correct them first",
    "FeatureUnavailableInTierException": "set trigger_event_version to V1_0: V2_0 and V3_0 need Essentials or Plus",
    "TierChangeNotAllowedException": "Cognito does not take the pool's own feature plan back: its owner must see to it",
    "UserPoolTaggingException": "Cognito does not take the pool's own tags back: its owner must correct them first",
}

_DENIED = (
    "the attacher's role needs cognito-idp:DescribeUserPool, cognito-idp:GetUserPoolMfaConfig and "
    "cognito-idp:UpdateUserPool on the pool's ARN, and for a pool with tags cognito-idp:TagResource "
    "(set pool_has_tags = true); where the pool is encrypted with your own key, also the action on the key that AWS "
    "names, in a policy of your own on that role"
)


def _final(error: UsermgrError, user_pool_id: str, elapsed: float) -> UsermgrError:
    """The error that the caller gets: the remedy, what was answered, and how long it was tried."""
    code = str(error.details.get("service_code"))
    remedy = _DENIED if type(error) is AccessDeniedError else _REMEDIES.get(code)
    if remedy is None:
        return error
    tried = f" (tried for {elapsed:.0f} s)" if elapsed >= 1 else ""
    return type(error)(f"{user_pool_id}: {remedy}: {error.message}{tried}", **error.details)
