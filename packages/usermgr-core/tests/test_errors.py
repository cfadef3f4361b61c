"""The error tree."""

from __future__ import annotations

import pickle
import re

import pytest

from usermgr import errors

CLASSES = errors.errors_by_code()


def test_drawing_shows_the_tree_as_it_is() -> None:
    """The tree in the module's docstring has every class, under its parent, with its code."""
    drawn: dict[str, tuple[str, str]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([│├└─\s]*)(\w+Error)\s+(\w+)", line)
        if match:
            depth = len(match[1]) // 4
            path[depth:] = [match[2]]
            drawn[match[2]] = (path[depth - 1] if depth else "Exception", match[3])
    real = {cls.__name__: (cls.__base__.__name__, cls.code) for cls in CLASSES.values() if cls.__base__}
    assert drawn == real


def test_codes_are_unique() -> None:
    """No two classes share a code."""
    names = [name for name in errors.__all__ if name.endswith("Error")]
    assert len({getattr(errors, name).code for name in names}) == len(names) == len(CLASSES)


@pytest.mark.parametrize("cls", CLASSES.values(), ids=lambda cls: cls.code)
def test_evidence_is_an_attribute_and_survives_pickling(cls: type[errors.UsermgrError]) -> None:
    """What a class names as evidence is an attribute, with the class's default where missing, and pickling keeps it."""
    assert all(getattr(cls("m"), name) == getattr(cls, name) for name in cls.evidence_names())

    error = cls("m", **dict.fromkeys(cls.evidence_names(), "x"))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert (type(copy), str(copy), copy.details) == (cls, "m", error.details)
    assert all(getattr(copy, name) == "x" for name in cls.evidence_names())


@pytest.mark.parametrize("cls", CLASSES.values(), ids=lambda cls: cls.code)
def test_class_words_its_own_message(cls: type[errors.UsermgrError]) -> None:
    """Without a message an error has its class's sentence, with the evidence filled in, and never its docstring."""
    error = cls(**dict.fromkeys(cls.evidence_names(), "filled-in"))

    assert vars(cls).get("sentence"), "each class has a sentence of its own"
    assert error.message == cls.sentence.format_map(dict.fromkeys(cls.evidence_names(), "filled-in"))
    assert error.message not in (cls.__doc__ or "")
    assert not cls().message.endswith("."), "a message is part of a longer line"


@pytest.mark.parametrize("cls", CLASSES.values(), ids=lambda cls: cls.code)
def test_misspelt_evidence_is_a_type_error(cls: type[errors.UsermgrError]) -> None:
    """Evidence that the class does not name is refused where the error is raised."""
    with pytest.raises(TypeError, match="user_nmae"):
        cls("m", user_nmae="alice")


def test_evidence_of_a_newer_peer_is_kept() -> None:
    """What arrives over the wire and is not known here stays in `details`, and does not become an attribute."""
    error = errors.UserNotFoundError.from_wire("m", {"username": "alice", "later": 1})

    assert (error.username, error.details["later"]) == ("alice", 1)
    assert not hasattr(error, "later")


def test_evidence_that_is_none_does_not_fill_a_sentence() -> None:
    """A sentence never names somebody `None`."""
    assert str(errors.UserNotFoundError(username=None)) == str(errors.UserNotFoundError())
    assert "None" not in str(errors.UserNotFoundError())


def test_retryable_is_what_may_pass() -> None:
    """Exactly throttling, unavailability, time-outs of the service and concurrent changes may pass."""
    assert {code for code, cls in CLASSES.items() if cls.retryable} == {
        "throttled", "service_unavailable", "service_timeout", "concurrent_change"
    }  # fmt: skip


BLAMED = {
    errors.InvalidInputError: {400, 501},
    errors.NotFoundError: {404, 500},
    errors.ConflictError: {409},
    errors.AuthenticationError: {401},
    errors.AccessDeniedError: {403, 500},
    errors.LimitExceededError: {429},
}
"""The branches of the tree that may answer with a status below 500, and theirs."""


@pytest.mark.parametrize("cls", CLASSES.values(), ids=lambda cls: cls.code)
def test_http_status_blames_the_caller_only_for_what_was_sent(cls: type[errors.UsermgrError]) -> None:
    """A status of a branch is one of that branch's; every other class has one of 500 and above."""
    branch = next((statuses for root, statuses in BLAMED.items() if issubclass(cls, root)), {500, 502, 503, 504})
    assert cls.http_status in branch


def test_http_status_tells_the_application_what_is_its_own() -> None:
    """A missing store, missing credentials and what the store cannot do are no fault of the caller's caller."""
    ours = (errors.StoreNotFoundError, errors.NoCredentialsError, errors.UnsupportedOperationError)
    assert all(cls.http_status >= 500 for cls in ours)
    assert all(cls.http_status == 503 for cls in (errors.ThrottledError, errors.ServiceUnavailableError))
