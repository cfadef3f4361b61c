"""The API for asyncio: every method, in threads, with no more read than is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, get_origin, get_type_hints

import pytest

from usermgr import ActivityStore, UserManager
from usermgr.aio import AHEAD, AsyncActivityStore, AsyncUserManager, _Call, _Stream
from usermgr.errors import InvalidInputError, UserNotFoundError


class Stub:
    """Stands where a manager stands: `do` is what its calls do, and `source` what its streams give."""

    def __init__(self, do: Callable[[str], Any] = str, source: Callable[[], Iterator[int]] = lambda: iter(())) -> None:
        self.do = do
        self.source = source
        self.closed = 0

    def get_user(self, username: str) -> Any:
        return self.do(username)

    def iter_users(self) -> Iterator[int]:
        return self.source()

    def close(self) -> None:
        self.closed += 1


def run(scenario: Callable[[AsyncUserManager], Coroutine[Any, Any, Any]], stub: Stub, max_workers: int = 2) -> Any:
    """The scenario with the stub, in a loop of its own; ends within seconds or fails."""

    async def main() -> Any:
        async with asyncio.timeout(10), AsyncUserManager(stub, max_workers=max_workers) as users:  # type: ignore[arg-type]
            return await scenario(users)

    return asyncio.run(main())


@pytest.mark.parametrize(("cls", "sync"), [(AsyncUserManager, UserManager), (AsyncActivityStore, ActivityStore)])
def test_every_public_method_is_there(cls: type, sync: type) -> None:
    """Each public method is wrapped under its own name, as a stream where it gives an iterator, and nothing else is."""
    expected = {}
    for name, method in inspect.getmembers(sync, callable):
        if not name.startswith("_") and name != "close":
            returns = get_origin(get_type_hints(method)["return"])
            expected[name] = (method, _Stream if returns is Iterator else _Call)
    wrapped = {name: (member.method, type(member)) for name, member in vars(cls).items() if hasattr(member, "method")}

    assert wrapped == expected


def test_call_runs_in_a_thread_of_the_pool() -> None:
    """The call's result arrives, and the loop's thread is free meanwhile; context variables travel with it."""
    name = contextvars.ContextVar("name", default="")
    name.set("kim")
    stub = Stub(lambda username: (username, name.get(), threading.current_thread().name))

    username, actor, thread = run(lambda users: users.get_user(username="alice"), stub)

    assert (username, actor) == ("alice", "kim")
    assert thread.startswith("usermgr")


def test_error_is_the_callers() -> None:
    """What a call raises, the awaiting code gets; an argument that does not fit is refused as by the method itself."""

    def fail(username: str) -> None:
        raise UserNotFoundError(username=username)

    with pytest.raises(UserNotFoundError, match="bob"):
        run(lambda users: users.get_user("bob"), Stub(fail))
    with pytest.raises(TypeError):
        run(lambda users: users.get_user(nickname="bob"), Stub())  # type: ignore[call-arg]


def test_cancelled_call_that_waits_is_never_started() -> None:
    """With every thread busy a cancelled call does not happen later; the one that is under way does go on."""
    started, go = threading.Event(), threading.Event()
    done: list[str] = []

    def work(username: str) -> None:
        started.set()
        go.wait(60)
        done.append(username)

    async def scenario(users: AsyncUserManager) -> None:
        under_way = asyncio.create_task(users.get_user("under way"))
        await asyncio.to_thread(started.wait, 60)
        waiting = asyncio.create_task(users.get_user("waiting"))
        await asyncio.sleep(0)
        for task in (under_way, waiting):
            task.cancel()
        outcomes = await asyncio.gather(under_way, waiting, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
        go.set()

    run(scenario, Stub(work), max_workers=1)

    assert done == ["under way"]


def test_stream_reads_a_page_ahead_and_no_more() -> None:
    """However long nobody takes the next item, no more than a page of them waits in memory; all arrive, in order."""
    read: list[int] = []

    def source() -> Iterator[int]:
        for number in range(3 * AHEAD + 7):
            read.append(number)
            yield number

    async def scenario(users: AsyncUserManager) -> list[Any]:
        taken: list[Any] = []
        async for number in users.iter_users():
            taken.append(number)
            if len(taken) % 50 == 1:
                await asyncio.sleep(0.01)
            assert len(read) - len(taken) <= AHEAD
        return taken

    assert read == []
    assert run(scenario, Stub(source=source)) == read == list(range(3 * AHEAD + 7))


def test_changes_are_made_when_they_are_asked_for() -> None:
    """Who stops at an outcome of `write_many` has made the changes up to it, and no other is made ahead of them."""
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(3 * AHEAD):
            made.append(number)
            yield number

    stub = Stub()
    stub.write_many = lambda _: source()  # type: ignore[attr-defined]

    async def scenario(users: AsyncUserManager) -> None:
        async with contextlib.aclosing(users.write_many([])) as outcomes:
            async for outcome in outcomes:
                if outcome == 4:  # type: ignore[comparison-overlap]
                    await asyncio.sleep(0.01)
                    break

    run(scenario, stub)

    assert made == [0, 1, 2, 3, 4]


def test_item_arrives_before_the_next_is_found() -> None:
    """A search that finds one and reads on for long gives that one at once."""
    go = threading.Event()

    def source() -> Iterator[int]:
        go.wait(0.02)  # long enough for the loop to wait
        yield 1
        assert go.wait(60)
        yield 2

    async def scenario(users: AsyncUserManager) -> list[Any]:
        stream = users.iter_users()
        first = await anext(stream)
        go.set()
        return [first, *[number async for number in stream]]

    assert run(scenario, Stub(source=source)) == [1, 2]


def test_stream_holds_no_thread_between_its_items() -> None:
    """With one thread, calls inside of streams inside of streams all get their turn."""

    async def scenario(users: AsyncUserManager) -> int:
        count = 0
        async for _ in users.iter_users():
            async for number in users.iter_users():
                count += int(await users.get_user(str(number))) >= 0
        return count

    assert run(scenario, Stub(source=lambda: iter(range(7))), max_workers=1) == 49


def test_error_in_a_stream_comes_after_its_items() -> None:
    """What was found before a failure arrives, then the error does."""

    def source() -> Iterator[int]:
        yield 1
        raise UserNotFoundError(username="bob")

    async def scenario(users: AsyncUserManager) -> list[Any]:
        stream = users.iter_users()
        first = await anext(stream)
        with pytest.raises(UserNotFoundError):
            await anext(stream)
        return [first, *[number async for number in stream]]

    assert run(scenario, Stub(source=source)) == [1]


def test_stream_that_is_cancelled_stops_reading() -> None:
    """A cancelled stream gives its thread back at its next item, however many more there would be."""
    begun, go = threading.Event(), threading.Event()
    read: list[int] = []

    def source() -> Iterator[int]:
        begun.set()
        go.wait(60)
        while True:
            read.append(1)
            yield 1

    async def scenario(users: AsyncUserManager) -> str:
        task = asyncio.create_task(anext(users.iter_users()))  # type: ignore[arg-type]
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        return await users.get_user("alice")  # type: ignore[return-value]

    assert run(scenario, Stub(source=source), max_workers=1) == "alice"
    assert read == [1]


def test_close_waits_for_what_is_under_way_and_closes_what_is_inside() -> None:
    """Leaving the block, what is under way ends first, what waits never starts, and the manager is closed."""
    done: list[str] = []
    begun = threading.Event()

    def work(username: str) -> None:
        begun.set()
        threading.Event().wait(0.02)
        done.append(username)

    stub = Stub(work)

    async def scenario(users: AsyncUserManager) -> list[asyncio.Task[Any]]:
        tasks = [asyncio.create_task(users.get_user(name)) for name in ("first", "second")]
        await asyncio.to_thread(begun.wait, 60)
        return tasks

    first, second = run(scenario, stub, max_workers=1)

    assert (done, stub.closed, second.cancelled()) == (["first"], 1, True)
    assert first.done()


@pytest.mark.parametrize("max_workers", [0, -1, True, 2.5, "8", None])
def test_pool_needs_a_thread(max_workers: Any) -> None:
    """A pool without a thread is refused, with the field."""
    with pytest.raises(InvalidInputError) as caught:
        AsyncUserManager(Stub(), max_workers=max_workers)  # type: ignore[arg-type]
    assert caught.value.field == "max_workers"
