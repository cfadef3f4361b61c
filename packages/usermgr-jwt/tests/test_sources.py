"""Sources of keys, how the file is written, and the opt-in refresh; over real HTTP on the loopback interface."""

import contextlib
import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.stub import PATIENCE, Server
from usermgr_jwt import CognitoVerifier, HttpsSource, InvokeSource, JwksFile, pull
from usermgr_jwt.errors import KeysFileError, KeysInvalidError, KeysReplacementError, KeysSourceError, UnknownKeyError


@dataclass
class Site:
    """A web server whose answer a test sets."""

    url: str
    answer: Callable[[BaseHTTPRequestHandler], None]
    server: Server
    requests: list[str] = field(default_factory=list)

    def serve(self, document: bytes, status: int = 200, **headers: str) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(document)))
            handler.end_headers()
            handler.wfile.write(document)

        self.answer = answer


def trickling_headers(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"x: y\r\n")


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.requests.append(self.path)
            site.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    with Server(Handler) as server:
        site = Site(f"{server.url}/pool/.well-known/jwks.json", lambda _handler: None, server)
        yield site


class TestHttps:
    """The pool's address."""

    def test_the_address_of_a_pool(self):
        """A pool id alone is enough to know its address."""
        expected = "https://cognito-idp.ap-northeast-1.amazonaws.com/ap-northeast-1_AbCdEf123/.well-known/jwks.json"

        assert HttpsSource.for_pool("ap-northeast-1_AbCdEf123").name == expected

    @pytest.mark.parametrize(
        "url",
        [
            "http://example.com/jwks.json",
            "http://127.0.0.1.example.com/",
            "http://localhost@example.com/",
            "https://user:password@example.com/",
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
            "https://",
            "",
        ],
    )
    def test_only_https_or_loopback(self, url):
        """Keys that came over plain HTTP could be anybody's."""
        with pytest.raises(ValueError, match="url must"):
            HttpsSource(url)

    def test_it_reads_the_document(self, site, pool, compact):
        """A document comes back byte for byte."""
        site.serve(compact(pool.jwks()))

        assert HttpsSource(site.url).fetch() == compact(pool.jwks())
        assert site.requests == ["/pool/.well-known/jwks.json"]

    @pytest.mark.parametrize("status", [301, 302, 307, 403, 404, 500, 503])
    def test_a_bad_status_is_an_error(self, site, status):
        """An error page is not a document, and a redirect is not followed."""
        site.serve(b"{}", status, Location=site.url + "/elsewhere")

        with pytest.raises(KeysSourceError, match=f"status {status}"):
            HttpsSource(site.url).fetch()
        assert len(site.requests) == 1

    def test_what_the_network_can_do(self, site):
        """A closed port, a reply cut short, a reply without end and a reply that trickles are each the same error."""
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
            with pytest.raises(KeysSourceError, match="request failed"):
                HttpsSource(url).fetch()

        def silent(handler: BaseHTTPRequestHandler) -> None:
            handler.close_connection = True

        def endless(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
            for _ in range(40):
                handler.wfile.write(b" " * (1 << 16))

        def trickling(handler: Any) -> None:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
            while not handler.server.closing.wait(0.05):
                handler.wfile.write(b" ")

        def hanging(handler: Any) -> None:
            handler.server.closing.wait(PATIENCE)

        for answer, timeout, problem in (
            (silent, PATIENCE, "failed"),
            (endless, PATIENCE, "more than"),
            (trickling, 0.2, "longer than"),
            (trickling_headers, 0.2, "longer than"),
            (hanging, 0.2, "failed"),
        ):
            site.answer = answer
            started = time.monotonic()
            with pytest.raises(KeysSourceError, match=problem):
                HttpsSource(site.url, timeout=timeout).fetch()
            assert time.monotonic() - started < PATIENCE / 2

    def test_the_certificate_is_checked(self, site, tmp_path, monkeypatch, pool, compact):
        """A server whose certificate nobody vouches for is refused; with its authority in SSL_CERT_FILE it is read."""
        certificate, context = make_certificate(tmp_path), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
        site.serve(compact(pool.jwks()))
        url = site.url.replace("http://127.0.0.1", "https://localhost")

        with pytest.raises(KeysSourceError, match="CERTIFICATE_VERIFY_FAILED"):
            HttpsSource(url).fetch()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert HttpsSource(url).fetch() == compact(pool.jwks())
        with pytest.raises(KeysSourceError, match="CERTIFICATE_VERIFY_FAILED"):
            HttpsSource(url.replace("localhost", "127.0.0.1")).fetch()
        site.answer = trickling_headers
        with pytest.raises(KeysSourceError, match="longer than"):
            HttpsSource(url, timeout=1).fetch()  # with the handshake


def make_certificate(folder: Path) -> Path:
    """A certificate for the name localhost, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + built.public_bytes(Encoding.PEM))
    return path


class TestInvoke:
    """The download function."""

    def test_the_reply_is_the_document(self, pool, compact):
        """The function is invoked with an empty event and its reply is the document."""
        events = []

        def invoke(event: bytes) -> bytes:
            events.append(event)
            return compact(pool.jwks())

        assert InvokeSource(invoke).fetch() == compact(pool.jwks())
        assert events == [b"{}"]

    @pytest.mark.parametrize(
        ("reply", "problem"),
        [
            (b'{"error": {"code": "http", "message": "status 500"}}', "http: status 500"),
            (b'{"error": "x"}', "None: None"),
            (b"null", "not a strict JSON"),
            (b"", "not a strict JSON"),
        ],
    )
    def test_a_failure_is_an_error(self, reply, problem):
        """The function's own error, or a reply that is not JSON, is a KeysSourceError."""
        with pytest.raises(KeysSourceError, match=problem):
            InvokeSource(lambda _event: reply).fetch()


class TestPull:
    """Checking and writing."""

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "jwks.json"

    @pytest.fixture
    def source(self, pool, compact):
        return InvokeSource(lambda _event: compact(pool.jwks()))

    def test_it_writes_a_new_file(self, path, source, pool, compact):
        """The first pull makes a file that others may read (the keys are public), within the umask."""
        previous = os.umask(0o027)
        try:
            result = pull(source, path)
        finally:
            os.umask(previous)

        assert result == (["access-key", "id-key"], ["access-key", "id-key"], [])
        assert path.read_bytes() == compact(pool.jwks())
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_it_keeps_permissions_and_links(self, path, source):
        """The new file has the old one's mode and owner, and a symbolic link still points at it."""
        target = path.with_name("target.json")
        target.write_bytes(b"")
        target.chmod(0o604)
        if os.geteuid() == 0:
            with contextlib.suppress(OSError):  # root of a user namespace has no other ids to set
                os.chown(target, 1234, 2345)
        before = target.stat()
        path.symlink_to(target)

        pull(source, path)

        after = target.stat()
        assert path.is_symlink()
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
        assert JwksFile(path).current().key_ids == {"access-key", "id-key"}

    def test_it_is_durable_before_it_is_seen(self, path, source, monkeypatch):
        """The file is synced before the rename, and its folder after it."""
        steps = []
        fsync, rename = os.fsync, os.replace

        def recorded_fsync(descriptor: int) -> None:
            steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
            fsync(descriptor)

        def recorded_rename(old: str, new: str) -> None:
            steps.append("rename")
            rename(old, new)

        monkeypatch.setattr(os, "fsync", recorded_fsync)
        monkeypatch.setattr(os, "replace", recorded_rename)
        pull(source, path)

        assert steps == ["file", "rename", "folder"]

    def test_the_same_keys_make_the_file_young(self, path, source):
        """A pull that finds no change reports none, and the file's age begins again."""
        pull(source, path)
        os.utime(path, (1, 1))

        assert pull(source, path) == (["access-key", "id-key"], [], [])
        assert path.stat().st_mtime > 1

    def test_a_rotation_is_accepted(self, path, source, pool, stranger, compact_jwks):
        """One key stays, one comes, one goes."""
        pull(source, path)
        rotated = compact_jwks({"new-key": stranger, "id-key": pool.keys["id-key"]})

        assert pull(InvokeSource(lambda _event: rotated), path) == (
            ["id-key", "new-key"],
            ["new-key"],
            ["access-key"],
        )

    def test_an_empty_broken_or_foreign_set_is_refused(self, path, source, pool, other_pool, stranger, compact_jwks):
        """Good keys are never replaced by none, by junk, by another pool's, or by others under the same ids."""
        pull(source, path)
        good = path.read_bytes()
        for document, error in [
            (b'{"keys": []}', KeysInvalidError),
            (b'{"keys": [', KeysSourceError),
            (b"{}", KeysInvalidError),
            (compact_jwks({"other-1": stranger}), KeysReplacementError),
            (compact_jwks(other_pool.keys), KeysReplacementError),
            (compact_jwks(pool.keys | {"id-key": stranger}), KeysReplacementError),
        ]:
            with pytest.raises(error):
                pull(InvokeSource(lambda _event, document=document: document), path)
            assert path.read_bytes() == good
        assert [file.name for file in path.parent.iterdir()] == ["jwks.json"]

    def test_replacing_all_can_be_meant(self, path, source, stranger, compact_jwks):
        """replace_all=True accepts another pool's keys."""
        pull(source, path)

        result = pull(InvokeSource(lambda _event: compact_jwks({"x": stranger})), path, replace_all=True)

        assert result == (["x"], ["x"], ["access-key", "id-key"])

    def test_a_broken_file_protects_nothing(self, path, source):
        """A file without good keys is replaced."""
        path.write_bytes(b"{")

        assert pull(source, path).added == ["access-key", "id-key"]

    @pytest.mark.parametrize("failing", ["fsync", "replace", "open"])
    def test_a_full_disk_leaves_the_old_file(self, path, source, monkeypatch, failing):
        """When writing fails, the old file is as it was, nothing is left beside it, and the error says why."""
        pull(source, path)
        good = path.read_bytes()

        def fail(*args: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, failing, fail)
        with pytest.raises(KeysFileError, match="No space left"):
            pull(source, path)
        monkeypatch.undo()

        assert path.read_bytes() == good
        assert [file.name for file in path.parent.iterdir()] == ["jwks.json"]

    def test_a_relative_path_is_fixed_before_the_source_is_asked(self, path, pool, compact, monkeypatch):
        """A source that changes the working folder does not change which file is written."""
        elsewhere = path.parent / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(path.parent)

        def invoke(_event: bytes) -> bytes:
            os.chdir(elsewhere)
            return compact(pool.jwks())

        pull(InvokeSource(invoke), path.name)

        assert path.exists()
        assert list(elsewhere.iterdir()) == []

    def test_a_folder_that_is_not_there(self, path, source):
        """The folder is not made: a wrong path is an error."""
        with pytest.raises(KeysFileError, match="cannot be written"):
            pull(source, path.parent / "none" / "jwks.json")


class TestRefresh:
    """Unknown key ids, and the network."""

    @pytest.fixture
    def clock(self):
        class Clock:
            now = time.time() + 60  # the file on disk is a minute old

            def __call__(self) -> float:
                return self.now

        return Clock()

    @staticmethod
    def wait_for_refresh() -> None:
        for thread in threading.enumerate():
            if thread.name == "usermgr-jwt-refresh":
                thread.join(5)

    def refuse(self, verifier, token, times=1):
        for _ in range(times):
            with pytest.raises(UnknownKeyError):
                verifier.verify(token)

    def test_10000_unknown_key_ids_fetch_once(self, show, settings, jwks_path, pool, compact, site, clock):
        """However many invented key ids come, there is one fetch in 10 seconds, and one more in the next 10."""
        site.serve(compact(pool.jwks()))
        keys = JwksFile(jwks_path, refresh_from=HttpsSource(site.url), now=clock)
        verifier = CognitoVerifier(**settings | {"keys": keys})
        _, payload, signature = pool.token().split(".")
        for number in range(10_000):
            header = pool.token_header(f"made-up-{number}")
            self.refuse(verifier, f"{header}.{payload}.{signature}")
            clock.now += 0.0009  # 9 seconds in all
        self.wait_for_refresh()
        assert len(site.requests) == 1

        clock.now += 11
        os.utime(jwks_path, (clock.now - 11, clock.now - 11))
        self.refuse(verifier, pool.token(header={"kid": "x"}), times=100)
        self.wait_for_refresh()
        assert len(site.requests) == 2
        show("unknown key ids: 10,000 in 9 s, 1 fetch")

    def test_none_when_offline(self, settings, pool, no_sockets, show):
        """Without refresh_from, 10,000 unknown key ids open no socket and start no refresh."""
        verifier = CognitoVerifier(**settings)
        with no_sockets() as opened:
            for number in range(10_000):
                self.refuse(verifier, f"{pool.token_header(f'made-up-{number}')}.e30.AA")
        assert opened == []
        assert all(thread.name != "usermgr-jwt-refresh" for thread in threading.enumerate())
        show("unknown key ids: 10,000 offline, 0 sockets")

    def test_a_rotated_key_arrives(self, settings, jwks_path, pool, stranger, compact_jwks, site, clock):
        """A token of a new key is refused at first, starts the refresh, and is accepted after it."""
        site.serve(compact_jwks(pool.keys | {"rotated": stranger}))
        keys = JwksFile(jwks_path, refresh_from=HttpsSource(site.url), now=clock)
        verifier = CognitoVerifier(**settings | {"keys": keys})
        token = pool.token(key=stranger, key_id="rotated")

        self.refuse(verifier, token)
        self.wait_for_refresh()
        clock.now += 1

        assert verifier.verify(token).username == "alice"

    def test_a_failing_refresh_is_logged_and_changes_nothing(self, settings, jwks_path, pool, site, clock, caplog):
        """The good keys stay; the log has one warning, without the token."""
        site.serve(b"", 500)
        keys = JwksFile(jwks_path, refresh_from=HttpsSource(site.url), now=clock)
        verifier = CognitoVerifier(**settings | {"keys": keys})
        token = pool.token(header={"kid": "x"})

        self.refuse(verifier, token, times=5)
        self.wait_for_refresh()

        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert "status 500" in caplog.text
        assert token not in caplog.text
        assert verifier.verify(pool.token()).username == "alice"

    @pytest.mark.parametrize(
        "failure",
        [RuntimeError("secret"), KeyError("secret"), OSError(5, "secret"), SystemError(), SystemExit("secret")],
    )
    def test_whatever_invoke_raises_is_one_warning(self, settings, jwks_path, pool, clock, caplog, failure):
        """An error that is not ours is logged once, by its class alone: its message may quote a credential."""

        def invoke(_event: bytes) -> bytes:
            raise failure

        keys = JwksFile(jwks_path, refresh_from=InvokeSource(invoke), now=clock)
        verifier = CognitoVerifier(**settings | {"keys": keys})

        self.refuse(verifier, pool.token(header={"kid": "x"}), times=5)
        self.wait_for_refresh()

        expected = [("WARNING", f"the JWKS file was not refreshed: {type(failure).__name__}")]
        assert [(record.levelname, record.getMessage()) for record in caplog.records] == expected
        assert verifier.verify(pool.token()).username == "alice"

    def test_no_thread_to_be_had_is_one_warning(self, settings, jwks_path, pool, clock, caplog, monkeypatch):
        """Where the process may start no more threads, the token is refused as ever and the log has one warning."""

        def start(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        keys = JwksFile(jwks_path, refresh_from=InvokeSource(lambda _event: b"{}"), now=clock)
        verifier = CognitoVerifier(**settings | {"keys": keys})
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start)
            self.refuse(verifier, pool.token(header={"kid": "x"}), times=5)

        assert [record.getMessage() for record in caplog.records] == [
            "the JWKS file was not refreshed: can't start new thread"
        ]
        assert verifier.verify(pool.token()).username == "alice"

    def test_processes_share_the_limit_through_the_file(self, settings, jwks_path, pool, compact, site, clock):
        """A file that another process has just replaced is not pulled again."""
        site.serve(compact(pool.jwks()))
        os.utime(jwks_path, (clock.now - 5, clock.now - 5))
        keys = JwksFile(jwks_path, refresh_from=HttpsSource(site.url), now=clock)

        self.refuse(CognitoVerifier(**settings | {"keys": keys}), pool.token(header={"kid": "x"}))
        self.wait_for_refresh()

        assert site.requests == []

    def test_a_good_token_never_opens_a_socket(self, settings, jwks_path, pool, site, no_sockets):
        """verify() itself opens none, even where a refresh is allowed."""
        keys = JwksFile(jwks_path, refresh_from=HttpsSource(site.url))
        verifier = CognitoVerifier(**settings | {"keys": keys})

        with no_sockets() as opened:
            verifier.verify(pool.token())
        assert opened == []
