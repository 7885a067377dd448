"""What visitors tell of themselves over the socket."""

from parlour.kit.commands import AnyCommand, Command, VisitorPrincipal
from parlour.kit.events import project_room
from parlour.kit.runtime import Runtime
from parlour.visitors.schemas import ContextSet, VisitorContextChanged
from parlour.visitors.service import VisitorService


def commands(runtime: Runtime) -> list[AnyCommand]:
    """Return the commands of this domain."""

    async def set_context(visitor: VisitorPrincipal, context: ContextSet) -> None:
        async with runtime.database.transaction() as session:
            url = await VisitorService(session).set_context(
                visitor.project_id, visitor.visitor_id, context.url, context.title
            )
        changed = VisitorContextChanged(visitor.project_id, visitor.visitor_id, url, context.title)
        await runtime.signals.send(project_room(visitor.project_id), "visitor.context", changed)

    return [Command("context.set", VisitorPrincipal, ContextSet, set_context)]
