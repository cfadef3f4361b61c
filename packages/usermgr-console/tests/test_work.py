"""Pieces of work, as several pages and processes see them at the same time."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from dataclasses import replace

import pytest

from usermgr.audit import Actor
from usermgr_console import Acting, _work
from usermgr_console._work import KEPT_DAYS, State, Work


@pytest.fixture
def work(stage, tmp_path) -> Work:
    """Work of one kind, `count`, which asks for a yes."""
    return Work(
        tmp_path / "pieces", stage.console.services, {"count": lambda _: {"waits": True, "count": 5}}, now=lambda: 0.0
    )


def test_work_that_ends_while_it_is_looked_at_has_its_result(work, monkeypatch) -> None:
    """Its state and its result are of one moment, also where it ended between two looks of one reader."""
    piece = work.begin("count", "me")
    running = {"state": State.RUNNING, "result": {}}
    piece.path("state.json").write_text(json.dumps(running))
    look = _work._lock

    def end_first(*arguments: object) -> int | None:
        piece.path("state.json").write_text(json.dumps({"state": State.WAITING, "result": {"count": 5}}))
        return look(*arguments)

    monkeypatch.setattr(_work, "_lock", end_first)
    found = work.find(piece.id)

    assert found is not None
    assert (found.state, found.result) == (State.WAITING, {"count": 5})


@pytest.mark.parametrize(
    ("how", "seconds"),
    [
        pytest.param(fcntl.LOCK_SH, 0.05, id="who looks"),
        pytest.param(fcntl.LOCK_EX, _work.GLANCE + 0.1, id="who ran it and was late to leave"),
    ],
)
def test_work_begins_once_a_lock_that_is_no_run_is_gone(work, how: int, seconds: float) -> None:
    """A look locks the piece for a moment, and so does a run after its end is written; who starts or deletes it waits
    for either, and takes neither for a run.
    """
    piece = work.begin("count", "me")
    descriptor = os.open(piece.path("lock"), os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, how)
    gone = threading.Timer(seconds, os.close, [descriptor])
    gone.start()

    assert work.forget(piece)
    gone.join()


def test_two_who_look_do_not_take_each_other_for_its_run(work) -> None:
    """A piece whose process is gone is lost, however many look at it."""
    piece = work.begin("count", "me")
    piece.path("state.json").write_text(json.dumps({"state": State.RUNNING, "result": {}}))
    descriptor = os.open(piece.path("lock"), os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    try:
        found = work.find(piece.id)
    finally:
        os.close(descriptor)

    assert found is not None
    assert found.state is State.LOST


def test_a_piece_that_is_not_whole_is_not_there(work) -> None:
    """One that is being written, or deleted, is in no list and is neither started nor deleted again."""
    piece = work.begin("count", "me")
    piece.path("facts.json").unlink()
    assert (work.find(piece.id), work.latest("count")) == (None, [])

    whole = work.begin("count", "me")
    assert work.forget(whole)
    assert not work.forget(whole)


def test_a_piece_whose_deletion_broke_off_is_in_no_list_and_goes_later(work, monkeypatch) -> None:
    """What a process left behind that was killed while it deleted a piece is deleted when the piece is too old."""
    piece = work.begin("count", "me")
    left = piece.folder.rename(piece.folder.with_name(f".{piece.id}"))

    assert work.latest("count") == []
    monkeypatch.setattr(work, "_now", lambda: (KEPT_DAYS + 1) * 86_400.0)
    work.tidy()
    assert not left.exists()


def test_a_lock_of_a_piece_that_was_deleted_meanwhile_is_none(work, monkeypatch) -> None:
    """Somebody who opened the lock before the piece was deleted, and got it afterwards, does not start it."""
    piece = work.begin("count", "me")
    real = fcntl.flock

    def after_it_is_gone(descriptor: int, how: int) -> None:
        monkeypatch.setattr(_work.fcntl, "flock", real)
        work.forget(piece)
        real(descriptor, how)

    monkeypatch.setattr(_work.fcntl, "flock", after_it_is_gone)

    assert not work.start(piece, Acting(Actor("me"), None))


@pytest.mark.parametrize("path", ["/stop", "", "/forget"])
def test_a_piece_that_was_deleted_in_another_tab_is_not_there(stage, browser, monkeypatch, path: str) -> None:
    """Whoever had its page open gets the answer for a piece that never was, also where it went just now."""
    work = stage.console.services.work
    key = stage.console.services.sessions.find(browser.cookie).person.key
    piece = replace(work.begin("action", key), result={"count": 5})
    never = browser.post(f"/work/{'0' * 32}{path}", {"typed": "5"})
    work.forget(piece)
    monkeypatch.setattr(work, "find", lambda _: piece)

    answer = browser.post(f"/work/{piece.id}{path}", {"typed": "5"})

    assert [(each.status, "There is no such page" in each.text) for each in (never, answer)] == [(404, True)] * 2


def test_work_that_was_done_meanwhile_is_not_begun_again(work) -> None:
    """Who started it on a page from before, as by a second click, changes nothing."""
    piece = work.begin("count", "me")
    done = {"state": State.DONE, "result": {"count": 5}}
    piece.keep("state.json", done)

    assert not work.start(piece, Acting(Actor("me"), None))
    found = work.find(piece.id)
    assert (found.state, found.result) == (State.DONE, {"count": 5})
