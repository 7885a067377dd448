"""The gateway: who may connect, what they may say, and when they must go."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from socketio.exceptions import ConnectionRefusedError as Refuse

from parlour.accounts.models import User
from parlour.accounts.queries import get_signed_in
from parlour.accounts.tokens import LEEWAY, AccessClaims, AccessTokens
from parlour.kit.background import background
from parlour.kit.clock import now
from parlour.kit.commands import AgentPrincipal, AnyCommand, VisitorPrincipal
from parlour.kit.errors import AppError, Forbidden, Unauthenticated, Unavailable
from parlour.kit.events import project_room, user_room, visitor_room
from parlour.kit.presence import BEAT_SECONDS, members_of, visitors_of
from parlour.kit.runtime import Runtime
from parlour.projects.origins import Origin
from parlour.realtime.dispatcher import Dispatcher
from parlour.realtime.feed import Feed
from parlour.realtime.schemas import Closing, ConnectAuth, VisitorPresence
from parlour.realtime.server import AGENTS, VISITORS, SocketServer
from parlour.visitors.door import admit
from parlour.visitors.errors import VisitorTokenInvalid
from parlour.visitors.queries import find_arrival

# How fast the clients of a gateway that restarts come back: the others must let them in.
RECONNECTS_PER_SECOND = 500
MAX_RECONNECT_SECONDS = 2.0

log = structlog.get_logger(__name__)


class OriginForeign(Forbidden, code="origin_not_allowed"):
    """Only the dashboard connects here."""


@dataclass
class AgentSocket:
    """A user's connection: who it is, until when, and which projects it hears."""

    principal: AgentPrincipal
    expiry: asyncio.TimerHandle | None = None
    projects: set[UUID] = field(default_factory=set[UUID])


class Gateway:
    """This process' sockets."""

    def __init__(self, runtime: Runtime, tokens: AccessTokens, server: SocketServer) -> None:
        self._runtime = runtime
        self._tokens = tokens
        self._server = server
        self._agents: dict[str, AgentSocket] = {}
        self._visitors: dict[str, VisitorPrincipal] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self, commands: Sequence[AnyCommand]) -> AsyncGenerator[None]:
        """Take connections and follow the log, until the block ends."""
        self._dispatcher = Dispatcher(commands)
        self._server.on("connect", self._connect_agent, namespace=AGENTS)
        self._server.on("connect", self._connect_visitor, namespace=VISITORS)
        self._server.on("disconnect", self._disconnect_agent, namespace=AGENTS)
        self._server.on("disconnect", self._disconnect_visitor, namespace=VISITORS)
        self._server.on_command = {
            AGENTS: self._on_agent_command,
            VISITORS: self._on_visitor_command,
        }
        feed = Feed(self._runtime, self._server)
        await feed.start()
        try:
            async with self._runtime.tasks.listening(), background(feed.run(), self._beat()):
                yield
        finally:
            await self._server.shutdown()

    async def drain(self) -> None:
        """Send everybody to another gateway, each at a moment of their own."""
        retry_after = min(self._server.count / RECONNECTS_PER_SECOND, MAX_RECONNECT_SECONDS)
        closing = Closing("restarting", retry_after)
        for namespace, sid in self._server.connections():
            await self._server.end(namespace, sid, closing)

    def socket_of(self, agent: AgentPrincipal) -> AgentSocket:
        """Return the connection that an agent gave a command on."""
        return self._agents[agent.socket_id]

    async def hear(self, socket: AgentSocket, project_id: UUID) -> None:
        """Let a member's socket hear a project."""
        await self._server.enter_room(
            socket.principal.socket_id, project_room(project_id), namespace=AGENTS
        )
        if project_id not in socket.projects:
            socket.projects.add(project_id)
            await self._runtime.presence.enter(members_of(project_id), socket.principal.user_id)

    async def stop_hearing(self, socket: AgentSocket, project_id: UUID) -> None:
        """Let it hear the project no longer."""
        await self._server.leave_room(
            socket.principal.socket_id, project_room(project_id), namespace=AGENTS
        )
        if project_id in socket.projects:
            socket.projects.discard(project_id)
            await self._runtime.presence.leave(members_of(project_id), socket.principal.user_id)

    def stay_until(self, socket: AgentSocket, expires_at: datetime) -> None:
        """Close a socket when the access token it stands on has expired."""
        if socket.expiry:
            socket.expiry.cancel()
        seconds = (expires_at + LEEWAY - now()).total_seconds()
        socket.expiry = asyncio.get_running_loop().call_later(
            max(0, seconds), self._close_soon, socket.principal.socket_id, "session_expired"
        )

    async def verify(self, token: str) -> tuple[AccessClaims, User]:
        """Return what an access token proves, if its session is alive."""
        claims = self._tokens.verify(token)
        async with self._runtime.database.transaction() as session:
            return claims, await get_signed_in(session, claims)

    async def _connect_agent(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        with _refusing():
            origin = environ.get("HTTP_ORIGIN")
            own = {self._runtime.settings.origin, _asked_origin(environ)}
            if origin is not None and origin not in own:
                raise OriginForeign
            claims, user = await self.verify(_token(auth))
        principal = AgentPrincipal(sid, user.id, claims.family_id, user.name)
        socket = self._agents[sid] = AgentSocket(principal)
        self.stay_until(socket, claims.expires_at)
        await self._server.enter_room(sid, user_room(principal.user_id), namespace=AGENTS)

    async def _connect_visitor(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        with _refusing():
            header = environ.get("HTTP_ORIGIN")
            origin = Origin.parse(header)
            token = _token(auth)
            async with self._runtime.database.transaction() as session:
                arrival = await find_arrival(session, token, origin) if origin else None
            if arrival is None:
                raise VisitorTokenInvalid
            own = {self._runtime.settings.origin, _asked_origin(environ)}
            admit(arrival.domains, header, own)
        principal = VisitorPrincipal(sid, arrival.project_id, arrival.visitor_id, arrival.name)
        self._visitors[sid] = principal
        await self._server.enter_room(sid, visitor_room(principal.visitor_id), namespace=VISITORS)
        if await self._runtime.presence.enter(
            visitors_of(principal.project_id), principal.visitor_id
        ):
            await self._tell_presence(principal, online=True)

    async def _disconnect_agent(self, sid: str, _: Any = None) -> None:
        socket = self._agents.pop(sid, None)
        if socket is None:
            return
        if socket.expiry:
            socket.expiry.cancel()
        for project_id in socket.projects:
            await self._runtime.presence.leave(members_of(project_id), socket.principal.user_id)

    async def _disconnect_visitor(self, sid: str, _: Any = None) -> None:
        principal = self._visitors.pop(sid, None)
        if principal is None:
            return
        group = visitors_of(principal.project_id)
        if await self._runtime.presence.leave(group, principal.visitor_id):
            await self._tell_presence(principal, online=False)

    async def _tell_presence(self, visitor: VisitorPrincipal, *, online: bool) -> None:
        presence = VisitorPresence(visitor.project_id, visitor.visitor_id, online)
        room = project_room(visitor.project_id)
        await self._runtime.signals.send(room, "visitor.presence", presence)

    async def _on_agent_command(self, sid: str, name: str, arguments: Sequence[msgspec.Raw]) -> Any:
        socket = self._agents.get(sid)
        if socket is None:
            return None
        return await self._dispatcher.dispatch(socket.principal, name, arguments)

    async def _on_visitor_command(
        self, sid: str, name: str, arguments: Sequence[msgspec.Raw]
    ) -> Any:
        principal = self._visitors.get(sid)
        if principal is None:
            return None
        return await self._dispatcher.dispatch(principal, name, arguments)

    def _close_soon(self, sid: str, code: str) -> None:
        task = asyncio.create_task(self._close(sid, code))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, sid: str, code: str) -> None:
        await self._server.end(AGENTS, sid, Closing(code), for_good=True)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._runtime.presence.beat()


@contextmanager
def _refusing() -> Generator[None]:
    """Turn whatever goes wrong while connecting into a refusal: no client is left waiting."""
    try:
        yield
    except AppError as error:
        raise Refuse(error.detail, msgspec.to_builtins(error.refusal)) from error
    except Exception as error:
        log.exception("connect_failed")
        refusal = Unavailable(retry_after=1).refusal
        raise Refuse(refusal.message, msgspec.to_builtins(refusal)) from error


def _token(auth: Any) -> str:
    try:
        return msgspec.convert(auth, ConnectAuth).token
    except msgspec.ValidationError as error:
        raise Unauthenticated from error


def _asked_origin(environ: dict[str, Any]) -> str:
    """The origin of the dashboard that was asked for: it may have more than one name."""
    scheme = {"ws": "http", "wss": "https"}.get(environ["asgi.scope"]["scheme"], "http")
    return f"{scheme}://{environ.get('HTTP_HOST', '')}"
