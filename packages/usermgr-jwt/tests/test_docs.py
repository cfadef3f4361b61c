"""The documents say what is true: every Python example runs, and the tables are complete."""

import pickle
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from usermgr_jwt_docs import error_table

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


def test_the_table_of_errors_is_generated():
    """docs/verifier.md has a row for every class that is raised, with its code, answer and attributes."""
    raised = [each for each in classes() if each.__init__ is not errors.VerifierError.__init__]

    table = error_table()

    assert len(table.splitlines()) == 2 + len(raised)
    assert table in GUIDE.read_text(), "run `make docs`"


def test_the_drawing_marks_what_is_answered_with_403():
    """The classes marked (403) are those that the integrations answer with 403, and pull's own are marked too."""
    marks = re.findall(r"(\w+Error) .*\((403|only from pull)\)", errors.__doc__)

    assert marks == [
        ("TokenGroupError", "403"),
        ("TokenScopeError", "403"),
        ("KeysSourceError", "only from pull"),
        ("KeysReplacementError", "only from pull"),
    ]


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
    """Of the errors the package exports the roots alone; every exported name exists once and has a docstring."""
    roots = {"VerifierError", "TokenError", "KeysError"}

    exported = usermgr_jwt.__all__

    assert set(errors.__all__) & set(exported) == roots
    assert len(set(exported)) == len(exported)
    assert all(getattr(usermgr_jwt, name).__doc__ for name in exported)


def test_callers_of_0_1_find_the_errors_where_they_were():
    """Version 0.1 exported every error from the package: importing one from there still works; a typo does not."""
    for name in errors.__all__:
        assert getattr(usermgr_jwt, name) is getattr(errors, name)
    for name in ("KeysInvalidErorr", "annotations", "_shown"):
        with pytest.raises(AttributeError, match=name):
            getattr(usermgr_jwt, name)


def test_what_is_public():
    """A module without a leading underscore is documented and stable; nothing else is public."""
    package = Path(usermgr_jwt.__file__).parent

    public = {path.relative_to(package).as_posix() for path in package.rglob("[!_]*.py")}

    frameworks = ("api_gateway", "django", "drf", "fastapi", "flask", "starlette")
    assert public == {"errors.py", *(f"integrations/{name}.py" for name in frameworks)}
