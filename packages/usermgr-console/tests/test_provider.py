"""Sign-in by OpenID Connect: at npm's oidc-provider, and at a provider that forges what a real one does not say."""

from __future__ import annotations

import base64
import hmac
import html
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.stub import PATIENCE, Server
from usermgr.audit import Audited, FileSink
from usermgr.errors import ConfigurationError
from usermgr_console import Config, Role, _provider, current_actor

from .conftest import CALLBACK, GROUPS, ORIGIN, SECRET, SIGNED_OUT, Answer, Browser, IdentityProvider, Stage


def begin(browser: Browser, following: str = "") -> str:
    """Presses the button: the address that the page leads on to."""
    page = browser.get("/sign-in")
    answer = browser.post("/sign-in/provider", {"next": following}, token=page.tokens()[0])
    assert answer.status == 200, answer.text
    return html.unescape(re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.text)[0])


def come_back(browser: Browser, address: str) -> Answer:
    """The provider's redirect, as a browser follows it."""
    assert address.startswith(f"{CALLBACK}?")
    return browser.get(address.removeprefix(ORIGIN), headers={"sec-fetch-site": "cross-site"})


def is_in(browser: Browser) -> bool:
    return browser.get("/preferences").status == 200


# --- A real provider ---------------------------------------------------------------------------------


@pytest.fixture
def make(make_stage, provider: IdentityProvider) -> Callable[..., Stage]:
    """Makes consoles in front of the provider, whose clock is right."""

    def made(**settings: Any) -> Stage:
        given = {
            "oidc_issuer": provider.issuer, "oidc_client_id": "console", "oidc_client_secret": SECRET,
            "oidc_scopes": "openid profile groups", **settings,
        }  # fmt: skip
        stage = make_stage(**given)
        stage.clock.seconds = time.time()
        return stage

    return made


@pytest.mark.parametrize(
    "client", [{}, {"oidc_client_id": "public", "oidc_client_secret": None}], ids=["secret", "public"]
)
def test_a_member_of_a_group_signs_in(make, provider: IdentityProvider, client: dict, caplog) -> None:
    """The way there and back opens a session under a new number, and neither log, page nor file has a token."""
    caplog.set_level(logging.DEBUG)
    stage = make(**client)
    provider.put("u-1", name="Kim <b>", groups=["support", "other"])
    browser = stage.browser()

    address = begin(browser, "/groups?cursor=")
    before = browser.cookie
    logged = caplog.text
    back = provider.sign_in(address, "u-1")
    caplog.clear()  # what the test's own browser was answered
    answer = come_back(browser, back)
    logged += caplog.text

    assert (answer.status, answer.path) == (303, "/groups?cursor=")
    assert browser.cookie != before
    person = stage.console.services.sessions.find(browser.cookie or "").person
    assert (person.name, person.role, person.sub, person.key) == ("Kim <b>", Role.SUPPORT, None, "oidc:u-1")
    page = browser.get("/people").text
    folder = stage.console.services.config.folder
    kept = b"".join(path.read_bytes() for path in folder.glob("console.db*")).decode("latin1")
    code = dict(parse_qsl(urlsplit(back).query))["code"]
    for secret in (code, "eyJ", SECRET):
        assert secret not in logged + kept + page + answer.text + str(answer.headers)


def test_an_answer_is_good_once(make, provider: IdentityProvider) -> None:
    """The same answer again, and its code in another sign-in of the same browser, open nothing."""
    stage = make()
    provider.put("u-1", groups=["support"])
    browser = stage.browser()
    first, before = provider.sign_in(begin(browser), "u-1"), browser.cookie
    assert come_back(browser, first).status == 303

    browser.cookie = before
    again = come_back(browser, first)
    state = parse_qs(urlsplit(begin(browser)).query)["state"][0]
    used = dict(parse_qsl(urlsplit(first).query)) | {"state": state}
    replayed = come_back(browser, f"{CALLBACK}?{urlencode(used)}")

    assert (again.status, replayed.status) == (403, 502)
    assert not is_in(browser)


def test_an_answer_is_its_own_browsers(make, provider: IdentityProvider) -> None:
    """An answer that another browser began, with another's state or none, or after ten minutes, is refused."""
    stage = make()
    provider.put("u-1", groups=["administrators"])
    mine, theirs = stage.browser(), stage.browser()
    my_state = parse_qs(urlsplit(begin(mine)).query)["state"][0]
    their_answer = provider.sign_in(begin(theirs), "u-1")
    mixed = dict(parse_qsl(urlsplit(their_answer).query)) | {"state": my_state}

    answers = [
        come_back(mine, their_answer),
        come_back(mine, f"{CALLBACK}?{urlencode(mixed)}"),  # their code: the verifier is another one
        come_back(mine, f"{CALLBACK}?code=x&state="),
        come_back(stage.browser(), their_answer),
    ]
    stage.clock.seconds += 601
    answers.append(come_back(theirs, their_answer))

    assert [answer.status for answer in answers] == [403, 502, 403, 403, 403]
    assert not is_in(mine)
    assert not is_in(theirs)


@pytest.mark.parametrize(
    "claims", [{}, {"groups": ["customers"]}, {"groups": {"support": True}}, {"groups": [["support"]]}]
)
def test_nobody_without_a_role_comes_in(make, provider: IdentityProvider, claims: dict) -> None:
    """Without a group that gives a role there is no session."""
    stage = make()
    provider.put("u-2", **claims)
    browser = stage.browser()

    answer = come_back(browser, provider.sign_in(begin(browser), "u-2"))

    assert answer.status == 403
    assert "no member of the staff" in answer.text
    assert not is_in(browser)


def test_who_stops_at_the_provider_gets_a_page(make, provider: IdentityProvider, caplog) -> None:
    """A refusal of the provider is a page of ours, which repeats nothing of it, and ends that sign-in."""
    browser = make().browser()
    back = provider.sign_in(begin(browser), None)

    answer = come_back(browser, back)

    assert answer.status == 403
    assert "You were not signed in" in answer.text
    assert "End-User" not in answer.text
    assert "access_denied" in caplog.text
    assert come_back(browser, back).status == 403


def test_another_providers_person_is_signed_in_for_an_hour(make, provider: IdentityProvider) -> None:
    """Nobody can look them up again, so their session ends sooner than others."""
    stage = make(idle=timedelta(hours=2))
    provider.put("u-1", groups=["support"])
    browser = stage.browser()
    come_back(browser, provider.sign_in(begin(browser), "u-1"))

    stage.clock.seconds += 3599
    before = is_in(browser)
    stage.clock.seconds += 1

    assert (before, is_in(browser)) == (True, False)


def test_a_change_is_recorded_with_the_providers_name_of_who_made_it(
    make, provider: IdentityProvider, tmp_path
) -> None:
    """What people call themselves is not what tells them apart."""
    log = tmp_path / "audit.jsonl"
    stage = make(wrap=lambda users: Audited(users, FileSink(log, b"k" * 32), current_actor))
    provider.put("u-1", name="Grace Hopper", groups=["administrators"])
    browser = stage.browser()
    come_back(browser, provider.sign_in(begin(browser), "u-1"))

    browser.post("/groups", {"name": "new", "description": ""})

    actor = json.loads(log.read_text())["actor"]
    assert (actor["name"], actor["details"]["name"]) == ("u-1", "Grace Hopper")


@pytest.fixture
def same(make, provider: IdentityProvider) -> tuple[Stage, Browser, Any]:
    """A provider whose people are the store's, and an administrator who signed in there."""
    stage = make(oidc_is_store=True)
    user = stage.users.get_user("grace")
    provider.put(user.sub, name="anything", groups=["administrators"])
    browser = stage.browser()
    assert come_back(browser, provider.sign_in(begin(browser), user.sub)).status == 303
    return stage, browser, user


def test_the_stores_own_people_are_protected_from_themselves(same) -> None:
    """Where the provider's people are the store's, nobody disables the account that they act with."""
    stage, browser, user = same

    answer = browser.post(f"/people/{user.sub}/disable", {"typed": user.username})

    assert answer.status == 409
    assert stage.users.get_user("grace").enabled


@pytest.mark.parametrize("change", ["disable_user", "delete_user", "leave"])
def test_the_stores_own_people_are_looked_up_again(same, provider: IdentityProvider, change: str) -> None:
    """Who was disabled, deleted or lost the role is out within a minute, and does not come in again."""
    stage, browser, user = same
    if change == "leave":
        stage.users.remove_user_from_group("grace", "administrators")
    else:
        getattr(stage.users, change)("grace")
    stage.clock.seconds += 60

    assert not is_in(browser)
    assert come_back(browser, provider.sign_in(begin(browser), user.sub)).status == 403
    assert not is_in(browser)


def test_sign_out_offers_the_providers(same, provider: IdentityProvider) -> None:
    """Sign-out ends our session, and the next page has a link that ends the provider's and leads back."""
    _, browser, _ = same

    answer = browser.post("/sign-out")
    page = browser.get(answer.path)

    link = html.unescape(re.findall(r'href="(http[^"]+session/end[^"]+)"', page.text)[0])
    assert dict(parse_qsl(urlsplit(link).query)) == {"client_id": "console", "post_logout_redirect_uri": SIGNED_OUT}
    assert not is_in(browser)


# --- A provider that forges --------------------------------------------------------------------------

KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "one"}) for _ in range(2))


class Forger:
    """A provider over HTTP whose answers tests change."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        forger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                forger.asked.append(self.path)
                answer = forger.answers[self.path]
                status, body = answer if isinstance(answer, tuple) else (200, answer)
                if callable(body):
                    body = body(self.server)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_: object) -> None: ...

        self.server = Server(Handler)
        self.issuer = self.server.url

    def reset(self) -> None:
        """An honest provider."""
        self.asked.clear()
        self.answers = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            },
            "/jwks": {"keys": [KEY.as_dict(private=False)]},
        }  # fmt: skip

    def claims(self, nonce: str) -> dict[str, Any]:
        """Those of a good token."""
        now = int(time.time())
        return {
            "iss": self.issuer, "aud": "console", "sub": "u-1", "groups": ["administrators"], "nonce": nonce,
            "iat": now, "exp": now + 300,
        }  # fmt: skip


@pytest.fixture(scope="module")
def forging() -> Iterator[Forger]:
    """The forger, listening."""
    forger = Forger()
    with forger.server:
        yield forger


@pytest.fixture(scope="module")
def forged_stage(staged, sample, tmp_path_factory, forging: Forger) -> Iterator[Stage]:
    """A console in front of the forger."""
    settings = {"oidc_issuer": forging.issuer, "oidc_client_id": "console"}
    running = staged(sample, tmp_path_factory.mktemp("forged"), **settings)
    yield next(running)
    next(running, None)


@pytest.fixture
def forged(forged_stage: Stage, forging: Forger) -> tuple[Stage, Forger]:
    """Both, as if nobody had asked before."""
    forging.reset()
    forged_stage.clock.seconds = time.time()
    services = forged_stage.console.services
    services.provider.close()
    services.provider = _provider.Provider(services.config, forged_stage.clock)
    return forged_stage, forging


def try_with(stage: Stage, forger: Forger, make_token: Callable[[dict[str, Any]], object], **query: str) -> Answer:
    """A sign-in whose code becomes that token; the answer to it, which is checked to be a plain one."""
    browser = stage.browser()
    asked = dict(parse_qsl(urlsplit(begin(browser)).query))
    forger.answers["/token"] = {"id_token": make_token(forger.claims(asked["nonce"])), "access_token": "a"}
    answer = come_back(browser, f"{CALLBACK}?{urlencode({'code': 'c', 'state': asked['state'], **query})}")
    assert is_in(browser) == (answer.status == 303)
    assert "Traceback" not in answer.text
    return answer


def sign(claims: dict[str, Any], key: Any = KEY, **header: str) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one", **header}, claims, key, algorithms=["RS256", "HS256"])


def unsigned(claims: dict[str, Any]) -> str:
    body = sign(claims).split(".")[1]
    return f"eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.{body}."  # {"alg":"none","kid":"one"}


def with_a_shared_key(claims: dict[str, Any]) -> str:
    """The public key, taken for a secret that both know."""
    signed = f"eyJhbGciOiJIUzI1NiIsImtpZCI6Im9uZSJ9.{sign(claims).split('.')[1]}"  # {"alg":"HS256","kid":"one"}
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    "change",
    [{}, {"aud": ["console"]}, {"aud": ["console", "other"], "azp": "console"}, {"groups": "administrators"}],
    ids=["plain", "list", "azp", "one group"],
)
def test_a_good_token_signs_in(forged, change: dict) -> None:
    """What the next test changes is good without the change."""
    assert try_with(*forged, lambda claims: sign(claims | change)).status == 303


FORGED: dict[str, Callable[[dict[str, Any]], object]] = {
    "another nonce": lambda c: sign(c | {"nonce": "other"}),
    "no nonce": lambda c: sign(without(c, "nonce")),
    "another audience": lambda c: sign(c | {"aud": "other"}),
    "another audience, by our leave": lambda c: sign(c | {"aud": "other", "azp": "console"}),
    "two audiences without azp": lambda c: sign(c | {"aud": ["console", "other"]}),
    "another azp": lambda c: sign(c | {"azp": "other"}),
    "no audience": lambda c: sign(without(c, "aud")),
    "expired": lambda c: sign(c | {"exp": c["iat"] - 61}),
    "no end": lambda c: sign(without(c, "exp")),
    "an end that is text": lambda c: sign(c | {"exp": "tomorrow"}),
    "from tomorrow": lambda c: sign(c | {"iat": c["iat"] + 86400}),
    "another issuer": lambda c: sign(c | {"iss": "https://evil.example"}),
    "no issuer": lambda c: sign(without(c, "iss")),
    "no sub": lambda c: sign(without(c, "sub")),
    "an empty sub": lambda c: sign(c | {"sub": ""}),
    "a sub that is a number": lambda c: sign(c | {"sub": 7}),
    "another access token's hash": lambda c: sign(c | {"at_hash": "other"}),
    "alg none": unsigned,
    "HS256 with the public key": with_a_shared_key,
    "another key": lambda c: sign(c, OTHER),
    "an unknown key": lambda c: sign(c, OTHER, kid="two"),
    "a claim changed after": lambda c: ".".join(
        [sign(c).split(".")[0], sign(c | {"sub": "u-2"}).split(".")[1], sign(c).split(".")[2]]
    ),
    "no token": lambda _: None,
    "no text": lambda _: 7,
    "no JWT": lambda _: "token",
    "a JWT of bytes": lambda _: "\u3042.b.c",
}


@pytest.mark.parametrize("make_token", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(forged, make_token, caplog) -> None:
    """Each of these is a page that says that the provider answers wrongly, and no session; the log says why."""
    answer = try_with(*forged, make_token)

    assert answer.status == 502
    assert "OpenID Connect: the" in caplog.text
    assert "eyJ" not in caplog.text + answer.text


def test_an_answer_of_another_provider_is_refused(forged) -> None:
    """An issuer in the answer that is not ours (RFC 9207) ends the sign-in before the code is sent anywhere."""
    stage, forger = forged

    answer = try_with(stage, forger, sign, iss="https://evil.example")
    untold = "/token" not in forger.asked
    forger.answers["/.well-known/openid-configuration"]["authorization_response_iss_parameter_supported"] = True
    stage.console.services.provider._described = None

    assert (answer.status, untold) == (502, True)
    assert try_with(stage, forger, sign).status == 502
    assert try_with(stage, forger, sign, iss=forger.issuer).status == 303


def test_new_keys_are_fetched(forged) -> None:
    """A provider that changes its keys signs in without a restart."""
    stage, forger = forged
    assert try_with(stage, forger, sign).status == 303
    forger.answers["/jwks"] = {"keys": [OTHER.as_dict(private=False)]}

    assert try_with(stage, forger, lambda claims: sign(claims, OTHER)).status == 303
    assert forger.asked.count("/jwks") == 2
    assert forger.asked.count("/.well-known/openid-configuration") == 1


BROKEN: dict[str, tuple[str, Any]] = {
    "keys without end": ("/jwks", {}),
    "keys that are text": ("/jwks", {"keys": "many"}),
    "keys of nothing": ("/jwks", {"keys": []}),
    "a key that is shared": ("/jwks", {"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldA", "kid": "one"}]}),
    "a key that is broken": ("/jwks", {"keys": [{"kty": "RSA", "n": "!", "e": 3, "kid": "one"}]}),
    "keys that are no JSON": ("/jwks", b"<html>"),
    "keys elsewhere": ("/jwks", lambda honest: (302, honest)),
    "keys of an error": ("/jwks", lambda honest: (500, honest)),
    "a refusal of the code": ("/token", (400, {"error": "invalid_grant"})),
    "a token elsewhere": ("/token", lambda honest: (302, honest)),
    "a token that is a list": ("/token", []),
    "far too much": ("/jwks", lambda honest: json.dumps(honest).encode() + b" " * 1024 * 1024),
    "silence": ("/token", lambda honest: lambda server: server.closing.wait(PATIENCE) and honest),
}


@pytest.mark.parametrize(("path", "body"), BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_a_page(forged, path: str, body: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the provider answers, or does not, ends in a page without a session, and redirects are not followed."""
    stage, forger = forged
    browser = stage.browser()
    asked = dict(parse_qsl(urlsplit(begin(browser)).query))
    stage.console.services.provider._client.timeout = 0.3 if body is BROKEN["silence"][1] else 60
    forger.answers["/token"] = {"id_token": sign(forger.claims(asked["nonce"]))}
    forger.answers["/elsewhere"] = forger.answers[path]
    forger.answers[path] = body(forger.answers[path]) if callable(body) else body

    answer = come_back(browser, f"{CALLBACK}?code=c&state={asked['state']}")

    assert answer.status == 502
    assert not is_in(browser)


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://login.example.org/auth"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://login.example.org/token"},
        {"jwks_uri": None},
    ],
)
def test_a_wrong_description_is_refused(forged, change: dict) -> None:
    """Another issuer's document, and addresses without TLS beyond this machine, lead nowhere."""
    stage, forger = forged
    forger.answers["/.well-known/openid-configuration"] |= change
    browser = stage.browser()

    assert browser.post("/sign-in/provider").status == 502
    assert browser.get("/sign-in").status == 200


def test_sign_ins_that_begin_and_do_not_end_are_limited(forged) -> None:
    """A browser can begin ten in a quarter of an hour."""
    stage, _ = forged
    browser = stage.browser()
    browser.get("/sign-in")

    answers = [browser.post("/sign-in/provider", address="192.0.2.99").status for _ in range(11)]

    assert answers == [200] * 10 + [429]


def test_a_user_pool_has_its_own_claim_and_sign_out() -> None:
    """Amazon Cognito's groups stand in `cognito:groups`, and its sign-out has parameters of its own."""
    issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc123"
    domain = "https://staff.auth.eu-west-1.amazoncognito.com"
    config = Config("https://people.example.org", None, oidc_issuer=issuer, oidc_client_id="c", **GROUPS)
    provider = _provider.Provider(config, time.time)
    provider._described = time.monotonic(), {"issuer": issuer, "authorization_endpoint": f"{domain}/oauth2/authorize"}

    identity = provider._identity({"sub": "u", "cognito:groups": ["support"], "groups": ["administrators"]})

    assert identity.groups == {"support"}
    assert provider.sign_out_url(SIGNED_OUT) == (
        f"{domain}/logout?client_id=c&logout_uri=https%3A%2F%2Fpeople.example.org%2Fsign-in"
    )
    provider.close()


def test_without_a_provider_there_is_no_such_page(stage) -> None:
    """A console without OpenID Connect neither shows it nor answers to it."""
    assert "/sign-in/provider" not in stage.browser().get("/sign-in").text
    assert stage.browser().get("/sign-in/callback?code=a&state=b").status == 404
    assert stage.browser().post("/sign-in/provider").status == 404


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"oidc_issuer": "http://login.example.org", "oidc_client_id": "c"}, "oidc_issuer"),
        ({"oidc_issuer": "https://login.example.org/#a", "oidc_client_id": "c"}, "oidc_issuer"),
        ({"oidc_issuer": "https://kim@login.example.org", "oidc_client_id": "c"}, "oidc_issuer"),
        ({"oidc_issuer": "https://login.example.org"}, "oidc_client_id"),
        ({"oidc_client_id": "c"}, "oidc_issuer"),
        ({"oidc_issuer": "https://login.example.org", "oidc_client_id": "c", "oidc_scopes": "email"}, "openid"),
        ({"oidc_absolute": timedelta()}, "oidc_absolute"),
    ],
)
def test_wrong_settings_are_named(settings: dict, problem: str, tmp_path) -> None:
    """A setting that cannot be is a ConfigurationError that names it."""
    with pytest.raises(ConfigurationError, match=problem):
        Config(ORIGIN, tmp_path, **settings)


def test_settings_come_from_the_environment(tmp_path) -> None:
    """Every member has a variable, and the secret is in no repr."""
    prefix = "USERMGR_CONSOLE_"
    environ = {
        f"{prefix}ORIGIN": ORIGIN, f"{prefix}FOLDER": str(tmp_path), f"{prefix}OIDC_ISSUER": "https://login.example.org",
        f"{prefix}OIDC_CLIENT_ID": "console", f"{prefix}OIDC_CLIENT_SECRET": SECRET,
        f"{prefix}OIDC_SCOPES": "openid roles", f"{prefix}OIDC_GROUPS_CLAIM": "roles",
        f"{prefix}OIDC_IS_STORE": "false", f"{prefix}OIDC_ABSOLUTE_MINUTES": "15",
    }  # fmt: skip

    config = Config.read(environ)

    assert (config.oidc_issuer, config.oidc_client_id, config.oidc_client_secret) == (
        "https://login.example.org", "console", SECRET,
    )  # fmt: skip
    assert (config.oidc_scopes, config.oidc_groups_claim, config.oidc_is_store) == ("openid roles", "roles", False)
    assert config.oidc_absolute == timedelta(minutes=15)
    assert SECRET not in repr(config)
