"""The gateway's own commands: hearing projects, catching up, and staying connected."""

from uuid import UUID

from parlour.accounts.errors import SessionExpired
from parlour.kit.commands import AgentPrincipal, AnyCommand, Command, VisitorPrincipal
from parlour.kit.events import LoggedEvent, get_head, list_missed, project_room, visitor_room
from parlour.kit.runtime import Runtime
from parlour.projects.queries import get_scope
from parlour.realtime.feed import for_agents, for_visitor
from parlour.realtime.gateway import Gateway
from parlour.realtime.schemas import (
    AgentLogAfter,
    AuthRenew,
    AuthRenewed,
    Missed,
    ProjectJoin,
    ProjectLeave,
    VisitorLogAfter,
)


class GatewayCommands:
    """What sockets ask of the gateway itself."""

    def __init__(self, runtime: Runtime, gateway: Gateway) -> None:
        self._runtime = runtime
        self._gateway = gateway

    async def join(self, agent: AgentPrincipal, join: ProjectJoin) -> Missed:
        """Hear a project, and get what was missed.

        The room is entered before the log is read: an event in between comes twice, never not
        at all. Clients know events by ``seq``.
        """
        async with self._runtime.database.transaction() as session:
            await get_scope(session, agent.user_id, agent.family_id, join.project_id)
        await self._gateway.hear(self._gateway.socket_of(agent), join.project_id)
        return await self._missed_by_agent(join.project_id, join.after)

    async def leave(self, agent: AgentPrincipal, leave: ProjectLeave) -> None:
        """Hear a project no longer."""
        await self._gateway.stop_hearing(self._gateway.socket_of(agent), leave.project_id)

    async def agent_log_after(self, agent: AgentPrincipal, asked: AgentLogAfter) -> Missed:
        """Give a member what came after a place in the log."""
        async with self._runtime.database.transaction() as session:
            await get_scope(session, agent.user_id, agent.family_id, asked.project_id)
        return await self._missed_by_agent(asked.project_id, asked.seq)

    async def visitor_log_after(self, visitor: VisitorPrincipal, asked: VisitorLogAfter) -> Missed:
        """Give a visitor what came after a place in the log."""
        room = visitor_room(visitor.visitor_id)
        head, missed = await self._read(visitor.project_id, room, asked.seq)
        if missed is None:
            return Missed(seq=head, reload=True)
        frames = [frame for event in missed if (frame := for_visitor(event))]
        return Missed(seq=missed[-1].seq if missed else head, events=frames)

    async def renew(self, agent: AgentPrincipal, renew: AuthRenew) -> AuthRenewed:
        """Stay connected for as long as a newer access token of the same session lasts."""
        claims, _ = await self._gateway.verify(renew.token)
        if (claims.user_id, claims.family_id) != (agent.user_id, agent.family_id):
            raise SessionExpired
        self._gateway.stay_until(self._gateway.socket_of(agent), claims.expires_at)
        return AuthRenewed(claims.expires_at)

    async def _missed_by_agent(self, project_id: UUID, after: int | None) -> Missed:
        head, missed = await self._read(project_id, project_room(project_id), after)
        if missed is None:
            return Missed(seq=head, reload=True)
        events = [for_agents(event) for event in missed]
        return Missed(seq=missed[-1].seq if missed else head, events=events)

    async def _read(
        self, project_id: UUID, room: str, after: int | None
    ) -> tuple[int, list[LoggedEvent] | None]:
        async with self._runtime.database.transaction() as session:
            head = await get_head(session)
            if after is None:
                return head, []
            return head, await list_missed(session, project_id, room, after)


def commands(runtime: Runtime, gateway: Gateway) -> list[AnyCommand]:
    """Return the gateway's commands."""
    own = GatewayCommands(runtime, gateway)
    return [
        Command("project.join", AgentPrincipal, ProjectJoin, own.join),
        Command("project.leave", AgentPrincipal, ProjectLeave, own.leave),
        Command("log.after", AgentPrincipal, AgentLogAfter, own.agent_log_after),
        Command("log.after", VisitorPrincipal, VisitorLogAfter, own.visitor_log_after),
        Command("auth.renew", AgentPrincipal, AuthRenew, own.renew),
    ]
