"""The surface of the packages: a module without a leading underscore is documented, stable and on one list."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[2]

DOCUMENTED = frozenset({
    "usermgr",
    "usermgr.activity",
    "usermgr.aio",
    "usermgr.audit",
    "usermgr.backoff",
    "usermgr.checks",
    "usermgr.codec",
    "usermgr.commands",
    "usermgr.disabling",
    "usermgr.dormancy",
    "usermgr.errors",
    "usermgr.forgetting",
    "usermgr.frontends",
    "usermgr.guard",
    "usermgr.operations",
    "usermgr.paging",
    "usermgr.policies",
    "usermgr.records",
    "usermgr.request_ids",
    "usermgr.search",
    "usermgr.settings",
    "usermgr.testing",
    "usermgr.validation",
    "usermgr.watching",
    "usermgr.wire",
    "usermgr_activity",
    "usermgr_activity.prices",
    "usermgr_activity.table",
    "usermgr_activity.transport",
    "usermgr_aws",
    "usermgr_bulk",
    "usermgr_bulk.formats",
    "usermgr_bulk.sync",
    "usermgr_cli",
    "usermgr_cli.commands",
    "usermgr_cli.commands.*",
    "usermgr_console",
    "usermgr_cognito",
    "usermgr_cognito.permissions",
    "usermgr_cognito.trigger",
    "usermgr_cognito.user_import",
    "usermgr_console.cli",
    "usermgr_jwt",
    "usermgr_jwt.errors",
    "usermgr_jwt.integrations",
    "usermgr_jwt.integrations.*",
    "usermgr_lambda_client",
    "usermgr_local",
    "usermgr_local.totp",
    "usermgr_sandbox",
    "usermgr_sandbox.faults",
    "usermgr_sandbox.pytest_plugin",
})  # fmt: skip
"""Every module that a user may import. Whoever adds one documents it, and keeps it stable."""

COMMANDS = "usermgr_cli.commands"
"""The command line loads these by their names, which people type; nobody imports them."""


@dataclass(frozen=True)
class Module:
    """A module of a package: its dotted name, its file, and what it exports, or None without an `__all__`."""

    name: str
    path: Path
    exports: tuple[str, ...] | None

    @property
    def is_private(self) -> bool:
        """Whether a part of its name has a leading underscore."""
        return any(part.startswith("_") for part in self.name.split(".")) or self.name.startswith(COMMANDS)


def modules(root: Path) -> dict[str, Module]:
    """The modules below `root/packages/*/src`, by name, read without importing them."""
    found: dict[str, Module] = {}
    for source in sorted(root.glob("packages/*/src")):
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = Module(name, path, exports(ast.parse(path.read_text())))
    return found


def exports(tree: ast.Module) -> tuple[str, ...] | None:
    """What a module lists in `__all__`, a plain list of strings; nothing for one that has a docstring alone."""
    if all(isinstance(statement, ast.Expr) for statement in tree.body):
        return ()
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return tuple(ast.literal_eval(statement.value))  # type: ignore[attr-defined] - an assignment has one
    return None


def imported_from(root: Path) -> Iterator[tuple[str, str]]:
    """(module, importer) for each `from module import ...` between two files below packages/ and functions/."""
    for path in sorted([*root.glob("packages/*/src/**/*.py"), *root.glob("functions/*/src/**/*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module, path.relative_to(root).as_posix()


def is_documented(name: str) -> bool:
    """Whether the list has the module."""
    return any(fnmatchcase(name, pattern) for pattern in DOCUMENTED)


def undocumented(root: Path) -> list[str]:
    """Modules that look public and are not on the list."""
    return [
        module.name for module in modules(root).values() if not module.is_private and not is_documented(module.name)
    ]


def without_all(root: Path) -> list[str]:
    """Modules that others may import from, or do, and that do not say what they export."""
    found = modules(root)
    public = {name for name, module in found.items() if not module.is_private}
    used = {name for name, _ in imported_from(root) if name in found}
    return sorted(name for name in public | used if found[name].exports is None)


def test_public_modules_are_on_the_list() -> None:
    """Every module without a leading underscore is documented."""
    assert undocumented(ROOT) == []


def test_listed_modules_exist() -> None:
    """The list names no module that is not there."""
    names = modules(ROOT)

    gone = [name for name in sorted(DOCUMENTED) if not any(fnmatchcase(module, name) for module in names)]

    assert gone == []


def test_modules_say_what_they_export() -> None:
    """Every public module, and every one that another imports from, has `__all__`."""
    assert without_all(ROOT) == []


def test_names_in_all_exist() -> None:
    """`__all__` lists nothing twice, and nothing that the module neither defines nor imports."""
    wrong: list[str] = []
    for module in modules(ROOT).values():
        if module.exports is None:
            continue
        tree = ast.parse(module.path.read_text())
        here = {name for node in ast.walk(tree) for name in bound(node)}
        here |= {path.stem for path in module.path.parent.glob("*.py") if module.path.name == "__init__.py"}
        wrong += [f"{module.name}: {name}" for name in module.exports if name not in here]
        if len(set(module.exports)) < len(module.exports):
            wrong.append(f"{module.name}: a name twice")

    assert wrong == []


def bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds."""
    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
            yield node.name
        case ast.Import() | ast.ImportFrom():
            yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
        case ast.Name(ctx=ast.Store()):
            yield node.id
        case _:
            return


def test_refused_input_always_has_a_field() -> None:
    """Wherever a package says that input is invalid, it names the field, for forms and reports to stand on."""
    unnamed = [
        f"{module.name}:{node.lineno}"
        for module in modules(ROOT).values()
        for node in ast.walk(ast.parse(module.path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) == "InvalidInputError"
        if not {"field", None} & {keyword.arg for keyword in node.keywords}
    ]

    assert unnamed == []


def test_stray_module_is_noticed(tmp_path: Path) -> None:
    """A new module without an underscore fails this test's list; one with an underscore and `__all__` does not."""
    package = tmp_path / "packages" / "usermgr-core" / "src" / "usermgr"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from usermgr._inner import a\nfrom usermgr.stray import b\n__all__ = []\n")
    (package / "_inner.py").write_text("__all__ = ['a']\na = 1\n")
    (package / "stray.py").write_text("b = 1\n")

    assert undocumented(tmp_path) == ["usermgr.stray"]
    assert without_all(tmp_path) == ["usermgr.stray"]
