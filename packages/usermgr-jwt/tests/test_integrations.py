"""The integrations, each in its real framework: status codes, challenges (RFC 6750) and claims."""

import asyncio
import logging
import types
from collections.abc import Callable, Mapping
from typing import Annotated, NamedTuple

import fastapi
import flask
import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from usermgr_jwt import Claims, CognitoVerifier, JwksFile
from usermgr_jwt.integrations._bearer import BearerCheck
from usermgr_jwt.integrations.fastapi import CognitoBearer as FastApiBearer
from usermgr_jwt.integrations.flask import token_required as flask_token_required
from usermgr_jwt.integrations.starlette import CognitoBearer as StarletteBearer
from usermgr_jwt.integrations.starlette import VaryMiddleware

CHALLENGE = 'Bearer realm="api"'


class Answer(NamedTuple):
    status: int
    challenge: str | None
    retry_after: str | None
    text: str
    vary: str | None


class Verifiers(NamedTuple):
    good: CognitoVerifier
    without_keys: CognitoVerifier


Get = Callable[[str, str | None], Answer]  # path, Authorization header


@pytest.fixture
def verifiers(settings, tmp_path) -> Verifiers:
    return Verifiers(CognitoVerifier(**settings), CognitoVerifier(**settings | {"keys": JwksFile(tmp_path / "none")}))


def starlette_app(verifiers: Verifiers) -> Get:
    def route(path: str, bearer: StarletteBearer) -> Route:
        async def endpoint(request: Request) -> JSONResponse:
            claims = await bearer(request)
            return JSONResponse({"user": claims.username})

        return Route(path, endpoint)

    app = Starlette(
        routes=[
            route("/", StarletteBearer(verifiers.good)),
            route("/admins", StarletteBearer(verifiers.good, groups=["admins"])),
            route("/root", StarletteBearer(verifiers.good, groups=["root"])),
            route("/write", StarletteBearer(verifiers.good, scopes=["orders/write", "orders/admin"])),
            route("/no-keys", StarletteBearer(verifiers.without_keys)),
        ],
        middleware=[Middleware(VaryMiddleware)],
    )
    return http_client(app)


def fastapi_app(verifiers: Verifiers) -> Get:
    app = fastapi.FastAPI()

    def route(path: str, bearer: FastApiBearer) -> None:
        @app.get(path)
        def endpoint(claims: Annotated[Claims, fastapi.Depends(bearer)]) -> dict[str, str | None]:
            return {"user": claims.username}

    route("/", FastApiBearer(verifiers.good))
    route("/admins", FastApiBearer(verifiers.good, groups=["admins"]))
    route("/root", FastApiBearer(verifiers.good, groups=["root"]))
    route("/write", FastApiBearer(verifiers.good, scopes=["orders/write", "orders/admin"]))
    route("/no-keys", FastApiBearer(verifiers.without_keys))
    schema = app.openapi()
    assert schema["components"]["securitySchemes"]["CognitoBearer"]["scheme"] == "bearer"
    assert schema["paths"]["/"]["get"]["security"] == [{"CognitoBearer": []}]
    return http_client(app)


def http_client(app: Callable[..., object]) -> Get:
    def get(path: str, authorization: str | None) -> Answer:
        return asgi_get(app, path, [] if authorization is None else [("Authorization", authorization)])

    return get


def asgi_get(app: Callable[..., object], path: str, headers: list[tuple[str, str]]) -> Answer:
    async def request() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path, headers=headers)

    response = asyncio.run(request())
    return answer_of(response.status_code, response.headers, response.text)


def answer_of(status: int, headers: Mapping[str, str], text: str) -> Answer:
    names = ("WWW-Authenticate", "Retry-After", "Vary")
    challenge, retry, vary = (headers.get(name) for name in names)
    return Answer(status, challenge, retry, text, vary)


def flask_app(verifiers: Verifiers) -> Get:
    app = flask.Flask("test")

    def route(path: str, **options: object) -> None:
        @app.get(path, endpoint=path)
        @flask_token_required(options.pop("verifier", verifiers.good), **options)
        def endpoint() -> dict[str, str]:
            return {"user": flask.g.claims.username}

    route("/")
    route("/admins", groups="admins")
    route("/root", groups="root")
    route("/write", scopes=["orders/write", "orders/admin"])
    route("/no-keys", verifier=verifiers.without_keys)
    client = app.test_client()

    def get(path: str, authorization: str | None) -> Answer:
        response = client.get(path, headers={} if authorization is None else {"Authorization": authorization})
        return answer_of(response.status_code, response.headers, response.text)

    return get


def django_client(verifiers: Verifiers, *, asynchronous: bool) -> Get:
    from django.test import AsyncClient, Client, override_settings  # noqa: PLC0415 - needs the settings

    def get(path: str, authorization: str | None) -> Answer:
        verifier = verifiers.without_keys if path == "/no-keys" else verifiers.good
        with override_settings(USERMGR_JWT_VERIFIER=verifier):
            if asynchronous:
                headers = {} if authorization is None else {"Authorization": authorization}
                response = asyncio.run(AsyncClient().get(path, headers=headers))
            else:
                extra = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
                response = Client().get(path, **extra)
        return answer_of(response.status_code, response.headers, response.content.decode())

    return get


def django_routes(view: Callable[..., object]) -> list[object]:
    """The pages that every application here has, of views that `view` makes with the rights of each."""
    from django.urls import path  # noqa: PLC0415 - needs the settings

    return [
        path("", view()),
        path("admins", view(groups="admins")),
        path("root", view(groups=["root"])),
        path("write", view(scopes=["orders/write", "orders/admin"])),
        path("no-keys", view()),
    ]


def django_app(verifiers: Verifiers, urls: types.ModuleType, *, asynchronous: bool) -> Get:
    from django.http import HttpRequest, JsonResponse  # noqa: PLC0415
    from django.urls import clear_url_caches, path  # noqa: PLC0415

    from usermgr_jwt.integrations.django import token_required  # noqa: PLC0415

    def view(**options: object) -> Callable[..., object]:
        def endpoint(request: HttpRequest) -> JsonResponse:
            return JsonResponse({"user": request.claims.username})

        async def async_endpoint(request: HttpRequest) -> JsonResponse:
            return JsonResponse({"user": request.claims.username})

        return token_required(**options)(async_endpoint if asynchronous else endpoint)

    def public(request: HttpRequest) -> JsonResponse:
        return JsonResponse({"claims": request.claims})

    urls.urlpatterns[:] = [*django_routes(view), path("public", public)]
    clear_url_caches()
    return django_client(verifiers, asynchronous=asynchronous)


def drf_app(verifiers: Verifiers, urls: types.ModuleType) -> Get:
    from django.test import override_settings  # noqa: PLC0415
    from django.urls import clear_url_caches  # noqa: PLC0415
    from rest_framework.response import Response  # noqa: PLC0415
    from rest_framework.views import APIView  # noqa: PLC0415

    from usermgr_jwt.integrations.drf import CognitoAuthentication, requires  # noqa: PLC0415

    def view(**options: object) -> Callable[..., object]:
        class View(APIView):
            authentication_classes = (CognitoAuthentication,)
            permission_classes = (requires(**options),)

            def get(self, request: object) -> Response:
                assert request.user.is_authenticated
                assert str(request.user) == request.auth.username
                return Response({"user": request.user.username})

        return View.as_view()

    urls.urlpatterns[:] = django_routes(view)
    clear_url_caches()
    get = django_client(verifiers, asynchronous=False)

    def get_without_middleware(path: str, authorization: str | None) -> Answer:
        with override_settings(MIDDLEWARE=[]):
            return get(path, authorization)

    return get_without_middleware


@pytest.fixture(params=["starlette", "fastapi", "flask", "django", "django-async", "drf"])
def get(request, verifiers) -> Get:
    match request.param:
        case "starlette":
            return starlette_app(verifiers)
        case "fastapi":
            return fastapi_app(verifiers)
        case "flask":
            return flask_app(verifiers)
        case "drf":
            return drf_app(verifiers, request.getfixturevalue("configured_django"))
    urls = request.getfixturevalue("configured_django")
    return django_app(verifiers, urls, asynchronous=request.param == "django-async")


def test_a_good_token_reaches_the_view(get, pool):
    """200, with the claims at hand, whatever the case of the scheme."""
    for path, scheme in (("/", "Bearer"), ("/", "bearer"), ("/", "BEARER"), ("/admins", "Bearer")):
        answer = get(path, f"{scheme} {pool.token()}")
        assert (answer.status, answer.challenge) == (200, None)
        assert "alice" in answer.text


def test_every_answer_varies_on_the_header(get, pool):
    """The answer depends on the Authorization header and its `Vary` names it, whether the request is denied or not."""
    token = f"Bearer {pool.token()}"
    for path, authorization, status in [
        ("/", token, 200),
        ("/", None, 401),
        ("/", "Bearer x", 401),
        ("/root", token, 403),
        ("/write", token, 403),
        ("/no-keys", token, 503),
    ]:
        answer = get(path, authorization)

        assert (answer.status, answer.vary) == (status, "Authorization")


@pytest.mark.parametrize("authorization", [None, "", "Basic YWxpY2U6cGFzcw==", "Bearer", "token"])
def test_without_a_token_it_is_401(get, authorization):
    """401 with a bare challenge: no error code for a client that has not tried (RFC 6750, 3.1)."""
    answer = get("/", authorization)

    assert answer.status == 401
    assert answer.challenge in (CHALLENGE, f'{CHALLENGE}, error="invalid_token", error_description="token_format"')
    assert ("error" in answer.challenge) is (authorization == "Bearer")
    assert "alice" not in answer.text


def test_a_bad_token_is_401(get, pool, stranger):
    """401 with error="invalid_token" and our code, and nothing of the token or its claims in the answer."""
    for token, code in [
        ("garbage", "token_format"),
        ("a b", "token_format"),
        (f"{pool.token()}, Bearer {pool.token()}", "token_format"),
        (pool.token(pool.access_claims(exp=1)), "token_expired"),
        (pool.token(key=stranger), "token_signature"),
        (pool.token(header={"kid": 'x", evil="'}), "unknown_key"),
        (pool.token(pool.access_claims(client_id='x", evil="')), "token_client"),
        (pool.token(pool.id_claims()), "token_use"),
    ]:
        answer = get("/", f"Bearer {token}")
        assert answer.status == 401
        assert answer.challenge == f'{CHALLENGE}, error="invalid_token", error_description="{code}"'
        assert token not in answer.text
        assert "evil" not in answer.text


def test_a_missing_right_is_403(get, pool):
    """403 with error="insufficient_scope", and the scopes that would do."""
    group, scope = get("/root", f"Bearer {pool.token()}"), get("/write", f"Bearer {pool.token()}")

    insufficient = f'{CHALLENGE}, error="insufficient_scope", error_description='
    assert (group.status, group.challenge) == (403, f'{insufficient}"token_group"')
    assert (scope.status, scope.challenge) == (403, f'{insufficient}"token_scope", scope="orders/admin orders/write"')


def test_missing_keys_are_503(get, pool, caplog):
    """503 with Retry-After and no challenge: it is not the token's fault. The log names what is missing."""
    with caplog.at_level(logging.ERROR, "usermgr_jwt"):
        answer = get("/no-keys", f"Bearer {pool.token()}")

    assert (answer.status, answer.challenge, answer.retry_after) == (503, None, "10")
    assert any("no JWKS file" in record.message for record in caplog.records)
    assert pool.token() not in caplog.text


def test_a_right_of_the_verifier_itself_is_403(settings, pool):
    """Groups and scopes that the verifier asks for are answered like those that the route asks for."""
    app = Starlette(routes=[])

    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse((await bearer(request)).to_dict())

    bearer = StarletteBearer(CognitoVerifier(**settings, groups=["root"]))
    app.add_route("/", endpoint)

    assert http_client(app)("/", f"Bearer {pool.token()}").status == 403


def test_two_authorization_headers_are_not_a_token(verifiers, pool):
    """A second header is not a way around the first."""
    app = Starlette(routes=[])
    bearer = StarletteBearer(verifiers.good)

    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse((await bearer(request)).to_dict())

    app.add_route("/", endpoint)
    header = ("Authorization", f"Bearer {pool.token()}")

    assert asgi_get(app, "/", [header]).status == 200
    assert asgi_get(app, "/", [header, ("Authorization", "Bearer x")]).status == 401


class TestDjango:
    """What is Django's own."""

    def test_public_pages_stay_public(self, verifiers, configured_django, pool):
        """Without a token, or with another scheme, the middleware only sets claims to None."""
        get = django_app(verifiers, configured_django, asynchronous=False)

        assert get("/public", None).text == '{"claims": null}'
        assert get("/public", "Basic x").status == 200
        assert get("/public", "Bearer x").status == 401

    def test_the_verifier_by_its_path(self, verifiers, configured_django, pool, monkeypatch):
        """The setting may be a dotted path; a missing one is a clear error."""
        from django.test import override_settings  # noqa: PLC0415

        from usermgr_jwt.integrations.django import configured_verifier, token_required  # noqa: PLC0415

        monkeypatch.setattr(configured_django, "verifier", verifiers.good, raising=False)
        with override_settings(USERMGR_JWT_VERIFIER=f"{configured_django.__name__}.verifier"):
            assert configured_verifier() is verifiers.good
        with pytest.raises(ImproperlyConfigured, match="USERMGR_JWT_VERIFIER"):
            configured_verifier()
        with pytest.raises(ImproperlyConfigured, match="cognito_middleware"):
            token_required()(lambda _request: None)(object())


def test_settings_of_a_check_are_checked(verifiers):
    """A realm that would break the header, and empty groups, are refused when the application starts."""
    for options in ({"realm": 'a"b'}, {"realm": "a\r\nb"}, {"groups": []}, {"scopes": ""}):
        with pytest.raises(ValueError, match="must"):
            BearerCheck(verifiers.good, **options)
