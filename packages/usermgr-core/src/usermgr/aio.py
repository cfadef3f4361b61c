"""The same API for asyncio: each call runs in a thread of a bounded pool, so that the event loop never waits for it.

>>> async with AsyncUserManager(Factory.create()) as users:        # doctest: +SKIP
...     alice = await users.get_user("alice")
...     async for user in users.iter_users(): ...

A cancelled call that is still waiting for a thread is never started. One that is under way goes on in its thread, its
outcome is dropped, and a change may have been made: look before you try again.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from usermgr._manager import UserManager
from usermgr.activity import ActivityStore
from usermgr.errors import InvalidInputError

__all__ = ["AsyncActivityStore", "AsyncUserManager"]

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)  # a method of `Primitives` fits wherever a `UserManager` is inside

MAX_WORKERS = 10
"""Calls at a time, unless asked otherwise."""

AHEAD = 60
"""Items that a stream reads ahead of who takes them: a page."""


class _Async(Generic[S_co]):
    """An object whose methods run in threads: `sync` is that object."""

    def __init__(self, sync: S_co, *, max_workers: int = MAX_WORKERS) -> None:
        if not isinstance(max_workers, int) or isinstance(max_workers, bool) or max_workers < 1:  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError("max_workers must be a whole number, 1 or more", field="max_workers")
        self.sync = sync
        self._pool = ThreadPoolExecutor(max_workers, thread_name_prefix="usermgr")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.sync!r})"

    async def close(self) -> None:
        """Waits for the calls that are under way, drops those that wait, and closes what is inside, if it can be.

        Closing twice is closing once; a call after it raises `RuntimeError`.
        """
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        close: Callable[[], object] | None = getattr(self.sync, "close", None)
        if close is not None:
            close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def submit(self, work: Callable[[], R]) -> asyncio.Future[R]:
        """Runs `work` in a thread, with the context variables of now: for whatever has no method here."""
        context = contextvars.copy_context()
        return asyncio.get_running_loop().run_in_executor(self._pool, context.run, work)


class _Method(Generic[S, P, R]):
    """A method of the object inside, found by its name at each call, so that what a backend overrides counts."""

    def __init__(self, method: Callable[Concatenate[S, P], R]) -> None:
        self.method = method
        self.name = method.__name__
        self.__doc__ = method.__doc__

    def bound(self, instance: _Async[S], *args: P.args, **kwargs: P.kwargs) -> Callable[[], R]:
        """The call, ready to be made in a thread."""
        return functools.partial(getattr(instance.sync, self.name), *args, **kwargs)


class _Call(_Method[S, P, R]):
    """The method as a coroutine."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: _Async[S], owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, instance: _Async[S] | None, owner: type) -> Self | Callable[P, Coroutine[Any, Any, R]]:
        return self if instance is None else functools.partial(self._call, instance)

    async def _call(self, instance: _Async[S], *args: P.args, **kwargs: P.kwargs) -> R:
        return await instance.submit(self.bound(instance, *args, **kwargs))


class _Stream(_Method[S, P, Iterator[R]]):
    """The method as an asynchronous iterator, which reads up to `ahead` items before they are asked for."""

    def __init__(self, method: Callable[Concatenate[S, P], Iterator[R]], *, ahead: int = AHEAD) -> None:
        super().__init__(method)
        self.ahead = ahead

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: _Async[S], owner: type) -> Callable[P, AsyncGenerator[R]]: ...
    def __get__(self, instance: _Async[S] | None, owner: type) -> Self | Callable[P, AsyncGenerator[R]]:
        return self if instance is None else functools.partial(self._stream, instance)

    def _stream(self, instance: _Async[S], *args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R]:
        return _stream(instance.submit, self.bound(instance, *args, **kwargs), self.ahead)


class _Reader(Generic[R]):
    """Reads an iterator in a thread, ahead of the loop that takes the items."""

    def __init__(self, start: Callable[[], Iterator[R]], wake: Callable[[], object], ahead: int) -> None:
        self.items: deque[R] = deque()
        self.is_waited_for = False
        self.is_dropped = False
        self._start = start
        self._source: Iterator[R] | None = None
        self._wake = wake
        self._ahead = ahead

    def fill(self) -> bool:
        """In the thread: reads until `ahead` items wait to be taken. Whether there may be more."""
        if self._source is None:
            self._source = self._start()
        for item in self._source:
            self.items.append(item)
            if self.is_waited_for:  # set before the loop looks at the items a last time, so that none is missed
                self.is_waited_for = False
                self._wake()
            if self.is_dropped or len(self.items) >= self._ahead:
                return True
        return False


async def _stream(
    submit: Callable[[Callable[[], Any]], asyncio.Future[Any]], start: Callable[[], Iterator[R]], ahead: int
) -> AsyncGenerator[R]:
    """The items, each as soon as it is found; no thread is held while nothing is read."""
    loop = asyncio.get_running_loop()
    wake = asyncio.Event()
    reader = _Reader(start, lambda: loop.call_soon_threadsafe(wake.set), ahead)
    more = True
    while more:
        filling = submit(reader.fill)
        filling.add_done_callback(lambda _: wake.set())
        try:
            while reader.items or not filling.done():
                if reader.items:
                    yield reader.items.popleft()
                    continue
                wake.clear()
                reader.is_waited_for = True
                if not reader.items and not filling.done():
                    await wake.wait()
        except BaseException:
            reader.is_dropped = True
            filling.cancel()
            raise
        more = await filling


class AsyncUserManager(_Async[UserManager]):
    """A `UserManager` for asyncio: every method of it, as a coroutine or, where it streams, an asynchronous iterator.

    Args:
        sync: The manager; safe to share between threads, as those of usermgr are.
        max_workers: How many calls run at a time; more wait. As many connections as the manager has are a good number.

    Raises `InvalidInputError` where `max_workers` is below 1. Entered with `async with`, it closes both.
    """

    caller = _Call(UserManager.caller)
    describe = _Call(UserManager.describe)

    add_user = _Call(UserManager.add_user)
    invite_user = _Call(UserManager.invite_user)
    resend_invitation = _Call(UserManager.resend_invitation)
    confirm_user = _Call(UserManager.confirm_user)
    get_user = _Call(UserManager.get_user)
    find_users = _Call(UserManager.find_users)
    update_user = _Call(UserManager.update_user)
    set_password = _Call(UserManager.set_password)
    reset_password = _Call(UserManager.reset_password)
    enable_user = _Call(UserManager.enable_user)
    disable_user = _Call(UserManager.disable_user)
    sign_out_user = _Call(UserManager.sign_out_user)
    delete_user = _Call(UserManager.delete_user)

    get_mfa = _Call(UserManager.get_mfa)
    set_mfa = _Call(UserManager.set_mfa)
    reset_mfa = _Call(UserManager.reset_mfa)

    add_group = _Call(UserManager.add_group)
    get_group = _Call(UserManager.get_group)
    update_group = _Call(UserManager.update_group)
    delete_group = _Call(UserManager.delete_group)
    list_groups = _Call(UserManager.list_groups)
    add_user_to_group = _Call(UserManager.add_user_to_group)
    remove_user_from_group = _Call(UserManager.remove_user_from_group)
    list_groups_for_user = _Call(UserManager.list_groups_for_user)

    authenticate = _Call(UserManager.authenticate)
    answer_challenge = _Call(UserManager.answer_challenge)
    refresh = _Call(UserManager.refresh)
    refresh_session = _Call(UserManager.refresh_session)

    user_exists = _Call(UserManager.user_exists)
    get_user_by_sub = _Call(UserManager.get_user_by_sub)
    get_users_by_email = _Call(UserManager.get_users_by_email)
    list_users = _Call(UserManager.list_users)
    iter_users = _Stream(UserManager.iter_users)
    count_users = _Call(UserManager.count_users)
    list_users_in_group = _Call(UserManager.list_users_in_group)
    iter_users_in_group = _Stream(UserManager.iter_users_in_group)
    search_users = _Stream(UserManager.search_users)
    search_page = _Call(UserManager.search_page)
    iter_groups_for_user = _Stream(UserManager.iter_groups_for_user)
    iter_groups = _Stream(UserManager.iter_groups)
    plan_search = _Call(UserManager.plan_search)
    ensure_user = _Call(UserManager.ensure_user)
    ensure_group = _Call(UserManager.ensure_group)
    set_groups = _Call(UserManager.set_groups)
    write_many = _Stream(UserManager.write_many, ahead=1)  # each item is a change, made when it is asked for


class AsyncActivityStore(_Async[ActivityStore]):
    """An `ActivityStore` for asyncio, in the same way. What a stream is given, such as `subs`, is read in a thread."""

    record = _Call(ActivityStore.record)
    forget = _Call(ActivityStore.forget)
    last_seen = _Call(ActivityStore.last_seen)
    last_seen_many = _Stream(ActivityStore.last_seen_many)
    not_seen_since = _Stream(ActivityStore.not_seen_since)
    active_on = _Stream(ActivityStore.active_on)
    count_active = _Call(ActivityStore.count_active)
    daily_counts = _Stream(ActivityStore.daily_counts)
