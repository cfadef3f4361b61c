"""What libraries say in English is told in Japanese: as a whole where its shape is known, else by its code."""

# ruff: noqa: RUF001 - Japanese has wide colons and parentheses

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from usermgr import Capability
from usermgr.audit import FindingKind
from usermgr.checks import Severity
from usermgr.errors import ConflictError, InvalidInputError, ServiceError, UserNotFoundError
from usermgr.operations import OPERATIONS, Access
from usermgr_bulk import RowOutcome
from usermgr_bulk._manifest import NOT_CARRIED
from usermgr_bulk._steps import MESSAGE_UNKNOWN
from usermgr_console import _labels, _told
from usermgr_console._i18n import language_of
from usermgr_console._told import LONGEST, SHAPES, Told, of_code, of_error, of_message
from usermgr_console._told._codes import SENTENCES

PACKAGES = Path(__file__).parents[2]
CORE = PACKAGES / "usermgr-core" / "src" / "usermgr"
BULK = PACKAGES / "usermgr-bulk" / "src" / "usermgr_bulk"
CONSOLE = PACKAGES / "usermgr-console" / "src" / "usermgr_console"

JAPANESE, ENGLISH = language_of("ja"), language_of("en")
HOLE = "\0"
"""Stands for what a message fills in."""


# --- Every code, every outcome -----------------------------------------------------------------------


def codes_of(folder: Path) -> Iterator[str]:
    """The codes of the error classes of a package, as they are written."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                for line in node.body:
                    target = line.target if isinstance(line, ast.AnnAssign) else getattr(line, "targets", [None])[0]
                    value = getattr(line, "value", None)
                    if isinstance(target, ast.Name) and target.id == "code" and isinstance(value, ast.Constant):
                        yield str(value.value)


def test_every_code_has_a_sentence() -> None:
    """Each code of the packages that the console knows, and none that is gone."""
    codes = {*codes_of(CORE), *codes_of(BULK)}

    assert len(codes) > 45
    assert codes | {MESSAGE_UNKNOWN, "broken"} == SENTENCES.keys()


@pytest.mark.parametrize(
    ("names", "values"),
    [
        pytest.param(_labels.ROWS, RowOutcome, id="outcomes of rows"),
        pytest.param(_labels.FINDINGS, FindingKind, id="findings of the audit"),
        pytest.param(_labels.SEVERITIES, Severity, id="severities"),
        pytest.param(_labels.CAPABILITIES, Capability, id="capabilities"),
        pytest.param(
            _labels.OPERATIONS,
            [name for name, operation in OPERATIONS.items() if operation.access is not Access.READ],
            id="operations that an audit records",
        ),
        pytest.param(_labels.LEFT_BEHIND, NOT_CARRIED, id="what no import brings"),
    ],
)
def test_every_outcome_has_a_name(names, values) -> None:
    """What is known by a name of its own is called by one of ours."""
    assert {str(value) for value in values} == {str(name) for name in names}


def test_every_check_has_a_title() -> None:
    """Each check that a package of this repository registers, and none that is gone."""
    registered: set[str] = set()
    for path in PACKAGES.glob("*/pyproject.toml"):
        project = tomllib.loads(path.read_text())["project"]
        registered |= project.get("entry-points", {}).get("usermgr.checks", {}).keys()

    assert registered == _labels.CHECKS.keys()


# --- Every message -----------------------------------------------------------------------------------


FILES = (
    *(CORE / f"{name}.py" for name in ("validation", "guard", "_query", "audit/_verify", "checks")),
    *(BULK / f"{name}.py" for name in ("_wanted", "_steps", "_acting", "_actions", "_check", "_import", "_manifest")),
    *(BULK / "formats" / f"{name}.py" for name in ("_columns", "_csv", "_dialect", "_jsonl", "_rows", "_texts")),
    *(BULK / "sync" / f"{name}.py" for name in ("_document", "_json", "_yaml", "_nodes", "_memberships", "_people")),
    *(
        BULK / "sync" / f"{name}.py"
        for name in ("_users", "_planning", "_protection", "_rows", "_plan", "_apply", "_present")
    ),
    CONSOLE / "_dormant.py",
)
"""The modules whose messages reach a page or a report, and are told as a whole."""

PUT_TOGETHER = {
    "the attribute email must be an address such as ada@example.org": (
        "属性「メールアドレス」は、ada@example.org のようなメールアドレスにしてください。"
    ),
    "the attribute phone_number must be a number in E.164 form, such as +81312345678": "E.164 形式",
    "the attribute birthdate must be a date such as 1815-12-10": "属性「生年月日」は、1815-12-10 の形の日付にして",
    "the attribute updated_at must be a number of seconds since 1970, such as 1767225600": "秒数にしてください。",
    "line 2: the attribute birthdate must be a date such as 1815-12-10": "2 行目：属性「生年月日」は、1815-12-10 の",
    "the attribute email_verified must be true or false": "は、true または false にしてください。",
    "the attribute name must have at most 20 characters": "属性「名前」は、20 文字以下にしてください。",
    "the password does not meet the policy: it needs at least 8 characters, a digit": "8 文字以上、数字。",
    "the search does not parse at character 6: expected = or ~ right after the field, such as in name~ada: a colon is "
    "part of a name, as in custom:team": "検索の 6 文字目を解釈できません。ここに必要なもの：項目名の直後の演算子（=、",
    "it is gone, so lines may be missing at the end": "最後の行を記録したファイルがありません。",
    "it is changed, or sealed with another key, so lines may be missing at the end": "別の鍵で封印されています。",
    "removed totp, sms; the next sign-in enrols a new one": "二段階認証（認証アプリ、SMS）を解除しました。",
    "removed email; the next sign-in asks for the password alone": "（メールのコード）を解除しました。",
    "the user is disabled already": "アカウントはすでに無効です",
    "the user is enabled already, by the run that was killed": "アカウントはすでに有効です（途中で終わった前回の",
    "the user has a password of their own already": "本人がすでにパスワードを設定しています",
    "the user is confirmed already": "すでに確認済みです",
    "the user had no second factor": "二段階認証は設定されていません",
    "the user is in the group already": "すでにグループに属しています",
    "the user is not in the group": "グループに属していません",
    "the user has these attributes already": "属性はすでにこの値です",
    "the user was created, and then this failed: there is no group named x": (
        "ユーザーを作成しました。その後の処理に失敗しました：グループ「x」は存在しません。"
    ),
    "changed: name, enabled, joined staff": "変更した項目：名前、有効、グループ「staff」に追加",
    "the email and name of ada has changed since the plan was made: nothing was changed, make a new plan": (
        "計画の作成後に、ユーザー「ada」のメールアドレス、名前が変更されました。"
    ),
    "line 3 is not text in utf-8, so the encoding must be named with the option encoding; it reads as cp932: '鈴木', "
    "as euc_jp: (cannot be read)": "読み方：cp932 では '鈴木'、euc_jp では読み取れません。",
    "'ada': the attribute email is empty: leave it out, or say null where it is to be removed": "'ada'：属性「メールア",
    "groups.precedence must be digits alone, such as 10, up to 9: no sign, no leading zero, no quotation marks": "9 以",
    "the entry has no username: add it": "username がありません。追加してください。",
    "the character U+0085 here ends a line for some readers of YAML: remove it, or write \\N in quotation marks": (
        "文字 U+0085 は、改行として扱われることがあります。"
    ),
    "the entry of line 3 and the group staff of line 9 disagree: the members of staff are a list that names them, and "
    "the person's groups say otherwise": "3 行目のユーザーと 9 行目のグループ「staff」の宣言が食い違っています。",
    "the entry of line 3 and the group staff of line 9 disagree: the members of staff are a list that leaves them out, "
    "and the person's groups say otherwise": "members にはこのユーザーがいません。",
    "'ADA' is the same person as line 2, as the store compares names: keep one of them": "2 行目と同じユーザーです。",
}
"""Messages that are made of pieces, as whole ones, and a part of what they become."""

PIECES = {
    "an address such as ada@example.org", "a number in E.164 form, such as +81312345678", "a date such as 1815-12-10",
    "a number of seconds since 1970, such as 1767225600", "the attribute \0 must be \0", "\0 or \0",
    "changed, or sealed with another key", "it is \0, so lines may be missing at the end",
    "enrols a new one", "asks for the password alone", "removed \0; the next sign-in \0", "the user \0",
    "the user \0, by the run that was killed", "is enabled already", "has a password of their own already",
    "is confirmed already", "had no second factor", "is in the group already", "is not in the group",
    "has these attributes already", "it reads ", "(cannot be read)", "\0 must be \0", "the entry", "the document",
    "digits alone, such as 10, up to \0: no sign, no leading zero, no quotation marks", "\0 has no \0: add it",
    "the character U+\0 here ends a line for some readers of YAML", "\0: remove it, or write \0 in quotation marks",
    " of line \0", "names them", "leaves them out", "line \0", "group \0",
    (
        "the entry\0 and the group \0 disagree: the members of \0 are a list that \0, and the person's groups say "
        "otherwise"
    ),
    "\0 is the same person as \0, as the store compares names: keep one of them",
}  # fmt: skip
"""The pieces of `PUT_TOGETHER`, as they stand in the modules."""

NO_MESSAGES = {
    # what only a program can cause, or a command that the console has no page for
    "the search must be a string", "zone must be None, or a tzinfo such as zoneinfo.ZoneInfo('Asia/Tokyo')",
    "conditions must be a sequence of Condition", "verify needs the key, or the hash of the last line",
    "last must be a hash: 64 digits from 0 to f", "first must be the number of a line, 1 or more",
    "the selection is of another store: freeze one of this store", "an action must be one of \0",
    "an action is for all of a selection: leave the username out", "attributes must name at least one attribute",
    "this release cannot read the export: its manifest is of another version", "the store's groups have none",
    "the store has no such attribute, and \0 users have it: rename it or drop it",
    "only the service writes it, and \0 users have it: drop it", "attributes must be a list of names",
    "encoding must be one of \0; utf-16 is told by its byte order mark, or named with its byte order",
    "delimiter must be a \0", "\0 ends with none of \0: name the format", "format must be one of \0",
    "the input can be read only once, and a CSV file is first looked through: save it to a file, or give the dialect",
    *(
        f"the input is not what the dialect says: it {has} a byte order mark and {too} the column \0"
        for has in ("has", "lacks") for too in ("has", "lacks")
    ),
    "prune must be one of \0, or None", "invite must be one of \0, or None",
    "desired states in YAML need ruamel.yaml: install usermgr-bulk with its extra yaml, or write JSON",
    "ruamel.yaml is not installed",
    # of writing a file
    "\0 has a value that would not read back as it is: write the file with marks", "the record",
    "\0 is to be removed, and no mark for that was named: name one with the option removal",
    "the name of an attribute has NUL, or half of a character", "groups must be non-empty names",
    "the record has a character that \0 cannot hold: write in UTF-8",
    "the attribute \0 has no column: name it in the option attributes",
    "the row would be longer than \0 bytes: shorten its values",
    "the record has a password: write without it, or with passwords=True",
    "\0 has a NUL or half of a character: CSV cannot hold it",
    # no text
    "\0:\0: \0: \0", "\0 \0", "dict[str, Any]", "[ \\t\\r\\n]*+", "it cannot be read",
}  # fmt: skip
"""Other strings of the modules."""


def texts_of(node: ast.AST) -> list[str]:
    """The texts that an expression can be, with holes for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=orelse):
            return texts_of(body) + texts_of(orelse)
        case ast.JoinedStr(values=values):
            parts = [
                texts_of(part.value) if isinstance(part, ast.FormattedValue) else texts_of(part) for part in values
            ]
            return ["".join(found) for found in itertools.product(*(part or [HOLE] for part in parts))]
        case _:
            return []


def messages_of(path: Path) -> set[str]:
    """The texts of a module that have more than a word, but for its docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    inside = {
        id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in ast.walk(node) if part is not node
    }
    inside |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = (text for node in nodes if id(node) not in inside for text in texts_of(node))
    return {re.sub(HOLE + "+", HOLE, text) for text in texts if " " in text.strip()}


HOLLOW = {re.sub(HOLE + "+", HOLE, re.sub(r"%\(\w+\)s", HOLE, shape)) for shape in SHAPES}
OPEN = tuple(shape.removesuffix("…") for shape in HOLLOW if shape.endswith("…"))


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in FILES])
def test_every_message_has_a_shape(path: Path) -> None:
    """What the module can say is in the catalog, word by word."""
    left = messages_of(path) - HOLLOW - PIECES - NO_MESSAGES

    assert {text for text in left if not text.startswith(OPEN)} == set()


def test_every_class_of_error_has_a_shape() -> None:
    """The sentence that a class owns is told as a whole."""
    assert len(class_sentences()) > 40
    assert class_sentences() - HOLLOW == set()


def class_sentences() -> set[str]:
    """The sentences of the classes of errors, with holes."""
    sentences = [
        str(getattr(line.value, "value", ""))
        for path in (CORE / "errors.py", BULK / "_errors.py", BULK / "sync" / "_errors.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, (ast.Assign, ast.AnnAssign))
        and ast.unparse(line.target if isinstance(line, ast.AnnAssign) else line.targets[0]) == "sentence"
    ]
    return {re.sub(r"{\w+}", HOLE, sentence) for sentence in sentences}


@pytest.mark.parametrize(("message", "part"), PUT_TOGETHER.items())
def test_a_message_of_pieces_is_told_as_a_whole(message: str, part: str) -> None:
    """Whatever it is made of, nothing of it is left in English."""
    found = of_message(message, JAPANESE)

    assert found is not None
    assert part in found.text
    assert found.original is None


ALSO = (
    BULK / "_errors.py", BULK / "sync" / "_errors.py", CORE / "audit" / "_read.py", CONSOLE / "_imports.py",
    CONSOLE / "_people.py", CONSOLE / "_acting.py", CONSOLE / "_views" / "groups.py", CONSOLE / "_views" / "imports.py",
)  # fmt: skip
"""Modules with some messages besides."""


def test_no_shape_is_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each shape is one that a message has."""
    seen: set[str] = set()
    readings = _told._readings

    def found(message: str):
        for shape, values in readings(message):
            seen.add(shape)
            yield shape, values

    monkeypatch.setattr(_told, "_readings", found)
    _told._said.cache_clear()
    for message in PUT_TOGETHER:
        of_message(message, JAPANESE)
    texts = {text for path in (*FILES, *ALSO) for text in messages_of(path)} | class_sentences()
    hollow = {re.sub(HOLE + "+", HOLE, re.sub(r"%\(\w+\)s", HOLE, shape)): shape for shape in {*SHAPES} - seen}

    assert {shape for text, shape in hollow.items() if not _is_said(text, texts)} == {"deleted"}, "one word is no text"


def _is_said(shape: str, texts: set[str]) -> bool:
    return shape in texts or (shape.endswith("…") and any(text.startswith(shape[:-1]) for text in texts))


VALUES = {
    "done": "the user was created",
    "error": "the code is wrong",
    "what": "the user is gone",
    "wish": "be a number",
}
NUMBERS, QUOTED = {"line": "3"}, {"quoted": "'x'"}


@pytest.mark.parametrize("before", ["", "line 7: ", "the user was created, and then this failed: "])
def test_no_shape_takes_the_message_of_another(before: str) -> None:
    """A message of each shape is read as that shape, by itself and inside another one."""
    wrong: list[str] = []
    for shape in SHAPES:
        names = re.findall(r"%\((\w+)\)s", shape)
        values = {name: {**VALUES, **NUMBERS, **QUOTED}.get(name, f"x{n}") for n, name in enumerate(names)}
        inside = {name: of_message(value, JAPANESE).text if name in VALUES else value for name, value in values.items()}
        wanted = JAPANESE.text(shape, **inside)
        found = of_message(before + (shape % values if values else shape), JAPANESE)
        begin = before and of_message(f"{before}the code is wrong", JAPANESE).text.removesuffix("コードが違います。")
        if found is None or found.text != begin + wanted:
            wrong.append(f"{shape}: {found}")

    assert wrong == []


# --- What is left ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message", "field", "told"),
    [
        ("user_not_found", "there is no user named bob", None, Told("ユーザー「bob」は存在しません。")),
        ("user_not_found", "the pool says no", None, Told("そのユーザーはもういません。", "the pool says no")),
        ("invalid_input", "email is odd", "email", Told("「メールアドレス」が正しくありません。", "email is odd")),
        ("invalid_input", "shoe is odd", "shoe", Told("「shoe」が正しくありません。", "shoe is odd")),
        ("of_tomorrow", "new", None, Told("ストアが拒否したか、接続できませんでした。", "new")),
        ("bulk_stopped", "OSError", None, Told("処理を続けられませんでした。")),
        (
            "desired_state", "this is not YAML: mapping values are not allowed here", "document",
            Told("YAML として読めません。", "this is not YAML: mapping values are not allowed here"),
        ),
        (
            "invalid_input", "line 2: the line is not JSON: Expecting value, at its character 1", "record",
            Told(
                "2 行目：この行は JSON として読めません。",
                "line 2: the line is not JSON: Expecting value, at its character 1",
            ),
        ),
    ],
)  # fmt: skip
def test_an_error_that_was_written_down(code: str, message: str, field: str | None, told: Told) -> None:
    """A shape is told as a whole, and anything else by its code and field, with the original behind it."""
    assert of_code(code, message, JAPANESE, field=field) == told


def test_in_english_a_message_is_shown_as_it_is() -> None:
    """English needs no translation; a code that nobody knows and a name of an exception are told by a sentence."""
    assert of_code("user_not_found", "there is no user named bob", ENGLISH) == Told("There is no user named bob")
    assert of_code("bulk_stopped", "OSError", ENGLISH) == Told("The run could not go on.")
    assert of_code("of_tomorrow", "new", ENGLISH) == Told("The store refused, or could not be reached.")


class _StrangeError(ConflictError):
    code = "strange"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserNotFoundError(username="bob"), Told("ユーザー「bob」は存在しません。")),
        (_StrangeError("as a backend says it"), Told("現在の状態ではできません。", "as a backend says it")),
        (ServiceError("arn:aws:secret"), Told("ストアでエラーが発生しました。")),
        (InvalidInputError("odd", field="email"), Told("「メールアドレス」が正しくありません。", "odd")),
    ],
)
def test_an_error(error, told: Told) -> None:
    """An unknown class counts as the one above it; of what broke behind the console only the code is told."""
    assert of_error(error, JAPANESE) == told


def test_what_somebody_made_up_costs_little() -> None:
    """A long message, or one that is nested without an end, is told by its code."""
    for message in ("a: " * 5000, "line 1: " * 100, "x' is declared on line '" * 40, "must be " * 120):
        assert of_message(message, JAPANESE) is None
    assert of_message("the user is gone" + " " * LONGEST, JAPANESE) is None
