"""The engine: in order for each key, slow when it is asked to be, and stopped without losing anything."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.rates import quota, refusals
from benchmarks.bulk.stub import PASSWORD, RATES, People, Quota, StubStore, once
from usermgr import Capability
from usermgr.backoff import Backoff
from usermgr.errors import (
    AccessDeniedError,
    AuditError,
    InvalidInputError,
    LimitExceededError,
    NoCredentialsError,
    ServiceUnavailableError,
    StoreNotFoundError,
    ThrottledError,
    UnsupportedOperationError,
    UsermgrError,
)
from usermgr.records import Row, UserRecord
from usermgr_bulk import (
    BulkInterruptedError,
    BulkStoppedError,
    Call,
    Engine,
    Journal,
    Progress,
    RowOutcome,
    RowResult,
    RunIdentity,
    Steps,
    Summary,
    Task,
    import_users,
)
from usermgr_bulk._calls import Caller
from usermgr_bulk._pace import Pace
from usermgr_bulk._threads import ThreadRun

QUICK = Backoff(first=0.001, longest=0.002)
THIS = RunIdentity("test", "abc", "stub", "stub")


@pytest.fixture
def store() -> StubStore:
    """A store with the group that `People` join."""
    store = StubStore()
    store.add_group("staff")
    return store


@pytest.fixture
def run(store: StubStore, tmp_path: Path) -> Callable[..., Summary]:
    """Imports that many people into the store."""

    def start(count: int = 40, **more: Any) -> Summary:
        return import_users(store, People(count), journal=tmp_path / "journal", backoff=QUICK, **more)

    return start


def disable(username: str) -> Steps:
    """Disables one user."""
    yield Call("disable_user", {"username": username})
    return RowResult(RowOutcome.CHANGED)


# --- Order and memory --------------------------------------------------------------------------------


def test_equal_keys_never_race(store: StubStore, tmp_path: Path) -> None:
    """Tasks of one order run one after another, as they came; those of others go on beside them."""
    running: list[int] = []
    seen: dict[str, list[int]] = {"a": [], "b": []}
    overlaps: list[str] = []

    def start(name: str, row: int) -> Steps:
        if name in running:
            overlaps.append(name)
        running.append(name)  # type: ignore[arg-type]
        yield Call("get_user", {"username": "user0"})
        running.remove(name)  # type: ignore[arg-type]
        seen[name].append(row)
        return RowResult(RowOutcome.UNCHANGED)

    store.add_user("user0")
    store.latency = 0.002
    names = ["a", "b", "a", "a", "b", "a"] * 5
    tasks = [Task(row, row + 1, n, lambda _, n=n, row=row: start(n, row), n) for row, n in enumerate(names)]  # type: ignore[misc]

    with Journal(tmp_path / "journal", THIS) as journal:
        summary = Engine(store).run(tasks, journal)

    assert overlaps == []
    assert [seen[name] == sorted(seen[name]) for name in "ab"] == [True, True]
    assert summary.rows == 30


def test_the_input_is_read_only_as_far_as_needed(store: StubStore, tmp_path: Path) -> None:
    """Of an input without an end, only a few rows more than have ended are in memory."""
    taken = 0
    most = 0

    def tasks() -> Iterator[Task]:
        nonlocal taken, most
        for row in range(400):
            taken += 1
            most = max(most, taken - store.effects.total())
            yield Task(row, row + 1, None, lambda _, row=row: disable(f"user{row}"))  # type: ignore[misc]

    for row in range(400):
        store.add_user(f"user{row}")
    store.effects.clear()
    with Journal(tmp_path / "journal", THIS) as journal:
        Engine(store, threads=2).run(tasks(), journal)

    assert store.effects.total() == 400
    assert most <= 12


def test_threads_see_the_caller_s_context(store: StubStore, run: Callable[..., Summary]) -> None:
    """A context variable, such as the actor of an audit record, is the same in each call."""
    actor: ContextVar[str] = ContextVar("actor", default="nobody")
    seen: set[str] = set()
    store.before = lambda *_: seen.add(actor.get())
    actor.set("kim")

    run(20)

    assert seen == {"kim"}


# --- Slowing down and trying again -------------------------------------------------------------------


def test_all_is_done_at_the_store_s_pace() -> None:
    """Under quotas eight threads make everybody, and the service never has to refuse a call."""
    run, _ = quota(0.6, scale=4, latency=0.004)

    assert (run.created, run.throttled) == (60, 0)


def test_quotas_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import takes as long as the quotas make it, and hardly longer, by a clock that moves only for its pauses."""
    now = [0.0]
    store = StubStore(rates=RATES)
    store._quotas = {name: Quota(rate, lambda: now[0]) for name, rate in RATES.items()}

    def pause(_: Caller, seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(Caller, "pause", pause)
    monkeypatch.setattr("usermgr_bulk._engine.Pace", partial(Pace, now=lambda: now[0]))

    summary = import_users(store, People(300, PASSWORD, groups=False), journal=tmp_path / "journal", threads=1)

    assert (summary.counts[RowOutcome.CREATED], store.throttled) == (300, 0)
    assert now[0] == pytest.approx(300 / RATES["UserAccountRecovery"], rel=0.05)  # of what it takes the slowest


def test_threads_make_calls_at_once(store: StubStore, run: Callable[..., Summary]) -> None:
    """Eight threads have eight calls in flight: each of these waits until all are."""
    together = threading.Barrier(8, timeout=60)
    store.before = lambda operation, _: together.wait() if operation == "add_user" else None  # type: ignore[func-returns-value]

    summary = run(16, threads=8)

    assert summary.counts[RowOutcome.CREATED] == 16


def test_refusals_slow_a_run_down_and_lose_nothing() -> None:
    """Though the service refuses 30 % of all calls, everybody is created, once."""
    run, share = refusals(0.25, latency=0.002)

    assert run.throttled > 10
    assert share == 1


def test_pace_falls_and_recovers() -> None:
    """A refusal lowers the rate of its own category, which comes back in time and never exceeds the store's."""
    now = [0.0]
    pace = Pace({"a": 10, "b": 10}, now=lambda: now[0])

    def gap(category: str) -> float:
        """Seconds between two calls, when nothing waits."""
        pauses: list[float] = []
        now[0] += 1
        for _ in range(8):
            pace.wait({category: 1}, pauses.append)
        return pauses[-1] - pauses[-2]

    before = gap("a")
    pace.slow_down({"a": 1})
    after, other = gap("a"), gap("b")
    now[0] += 60

    assert before == pytest.approx(0.1)
    assert after == pytest.approx(1 / 7.5, rel=0.1)
    assert other == pytest.approx(0.1)
    assert gap("a") == pytest.approx(0.1)


@pytest.mark.parametrize(
    "error",
    [pytest.param(ThrottledError(), id="throttled"), pytest.param(ServiceUnavailableError(), id="unavailable")],
)
@pytest.mark.parametrize("operation", ["add_user", "add_user_to_group", "disable_user"])
def test_a_passing_failure_is_tried_again(
    store: StubStore, run: Callable[..., Summary], operation: str, error: UsermgrError
) -> None:
    """What failed once and did nothing is done by the second try."""
    store.before = once(error, operation)

    summary = run(6)

    assert summary.counts[RowOutcome.CREATED] == 6
    assert max(store.effects.values()) == 1


def test_a_service_that_stays_away_ends_the_run(store: StubStore, run: Callable[..., Summary]) -> None:
    """When no call is answered any more, the run stops instead of failing row after row."""
    store.before = lambda *_: (_ for _ in ()).throw(ServiceUnavailableError())

    with pytest.raises(BulkStoppedError) as stopped:
        run(200, threads=4)

    assert isinstance(stopped.value.__cause__, ServiceUnavailableError)
    assert stopped.value.summary is not None
    assert stopped.value.summary.rows < 20


# --- Stopping ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(NoCredentialsError(), id="credentials"),
        pytest.param(AccessDeniedError(), id="permission"),
        pytest.param(StoreNotFoundError(), id="store"),
        pytest.param(LimitExceededError("too many e-mails today"), id="limit"),
        pytest.param(AuditError(), id="audit"),
    ],
)
def test_what_meets_every_row_stops_the_run(
    store: StubStore, run: Callable[..., Summary], error: UsermgrError, tmp_path: Path
) -> None:
    """The run stops, says why and how to go on, and the next one does what is left, and nothing twice."""
    done = [0]

    def fail(operation: str, _: object) -> None:
        done[0] += operation == "add_user"
        if done[0] > 10:
            raise error

    store.before = fail

    with pytest.raises(BulkStoppedError) as stopped:
        run()

    assert stopped.value.__cause__ is error
    assert str(tmp_path / "journal") in stopped.value.message
    assert stopped.value.summary is not None
    assert not stopped.value.summary.complete
    store.before = lambda *_: None
    summary = run()
    assert (summary.complete, summary.counts[RowOutcome.CREATED]) == (True, 40)
    assert max(store.effects.values()) == 1


def test_the_limit_of_one_user_fails_one_row(store: StubStore, run: Callable[..., Summary]) -> None:
    """That somebody cannot join another group is the row's failure, and says what was done before."""
    store.before = once(LimitExceededError(), "add_user_to_group")

    summary = run(10)

    assert (summary.counts[RowOutcome.CREATED], summary.counts[RowOutcome.FAILED]) == (9, 1)


def test_a_read_only_store_is_refused_before_the_first_write(tmp_path: Path) -> None:
    """Of a replica, nothing is asked but its description."""
    replica = StubStore(read_only=True)

    with pytest.raises(UnsupportedOperationError, match="replica"):
        import_users(replica, People(3), journal=tmp_path / "journal")

    assert replica.calls.total() == 0
    assert not (tmp_path / "journal").exists()


def test_an_input_that_breaks_off_stops_the_run(store: StubStore, tmp_path: Path) -> None:
    """The rows before the break are done, and the run says where the input cannot be read."""

    class Broken(People):
        def rows(self) -> Iterator[Row]:
            yield from super().rows()
            raise InvalidInputError("the quote of line 6 does not close", field="row")

    with pytest.raises(BulkStoppedError, match="line 6") as stopped:
        import_users(store, Broken(5), journal=tmp_path / "journal")

    assert stopped.value.summary is not None
    assert stopped.value.summary.rows == 5
    assert len(store.users) == 5


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, also where a shell has it ignored, as for what it runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_lets_calls_end_and_says_how_to_go_on(
    store: StubStore, run: Callable[..., Summary], tmp_path: Path
) -> None:
    """After a real SIGINT the journal holds what was done, and the next run does the rest, and nothing twice."""
    store.latency = 0.002
    seen = [0]

    def interrupt(operation: str, _: object) -> None:
        seen[0] += 1
        if seen[0] == 60:
            os.kill(os.getpid(), signal.SIGINT)

    store.before = interrupt

    with pytest.raises(BulkInterruptedError, match="to go on") as interrupted:
        run(100)

    assert 0 < interrupted.value.summary.rows < 100
    assert isinstance(interrupted.value, KeyboardInterrupt)
    assert run(100).counts[RowOutcome.CREATED] == 100
    assert max(store.effects.values()) == 1


@pytest.mark.usefixtures("ctrl_c")
def test_a_second_ctrl_c_leaves_at_once(
    store: StubStore, run: Callable[..., Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that hangs does not keep the second Ctrl-C from leaving, with a valid journal."""
    hangs, first, leave = threading.Event(), threading.Lock(), ThreadRun.leave

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    def hang(*_: object) -> None:
        if first.acquire(blocking=False):
            interrupt()
        hangs.wait(200)

    def interrupted_again(self: ThreadRun) -> None:
        threading.Timer(0.1, interrupt).start()
        leave(self)

    store.before = hang
    monkeypatch.setattr(ThreadRun, "leave", interrupted_again)

    began = time.monotonic()
    with pytest.raises(BulkInterruptedError):
        run(20)

    assert time.monotonic() - began < 100  # and not when the call ends
    hangs.set()
    monkeypatch.undo()
    store.before = lambda *_: None
    assert run(20).rows == 20


def test_another_thread_can_stop_a_run(store: StubStore, run: Callable[..., Summary]) -> None:
    """Setting `stop` does what Ctrl-C does."""
    stop = threading.Event()
    store.before = lambda *_: stop.set() if len(store.users) == 10 else None

    with pytest.raises(BulkInterruptedError):
        run(200, stop=stop)

    assert run(200).rows == 200


# --- Batches ---


def test_a_store_with_batches_gets_batches(tmp_path: Path) -> None:
    """Rows go together, a step of all at a time; equal orders are never in one batch."""
    store = StubStore(capabilities=[Capability.BATCHES])
    sizes: list[int] = []
    make = store.write_many

    def write_many(changes: Any) -> Any:
        sizes.append(len(changes))
        return make(changes)

    store.write_many = write_many  # type: ignore[method-assign]
    for name in ("a", "b", "c"):
        store.add_user(name)
    names = ["a", "b", "a", "c", "a"]
    tasks = [Task(row, row + 1, name, lambda _, name=name: disable(name), name) for row, name in enumerate(names)]  # type: ignore[misc]

    with Journal(tmp_path / "journal", THIS) as journal:
        summary = Engine(store).run(tasks, journal)

    assert (sizes, summary.counts[RowOutcome.CHANGED]) == ([2, 2, 1], 5)


@pytest.mark.parametrize("error", [ThrottledError(), ServiceUnavailableError()], ids=["throttled", "unavailable"])
def test_what_fails_for_a_moment_in_a_batch_is_done_alone(tmp_path: Path, error: UsermgrError) -> None:
    """The rest of the batch is not tried again."""
    store = StubStore(capabilities=[Capability.BATCHES])
    store.add_group("staff")
    store.before = once(error, "disable_user")

    summary = import_users(store, People(20), journal=tmp_path / "journal", backoff=QUICK)

    assert summary.counts[RowOutcome.CREATED] == 20
    assert max(store.effects.values()) == 1


def test_what_meets_every_row_stops_the_batches(tmp_path: Path) -> None:
    """The rows of a batch that are done are in the journal, and the next run does the rest, and nothing twice."""
    store = StubStore(capabilities=[Capability.BATCHES])
    store.add_group("staff")
    store.before = lambda _, arguments: _deny() if arguments[0] == "user7" else None

    with pytest.raises(BulkStoppedError) as stopped:
        import_users(store, People(300), journal=tmp_path / "journal")

    assert isinstance(stopped.value.__cause__, AccessDeniedError)
    assert stopped.value.summary is not None
    assert 0 < stopped.value.summary.rows < 250
    store.before = lambda *_: None
    summary = import_users(store, People(300), journal=tmp_path / "journal")
    assert summary.counts[RowOutcome.CREATED] == 300
    assert max(store.effects.values()) == 1


def _deny() -> None:
    raise AccessDeniedError


# --- Telling -----------------------------------------------------------------------------------------


def test_progress_is_told_by_its_numbers(store: StubStore, run: Callable[..., Summary]) -> None:
    """Progress begins at nothing, never falls, and ends with all rows; it has a rate and the time left."""
    told: list[Progress] = []
    store.latency = 0.02

    run(60, total=60, progress=told.append, threads=4)

    done = [progress.done for progress in told]
    assert (done[0], done[-1]) == (0, 60)
    assert done == sorted(done)
    assert all(progress.done == sum(progress.counts.values()) for progress in told)
    assert told[-1].per_second > 0
    assert told[-1].seconds_left == 0
    assert any(progress.seconds_left for progress in told)


def test_no_password_shows() -> None:
    """The repr of a call and of a task has no argument in it."""
    call = Call("add_user", {"username": "ada", "password": "a-secret"})
    record = UserRecord("ada", password="a-secret")

    assert "secret" not in repr((call, Task(0, 1, "ada", lambda _: disable("ada")), record))
