"""The documents say what is true: every Python example runs, and the tables are complete."""

import pickle
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import usermgr_jwt
from usermgr_jwt import errors

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "verifier.md"
README = ROOT / "packages" / "usermgr-jwt" / "README.md"


@pytest.mark.parametrize("path", [GUIDE, README], ids=lambda path: path.name)
def test_examples_run(path, pool, jwks_path, compact, monkeypatch, configured_django):
    """Every Python block of a document runs, in order, in a folder with the pool's jwks.json."""
    monkeypatch.chdir(jwks_path.parent)
    document = Sybil([PythonCodeBlockParser()], path=str(path.parent)).parse(path)
    document.namespace.update(token=pool.token(), invoke=lambda _event: compact(pool.jwks()))

    examples = list(document.examples())
    for example in examples:
        example.evaluate()

    assert len(examples) == path.read_text().count("```python")
    assert document.namespace["claims"].username == "alice"


def classes() -> list[type[errors.VerifierError]]:
    return [getattr(errors, name) for name in errors.__all__]


def test_the_tree_in_the_docstring_is_the_tree():
    """errors.py draws every class under its parent, with its code."""
    drawn = re.findall(r"^    ([│├└─ ]*)(\w+) +(\w+)", errors.__doc__, re.MULTILINE)
    parents: list[str] = []
    tree = []
    for branches, name, code in drawn:
        depth = len(branches) // 4
        parents[depth:] = [name]
        tree.append((name, parents[depth - 1] if depth else "Exception", code))

    assert tree == [(each.__name__, each.__bases__[0].__name__, each.code) for each in classes()]


def test_the_table_of_errors_is_complete():
    """docs/verifier.md has a row for every class that is raised, with its code and attributes."""
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| .* \| (.*) \|$", GUIDE.read_text(), re.MULTILINE)
    raised = [each for each in classes() if each.__init__ is not errors.VerifierError.__init__]
    evidence = {}
    for each in raised:
        code = each.__init__.__code__
        evidence[each.__name__] = (each.code, list(code.co_varnames[1 : code.co_argcount]))

    assert {name: (code, re.findall(r"`(\w+)`", names)) for name, code, names in rows if name in evidence} == evidence


def test_errors_survive_pickling():
    """An error that crosses a process is the same error with the same evidence."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    arguments = {
        errors.TokenExpiredError: (when,),
        errors.TokenNotYetValidError: (when,),
        errors.KeysTooOldError: ("jwks.json", 2.0, 1.0),
    }
    for each in classes():
        count = each.__init__.__code__.co_argcount - 1 if hasattr(each.__init__, "__code__") else 0
        strings = ("x", ("y",), "z")[:count]
        original = each(*arguments.get(each, strings))
        copy = pickle.loads(pickle.dumps(original))  # noqa: S301 - our own bytes
        assert (type(copy), str(copy), vars(copy)) == (each, str(original), vars(original))


def test_what_is_exported():
    """Every error is exported by the package, and every exported name exists, each with a docstring."""
    assert set(errors.__all__) <= set(usermgr_jwt.__all__)
    assert len(set(usermgr_jwt.__all__)) == len(usermgr_jwt.__all__)
    assert all(getattr(usermgr_jwt, name).__doc__ for name in usermgr_jwt.__all__)
