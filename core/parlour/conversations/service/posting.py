"""Posting messages: the one way in, for visitors' batches and for a member's reply.

The order of steps is the promise. Lock the visitors, then their conversations (both by id, so two
batches never wait for each other in a circle); look for what is already there; number; insert.
A retry is recognised before it is numbered, so ``seq`` has no gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.conversations.errors import ConversationNotFound, IdReused
from parlour.conversations.events import ConversationCreated, MessageCreated
from parlour.conversations.models import AuthorKind, Conversation, Message, Status
from parlour.conversations.schemas import (
    AuthorRead,
    ConversationRead,
    MessageContext,
    MessageRead,
)
from parlour.kit.clock import now
from parlour.kit.errors import AppError
from parlour.kit.events import Event, record
from parlour.kit.failpoints import reach
from parlour.kit.ids import new_id
from parlour.visitors.errors import VisitorNotFound
from parlour.visitors.models import Visitor
from parlour.visitors.urls import without_secrets

SNIPPET_LENGTH = 100
MAX_PAGES = 50


class Draft(msgspec.Struct, frozen=True):
    """A message that wants to be stored.

    A visitor's goes to their current conversation, or begins one; everybody else names theirs.
    """

    id: UUID
    project_id: UUID
    author_kind: AuthorKind
    author_id: UUID
    author_name: str
    text: str
    conversation_id: UUID | None = None
    kind: str = "text"
    data: dict[str, Any] | None = None
    context: MessageContext | None = None


@dataclass
class _Batch:
    """What a batch works on: the locked rows it found, and what it makes of them."""

    visitors: dict[UUID, Visitor]
    conversations: dict[UUID, Conversation]
    current: dict[UUID, Conversation]
    stored: dict[tuple[UUID, UUID], MessageRead]
    messages: list[MessageRead] = field(default_factory=list[MessageRead])
    events: list[Event] = field(default_factory=list[Event])
    touched: dict[UUID, Conversation] = field(default_factory=dict[UUID, Conversation])


async def post_messages(
    session: AsyncSession, drafts: Sequence[Draft]
) -> list[MessageRead | AppError]:
    """Store messages, and return each as it is stored or why it was refused, in the same order.

    An id that is stored already is answered with the stored message, and changes nothing.
    """
    batch = await _open(session, drafts)
    reach("tx_begin")
    outcomes: list[MessageRead | AppError] = []
    for draft in drafts:
        try:
            outcomes.append(_post(batch, draft))
        except AppError as refusal:
            outcomes.append(refusal)
    if batch.messages:
        reach("after_seq")
        await _write(session, batch)
        reach("after_insert")
        await record(session, *batch.events)
        reach("before_commit")
    return outcomes


async def _open(session: AsyncSession, drafts: Sequence[Draft]) -> _Batch:
    # Each step is a statement of its own, so it sees what others committed before the lock.
    writers = {(d.project_id, d.author_id) for d in drafts if d.author_kind is AuthorKind.VISITOR}
    named = {(d.project_id, d.conversation_id) for d in drafts if d.conversation_id}
    locked: list[Visitor] = []
    current: list[UUID] = []
    if writers:
        locked = list(
            await session.scalars(
                select(Visitor)
                .where(tuple_(Visitor.project_id, Visitor.id).in_(writers))
                .order_by(Visitor.id)
                .with_for_update(key_share=True)
            )
        )
        current = list(
            await session.scalars(_CURRENT, {"visitors": [visitor.id for visitor in locked]})
        )
    rows = await session.scalars(
        select(Conversation)
        .where(
            tuple_(Conversation.project_id, Conversation.id).in_(named)
            | Conversation.id.in_(current)
        )
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    conversations = {conversation.id: conversation for conversation in rows}
    for conversation in conversations.values():
        session.expunge(conversation)  # written below, all at once, not by the unit of work
    by_visitor = {c.visitor_id: c for c in conversations.values() if c.id in set(current)}
    visitors = {visitor.id: visitor for visitor in locked}
    await _add_named_visitors(session, visitors, conversations)
    stored = await _find_stored(session, drafts)
    return _Batch(visitors, conversations, by_visitor, stored)


# The latest conversation of each visitor: where their next message goes.
_CURRENT = text(
    """
    SELECT DISTINCT ON (visitor_id) id FROM conversation
    WHERE visitor_id = ANY(CAST(:visitors AS uuid[]))
    ORDER BY visitor_id, last_message_at DESC, id DESC
    """
)


async def _add_named_visitors(
    session: AsyncSession,
    visitors: dict[UUID, Visitor],
    conversations: dict[UUID, Conversation],
) -> None:
    missing = {
        (conversation.project_id, conversation.visitor_id)
        for conversation in conversations.values()
        if conversation.visitor_id not in visitors
    }
    if missing:
        rows = await session.scalars(
            select(Visitor).where(tuple_(Visitor.project_id, Visitor.id).in_(missing))
        )
        visitors.update({visitor.id: visitor for visitor in rows})


async def _find_stored(
    session: AsyncSession, drafts: Sequence[Draft]
) -> dict[tuple[UUID, UUID], MessageRead]:
    """Find which messages are there already, by their conversation's visitor and their id."""
    rows = await session.execute(
        select(Conversation.visitor_id, Message)
        .join(
            Conversation,
            (Conversation.project_id == Message.project_id)
            & (Conversation.id == Message.conversation_id),
        )
        .where(Message.id.in_([draft.id for draft in drafts]))
    )
    return {(visitor_id, row.id): MessageRead.of(row) for visitor_id, row in rows}


def _post(batch: _Batch, draft: Draft) -> MessageRead:
    visitor_id = _addressee(batch, draft)
    if stored := batch.stored.get((visitor_id, draft.id)):
        if not _is_same(stored, draft):
            raise IdReused
        return stored
    conversation = _conversation_for(batch, draft, visitor_id)
    message = _append(batch, conversation, draft)
    batch.stored[visitor_id, draft.id] = message
    return message


def _addressee(batch: _Batch, draft: Draft) -> UUID:
    """Return the visitor whose conversation it is."""
    if draft.author_kind is AuthorKind.VISITOR:
        visitor = batch.visitors.get(draft.author_id)
        if visitor is None or visitor.project_id != draft.project_id:
            raise VisitorNotFound
        return visitor.id
    conversation = batch.conversations.get(draft.conversation_id or draft.id)
    if conversation is None or conversation.project_id != draft.project_id:
        raise ConversationNotFound
    return conversation.visitor_id


def _is_same(stored: MessageRead, draft: Draft) -> bool:
    # Not `data`: PostgreSQL keeps its numbers exactly, so they may come back in another form.
    return (stored.author.kind, stored.author.id, stored.text, stored.kind) == (
        draft.author_kind,
        draft.author_id,
        draft.text,
        draft.kind,
    )


def _conversation_for(batch: _Batch, draft: Draft, visitor_id: UUID) -> Conversation:
    if draft.conversation_id:
        return batch.conversations[draft.conversation_id]
    if current := batch.current.get(visitor_id):
        return current
    begun_at = now()
    conversation = Conversation(
        project_id=draft.project_id,
        id=new_id(),
        visitor_id=visitor_id,
        assignee_id=None,
        status=Status.OPEN,
        last_message_seq=0,
        last_message_at=begun_at,
        snippet="",
        snippet_author=AuthorKind.VISITOR,
        read_seq=0,
        unread=0,
        waiting_since=None,
        extra={},
        created_at=begun_at,
    )
    batch.current[visitor_id] = batch.conversations[conversation.id] = conversation
    return conversation


def _append(batch: _Batch, conversation: Conversation, draft: Draft) -> MessageRead:
    """Put a message at the end of its conversation, and note what it changes there."""
    # A clock that was set back must not put a message before the one it follows.
    at = max(now(), conversation.last_message_at + timedelta(microseconds=1))
    conversation.last_message_seq += 1
    conversation.last_message_at = at
    conversation.snippet = " ".join(draft.text.split())[:SNIPPET_LENGTH]
    conversation.snippet_author = draft.author_kind
    if draft.author_kind is AuthorKind.VISITOR:
        _note_visitor(conversation, draft, at)
    elif draft.author_kind is AuthorKind.MEMBER:
        conversation.waiting_since = None
        conversation.unread = 0
        conversation.read_seq = conversation.last_message_seq
    message = MessageRead(
        id=draft.id,
        conversation_id=conversation.id,
        seq=conversation.last_message_seq,
        author=AuthorRead(draft.author_kind, draft.author_id, draft.author_name),
        kind=draft.kind,
        text=draft.text,
        data=draft.data,
        created_at=at,
    )
    batch.messages.append(message)
    _note_events(batch, conversation, message)
    return message


def _note_visitor(conversation: Conversation, draft: Draft, at: datetime) -> None:
    if conversation.status != Status.SPAM:
        conversation.status = Status.OPEN
        conversation.unread += 1
        conversation.waiting_since = conversation.waiting_since or at
    if draft.context:
        conversation.extra = _merged(conversation.extra, draft.context, at)


def _merged(extra: dict[str, Any], context: MessageContext, at: datetime) -> dict[str, Any]:
    """Add where the visitor wrote from to what is known. What was known first stays."""
    merged = dict(extra)
    for name, url in (("referrer", context.referrer), ("landing_page", context.landing_page)):
        if url and name not in merged:
            merged[name] = without_secrets(url)
    pages: list[dict[str, Any]] = merged.get("url_history", [])
    url = without_secrets(context.url or "")
    if url and (not pages or pages[-1]["url"] != url):
        visit = {"url": url, "title": context.title, "at": at.isoformat()}
        merged["url_history"] = [*pages, visit][-MAX_PAGES:]
    return merged


def _note_events(batch: _Batch, conversation: Conversation, message: MessageRead) -> None:
    read = ConversationRead.of(conversation, batch.visitors[conversation.visitor_id].name)
    project_id = conversation.project_id
    if message.seq == 1:
        batch.events.append(
            ConversationCreated(
                project_id=project_id, conversation_id=conversation.id, conversation=read
            )
        )
    batch.events.append(
        MessageCreated(
            project_id=project_id,
            conversation_id=conversation.id,
            message=message,
            conversation=read,
        )
    )
    batch.touched[conversation.id] = conversation


_WRITE_CONVERSATIONS = text(
    """
    INSERT INTO conversation AS c (
        project_id, id, visitor_id, status, last_message_seq, last_message_at, snippet,
        snippet_author, read_seq, unread, waiting_since, metadata, created_at
    )
    SELECT project_id, id, visitor_id, status, last_message_seq, last_message_at, snippet,
        snippet_author, read_seq, unread, waiting_since, metadata::jsonb, created_at
    FROM unnest(
        CAST(:project_id AS uuid[]), CAST(:id AS uuid[]), CAST(:visitor_id AS uuid[]),
        CAST(:status AS text[]), CAST(:last_message_seq AS int[]),
        CAST(:last_message_at AS timestamptz[]), CAST(:snippet AS text[]),
        CAST(:snippet_author AS text[]), CAST(:read_seq AS int[]), CAST(:unread AS int[]),
        CAST(:waiting_since AS timestamptz[]), CAST(:metadata AS text[]),
        CAST(:created_at AS timestamptz[])
    ) AS t (
        project_id, id, visitor_id, status, last_message_seq, last_message_at, snippet,
        snippet_author, read_seq, unread, waiting_since, metadata, created_at
    )
    ON CONFLICT (project_id, id) DO UPDATE SET
        status = excluded.status,
        last_message_seq = excluded.last_message_seq,
        last_message_at = excluded.last_message_at,
        snippet = excluded.snippet,
        snippet_author = excluded.snippet_author,
        read_seq = excluded.read_seq,
        unread = excluded.unread,
        waiting_since = excluded.waiting_since,
        metadata = excluded.metadata
    """
)

_WRITE_MESSAGES = text(
    """
    INSERT INTO message (
        project_id, conversation_id, seq, id, author_kind, author_id, author_name, kind, text,
        data, created_at
    )
    SELECT project_id, conversation_id, seq, id, author_kind, author_id, author_name, kind, text,
        data::jsonb, created_at
    FROM unnest(
        CAST(:project_id AS uuid[]), CAST(:conversation_id AS uuid[]), CAST(:seq AS int[]),
        CAST(:id AS uuid[]), CAST(:author_kind AS text[]), CAST(:author_id AS uuid[]),
        CAST(:author_name AS text[]), CAST(:kind AS text[]), CAST(:text AS text[]),
        CAST(:data AS text[]), CAST(:created_at AS timestamptz[])
    ) AS t (
        project_id, conversation_id, seq, id, author_kind, author_id, author_name, kind, text,
        data, created_at
    )
    """
)


_PLAIN_COLUMNS = (
    "project_id",
    "id",
    "visitor_id",
    "status",
    "last_message_seq",
    "last_message_at",
    "snippet",
    "snippet_author",
    "read_seq",
    "unread",
    "waiting_since",
    "created_at",
)


async def _write(session: AsyncSession, batch: _Batch) -> None:
    """Write everything in two statements, however large the batch is."""
    touched = list(batch.touched.values())
    columns = {name: [getattr(c, name) for c in touched] for name in _PLAIN_COLUMNS}
    columns["metadata"] = [_json(conversation.extra) for conversation in touched]
    await session.execute(_WRITE_CONVERSATIONS, columns)
    messages = batch.messages
    await session.execute(
        _WRITE_MESSAGES,
        {
            "project_id": [batch.touched[m.conversation_id].project_id for m in messages],
            "conversation_id": [m.conversation_id for m in messages],
            "seq": [m.seq for m in messages],
            "id": [m.id for m in messages],
            "author_kind": [m.author.kind for m in messages],
            "author_id": [m.author.id for m in messages],
            "author_name": [m.author.name for m in messages],
            "kind": [m.kind for m in messages],
            "text": [m.text for m in messages],
            "data": [None if m.data is None else _json(m.data) for m in messages],
            "created_at": [m.created_at for m in messages],
        },
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
