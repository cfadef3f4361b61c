"""Imports and exports: what is looked at, what is asked, what is written, and what is left behind."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import zipfile
from pathlib import Path

import pytest

from usermgr.errors import AccessDeniedError, ServiceUnavailableError
from usermgr.records import UserRecord, find_format
from usermgr_bulk import BulkStoppedError, read_export
from usermgr_console import Role, create_app
from usermgr_console._imports import FOUND, MOST_COLUMNS, UPLOAD
from usermgr_console._work import KEPT_DAYS, State

TABLE = (
    "username;full name;email;groups\nmary;Mary Jackson;mary@example.org;customers\nhana;鈴木 花;hana@example.org;\n"
)
SECRET = "Hidden-passw0rd-of-mary"
CHOICES = {"existing": "fail", "medium": "email"}


def upload(browser, content: str | bytes, name: str = "people.csv", **fields: str):
    """The page after an upload."""
    body = content.encode() if isinstance(content, str) else content
    return browser.upload("/import", {"format": "", "encoding": "", "removal": "", **fields}, name, body)


def piece_of(browser, answer):
    browser.follow(answer)
    return browser.console.services.work.find(answer.path.rpartition("/")[2])


def imported(browser, content: str | bytes, choices: dict[str, str] | None = None, **fields: str):
    """The piece of an import after all of its steps."""
    piece = piece_of(browser, upload(browser, content, **fields))
    checked = piece_of(browser, browser.post(f"/work/{piece.id}/choices", {**CHOICES, **(choices or {})}))
    return piece_of(browser, browser.post(f"/work/{piece.id}", {"typed": str(checked.result["count"])}))


def mapping(page) -> dict[str, str]:
    """What each attribute of the file becomes, by the names of the fields."""
    rows = re.findall(
        r'for="becomes-(\d+)"><bdi>([^<]*)</bdi>.*?name="becomes\.\1">(.*?)</select>', page.text, re.DOTALL
    )
    chosen = {number: re.search(r'value="([^"]*)" selected', options) for number, _, options in rows}
    return {name: found[1] if (found := chosen[number]) else "" for number, name, _ in rows}


# --- Step by step ------------------------------------------------------------------------------------


def test_an_import_step_by_step(stage, browser) -> None:
    """A column of another name is mapped, all is checked, and only the typed number has anything written."""
    before = stage.state()
    page = browser.follow(upload(browser, TABLE))
    piece = browser.console.services.work.latest("import")[0]
    assert mapping(page) == {"email": "email", "full name": ""}
    assert "The store has no attribute of that name." in page.text

    page = browser.follow(
        browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email", "becomes.1": "name"})
    )
    assert "No row is certain to fail" in page.text
    assert "Nobody gets a message." in page.text
    assert browser.post(f"/work/{piece.id}", {"typed": "3"}).status == 400
    assert stage.state() == before

    page = browser.follow(browser.post(f"/work/{piece.id}", {"typed": "2"}))
    assert "<strong>2</strong> created" in page.text
    mary = stage.users.get_user("mary")
    assert (mary.attributes["name"], mary.email) == ("Mary Jackson", "mary@example.org")
    assert [group.name for group in stage.users.iter_groups_for_user("mary")] == ["customers"]
    assert stage.users.get_user("hana").attributes["name"] == "鈴木 花"
    report = browser.get(f"/work/{piece.id}/report.csv").body.decode("utf-8-sig")
    assert [row["outcome"] for row in csv.DictReader(io.StringIO(report))] == ["created", "created"]
    assert not piece.path(UPLOAD).exists()
    assert "people.csv" in browser.get("/import").text


def test_errors_are_told_by_line(stage, browser) -> None:
    """Each row that would fail is told with its line and its field, on the page and as a file; the others go in."""
    rows = (
        "username,email,groups\nmary,no address,\nhana,hana@example.org,unheard\n,x@example.org,\nzoe,z@example.org,\n"
    )
    piece = piece_of(browser, upload(browser, rows))

    page = browser.follow(browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email"}))

    lines = re.findall(r'data-label="Line">(\d+)<', page.text)
    assert lines == ["2", "3", "4"]
    assert re.search(r"<strong>3</strong>\s*would fail", page.text)
    found = csv.DictReader(io.StringIO(browser.get(f"/work/{piece.id}/problems.csv").body.decode("utf-8-sig")))
    assert [row["line"] for row in found] == lines
    done = piece_of(browser, browser.post(f"/work/{piece.id}", {"typed": "4"}))
    assert (done.result["counts"]["created"], done.result["counts"]["failed"]) == (1, 3)
    assert stage.users.user_exists("zoe")


def test_errors_are_told_in_japanese(stage, browser) -> None:
    """The check and the files say in Japanese what is wrong; in the files, behind what is the same in each language."""
    stage.prefer("store:kim", language="ja")
    piece = piece_of(browser, upload(browser, "username,email\nedsger,e@example.org\nmary,no address\n"))

    page = browser.follow(browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email"}))
    browser.follow(browser.post(f"/work/{piece.id}", {"typed": "2"}))
    problems, report = (
        [*csv.DictReader(io.StringIO(browser.get(f"/work/{piece.id}/{name}.csv").body.decode("utf-8-sig")))]
        for name in ("problems", "report")
    )

    told = "3 行目：属性「メールアドレス」は、ada@example.org のようなメールアドレスにしてください。"  # noqa: RUF001 - a wide colon
    assert told in page.text
    assert "must be an address" not in page.text
    assert [*problems[0]][:5] == ["line", "key", "field", "code", "message"]
    assert problems[0]["説明"] == told
    assert [(row["outcome"], row["結果"], row["説明"]) for row in report] == [
        ("failed", "失敗", "ユーザー「edsger」はすでに存在します。"), ("failed", "失敗", told)
    ]  # fmt: skip


def test_what_an_import_takes_away_is_counted(stage, browser) -> None:
    """Removed attributes, memberships that end, and people who are disabled, before anybody says yes."""
    rows = "username,name,enabled,groups\nedsger,(none),false,(none)\n"
    piece = piece_of(browser, upload(browser, rows, removal="(none)"))

    choices = {"existing": "update", "medium": "email", "becomes.0": "name"}
    checked = piece_of(browser, browser.post(f"/work/{piece.id}/choices", choices))

    assert [checked.result[name] for name in ("removals", "memberships", "disablings")] == [1, 1, 1]
    assert stage.users.get_user("edsger").enabled


def test_one_can_choose_again_until_the_yes(stage, browser) -> None:
    """After the check the choices can be made anew; after the yes they cannot."""
    piece = piece_of(browser, upload(browser, TABLE))
    browser.follow(browser.post(f"/work/{piece.id}/choices", CHOICES))

    assert mapping(browser.follow(browser.post(f"/work/{piece.id}/again"))) == {"email": "email", "full name": ""}
    browser.follow(browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email"}))
    browser.follow(browser.post(f"/work/{piece.id}", {"typed": "2"}))
    assert browser.post(f"/work/{piece.id}/again").status == 409
    assert browser.post(f"/work/{piece.id}/choices", CHOICES).status == 409
    assert "name" not in stage.users.get_user("mary").attributes


def test_two_attributes_do_not_become_one(stage, browser) -> None:
    """A mapping in which one value would be lost is refused."""
    piece = piece_of(browser, upload(browser, TABLE))

    answer = browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email", "becomes.1": "email"})

    assert answer.status == 400
    assert "two attributes would become email" in answer.text.lower()
    assert browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "sub"}).status == 400


@pytest.mark.parametrize("ticked", [True, False])
def test_nobody_is_invited_unless_it_is_ticked(stage, browser, ticked: bool) -> None:
    """Only with the box ticked would messages be sent."""
    piece = piece_of(browser, upload(browser, TABLE))

    answer = browser.post(
        f"/work/{piece.id}/choices", {**CHOICES, **({"invite": "1"} if ticked else {}), "becomes.0": "email"}
    )

    assert piece_of(browser, answer).result["invitations"] == (2 if ticked else 0)


@pytest.mark.parametrize("existing", ["fail", "skip", "update"])
def test_who_exists_is_treated_as_chosen(stage, browser, existing: str) -> None:
    """Somebody who exists fails, is skipped, or is changed."""
    rows = "username,name\nedsger,E. W. Dijkstra\n"

    done = imported(browser, rows, {"existing": existing, "becomes.0": "name"})

    outcome = {"fail": "failed", "skip": "skipped", "update": "changed"}[existing]
    assert done.result["counts"][outcome] == 1
    assert (stage.users.get_user("edsger").attributes["name"] == "E. W. Dijkstra") == (existing == "update")


def test_an_import_locks_nobody_out(stage) -> None:
    """The account that acts and the last administrator stay enabled, whatever the file says."""
    browser = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("ada"))

    done = imported(browser, "username,enabled\nada,false\ngrace,false\n", {"existing": "update"})

    assert done.result["counts"]["failed"] >= 1
    assert stage.users.get_user("ada").enabled


# --- Formats -----------------------------------------------------------------------------------------


def file_in(name: str) -> bytes:
    """Mary, in that format."""
    file = io.BytesIO()
    record = UserRecord("mary", {"email": "mary@example.org", "email_verified": "true", "name": "Mary"})
    find_format(name).write([record], file)
    return file.getvalue()


@pytest.mark.parametrize("name", ["csv", "jsonl", "cognito-csv"])
@pytest.mark.parametrize("told", [True, False])
def test_the_format_is_found(stage, browser, name: str, told: bool) -> None:
    """Whatever installed format the file is in, also a backend's own, it is told or found by its content."""
    piece = piece_of(browser, upload(browser, file_in(name), format=name if told else ""))

    found = piece.kept(FOUND)
    assert (found["format"], found["rows"]) == (name, 1)
    assert {"email", "name"} <= found["attributes"].keys()


def test_an_encoding_that_is_not_told_is_refused_and_can_be_named(stage, browser) -> None:
    """Nothing is guessed: a file in Shift-JIS is refused until somebody says that it is."""
    content = TABLE.encode("cp932")

    refused = piece_of(browser, upload(browser, content))
    named = piece_of(browser, upload(browser, content, encoding="cp932"))

    assert refused.state is State.FAILED
    assert "Go on" in browser.get(f"/work/{refused.id}").text
    assert named.kept(FOUND)["rows"] == 2


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"no header\n", b"{}\n", b"username,username\na,b\n"])
def test_what_is_no_file_of_people_is_refused(stage, browser, content: bytes) -> None:
    """Whatever is uploaded, nothing breaks and nothing is written."""
    before = stage.state()
    answer = upload(browser, content)

    if answer.status == 303:
        piece = piece_of(browser, answer)
        assert browser.get(f"/work/{piece.id}").status == 200
        piece = piece_of(browser, browser.post(f"/work/{piece.id}/choices", CHOICES)) if piece.kept(FOUND) else piece
        assert piece.state is State.FAILED or piece.result["failing"] == piece.result["rows"]
    else:
        assert answer.status == 400
    assert stage.state() == before


def test_a_file_does_not_have_attributes_without_end(stage, browser) -> None:
    """As many as a page can ask about are taken, and one more is refused before all of them are remembered."""
    rows = [json.dumps({"username": f"u{n}", "attributes": {f"custom:{n}": "x"}}) for n in range(MOST_COLUMNS + 1)]

    most, more = (piece_of(browser, upload(browser, "\n".join(some))) for some in (rows[:-1], rows))

    assert (most.state, more.state) == (State.WAITING, State.FAILED)
    assert "more than 500 attributes" in browser.get(f"/work/{more.id}").text


# --- What is left behind -----------------------------------------------------------------------------


CSV = f"""username,password,email
mary,{SECRET},mary@example.org
hana,weakling,hana@example.org
zoe,{SECRET},none
"""
JSON_LINES = f"""{{"username":"mary","password":"{SECRET}","attributes":{{"email":"mary@example.org"}}}}
{{"username":"hana","password":"weakling"}}
{{"username":"zoe","password":["{SECRET}"]}}
"""


@pytest.mark.parametrize("rows", [pytest.param(CSV, id="csv"), pytest.param(JSON_LINES, id="json lines")])
def test_no_password_of_a_file_is_anywhere(stage, browser, caplog, rows: str) -> None:
    """Neither a page, nor a report, nor the log, nor a file that stays holds a password of a row, good or refused."""
    piece = piece_of(browser, upload(browser, rows))
    pages = [browser.get(f"/work/{piece.id}")]
    assert "2 rows have a first password" in pages[0].text
    pages.append(browser.follow(browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email"})))
    pages.append(browser.get(f"/work/{piece.id}/problems.csv"))
    pages.append(browser.follow(browser.post(f"/work/{piece.id}", {"typed": "3"})))
    pages.append(browser.get(f"/work/{piece.id}/report.csv"))

    assert stage.users.authenticate("mary", SECRET)
    kept = b"".join(file.read_bytes() for file in piece.folder.iterdir()).decode()
    for text in (*(page.text for page in pages), caplog.text, kept):
        assert SECRET not in text
        assert "weakling" not in text


def test_files_are_the_owners_alone_and_go_with_the_work(stage, browser) -> None:
    """An upload has the mode 0600, and goes after some days without anybody asking, or on a button."""
    first, second = (piece_of(browser, upload(browser, TABLE)) for _ in range(2))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in first.folder.iterdir()}
    assert modes <= {0o600}

    assert browser.post(f"/work/{first.id}/forget").path == "/import"
    assert not first.folder.exists()
    assert browser.get(f"/work/{first.id}").status == 404
    stage.clock.seconds += KEPT_DAYS * 86_400 + 3600
    stage.browser().get("/sign-in")
    assert not second.folder.exists()


def test_work_under_way_is_not_deleted(stage, browser, monkeypatch) -> None:
    """Its files stay while it runs; once it was stopped, they can go."""
    monkeypatch.setitem(stage.console.services.work._kinds, "export", waits_for_stop)
    answer = browser.post("/export")
    work, identity = stage.console.services.work, answer.path.rpartition("/")[2]

    assert browser.post(f"/work/{identity}/forget").status == 409
    browser.post(f"/work/{identity}/stop")
    assert "Stopped" in browser.follow(answer).text
    assert browser.post(f"/work/{identity}/forget").status == 303
    assert work.find(identity) is None


def waits_for_stop(running):
    """A kind of work that runs until it is stopped."""
    running.stop.wait(60)
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "cause",
    [
        AccessDeniedError("the credentials do not allow it"),
        OSError("/var/lib/secret"),
        ServiceUnavailableError("/var/lib/secret cannot be reached"),
    ],
)
def test_a_run_that_stops_says_why_and_no_path(stage, browser, monkeypatch, cause: Exception) -> None:
    """The reason is told, and not where the journal is on the server."""

    def stops(running):
        raise BulkStoppedError(f"stopped: start again with the journal {running.piece.folder}") from cause

    monkeypatch.setitem(stage.console.services.work._kinds, "export", stops)
    page = browser.follow(browser.post("/export"))

    assert ("The credentials do not allow it" in page.text) == isinstance(cause, AccessDeniedError)
    assert ("The store does not answer" in page.text) == isinstance(cause, ServiceUnavailableError)
    assert str(stage.console.services.config.folder) not in page.text
    assert "/var/lib" not in page.text


@pytest.mark.parametrize("kind", ["import", "export"])
def test_what_was_done_is_not_done_again(stage, browser, kind: str) -> None:
    """Work that was killed after its end, when its files were deleted already, is done when somebody goes on."""
    done = imported(browser, TABLE) if kind == "import" else stage.finished(browser.post("/export"))
    assert done.state is State.DONE
    stage.lose(done)

    again = stage.finished(browser.post(f"/work/{done.id}"))

    assert (again.state, again.result) == (State.DONE, done.result)


def test_an_import_goes_on_after_a_restart(stage, browser) -> None:
    """What a console was killed in is told by the next one, and gone on with; nobody is written twice."""
    piece = piece_of(browser, upload(browser, TABLE))
    browser.follow(browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.0": "email"}))
    piece.agree()
    stage.lose(piece)
    stage.users.add_user("mary", attributes={"email": "mary@example.org"})
    config = stage.console.services.config
    another = create_app(stage.users, stage.activity, config=config, now=stage.clock)
    again = type(browser)(another)
    again.cookie = browser.cookie

    page = again.get(f"/work/{piece.id}")
    done = piece_of(again, again.post(f"/work/{piece.id}"))
    another.close()

    assert "It broke off" in page.text
    assert (done.state, done.result["counts"]["created"], done.result["counts"]["failed"]) == (State.DONE, 1, 1)


def test_somebody_who_may_not_come_here_sends_no_file(stage) -> None:
    """Who is not signed in, or has another role, is turned away before the body is read, however large it is."""
    headers = {"content-length": str(10**12), "content-type": "multipart/form-data; boundary=x"}

    assert stage.browser().send("POST", "/import", headers=headers).status == 401
    assert stage.browser(Role.SUPPORT).send("POST", "/import", headers=headers).status == 403
    assert stage.browser(Role.ADMINISTRATOR).send("POST", "/import", headers=headers).status == 413


HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}\u202e"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_hostile_file_is_shown_as_text(stage, browser, language: str) -> None:
    """Names of files, attributes and people, and the errors about them, are text on every page and in every file."""
    stage.prefer("store:kim", language=language)
    line = json.dumps({"username": HOSTILE, "attributes": {HOSTILE: HOSTILE}, "groups": [HOSTILE]})
    formula = json.dumps({"username": "=1+1", "attributes": {"email": HOSTILE}})
    content = f"{line}\n{line}\n{formula}\n".encode()
    answer = browser.upload(
        "/import", {"format": "jsonl", "encoding": "", "removal": ""}, "<script>alert(1).x", content
    )
    pages = [browser.follow(answer)]
    piece = piece_of(browser, answer)
    pages.append(browser.follow(browser.post(f"/work/{piece.id}/choices", {**CHOICES, "becomes.1": "email"})))
    pages.append(browser.follow(browser.post(f"/work/{piece.id}", {"typed": "3"})))
    pages.append(browser.get("/import"))

    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "\u202e" not in page.text
        assert "\"'>{{" not in page.text
    for name in ("problems.csv", "report.csv"):
        rows = csv.reader(io.StringIO(browser.get(f"/work/{piece.id}/{name}").body.decode("utf-8-sig")))
        assert not [text for row in rows for text in row if text.startswith(("=", "+", "-", "@"))]


# --- Export ------------------------------------------------------------------------------------------


def test_an_export_is_one_archive(stage, browser, tmp_path: Path) -> None:
    """The archive holds everybody and all groups, as usermgr-bulk reads them, and is a file of its owner's alone."""
    answer = browser.post("/export")
    page = browser.follow(answer)
    piece = piece_of(browser, answer)
    archive = browser.get(f"/work/{piece.id}/export.zip")

    assert (archive.status, archive.header("cache-control")) == (200, "no-store")
    assert archive.header("content-disposition") == 'attachment; filename="export.zip"'
    zipfile.ZipFile(io.BytesIO(archive.body)).extractall(tmp_path)
    export = read_export(tmp_path / "export")
    assert {row.record.username for row in export.rows() if row.record} == {
        u.username for u in stage.users.iter_users()
    }
    assert export.manifest.files["users.jsonl"].sha256 in page.text
    assert stat.S_IMODE(piece.path("export.zip").stat().st_mode) == 0o600
    assert not piece.path("folder").exists()
    browser.post(f"/work/{piece.id}/forget")
    assert browser.get(f"/work/{piece.id}/export.zip").status == 404


@pytest.mark.parametrize("end", ["Stopped", "It broke off", "It failed", "packing"])
def test_an_export_goes_on(stage, browser, monkeypatch, tmp_path: Path, end: str) -> None:
    """One that was stopped, lost or failed goes on where it was, and what is left meanwhile goes with the work."""
    calls: list[str] = []
    find_users, list_groups = stage.users.find_users, stage.users.list_groups
    errors = {"Stopped": KeyboardInterrupt(), "It broke off": KeyboardInterrupt(), "It failed": AccessDeniedError()}

    def find(*given, **named):
        if not calls.count("find") and end in errors:
            calls.append("find")
            raise errors[end]
        return find_users(*given, **named)

    def groups(*given, **named):
        calls.append("groups")
        return list_groups(*given, **named)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage.users, "find_users", find)
    monkeypatch.setattr(stage.users, "list_groups", groups)
    with monkeypatch.context() as patched:
        if end == "packing":
            patched.setattr("usermgr_console._exports.zip_folder", full)
        answer = browser.post("/export")
        piece = piece_of(browser, answer)
    if end == "It broke off":
        stage.lose(piece)
    page = browser.get(answer.path)
    read = calls.count("groups")

    done = piece_of(browser, browser.post(f"/work/{piece.id}"))

    assert ("It failed" if end == "packing" else end) in page.text
    assert "Delete it all now" in page.text
    assert (done.state, calls.count("groups")) == (State.DONE, read)
    assert {path.name for path in done.folder.iterdir()} == {
        "facts.json", "state.json", "progress.json", "lock", "export.zip", "done.json"
    }  # fmt: skip


def test_an_export_is_its_owners_alone(stage, browser) -> None:
    """Another administrator cannot take it."""
    piece = piece_of(browser, browser.post("/export"))
    other = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("ada"))

    assert other.get(f"/work/{piece.id}/export.zip").status == 404
    assert "/work/" not in other.get("/export").text


def test_users_of_an_export_can_be_imported(stage, browser) -> None:
    """users.jsonl of the archive goes back in, and changes nobody."""
    piece = piece_of(browser, browser.post("/export"))
    archive = zipfile.ZipFile(io.BytesIO(browser.get(f"/work/{piece.id}/export.zip").body))
    looked = piece_of(browser, upload(browser, archive.read("export/users.jsonl"), "users.jsonl"))
    names = [name for name in looked.kept(FOUND)["attributes"] if name != "sub"]
    choices = {"existing": "update", **{f"becomes.{number}": name for number, name in enumerate(names)}}
    browser.follow(browser.post(f"/work/{looked.id}/choices", choices))

    done = piece_of(browser, browser.post(f"/work/{looked.id}", {"typed": "30"}))

    assert done.result["counts"]["unchanged"] == 30
