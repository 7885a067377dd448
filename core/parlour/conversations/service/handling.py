"""Handling conversations: what members do to them besides writing."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from parlour.conversations.events import ConversationUpdated
from parlour.conversations.models import Conversation, Status
from parlour.conversations.queries import count_unread, get_conversation
from parlour.conversations.schemas import ConversationRead
from parlour.kit.events import record


class ConversationService:
    """What can be done to the conversations of one project, within one transaction."""

    def __init__(self, session: AsyncSession, project_id: UUID) -> None:
        self._session = session
        self._project_id = project_id

    async def set_status(self, conversation_id: UUID, status: Status) -> ConversationRead:
        """Open, resolve or put aside a conversation. Nobody waits in one that is not open."""
        conversation, name = await self._lock(conversation_id)
        if conversation.status == status:
            return ConversationRead.of(conversation, name)
        conversation.status = status
        if status is not Status.OPEN:
            conversation.waiting_since = None
        return await self._updated(conversation, name)

    async def mark_read(self, conversation_id: UUID, seq: int) -> ConversationRead:
        """Note that members have read up to a message. Marks only move forward."""
        conversation, name = await self._lock(conversation_id)
        seq = min(seq, conversation.last_message_seq)
        if seq <= conversation.read_seq:
            return ConversationRead.of(conversation, name)
        conversation.unread = await count_unread(self._session, conversation, seq)
        conversation.read_seq = seq
        return await self._updated(conversation, name)

    async def _lock(self, conversation_id: UUID) -> tuple[Conversation, str | None]:
        return await get_conversation(self._session, self._project_id, conversation_id, lock=True)

    async def _updated(self, conversation: Conversation, name: str | None) -> ConversationRead:
        await self._session.flush()
        read = ConversationRead.of(conversation, name)
        await record(
            self._session,
            ConversationUpdated(
                project_id=self._project_id, conversation_id=conversation.id, conversation=read
            ),
        )
        return read
