"""The ASGI application: paths, authorization and errors."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from ..api.allowed_hosts import AllowedHosts
from ..api.control import Control
from ..api.operations import Api
from ..documented.errors import ApiError
from ..documented.generations import NEWEST, Generation
from ..documented.paths import OSAPI_ROOT
from ..documented.validation import openapi_bytes
from ..engine.listing import ListOrder
from ..osapi.control import OsapiControl
from ..osapi.endpoints import METHODS, OsapiApi
from ..page.routes import PageRoutes
from .gate import Gate
from .host_check import HostCheck
from .settings import Settings
from .state import StubState

__all__ = ["build_app", "create_app"]

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


def create_app(
    *,
    speed: float = 60.0,
    max_jobs: int = 10,
    api_keys: Iterable[str] | None = None,
    webhook_secret: str | None = None,
    generation: Generation = NEWEST,
    credits: float | None = None,
    allow_hosts: Iterable[str] = (),
    list_lag: float = 0.0,
    list_order: ListOrder = "newest",
    full_status: int = 429,
    jobs_outlive_streams: bool = True,
) -> ASGIApp:
    """The stub server as an ASGI application, for a server of your own.

    Args:
        speed: stub-seconds for each real second.
        max_jobs: how many jobs may be pending or running at once.
        api_keys: the keys that are accepted; None: any that is not empty.
        webhook_secret: signs webhooks; None: they are not signed.
        generation: which of the documentation's generations it follows.
        credits: what the account has; None: without limit.
        allow_hosts: host names that are answered beside the loopback names, others and pages of other sites get 403.
            If none is given, Host and Origin are not checked: your server is.
        list_lag: stub-seconds until a new job appears in the list of jobs; it can be got by its id at once.
        list_order: how jobs are listed: "newest" first, "oldest" first, or by "id".
        full_status: the HTTP status of MAX_JOBS_REACHED.
        jobs_outlive_streams: whether a job goes on when the reader of its event stream disconnects.

    `uvicorn --factory trio_client.stub:create_app` serves it as it is, and `/_stub/…` scripts it. Faults that end a
    connection need the connection itself, which only `StubServer` has: here they end in an exception, at which most
    servers answer with status 500 or close the connection.

    Example:
        >>> app = create_app(speed=600)
    """
    settings = Settings.with_keys(
        api_keys,
        speed=speed,
        max_jobs=max_jobs,
        webhook_secret=webhook_secret,
        generation=generation,
        credits=credits,
        allow_hosts=allow_hosts,
        list_lag=list_lag,
        list_order=list_order,
        full_status=full_status,
        jobs_outlive_streams=jobs_outlive_streams,
    )
    return build_app(StubState(settings))


def build_app(state: StubState, *, on_socket: bool = False) -> ASGIApp:
    """The application over a given state; `on_socket` says that browsers can reach it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        state.engine.ensure_running()
        yield
        await state.engine.aclose()

    api = Api(state)
    app = Starlette(
        routes=[*_control_routes(state, api), *_documented_routes(api), *_osapi_routes(state)],
        lifespan=lifespan,
        exception_handlers={HTTPException: _http_error, ApiError: _api_error, Exception: _internal_error},
    )
    app.router.redirect_slashes = False
    gate = Gate(app, state)
    allowed = AllowedHosts(state.settings.allow_hosts)
    return HostCheck(gate, allowed) if on_socket or allowed.names else gate


def _documented_routes(api: Api) -> list[Route]:
    """The Trio API, with and without `/api`."""
    operations: Mapping[str, Mapping[str, Handler]] = {
        "/streams/validate": {"POST": api.validate_stream},
        "/validate-url": {"GET": api.validate_url},
        "/prepare-stream": {"POST": api.prepare_stream},
        "/check-once": {"POST": api.check_once},
        "/analyze-frame": {"POST": api.analyze_frame},
        "/live-monitor": {"POST": api.live_monitor},
        "/live-digest": {"POST": api.live_digest},
        "/jobs": {"GET": api.list_jobs},
        "/jobs/{job_id}": {"GET": api.get_job, "DELETE": api.cancel_job},
    }
    routes: list[Route] = []
    for prefix in ("/api", ""):
        routes += [_route(prefix + path, handlers, api.authorize) for path, handlers in operations.items()]
        routes += [
            _route(f"{prefix}/healthz", {"GET": _health}),
            _route(f"{prefix}/openapi.json", {"GET": _openapi}),
        ]
    return routes


def _control_routes(state: StubState, api: Api) -> list[Route]:
    """What scripts the server, and the page."""
    control, page = Control(state), PageRoutes(state)
    controls: Mapping[str, Mapping[str, Handler]] = {
        "/": {"GET": page.page},
        "/_stub/fail": {"POST": control.fail},
        "/_stub/scene": {"POST": control.scene},
        "/_stub/clock/advance": {"POST": control.advance},
        "/_stub/jobs": {"GET": control.jobs, "POST": control.fill},
        "/_stub/start": {"POST": api.start},
        "/_stub/jobs/{job_id}/trigger": {"POST": control.trigger},
        "/_stub/jobs/{job_id}/drop": {"POST": control.drop},
        "/_stub/jobs/{job_id}/fail": {"POST": control.fail_job},
        "/_stub/jobs/{job_id}/cancel": {"POST": control.cancel},
        "/_stub/jobs/{job_id}/frame": {"GET": page.frame},
        "/_stub/live": {"GET": page.live},
        "/_stub/page/{name}": {"GET": page.file},
        "/_stub/requests": {"GET": control.requests},
        "/_stub/deliveries": {"GET": control.deliveries},
        "/_stub/webhooks": {"POST": control.webhooks},
        "/_stub/settings": {"GET": control.settings, "POST": control.settings},
        "/_stub/reset": {"POST": control.reset},
    }
    return [_route(path, handlers) for path, handlers in controls.items()]


def _osapi_routes(state: StubState) -> list[Route]:
    """OSAPI's job API, and what scripts it."""
    control = OsapiControl(state.osapi)
    return [
        _route("/_stub/osapi", {"POST": control.change}),
        _route("/_stub/osapi/openapi.json", {"GET": control.openapi}),
        Route(OSAPI_ROOT + "/{rest:path}", OsapiApi(state.osapi).answer, methods=METHODS),
    ]


def _route(path: str, handlers: Mapping[str, Handler], authorize: Callable[[Request], None] | None = None) -> Route:
    async def endpoint(request: Request) -> Response:
        if authorize is not None:
            authorize(request)
        return await handlers["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(handlers))


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _openapi(_: Request) -> Response:
    return Response(openapi_bytes(), media_type="application/json")


async def _api_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse(error.body(), error.status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "METHOD_NOT_ALLOWED" if error.status_code == 405 else "NOT_FOUND"
    refusal = ApiError(code, f"There is no {request.method} at this path.")
    return JSONResponse(refusal.body(), error.status_code, error.headers)


async def _internal_error(_: Request, __: Exception) -> Response:
    return JSONResponse(ApiError("INTERNAL_ERROR", "The stub server failed; see its log.").body(), 500)
