"""What visitors and members say over the socket."""

from collections.abc import Sequence

import msgspec

from parlour.conversations.models import AuthorKind
from parlour.conversations.queries import find_current_conversation, get_conversation
from parlour.conversations.schemas import (
    AgentTyping,
    AgentTypingSet,
    MessageRead,
    MessageSend,
    MessageSent,
    VisitorMessageRead,
    VisitorTyping,
    VisitorTypingSet,
)
from parlour.conversations.service.posting import Draft
from parlour.conversations.tasks import Outcome, store_messages
from parlour.kit.batching import MicroBatcher
from parlour.kit.commands import AgentPrincipal, AnyCommand, Command, VisitorPrincipal
from parlour.kit.errors import AppError, Refused, Unavailable
from parlour.kit.events import project_room, visitor_room
from parlour.kit.failpoints import reach
from parlour.kit.runtime import Runtime
from parlour.projects.queries import get_scope

_OUTCOMES = msgspec.json.Decoder(list[Outcome])


class VisitorMessages:
    """The visitors' way in: messages leave this gateway in batches, and return as stored."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.batches: MicroBatcher[Draft, MessageRead] = MicroBatcher(
            self._store, size=runtime.settings.batch_size, queue=runtime.settings.batch_queue
        )

    async def send(self, visitor: VisitorPrincipal, message: MessageSend) -> MessageSent:
        """Store a visitor's message; the ack comes after its commit."""
        reach("recv")
        # Counted in this process: asking Redis first would let two messages overtake each other.
        self._runtime.limiter.hit_here(
            self._runtime.settings.visitor_message_rate, str(visitor.visitor_id)
        )
        draft = Draft(
            id=message.id,
            project_id=visitor.project_id,
            author_kind=AuthorKind.VISITOR,
            author_id=visitor.visitor_id,
            author_name=visitor.name,
            text=message.text,
            kind=message.kind,
            data=message.data,
            context=message.context,
        )
        return MessageSent(VisitorMessageRead.of(await self.batches.add(draft)))

    async def _store(self, drafts: Sequence[Draft]) -> list[MessageRead | AppError]:
        batch = msgspec.json.encode(drafts).decode()
        answer = await self._runtime.tasks.ask(store_messages, batch)
        return [_result(outcome) for outcome in _OUTCOMES.decode(answer)]


def _result(outcome: Outcome) -> MessageRead | AppError:
    if outcome.refusal:
        return Refused(outcome.refusal)
    return outcome.message or Unavailable()


def commands(runtime: Runtime, messages: VisitorMessages) -> list[AnyCommand]:
    """Return the commands of this domain."""

    async def visitor_typing(visitor: VisitorPrincipal, signal: VisitorTypingSet) -> None:
        async with runtime.database.transaction() as session:
            conversation = await find_current_conversation(
                session, visitor.project_id, visitor.visitor_id
            )
        if conversation:
            typing = VisitorTyping(
                visitor.project_id, conversation.id, visitor.visitor_id, signal.typing
            )
            await runtime.signals.send(project_room(visitor.project_id), "visitor.typing", typing)

    async def agent_typing(agent: AgentPrincipal, signal: AgentTypingSet) -> None:
        async with runtime.database.transaction() as session:
            scope = await get_scope(session, agent.user_id, agent.family_id, signal.project_id)
            conversation, _ = await get_conversation(
                session, scope.project_id, signal.conversation_id
            )
        typing = AgentTyping(conversation.id, agent.name, signal.typing)
        await runtime.signals.send(visitor_room(conversation.visitor_id), "agent.typing", typing)

    return [
        Command("message.send", VisitorPrincipal, MessageSend, messages.send),
        Command("typing.set", VisitorPrincipal, VisitorTypingSet, visitor_typing),
        Command("typing.set", AgentPrincipal, AgentTypingSet, agent_typing),
    ]
