"""What is a framework's own: its ways of asking, its WebSockets, its caches, its preflights."""

import asyncio
from typing import Annotated

import fastapi
import flask
import httpx
import pytest
from fastapi.responses import PlainTextResponse
from flask.views import MethodView
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from usermgr_jwt import Claims, CognitoVerifier, JwksFile
from usermgr_jwt.integrations.fastapi import CognitoBearer, VaryMiddleware
from usermgr_jwt.integrations.flask import token_required
from usermgr_jwt.integrations.starlette import CognitoBearer as StarletteBearer

CHALLENGE = 'Bearer realm="api"'
PREFLIGHT = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def request(app, path: str, headers: dict[str, str], method: str = "GET") -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


def websocket(app, path: str, headers: dict[str, str]) -> list[tuple[object, ...]]:
    """What an application sends to a client that opens a WebSocket: type, and text or code and reason."""
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
    }
    sent = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        sent.append(tuple(message[name] for name in ("type", "text", "code", "reason") if message.get(name)))

    asyncio.run(app(scope, receive, send))
    return sent


OPENED = [("websocket.accept",), ("websocket.send", "alice"), ("websocket.close", 1000)]


class TestFastApi:
    """Security(), WebSockets, and responses that an endpoint makes itself."""

    @pytest.fixture
    def app(self, verifier):
        app, signed_in = fastapi.FastAPI(), CognitoBearer(verifier)

        def user(claims: Annotated[Claims, fastapi.Depends(signed_in)]) -> str | None:
            return claims.username

        @app.get("/both")
        def both(
            claims: Annotated[Claims, fastapi.Security(signed_in, scopes=["orders/read", "orders/write"])],
        ) -> dict[str, str | None]:
            return {"user": claims.username}

        @app.get("/nested")
        def nested(name: Annotated[str, fastapi.Security(user, scopes=["orders/write"])]) -> dict[str, str]:
            return {"user": name}

        @app.get("/router", dependencies=[fastapi.Security(signed_in, scopes=["orders/write"])])
        def routed(claims: Annotated[Claims, fastapi.Depends(signed_in)]) -> dict[str, str | None]:
            return {"user": claims.username}

        @app.get("/own")
        def own(claims: Annotated[Claims, fastapi.Depends(signed_in)]) -> PlainTextResponse:
            return PlainTextResponse(claims.username or "")

        @app.get("/public")
        def public() -> dict[str, str]:
            return {}

        return app

    @pytest.mark.parametrize("path", ["/both", "/nested", "/router"])
    def test_scopes_of_security_are_all_required(self, app, pool, path):
        """Security(scopes=[...]) is enforced where it is written, above it and beside it; 403 names the scopes."""
        wanted = "orders/read orders/write" if path == "/both" else "orders/write"
        good = pool.token(pool.access_claims(scope="orders/write orders/read"))
        denied = request(app, path, bearer(pool.token(pool.access_claims(scope="orders/read"))))

        assert request(app, path, bearer(good)).json() == {"user": "alice"}
        assert denied.status_code == 403
        assert denied.headers["WWW-Authenticate"] == (
            f'{CHALLENGE}, error="insufficient_scope", error_description="token_scope", scope="{wanted}"'
        )
        assert denied.headers["Vary"] == "Authorization"
        assert request(app, path, {}).status_code == 401

    def test_scopes_of_security_are_documented(self, app):
        """The OpenAPI document has the scopes of the route."""
        [requirement] = app.openapi()["paths"]["/both"]["get"]["security"]

        assert requirement == {"CognitoBearer": ["orders/read", "orders/write"]}

    def test_it_can_be_called_with_a_request_alone(self, verifier, pool):
        """As in Starlette, a bearer answers a call with nothing but the connection."""
        app, signed_in = fastapi.FastAPI(), CognitoBearer(verifier)

        @app.get("/")
        async def endpoint(request: fastapi.Request) -> dict[str, str | None]:
            return {"user": (await signed_in(request)).username}

        assert request(app, "/", bearer(pool.token())).json() == {"user": "alice"}
        assert request(app, "/", {}).status_code == 401

    def test_the_middleware_reaches_an_endpoints_own_response(self, app, pool):
        """A Response that the endpoint makes varies with the middleware; a page that asks no bearer never does."""
        app.add_middleware(VaryMiddleware)

        for path, vary in (("/own", "Authorization"), ("/public", None)):
            assert request(app, path, bearer(pool.token())).headers.get("Vary") == vary
        assert request(app, "/both", {}).headers.get_list("Vary") == ["Authorization"]

    @pytest.mark.parametrize("how", ["dependency", "parameter"])
    def test_websockets(self, verifier, pool, how):
        """A WebSocket with a good token is opened; without one the handshake is refused with 1008 and the code."""
        signed_in = CognitoBearer(verifier)
        router = fastapi.APIRouter(dependencies=[fastapi.Depends(signed_in)] if how == "dependency" else [])
        wanted = fastapi.Security(signed_in, scopes=["orders/read"])

        @router.websocket("/ws")
        async def ws(socket: WebSocket, claims: Annotated[Claims, wanted]) -> None:
            await socket.accept()
            await socket.send_text(claims.username or "")
            await socket.close()

        app = fastapi.FastAPI()
        app.include_router(router)

        assert websocket(app, "/ws", bearer(pool.token())) == OPENED
        for headers, reason in [
            ({}, "unauthorized"),
            (bearer("x"), "token_format"),
            (bearer(pool.token(pool.access_claims(scope="x"))), "token_scope"),
        ]:
            assert websocket(app, "/ws", headers) == [("websocket.close", 1008, reason)]


class TestStarlette:
    """WebSockets and the middleware."""

    def test_websockets(self, verifier, settings, pool, tmp_path):
        """1008 for a bad token, 1013 (try again later) without keys."""
        signed_in = StarletteBearer(verifier)
        without_keys = StarletteBearer(CognitoVerifier(**settings | {"keys": JwksFile(tmp_path / "none")}))

        def route(path: str, bearer: StarletteBearer) -> WebSocketRoute:
            async def endpoint(socket: WebSocket) -> None:
                claims = await bearer(socket)
                await socket.accept()
                await socket.send_text(claims.username or "")
                await socket.close()

            return WebSocketRoute(path, endpoint)

        app = Starlette(routes=[route("/", signed_in), route("/no-keys", without_keys)])
        app.add_middleware(VaryMiddleware)

        assert websocket(app, "/", bearer(pool.token())) == OPENED
        assert websocket(app, "/", bearer("x")) == [("websocket.close", 1008, "token_format")]
        assert websocket(app, "/no-keys", bearer(pool.token())) == [("websocket.close", 1013, "keys_not_found")]

    def test_the_middleware_hides_nothing_from_others(self, verifier, pool):
        """Middleware outside of it, such as one that counts requests per route, finds what the router noted."""
        signed_in, seen = StarletteBearer(verifier), {}

        async def endpoint(request):
            return JSONResponse((await signed_in(request)).to_dict())

        inner = VaryMiddleware(Starlette(routes=[Route("/orders/{number}", endpoint)]))

        async def outer(scope, receive, send):
            await inner(scope, receive, send)
            seen.update(scope["path_params"])

        answer = request(outer, "/orders/5", bearer(pool.token()))

        assert (answer.headers["Vary"], seen) == ("Authorization", {"number": "5"})

    def test_an_existing_vary_header_is_kept(self, verifier, pool):
        """The middleware adds to what the endpoint varies on, and does not repeat what is there."""
        signed_in, app = StarletteBearer(verifier), Starlette()
        for number, vary in enumerate(["Accept", "Accept, authorization", "*"]):

            async def endpoint(request, vary=vary):
                return JSONResponse((await signed_in(request)).to_dict(), headers={"Vary": vary})

            app.add_route(f"/{number}", endpoint)
        app.add_middleware(VaryMiddleware)

        seen = [request(app, f"/{number}", bearer(pool.token())).headers["Vary"] for number in range(3)]

        assert seen == ["Accept, Authorization", "Accept, authorization", "*"]


class TestFlask:
    """Guards in before_request, and preflights."""

    @pytest.fixture
    def client(self, verifier):
        app, api = flask.Flask("test"), flask.Blueprint("api", __name__)

        @api.before_request
        @token_required(verifier)
        def guard() -> None:
            return None

        @api.get("/orders")
        def orders() -> dict[str, str]:
            return {"user": flask.g.claims.username}

        @api.route("/own", methods=["GET", "OPTIONS"])
        def own() -> str:
            return "called"

        class View(MethodView):
            decorators = (token_required(verifier),)

            def get(self) -> str:
                return "called"

            def options(self) -> str:
                return "called"

        app.register_blueprint(api)
        app.add_url_rule("/class", view_func=View.as_view("class"))
        return app.test_client()

    @pytest.mark.parametrize("path", ["/orders", "/own", "/class"])
    def test_a_preflight_needs_no_token_and_reaches_no_view(self, client, pool, path):
        """A browser's preflight gets 200 and the allowed methods; no code of the application runs for it."""
        answer = client.options(path, headers=PREFLIGHT)

        assert (answer.status_code, answer.text) == (200, "")
        assert "GET" in answer.headers["Allow"]
        assert client.get(path, headers=bearer(pool.token())).status_code == 200

    @pytest.mark.parametrize("path", ["/orders", "/own", "/class"])
    @pytest.mark.parametrize("missing", list(PREFLIGHT))
    def test_any_other_options_request_needs_a_token(self, client, path, missing):
        """Without the headers that make it a preflight, OPTIONS is a request like any other."""
        headers = {name: value for name, value in PREFLIGHT.items() if name != missing}

        assert client.options(path, headers=headers).status_code == 401
        assert client.get(path, headers=PREFLIGHT).status_code == 401

    def test_a_guarded_view_varies_on_the_header(self, client, pool):
        """The header is on the answer that the view behind a guard makes, beside the view's own."""
        answer = client.get("/orders", headers=bearer(pool.token()))

        assert (answer.json, answer.headers["Vary"]) == ({"user": "alice"}, "Authorization")


class TestDjango:
    """Class-based views, asynchronous ones among them, and the page cache."""

    @pytest.fixture
    def views(self, configured_django, verifier, jwks_path):
        from django.core.cache import cache  # noqa: PLC0415 - needs the settings
        from django.http import JsonResponse  # noqa: PLC0415
        from django.test import override_settings  # noqa: PLC0415
        from django.urls import clear_url_caches, path  # noqa: PLC0415
        from django.utils.decorators import method_decorator  # noqa: PLC0415
        from django.views import View  # noqa: PLC0415
        from django.views.decorators.cache import cache_page  # noqa: PLC0415

        from usermgr_jwt.integrations import django  # noqa: PLC0415

        admins = django.token_required(groups="admins")

        class Sync(View):
            def get(self, request):
                return JsonResponse({"user": request.claims.username})

        class Async(View):
            async def get(self, request):
                return JsonResponse({"user": request.claims.username})

        def dispatched(base: type[View]) -> type[View]:
            return method_decorator([django.token_required(), admins], name="dispatch")(type("View", (base,), {}))

        configured_django.urlpatterns[:] = [
            path("sync/wrapped", admins(Sync.as_view())),
            path("sync/dispatched", dispatched(Sync).as_view()),
            path("async/wrapped", admins(Async.as_view())),
            path("async/dispatched", dispatched(Async).as_view()),
            path("cached", cache_page(60)(django.token_required()(Sync.as_view()))),
            path("public", lambda request: JsonResponse({"claims": request.claims and request.claims.username})),
        ]
        clear_url_caches()
        cache.clear()
        with override_settings(USERMGR_JWT_VERIFIER=verifier):
            yield

    @pytest.mark.parametrize("client", ["Client", "AsyncClient"])
    @pytest.mark.parametrize("page", ["sync/wrapped", "sync/dispatched", "async/wrapped", "async/dispatched"])
    def test_class_based_views(self, views, pool, page, client):
        """A decorator around a class-based view, or on its dispatch, denies and admits under WSGI and ASGI alike."""
        stranger = pool.token(pool.access_claims(**{"cognito:groups": []}))
        for headers, status, challenge in [
            (bearer(pool.token()), 200, None),
            ({}, 401, CHALLENGE),
            (bearer("x"), 401, f'{CHALLENGE}, error="invalid_token", error_description="token_format"'),
            (bearer(stranger), 403, f'{CHALLENGE}, error="insufficient_scope", error_description="token_group"'),
        ]:
            answer = self.get(client, page, headers)

            assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (status, challenge)
            assert answer.headers["Vary"] == "Authorization"

    @pytest.mark.parametrize("how", ["wrapped", "dispatched"])
    @pytest.mark.parametrize("kind", ["sync", "async"])
    def test_the_decorator_varies_by_itself(self, views, verifier, pool, kind, how, configured_django):
        """Whatever is between the middleware and a view, a page cache for example, sees the header."""
        from django.test import RequestFactory  # noqa: PLC0415 - needs the settings

        [view] = [each.callback for each in configured_django.urlpatterns if str(each.pattern) == f"{kind}/{how}"]
        request = RequestFactory().get("/")
        request.claims = verifier.verify(pool.token())

        async def answer() -> object:
            return await view(request)

        answered = asyncio.run(answer()) if kind == "async" else view(request)

        assert (answered.status_code, answered.headers["Vary"]) == (200, "Authorization")

    @pytest.mark.parametrize("client", ["Client", "AsyncClient"])
    def test_a_public_page_varies_too(self, views, pool, client):
        """The middleware reads the header for every page, and would answer a bad token, so every page varies."""
        for headers, status in (({}, 200), (bearer(pool.token()), 200), (bearer("x"), 401)):
            answer = self.get(client, "public", headers)

            assert (answer.status_code, answer.headers["Vary"]) == (status, "Authorization")

    @pytest.mark.parametrize("site_wide", [False, True])
    def test_a_cached_page_is_for_its_caller(self, views, pool, site_wide, monkeypatch):
        """Neither cache_page around a view nor the cache of the whole site gives one caller's page to another.

        Django 5.2.15 and later add the header by themselves when a page is stored; older versions do not.
        """
        from django.middleware import cache  # noqa: PLC0415 - needs the settings
        from django.test import override_settings  # noqa: PLC0415

        monkeypatch.setattr(cache, "patch_vary_headers", lambda *_arguments: None, raising=False)
        middleware = "usermgr_jwt.integrations.django.cognito_middleware"
        caches = ["django.middleware.cache.UpdateCacheMiddleware", "django.middleware.cache.FetchFromCacheMiddleware"]
        page = "sync/wrapped" if site_wide else "cached"
        with override_settings(MIDDLEWARE=[caches[0], middleware, caches[1]] if site_wide else [middleware]):
            for name in ("alice", "bob", "alice"):
                token = bearer(pool.token(pool.access_claims(username=name)))
                assert self.get("Client", page, token).json() == {"user": name}
            assert self.get("Client", page, {}).status_code == 401

    @staticmethod
    def get(client, page, headers):
        from django import test  # noqa: PLC0415 - needs the settings

        if client == "Client":
            return test.Client(raise_request_exception=False).get(f"/{page}", headers=headers)

        async def get():
            return await test.AsyncClient(raise_request_exception=False).get(f"/{page}", headers=headers)

        return asyncio.run(get())


class TestDrf:
    """The framework's own permissions, and its Vary."""

    @pytest.fixture
    def get(self, configured_django, verifier):
        from django.test import Client, override_settings  # noqa: PLC0415 - needs the settings
        from django.urls import clear_url_caches, path  # noqa: PLC0415
        from rest_framework import permissions, renderers  # noqa: PLC0415
        from rest_framework.response import Response  # noqa: PLC0415
        from rest_framework.throttling import UserRateThrottle  # noqa: PLC0415
        from rest_framework.views import APIView  # noqa: PLC0415

        from usermgr_jwt.integrations.drf import CognitoAuthentication  # noqa: PLC0415

        class OnePerMinute(UserRateThrottle):
            rate = "1/min"

        class ModelPermissions(permissions.DjangoModelPermissions):
            perms_map = permissions.DjangoModelPermissions.perms_map | {"GET": ["%(app_label)s.view_%(model_name)s"]}

        def view(permission: type, **members: object) -> object:
            class View(APIView):
                authentication_classes = (CognitoAuthentication,)
                permission_classes = (permission,)
                queryset = None

                def get(self, request: object) -> Response:
                    return Response({"user": request.user.username})

            for name, member in members.items():
                setattr(View, name, member)
            return View.as_view()

        from django.contrib.auth.models import User  # noqa: PLC0415

        renderers_of_both = (renderers.JSONRenderer, renderers.BrowsableAPIRenderer)
        configured_django.urlpatterns[:] = [
            path("IsAdminUser", view(permissions.IsAdminUser)),
            path("IsAuthenticated", view(permissions.IsAuthenticated)),
            path("DjangoModelPermissions", view(ModelPermissions, queryset=User.objects.none())),
            path("throttled", view(permissions.IsAuthenticated, throttle_classes=(OnePerMinute,))),
            path("rendered", view(permissions.IsAuthenticated, renderer_classes=renderers_of_both)),
        ]
        clear_url_caches()

        def get(page: str, headers: dict[str, str]) -> object:
            with override_settings(USERMGR_JWT_VERIFIER=verifier, MIDDLEWARE=[]):
                return Client().get(f"/{page}", headers=headers)

        return get

    @pytest.mark.parametrize(
        ("permission", "status"),
        [("IsAdminUser", 403), ("IsAuthenticated", 200), ("DjangoModelPermissions", 403), ("throttled", 200)],
    )
    def test_the_frameworks_permissions_decide(self, get, pool, permission, status):
        """A permission that asks Django's user for what a token does not say denies, and is never a server error."""
        answer = get(permission, bearer(pool.token()))

        assert (answer.status_code, answer.headers["Vary"]) == (status, "Authorization")
        assert get(permission, {}).status_code == 401

    def test_vary_is_added_to_the_frameworks_own(self, get, pool):
        """A view with several renderers varies on Accept as well."""
        assert get("rendered", bearer(pool.token())).headers["Vary"] == "Accept, Authorization"

    def test_a_user_without_a_row(self, pool, verifier, configured_django):
        """What libraries ask of a user of Django's is answered: nobody is staff, nobody has a permission."""
        from usermgr_jwt.integrations.drf import CognitoUser  # noqa: PLC0415 - needs the settings

        user = CognitoUser(verifier.verify(pool.token()))

        assert (user.get_username(), user.pk, user.id) == ("alice", user.claims.sub, user.claims.sub)
        assert (user.is_staff, user.is_superuser, user.get_all_permissions()) == (False, False, set())
        assert (user.has_perm("a.b"), user.has_perms(["a.b"]), user.has_perms([])) == (False, False, True)
        assert user.has_module_perms("a") is False
