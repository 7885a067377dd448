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

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.conversations.errors import ConversationNotFound, IdReused
from parlour.conversations.events import ConversationCreated, MessageCreated
from parlour.conversations.models import AuthorKind, Status
from parlour.conversations.schemas import (
    AuthorRead,
    ConversationRead,
    MessageContext,
    MessageRead,
)
from parlour.conversations.service.storing import (
    ConversationState,
    Key,
    find_stored,
    lock_conversations,
    lock_writers,
    write,
)
from parlour.kit.clock import now
from parlour.kit.db import RECORDED, driver
from parlour.kit.errors import AppError
from parlour.kit.events import Event
from parlour.kit.failpoints import reach
from parlour.kit.ids import new_id
from parlour.visitors.errors import VisitorNotFound
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

    writers: dict[UUID, tuple[UUID, str | None]]
    conversations: dict[UUID, ConversationState]
    current: dict[UUID, ConversationState]
    stored: dict[Key, MessageRead]
    messages: list[tuple[UUID, MessageRead]] = field(default_factory=list[tuple[UUID, MessageRead]])
    events: list[Event] = field(default_factory=list[Event])
    touched: dict[UUID, ConversationState] = field(default_factory=dict[UUID, ConversationState])


async def post_messages(
    session: AsyncSession, drafts: Sequence[Draft]
) -> list[MessageRead | AppError]:
    """Store messages, and return each as it is stored or why it was refused, in the same order.

    An id that is stored already is answered with the stored message, and changes nothing.
    """
    connection = await driver(session)
    batch = await _open(connection, drafts)
    reach("tx_begin")
    outcomes: list[MessageRead | AppError] = []
    for draft in drafts:
        try:
            outcomes.append(_post(batch, draft))
        except AppError as refusal:
            outcomes.append(refusal)
    if batch.messages:
        reach("after_seq")
        await write(connection, batch.touched.values(), batch.messages, batch.events)
        session.info[RECORDED] = True
        reach("before_commit")
    return outcomes


async def _open(connection: asyncpg.Connection, drafts: Sequence[Draft]) -> _Batch:
    writers = {(d.project_id, d.author_id) for d in drafts if d.author_kind is AuthorKind.VISITOR}
    named = {(d.project_id, d.conversation_id) for d in drafts if d.conversation_id}
    locked = await lock_writers(connection, writers) if writers else {}
    conversations, current = await lock_conversations(connection, writers, named)
    return _Batch(
        writers=locked,
        conversations={conversation.id: conversation for conversation in conversations},
        current={c.visitor_id: c for c in conversations if c.id in current},
        stored=await find_stored(connection, [draft.id for draft in drafts]),
    )


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
        project_id, _ = batch.writers.get(draft.author_id, (None, None))
        if project_id != draft.project_id:
            raise VisitorNotFound
        return draft.author_id
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


def _conversation_for(batch: _Batch, draft: Draft, visitor_id: UUID) -> ConversationState:
    if draft.conversation_id:
        return batch.conversations[draft.conversation_id]
    if current := batch.current.get(visitor_id):
        return current
    begun_at = now()
    conversation = ConversationState(
        project_id=draft.project_id,
        id=new_id(),
        visitor_id=visitor_id,
        visitor_name=batch.writers[visitor_id][1],
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


def _append(batch: _Batch, conversation: ConversationState, draft: Draft) -> MessageRead:
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
    batch.messages.append((conversation.project_id, message))
    _note_events(batch, conversation, message)
    return message


def _note_visitor(conversation: ConversationState, draft: Draft, at: datetime) -> None:
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


def _note_events(batch: _Batch, conversation: ConversationState, message: MessageRead) -> None:
    read = ConversationRead.of(conversation, conversation.visitor_name)
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
