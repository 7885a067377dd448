"""The composition root: the one module that knows every other."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

import socketio
from litestar import Litestar, Request, Response, Router, get
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.response import Redirect
from litestar.status_codes import HTTP_400_BAD_REQUEST
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from parlour import demo, problems, static
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
from parlour.kit.failpoints import reach
from parlour.kit.runtime import Runtime, open_runtime
from parlour.kit.settings import Settings
from parlour.projects.routes import ProjectController, ProjectsController, provide_scope
from parlour.realtime.commands import commands as gateway_commands
from parlour.realtime.gateway import Gateway
from parlour.realtime.server import SocketServer
from parlour.visitors.sockets import commands as visitor_commands

MAX_BODY_BYTES = 131_072

# Where a request's scope keeps its transaction.
SESSION = "session"


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

    @property
    def runtime(self) -> Runtime:
        """What the process holds open, while it runs."""
        return self._http.state.runtime

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
        middleware=[RequestTransaction()],
        dependencies={
            "runtime": Provide(provide_runtime, sync_to_thread=False),
            "session": Provide(provide_session, sync_to_thread=False),
            "user": Provide(provide_user),
            "project_scope": Provide(provide_scope),
            "handling": Provide(provide_handling),
            "visitor": Provide(provide_visitor),
        },
    )
    return Litestar(
        route_handlers=[api, go_to_dashboard, demo.serve_demo, *static.handlers()],
        lifespan=[lifespan],
        exception_handlers=problems.HANDLERS,
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


def provide_session(request: Request[Any, Any, State]) -> AsyncSession:
    """Hand out the transaction of this request."""
    return request.scope["state"][SESSION]


@get("/health", operation_id="getHealth", tags=["Server"])
async def get_health(runtime: NamedDependency[Runtime]) -> Response[Health]:
    """Tell whether the server can do its work: 200 if it can, 503 if not."""
    health = Health(
        "ok", await _answers(runtime.database.check), await _answers(runtime.redis.ping)
    )
    if health.database and health.redis:
        return Response(health)
    return Response(Health("degraded", health.database, health.redis), status_code=503)


class RequestTransaction(ASGIMiddleware):
    """One transaction for each request: ended before its response begins.

    A refusal rolls it back; everything else commits it, or answers with why it could not. It is no
    dependency with a clean-up: when another dependency refuses, nobody cleans up.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Open the transaction; a connection is taken when it is first used."""
        runtime: Runtime = scope["litestar_app"].state.runtime
        is_replaced = False

        async def send_when_ended(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start":
                try:
                    await _end(transaction, refused=message["status"] >= HTTP_400_BAD_REQUEST)
                except Exception as error:
                    is_replaced = True
                    await problems.respond(error, scope, receive, send)
            if not is_replaced:
                await send(message)

        async with AsyncExitStack() as transaction:
            scope["state"][SESSION] = await transaction.enter_async_context(
                runtime.database.transaction()
            )
            await next_app(scope, receive, send_when_ended)


class _RolledBack(Exception):
    """The request was refused: what it did is undone."""


async def _end(transaction: AsyncExitStack, *, refused: bool) -> None:
    if refused:
        await transaction.__aexit__(_RolledBack, _RolledBack(), None)
    else:
        await transaction.aclose()
        reach("request_after_commit_before_response")


@get("/", include_in_schema=False, sync_to_thread=False)
def go_to_dashboard() -> Redirect:
    """Lead whoever opens the server to the dashboard."""
    return Redirect("/app/")


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
