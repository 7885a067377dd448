"""The composition root: the one module that knows every other."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version
from math import ceil
from typing import Any

import socketio
import structlog
from litestar import Litestar, Request, Response, Router, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.response import Redirect
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from parlour import demo, static
from parlour.accounts.routes import (
    AuthController,
    MeController,
    SetupController,
    provide_user,
)
from parlour.accounts.tokens import AccessTokens
from parlour.conversations.routes.members import InboxController, PeopleController, provide_handling
from parlour.conversations.routes.widget import WidgetController, provide_visitor
from parlour.conversations.sockets import VisitorMessages
from parlour.conversations.sockets import commands as conversation_commands
from parlour.kit.errors import AppError, FieldError
from parlour.kit.failpoints import reach
from parlour.kit.ids import new_id
from parlour.kit.runtime import Runtime, open_runtime
from parlour.kit.settings import Settings
from parlour.projects.routes import ProjectController, ProjectsController, provide_scope
from parlour.realtime.commands import commands as gateway_commands
from parlour.realtime.gateway import Gateway
from parlour.realtime.server import SocketServer
from parlour.visitors.sockets import commands as visitor_commands

MAX_BODY_BYTES = 131_072
PROBLEM = "application/problem+json"

log = structlog.get_logger(__name__)


class Problem(Struct, frozen=True, omit_defaults=True):
    """A refusal as HTTP says it (RFC 9457)."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    errors: list[FieldError] = []
    retry_after: float | None = None
    request_id: str | None = None


class Health(Struct, frozen=True):
    """Whether the server can do its work."""

    status: str
    database: bool
    redis: bool


class Application(socketio.ASGIApp):
    """HTTP and sockets on one port, and the way to leave it in order."""

    def __init__(self, settings: Settings) -> None:
        server = SocketServer()
        self._http = litestar_app(settings, server)
        super().__init__(server, other_asgi_app=self._http)

    async def drain(self) -> None:
        """Send the sockets elsewhere, and finish what they have begun."""
        await self._http.state.gateway.drain()
        await self._http.state.messages.batches.drain()


def create_app(settings: Settings) -> Application:
    """Build the application that production and tests boot."""
    return Application(settings)


def litestar_app(settings: Settings, server: SocketServer | None = None) -> Litestar:
    """Build the HTTP side, whose life is the process' life."""
    server = server or SocketServer()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        async with open_runtime(settings) as runtime:
            tokens = AccessTokens(runtime.keyring, settings.origin)
            app.state.update({"runtime": runtime, "access_tokens": tokens})
            gateway = Gateway(runtime, tokens, server)
            messages = VisitorMessages(runtime)
            app.state.update({"gateway": gateway, "messages": messages})
            commands = [
                *gateway_commands(runtime, gateway),
                *visitor_commands(runtime),
                *conversation_commands(runtime, messages),
            ]
            async with gateway.running(commands):
                yield
                await messages.batches.drain()

    api = Router(
        "/api",
        route_handlers=[
            get_health,
            SetupController,
            AuthController,
            MeController,
            ProjectsController,
            ProjectController,
            InboxController,
            PeopleController,
            WidgetController,
        ],
        dependencies={
            "runtime": Provide(provide_runtime, sync_to_thread=False),
            "session": Provide(provide_session),
            "user": Provide(provide_user),
            "project_scope": Provide(provide_scope),
            "handling": Provide(provide_handling),
            "visitor": Provide(provide_visitor),
        },
    )
    return Litestar(
        route_handlers=[api, go_to_dashboard, demo.serve_demo, *static.handlers()],
        lifespan=[lifespan],
        exception_handlers={
            AppError: refused,
            ValidationException: invalid,
            HTTPException: http_error,
            Exception: internal_error,
        },
        cors_config=_widget_cors(),
        openapi_config=OpenAPIConfig(
            title="Parlour", version=version("parlour"), path="/api/schema", render_plugins=[]
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )


def provide_runtime(request: Request[Any, Any, State]) -> Runtime:
    """Hand out what the process holds open."""
    return request.app.state.runtime


async def provide_session(
    runtime: NamedDependency[Runtime],
) -> AsyncGenerator[AsyncSession]:
    """Open the transaction of this request; it is committed before the response leaves."""
    async with runtime.database.transaction() as session:
        yield session
    reach("request_after_commit_before_response")


@get("/health", operation_id="getHealth", tags=["Server"])
async def get_health(runtime: NamedDependency[Runtime]) -> Response[Health]:
    """Tell whether the server can do its work: 200 if it can, 503 if not."""
    health = Health(
        "ok", await _answers(runtime.database.check), await _answers(runtime.redis.ping)
    )
    if health.database and health.redis:
        return Response(health)
    return Response(Health("degraded", health.database, health.redis), status_code=503)


@get("/", include_in_schema=False, sync_to_thread=False)
def go_to_dashboard() -> Redirect:
    """Lead whoever opens the server to the dashboard."""
    return Redirect("/app/")


def refused(_: Request[Any, Any, State], error: AppError) -> Response[Problem]:
    """Render a refusal."""
    problem = Problem(
        title=(type(error).__doc__ or "").partition("\n")[0],
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=list(error.errors),
        retry_after=error.retry_after,
    )
    return _response(problem)


def invalid(_: Request[Any, Any, State], error: ValidationException) -> Response[Problem]:
    """Render what is wrong with the input, field by field."""
    found: Any = error.extra or []
    errors = [FieldError(e.get("key", ""), e.get("message", "")) for e in found]
    problem = Problem(
        title="The input makes no sense.",
        status=422,
        code="invalid",
        detail="; ".join(f"{e.field}: {e.message}" for e in errors) or error.detail,
        errors=errors,
    )
    return _response(problem)


_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


def http_error(_: Request[Any, Any, State], error: HTTPException) -> Response[Problem]:
    """Render what the framework refuses before a handler is asked."""
    code = _CODES.get(error.status_code, "invalid")
    title = "There is no such thing." if code == "not_found" else error.detail
    return _response(Problem(title, error.status_code, code, detail=title))


def internal_error(request: Request[Any, Any, State], error: Exception) -> Response[Problem]:
    """Log what went wrong here under an id that the client can quote, and tell nothing else."""
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        inner = error.exceptions[0]
        if isinstance(inner, AppError):
            return refused(request, inner)
    request_id = str(new_id())
    log.error("request_failed", path=request.url.path, request_id=request_id, exc_info=error)
    detail = "Something went wrong here."
    return _response(Problem(detail, 500, "internal", detail, request_id=request_id))


def _response(problem: Problem) -> Response[Problem]:
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(ceil(problem.retry_after))
    return Response(problem, status_code=problem.status, media_type=PROBLEM, headers=headers)


def _widget_cors() -> CORSConfig:
    """Let any page ask: who may be answered is decided by its project's domains, not here."""
    return CORSConfig(
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
        expose_headers=["retry-after"],
        allow_credentials=False,
        max_age=600,
    )


async def _answers(question: Any) -> bool:
    try:
        await question()
    except Exception:
        return False
    return True


# Litestar and uvicorn say on their own loggers what ours says already.
logging.getLogger("litestar").setLevel(logging.ERROR)
