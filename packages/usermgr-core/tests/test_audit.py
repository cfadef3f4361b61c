"""Records of changes: one each, whatever the operation and its end, and no secret in any of them."""

from __future__ import annotations

import dataclasses
import enum
import itertools
import json
import logging
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from usermgr import Access, Capability, Change, Group, StoreDescription, User, UserManager, UserStatus, request_ids
from usermgr import Outcome as Made
from usermgr._forwarding import ForwardingManager, is_stream
from usermgr.audit import Actor, Audited, AuditedManager, LoggerSink, Outcome, Record, Sink
from usermgr.audit._record import describe
from usermgr.errors import (
    AuditError,
    InvalidInputError,
    RemoteTimeoutError,
    ServiceTimeoutError,
    ThrottledError,
    UserNotFoundError,
)
from usermgr.operations import OPERATIONS, Operation

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
ALICE = User("alice", "s-1", UserStatus.CONFIRMED, True, NOW, NOW, {"name": "Alice", "custom:api_token": "Planted"})
PLANTED = "Planted"
HARMLESS = {"username": "alice", "group": "admins", "groups": "admins", "name": "admins", "description": "words"}
CALLS = [operation for operation in OPERATIONS.values() if not is_stream(operation)]


class Kept(Sink):
    """Keeps records in a list; fails where the test says so."""

    def __init__(self, fails: Collection[str] = ()) -> None:
        self.records: list[Record] = []
        self.fails = fails

    def ready(self) -> None:
        if "ready" in self.fails:
            raise AuditError("the disk is full")

    def write(self, record: Record) -> None:
        if "write" in self.fails:
            raise OSError(f"[Errno 28] {PLANTED}")
        self.records.append(record)

    @property
    def said(self) -> list[dict[str, Any]]:
        """The records as a file would have them."""
        return [json.loads(json.dumps(record.to_dict())) for record in self.records]


def manager(do: Callable[[Operation], Any] | None = None, users: Mapping[str, User] | None = None) -> Any:
    """A manager whose operations all do the same; it knows alice, unless told whom it knows."""
    made: list[str] = []

    def method(operation: Operation) -> Callable[..., Any]:
        def call(_: object, *args: Any, **kwargs: Any) -> Any:
            if operation.access is not Access.READ:
                made.append(operation.name)
            if operation.name == "get_user" and users is not None and args[0] not in users:
                raise UserNotFoundError(username=args[0])
            if do is not None and operation.access is not Access.READ:
                return do(operation)
            return ALICE if operation.result is User else Group("admins", "words", 1) if "group" in str(args) else None

        return call

    methods = {operation.name: method(operation) for operation in OPERATIONS.values()}
    methods["describe"] = lambda _: StoreDescription(capabilities=frozenset({Capability.MFA, Capability.BATCHES}))
    methods["get_group"] = lambda _, name: Group(name, "words", 1)
    return type("Stub", (UserManager,), {**methods, "made": made, "__repr__": lambda _: "Stub()"})()


def planted(annotation: Any, name: str = "") -> Any:
    """A value of that type, with a secret wherever a text is that is not known to be harmless."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return planted(next(arg for arg in args if arg is not types.NoneType), name)
    if origin is Mapping:
        return {"email": "a@example.org", "custom:api_token": PLANTED}
    if origin is Sequence:
        return (planted(args[0], name),)
    if annotation is str:
        return HARMLESS.get(name, PLANTED)
    if annotation in (bool, int, float):
        return annotation(1)
    if annotation is datetime:
        return NOW
    if issubclass(annotation, enum.Enum):
        return next(iter(annotation))
    hints = get_type_hints(annotation)
    fields = [field.name for field in dataclasses.fields(annotation)]
    return annotation(**{field: planted(hints[field], field) for field in fields})


def arguments(operation: Operation) -> dict[str, Any]:
    """A value for each parameter, by name."""
    return {name: planted(annotation, name) for name, annotation in operation.parameters.items()}


def fail(error: BaseException) -> Callable[[Operation], Any]:
    """What a manager does that raises."""

    def raise_it(_: Operation) -> Any:
        raise error

    return raise_it


def audited(inner: Any, sink: Sink, **options: Any) -> AuditedManager:
    """The manager with that sink, for kim."""
    return Audited(inner, sink, "kim", now=lambda: NOW, **options)


# --- One record a change ---------------------------------------------------------------------------------


ENDS: dict[str, tuple[BaseException | None, Outcome, str | None]] = {
    "done": (None, Outcome.DONE, None),
    "refused": (UserNotFoundError(PLANTED, username="alice"), Outcome.FAILED, "user_not_found"),
    "throttled": (ThrottledError(), Outcome.FAILED, "throttled"),
    "time-out": (ServiceTimeoutError(PLANTED), Outcome.UNKNOWN, "service_timeout"),
    "far time-out": (RemoteTimeoutError(PLANTED), Outcome.UNKNOWN, "remote_timeout"),
    "unforeseen": (ZeroDivisionError(PLANTED), Outcome.UNKNOWN, "ZeroDivisionError"),
    "interrupted": (KeyboardInterrupt(PLANTED), Outcome.UNKNOWN, "KeyboardInterrupt"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("operation", CALLS, ids=lambda operation: operation.name)
def test_one_record_a_change_and_no_secret(operation: Operation, end: str) -> None:
    """However a change ends, there is one record of it, and no secret in it although values were asked for."""
    error, outcome, code = ENDS[end]
    inner = manager(None if error is None else fail(error))
    sink = Kept()
    users = audited(inner, sink, values=True, before=True)

    if error is not None and operation.access is not Access.READ:
        with pytest.raises(type(error)) as caught:
            getattr(users, operation.name)(**arguments(operation))
        assert caught.value is error
    else:
        getattr(users, operation.name)(**arguments(operation))

    assert len(sink.records) == (operation.access is Access.WRITE)
    for record in sink.said:
        assert (record["operation"], record["outcome"], record.get("error")) == (operation.name, outcome, code)
        assert (record["actor"], record["at"]) == ({"name": "kim"}, "2026-01-31T12:30:00.000000+00:00")
        assert "alice" in json.dumps(record["target"]) or "admins" in json.dumps(record["target"])
        assert PLANTED not in json.dumps(record)


@pytest.mark.parametrize("operation", CALLS, ids=lambda operation: operation.name)
def test_any_access_is_recorded_when_asked(operation: Operation) -> None:
    """Sign-ins and reads have their record too where they are asked for, and no password, code or token in it."""
    sink = Kept()

    getattr(audited(manager(), sink, accesses=Access, values=True), operation.name)(**arguments(operation))

    (record,) = sink.said
    assert record["operation"] == operation.name
    assert PLANTED not in json.dumps(record)
    if "username" in operation.parameters or operation.access is Access.SIGN_IN:
        assert record["target"]["username"] == "alice"


@pytest.mark.parametrize("accesses", ["write", ["change"], [7], 7, None])
def test_accesses_that_would_record_nothing_are_refused(accesses: Any) -> None:
    """A text for a list, and what is no access, is refused, and does not leave changes unrecorded."""
    with pytest.raises(InvalidInputError) as caught:
        audited(manager(), Kept(), accesses=accesses)
    assert caught.value.field == "accesses"


def test_handler_of_failures_is_looked_at_before_one_is_needed() -> None:
    """What cannot be told of a failure is refused at once."""
    with pytest.raises(InvalidInputError) as caught:
        audited(manager(), Kept(), on_failure=True)
    assert caught.value.field == "on_failure"


def test_every_operation_is_wrapped_and_nothing_else() -> None:
    """The wrapped methods are the operations; all else is built from them, so that no change gets past the record."""
    public = {name for name in vars(ForwardingManager) if not name.startswith("_")}
    assert not any(name in vars(AuditedManager) for name in public)
    assert public - {"close", "caller"} == {operation.name for operation in CALLS}


def test_stream_is_left_to_what_it_is_built_from() -> None:
    """An operation that answers with a stream of outcomes is not wrapped: the changes that it makes are."""
    batch = dataclasses.replace(OPERATIONS["disable_user"], name="write_many", result=Iterator[int])
    assert is_stream(batch)
    assert not any(is_stream(operation) for operation in CALLS)


def test_operation_of_tomorrow_gives_nothing_away() -> None:
    """Of arguments that nobody here knows, names are kept, and values only of what is yes or no or enumerated."""
    known = OPERATIONS["disable_user"]
    invite = dataclasses.replace(known, name="invite_user", defaults={"resend": False, "note": None})
    given = {
        "username": "alice",
        "temporary_code": PLANTED,
        "by": (UserStatus.UNKNOWN,),
        "resend": True,
        "note": PLANTED,
    }

    kept = describe(invite, given, values=True)

    assert (kept.target, kept.given) == ({"username": "alice"}, ("temporary_code", "note"))
    assert (kept.options, kept.values) == ({"by": ["UNKNOWN"], "resend": True}, None)


def test_ensure_user_has_a_record_for_each_change_that_happened() -> None:
    """Only the changes that `ensure_user` makes are recorded, each once; with nothing to do there is no record."""
    sink = Kept()
    users = audited(manager(users={"alice": ALICE}), sink)

    users.ensure_user("alice", {"name": "Alice"})
    assert sink.records == []

    users.ensure_user("alice", {"name": "A."}, enabled=False)
    users.ensure_user("bob", {"name": "B."}, password=PLANTED)
    assert [record.operation for record in sink.records] == ["update_user", "disable_user", "add_user"]


def test_record_names_and_does_not_tell() -> None:
    """Unless asked, a record has the names of attributes and arguments, not their values, and nothing is read."""
    sink = Kept()
    users = audited(manager(fail(AssertionError("read"))), sink)
    users.manager.get_user = fail(AssertionError("read"))

    with pytest.raises(AssertionError):
        users.add_user("alice", PLANTED, {"email": "a@example.org", "name": "Alice"}, temporary=True)

    (record,) = sink.said
    assert (record["attributes"], record["given"]) == (["email", "name"], ["password"])
    assert record["options"] == {"temporary": True}
    assert "a@example.org" not in json.dumps(record)
    assert not {"values", "before"} & record.keys()


def test_values_and_the_state_before_when_asked() -> None:
    """Asked for, the new values and the user or the group as it was are there, without what a name says is secret."""
    sink = Kept()
    users = audited(manager(users={"alice": ALICE}), sink, values=True, before=True)

    users.update_user("alice", {"name": "A.", "custom:pin": "1234", "nickname": None})
    users.update_group("admins", description="more words")
    users.disable_user("bob")

    first, second, third = sink.said
    assert first["values"] == {"attributes": {"name": "A.", "custom:pin": None, "nickname": None}}
    assert first["before"]["user"]["attributes"] == {"name": "Alice", "custom:api_token": None}
    assert first["before"]["user"]["sub"] == "s-1"
    assert second["values"] == {"description": "more words"}
    assert second["before"] == {"group": {"name": "admins", "description": "words", "precedence": 1}}
    assert third["before"] == {"user": None}


def test_secret_is_known_by_its_name() -> None:
    """An attribute whose name says that it is a secret, however it is spelt, has no value in a record."""
    names = ["api_key", "sshKey", "pwd", "userPin", "mfaOTP", "totp", "seed", "PASSWORD_HINT", "recovery-code", "pin2"]
    sink = Kept()

    audited(manager(), sink, values=True).update_user(
        "alice", {f"custom:{name}": PLANTED for name in names} | {"custom:opinion": "mild", "custom:spin": "left"}
    )

    kept = {name: value for name, value in sink.said[0]["values"]["attributes"].items() if value is not None}
    assert kept == {"custom:opinion": "mild", "custom:spin": "left"}


def test_state_that_cannot_be_read_stops_nothing() -> None:
    """Where the state before cannot be read, the record says why, and the change is made."""
    sink = Kept()
    users = audited(manager(), sink, before=True)
    users.manager.get_user = fail(ThrottledError())

    users.disable_user("alice")

    assert sink.said[0]["before"] == {"error": "throttled"}
    assert users.manager.made == ["disable_user"]


def test_new_user_is_recorded_by_real_name_and_sub() -> None:
    """The record of a creation has the name and the `sub` that the store gave."""
    sink = Kept()
    audited(manager(), sink).add_user("ALICE")
    assert sink.said[0]["target"] == {"username": "alice", "sub": "s-1"}


def test_request_ids_of_the_service_are_kept() -> None:
    """The ids that the backend notes during a change are in its record, and reach whoever collects outside."""
    sink = Kept()

    def work(_: Operation) -> None:
        request_ids.note("r-1")
        request_ids.note("r-2")
        request_ids.note("not an id\n")

    with request_ids.collect() as outer:
        audited(manager(work), sink).disable_user("alice")

    assert sink.said[0]["request_ids"] == outer == ["r-1", "r-2"]


# --- Who -------------------------------------------------------------------------------------------------


def test_actor_is_asked_for_each_change() -> None:
    """A process that works for many people says at each change for whom; what is known of them is kept."""
    sink = Kept()
    actors = iter([Actor("kim", {"address": "192.0.2.1"}, request_id="web-7"), "lee"])
    users = Audited(manager(), sink, lambda: next(actors))

    users.disable_user("alice")
    users.enable_user("alice")

    first, second = sink.said
    assert first["actor"] == {"name": "kim", "details": {"address": "192.0.2.1"}}
    assert (first["request_id"], second["actor"]) == ("web-7", {"name": "lee"})


@pytest.mark.parametrize("actor", ["", None, 7, lambda: None, lambda: ""])
def test_nobody_changes_anything_as_nobody(actor: Any) -> None:
    """Without a name for the actor there is no change; the error names the field."""
    inner = manager()
    with pytest.raises(InvalidInputError) as caught:
        Audited(inner, Kept(), actor).disable_user("alice")
    assert (caught.value.field, inner.made) == ("actor", [])


def test_details_of_an_actor_are_texts() -> None:
    """A detail that is not a text is refused by its name."""
    with pytest.raises(InvalidInputError) as caught:
        Actor("kim", {"port": 443})  # type: ignore[dict-item]
    assert caught.value.field == "port"


# --- A sink that fails -----------------------------------------------------------------------------------


def test_sink_that_is_not_ready_stops_the_change() -> None:
    """What cannot be recorded is not done, and the error says that nothing was changed."""
    inner = manager()

    with pytest.raises(AuditError, match="delete_user: nothing was changed: the disk is full") as caught:
        audited(inner, Kept(fails={"ready"})).delete_user("alice")

    assert (caught.value.outcome, caught.value.operation, inner.made) == ("not_made", "delete_user", [])


@pytest.mark.parametrize("end", [end for end in ENDS if end != "interrupted"])
def test_record_that_is_lost_afterwards_is_an_error_that_says_what_became_of_the_change(end: str) -> None:
    """Where only the writing fails, the error has the outcome of the change, and nothing of the sink's own text."""
    error, outcome, code = ENDS[end]
    inner = manager(None if error is None else fail(error))

    with pytest.raises(AuditError) as caught:
        audited(inner, Kept(fails={"write"})).delete_user("alice")

    assert (caught.value.outcome, inner.made) == (outcome, ["delete_user"])
    assert (code or "the change was made") in caught.value.message
    assert PLANTED not in caught.value.message


def test_interruption_stays_an_interruption() -> None:
    """Ctrl-C during a change is not turned into an error of the sink."""
    with pytest.raises(KeyboardInterrupt):
        audited(manager(fail(KeyboardInterrupt())), Kept(fails={"write"})).delete_user("alice")


def test_begun_is_on_record_before_the_change() -> None:
    """With `begun`, a record of the same id comes before, and where it cannot be written nothing is changed."""
    sink = Kept()
    seen: list[str] = []
    inner = manager(lambda _: seen.extend(record.outcome for record in sink.records))
    users = audited(inner, sink, begun=True)

    users.delete_user("alice")
    assert seen == ["begun"]
    assert [record.outcome for record in sink.records] == ["begun", "done"]
    assert len({record.id for record in sink.records}) == 1

    sink.fails = {"write"}
    with pytest.raises(AuditError) as caught:
        users.delete_user("alice")
    assert (caught.value.outcome, inner.made) == ("not_made", ["delete_user"])


@pytest.mark.parametrize("begun", [False, True])
def test_change_goes_on_where_a_callable_is_told(begun: bool) -> None:
    """With `on_failure` the change is made all the same, and each record that was lost is told of, with its content."""
    told: list[tuple[str, str]] = []
    inner = manager()
    sink = Kept(fails={"ready", "write"})
    users = audited(
        inner, sink, begun=begun, on_failure=lambda error, record: told.append((str(error.outcome), record.operation))
    )

    users.delete_user("alice")

    assert inner.made == ["delete_user"]
    assert told == [("not_made", "delete_user")] * begun + [("done", "delete_user")]


def test_logger_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """A logger gets the lost record, without a line break of its own."""
    users = audited(manager(), Kept(fails={"write"}), on_failure=logging.getLogger("told"))

    users.disable_user("alice\nFORGED")

    (line,) = caplog.messages
    assert json.loads(line.split(": ", 3)[-1])["target"] == {"username": "alice\nFORGED"}
    assert "\n" not in line


# --- The logger ------------------------------------------------------------------------------------------


HOSTILE = ['\n{"n":1}', "\r\n", "\u2028", "\x85", "\x1b[2J", "\u202e", "\x00", "\ud800", '"},{"', "\x0b\x0c\x1c\x1d"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_value_can_forge_a_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever stands in a name, an attribute or an actor, the record is one printable line that gives it back."""
    caplog.set_level(logging.INFO)
    users = Audited(manager(), LoggerSink(logging.getLogger("audit")), Actor(text, {text: text}), values=True)

    users.update_user(text, {text: text})

    (line,) = caplog.messages
    assert line.isascii()
    assert line.isprintable()
    record = json.loads(line)
    assert record["actor"] == {"name": text, "details": {text: text}}
    assert (record["target"], record["values"]) == ({"username": text}, {"attributes": {text: text}})
    assert caplog.records[0].usermgr_audit == record  # type: ignore[attr-defined]


def test_logger_that_drops_the_record_stops_the_change() -> None:
    """A logger whose level is too high, or that nobody handles, is not taken for a record."""
    logger = logging.getLogger("dropping")
    inner = manager()
    users = audited(inner, LoggerSink(logger))

    logger.setLevel(logging.WARNING)
    with pytest.raises(AuditError, match="drops what is of level INFO"):
        users.disable_user("alice")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    with pytest.raises(AuditError, match="has no handler"):
        users.disable_user("alice")

    told: list[str] = []
    audited(inner, LoggerSink(logger), on_failure=lambda error, _: told.append(error.message)).enable_user("alice")
    logger.propagate = True

    assert (inner.made, len(told)) == (["enable_user"], 1)


def test_long_texts_are_bounded() -> None:
    """A record holds so much of a text, and so many names, and says where there was more."""
    sink = Kept()

    audited(manager(), sink, values=True).update_user("x" * 9999, {f"{n}": "y" * 9999 for n in range(999)})

    (record,) = sink.said
    assert record["target"]["username"] == f"{'x' * 2048}… (9999 characters)"
    assert len(record["attributes"]) == len(record["values"]["attributes"]) == 200


def test_closing_closes_what_is_inside() -> None:
    """`close` reaches the manager inside, and is nothing where that has none."""
    inner = manager()
    users = audited(inner, Kept())
    users.close()
    inner.closed = []
    inner.close = lambda: inner.closed.append(True)
    users.close()
    assert inner.closed == [True]
    assert PLANTED not in repr(users)


def test_ids_differ() -> None:
    """Each record has an id of its own."""
    sink = Kept()
    users = audited(manager(), sink)
    for _ in itertools.repeat(None, 3):
        users.enable_user("alice")
    assert len({record.id for record in sink.records}) == 3


# --- Batches ---------------------------------------------------------------------------------------------


class Together(Kept):
    """Tells how many records came together."""

    def __init__(self, fails: Collection[str] = ()) -> None:
        super().__init__(fails)
        self.sizes: list[int] = []

    def write_all(self, records: Sequence[Record]) -> None:
        super().write_all(records)
        self.sizes.append(len(records))


def batching(stop: BaseException | None = None) -> Any:
    """A manager that makes batches; bob is not there, and `stop` ends the batch at the third change."""
    inner = manager()
    inner.sizes = []

    def write_many(self: Any, changes: Sequence[Change]) -> Iterator[Made]:
        self.sizes.append(len(changes))
        for number, change in enumerate(changes):
            if number == 2 and stop is not None:
                raise stop
            known = change.arguments["username"] != "bob"
            yield Made.of(change, self) if known else Made(change, error=UserNotFoundError(username="bob"))

    type(inner).write_many = write_many
    return inner


def disable(*names: str) -> list[Change]:
    """A change for each name."""
    return [Change("disable_user", {"username": name}) for name in names]


@pytest.mark.parametrize("begun", [False, True])
def test_batch_has_a_record_for_each_change(begun: bool) -> None:
    """A batch reaches the store as one and the sink as one, and each change has its own record with its own end."""
    inner, sink = batching(), Together()
    names = [*(f"user{number}" for number in range(299)), "bob", "carol"]

    made = list(audited(inner, sink, begun=begun).write_many(disable(*names)))

    assert [outcome.change.arguments["username"] for outcome in made] == names
    assert [outcome.error is None for outcome in made] == [name != "bob" for name in names]
    assert (inner.sizes, sink.sizes) == ([250, 51], [250, 250, 51, 51] if begun else [250, 51])
    ends = [record for record in sink.said if record["outcome"] != "begun"]
    assert [record["target"]["username"] for record in ends] == names
    assert [(r["outcome"], r["error"]) for r in ends if r["outcome"] != "done"] == [("failed", "user_not_found")]
    assert len({record["id"] for record in sink.said}) == len(names)


def test_batch_without_all_of_its_outcomes_is_told_as_unknown() -> None:
    """A store that forgets an outcome is not taken for one that made the change."""
    inner, sink = batching(), Together()
    type(inner).write_many = lambda self, changes: iter([Made.of(changes[0], self)])
    with pytest.raises(ValueError, match="shorter"):
        list(audited(inner, sink).write_many(disable("alice", "carol")))
    assert [record["outcome"] for record in sink.said] == ["done", "unknown"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt(PLANTED), ZeroDivisionError(PLANTED)], ids=repr)
def test_batch_that_ends_early_has_all_of_its_records(stop: BaseException) -> None:
    """Of a batch that is interrupted, what was made is recorded so, and the rest as unknown; then the error goes on."""
    sink = Together()
    with pytest.raises(type(stop)):
        list(audited(batching(stop), sink).write_many(disable("alice", "bob", "carol", "dave")))
    assert [(record["target"]["username"], record["outcome"], record.get("error")) for record in sink.said] == [
        ("alice", "done", None),
        ("bob", "failed", "user_not_found"),
        ("carol", "unknown", type(stop).__name__),
        ("dave", "unknown", type(stop).__name__),
    ]


@pytest.mark.parametrize(
    ("fails", "outcomes", "made"),
    [("ready", ["not_made", "not_made"], 0), ("write", ["done", "failed"], 1)],
)
def test_batch_whose_records_are_lost_ends_in_audit_errors(fails: str, outcomes: list[str], made: int) -> None:
    """A record that is lost is its change's outcome, which says whether the change was made."""
    inner = batching()
    ended = list(audited(inner, Together({fails})).write_many(disable("alice", "bob")))
    assert [outcome.error.outcome for outcome in ended if isinstance(outcome.error, AuditError)] == outcomes
    assert len(inner.made) == made


def test_batch_goes_on_where_a_callable_is_told() -> None:
    """With `on_failure` a batch keeps its outcomes, and each record that was lost is told of."""
    told: list[str] = []
    users = audited(batching(), Together({"write"}), on_failure=lambda error, _: told.append(error.outcome))
    assert [outcome.error is None for outcome in users.write_many(disable("alice", "bob"))] == [True, False]
    assert told == ["done", "failed"]


def test_changes_before_an_error_of_their_source_are_made() -> None:
    """Where the changes end in an error, those that came before it are made and recorded."""

    def source() -> Iterator[Change]:
        yield from disable("alice", "carol")
        raise ZeroDivisionError

    sink = Kept()
    outcomes = audited(batching(), sink).write_many(source())
    assert [next(outcomes).error, next(outcomes).error] == [None, None]
    with pytest.raises(ZeroDivisionError):
        next(outcomes)
    assert len(sink.records) == 2


def test_batch_of_nobody_is_not_made() -> None:
    """Where it is not known who acts, each change of a batch ends so, and none is made."""
    inner = batching()
    users = Audited(inner, Together(), lambda: "")
    assert [type(outcome.error) for outcome in users.write_many(disable("alice", "bob"))] == [InvalidInputError] * 2
    assert (inner.made, inner.sizes) == ([], [])


def test_batches_are_those_of_the_store() -> None:
    """An audited store makes batches where it does, but not where each change is looked at before it is made."""
    assert audited(batching(), Kept()).describe().can(Capability.BATCHES)
    looking, inner = Together(), batching()
    users = audited(inner, looking, before=True)
    assert not users.describe().can(Capability.BATCHES)
    assert len(list(users.write_many(disable("alice", "carol")))) == 2
    assert (inner.sizes, looking.sizes) == ([], [1, 1])


def test_store_that_makes_no_batches_is_recorded_one_by_one() -> None:
    """Where changes are made one by one, each has its record before the next is made."""
    inner, sink = manager(), Together()
    outcomes = audited(inner, sink).write_many(disable("alice", "carol"))
    next(outcomes)
    assert (inner.made, len(sink.records)) == (["disable_user"], 1)


def test_batch_without_records_is_the_store_s() -> None:
    """Where changes are not what is recorded, a batch leaves no record."""
    sink = Together()
    users = audited(batching(), sink, accesses=[Access.SIGN_IN])
    assert len(list(users.write_many(disable("alice", "carol")))) == 2
    assert sink.records == []
