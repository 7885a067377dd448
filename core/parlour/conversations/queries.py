"""What is asked of conversations: always of one project's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.conversations.errors import ConversationNotFound
from parlour.conversations.models import AuthorKind, Conversation, Message, Status
from parlour.visitors.models import Visitor

# A visitor's place in the list of conversations, and a message's in its conversation.
ListPosition = tuple[datetime, UUID]
MessagePosition = tuple[int]


async def get_conversation(
    session: AsyncSession, project_id: UUID, conversation_id: UUID, *, lock: bool = False
) -> tuple[Conversation, str | None]:
    """Return a conversation of this project and its visitor's name. Another's does not exist.

    Raises:
        ConversationNotFound: There is none.
    """
    query = (
        select(Conversation, Visitor.name)
        .join(Visitor, _visitor_of_conversation)
        .where(Conversation.project_id == project_id, Conversation.id == conversation_id)
    )
    if lock:
        query = query.with_for_update(of=Conversation, key_share=True)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise ConversationNotFound
    conversation, visitor_name = row
    return conversation, visitor_name


async def list_conversations(
    session: AsyncSession,
    project_id: UUID,
    status: Status,
    *,
    after: ListPosition | None,
    limit: int,
) -> Sequence[tuple[Conversation, str | None]]:
    """Return conversations with their visitors' names, the latest message first."""
    query = (
        select(Conversation, Visitor.name)
        .join(Visitor, _visitor_of_conversation)
        .where(Conversation.project_id == project_id, Conversation.status == status)
        .order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(Conversation.last_message_at, Conversation.id) < tuple_(*after))
    return [(found, name) for found, name in await session.execute(query)]


async def list_messages(
    session: AsyncSession,
    project_id: UUID,
    conversation_id: UUID,
    *,
    before: int | None,
    limit: int,
) -> list[Message]:
    """Return the latest messages before a place in a conversation, the oldest first."""
    query = (
        select(Message)
        .where(Message.project_id == project_id, Message.conversation_id == conversation_id)
        .order_by(Message.seq.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Message.seq < before)
    return list(reversed((await session.scalars(query)).all()))


async def find_current_conversation(
    session: AsyncSession, project_id: UUID, visitor_id: UUID
) -> Conversation | None:
    """Return the conversation a visitor's next message goes to: their latest."""
    return await session.scalar(
        select(Conversation)
        .where(Conversation.project_id == project_id, Conversation.visitor_id == visitor_id)
        .order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
        .limit(1)
    )


async def count_unread(session: AsyncSession, conversation: Conversation, read_seq: int) -> int:
    """Count the visitor's messages that come after what members have read."""
    counted = await session.scalar(
        select(func.count()).where(
            Message.project_id == conversation.project_id,
            Message.conversation_id == conversation.id,
            Message.seq > read_seq,
            Message.author_kind == AuthorKind.VISITOR,
        )
    )
    return counted or 0


_visitor_of_conversation = (Visitor.project_id == Conversation.project_id) & (
    Visitor.id == Conversation.visitor_id
)
