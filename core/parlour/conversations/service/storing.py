"""The statements that every message passes: for whole batches, and for the driver itself."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from parlour.conversations.models import AuthorKind
from parlour.conversations.schemas import AuthorRead, MessageRead
from parlour.kit.events import Event, columns_of, recording

# What names a row of a project's: the project's id and its own.
Key = tuple[UUID, UUID]


@dataclass
class ConversationState:
    """A conversation as it was when it was locked, and then what a batch makes of it."""

    project_id: UUID
    id: UUID
    visitor_id: UUID
    visitor_name: str | None
    assignee_id: UUID | None
    status: str
    last_message_seq: int
    last_message_at: datetime
    snippet: str
    snippet_author: str
    read_seq: int
    unread: int
    waiting_since: datetime | None
    extra: dict[str, Any]
    created_at: datetime


# Rows are locked in the order of their ids, so that two batches never wait for each other in a
# circle; each statement sees what others committed before the locks of the one before it.
# LATERAL makes them loops over index look-ups, at any size and without statistics: a join would
# read whole tables where the planner takes them for small.
_LOCK_WRITERS = """
    SELECT v.project_id, v.id, v.name
    FROM (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS k(project_id, id) ORDER BY id) AS k
    CROSS JOIN LATERAL (
        SELECT project_id, id, name FROM visitor
        WHERE project_id = k.project_id AND id = k.id FOR NO KEY UPDATE
    ) AS v
"""

_LOCK_CONVERSATIONS = """
    WITH latest AS (
        SELECT l.project_id, l.id
        FROM unnest($1::uuid[], $2::uuid[]) AS k(project_id, visitor_id)
        CROSS JOIN LATERAL (
            SELECT project_id, id FROM conversation
            WHERE project_id = k.project_id AND visitor_id = k.visitor_id
            ORDER BY last_message_at DESC, id DESC LIMIT 1
        ) AS l
    ), wanted AS (
        SELECT project_id, id, bool_or(is_current) AS is_current
        FROM (
            SELECT project_id, id, true AS is_current FROM latest
            UNION ALL
            SELECT *, false FROM unnest($3::uuid[], $4::uuid[])
        ) AS named(project_id, id)
        GROUP BY project_id, id ORDER BY id
    )
    SELECT k.is_current, c.*, v.name AS visitor_name
    FROM wanted AS k
    CROSS JOIN LATERAL (
        SELECT project_id, id, visitor_id, assignee_id, status, last_message_seq, last_message_at,
            snippet, snippet_author, read_seq, unread, waiting_since, metadata AS extra, created_at
        FROM conversation WHERE project_id = k.project_id AND id = k.id FOR NO KEY UPDATE
    ) AS c
    CROSS JOIN LATERAL (
        SELECT name FROM visitor WHERE project_id = c.project_id AND id = c.visitor_id LIMIT 1
    ) AS v
"""

_FIND_STORED = """
    SELECT c.visitor_id, m.*
    FROM unnest($1::uuid[]) AS k(id)
    CROSS JOIN LATERAL (
        SELECT project_id, id, conversation_id, seq, author_kind, author_id, author_name, kind,
            text, data, created_at
        FROM message WHERE id = k.id OFFSET 0
    ) AS m
    CROSS JOIN LATERAL (
        SELECT visitor_id FROM conversation
        WHERE project_id = m.project_id AND id = m.conversation_id LIMIT 1
    ) AS c
"""

_WRITE = f"""
    WITH conversations AS (
        INSERT INTO conversation AS c (
            project_id, id, visitor_id, status, last_message_seq, last_message_at, snippet,
            snippet_author, read_seq, unread, waiting_since, metadata, created_at
        )
        SELECT * FROM unnest(
            $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::timestamptz[],
            $7::text[], $8::text[], $9::int[], $10::int[], $11::timestamptz[], $12::jsonb[],
            $13::timestamptz[]
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
    ), messages AS (
        INSERT INTO message (
            project_id, conversation_id, seq, id, author_kind, author_id, author_name, kind, text,
            data, created_at
        )
        SELECT * FROM unnest(
            $14::uuid[], $15::uuid[], $16::int[], $17::uuid[], $18::text[], $19::uuid[],
            $20::text[], $21::text[], $22::text[], $23::jsonb[], $24::timestamptz[]
        )
    )
    {recording(first=25)}
"""  # noqa: S608 - no more than numbers of parameters


async def lock_writers(
    connection: asyncpg.Connection, keys: Collection[Key]
) -> dict[UUID, tuple[UUID, str | None]]:
    """Lock visitors; return each one's project and name."""
    rows = await connection.fetch(_LOCK_WRITERS, *_columns(keys, 2))
    return {id: (project_id, name) for project_id, id, name in rows}


async def lock_conversations(
    connection: asyncpg.Connection, writers: Collection[Key], named: Collection[Key]
) -> tuple[list[ConversationState], set[UUID]]:
    """Lock the latest conversation of each writer, and those that are named.

    Returns the conversations, and the ids of those that are some writer's latest.
    """
    rows = await connection.fetch(_LOCK_CONVERSATIONS, *_columns(writers, 2), *_columns(named, 2))
    found: list[ConversationState] = []
    for row in rows:
        fields: dict[str, Any] = dict(row)
        del fields["is_current"]
        found.append(ConversationState(**fields))
    return found, {row["id"] for row in rows if row["is_current"]}


async def find_stored(
    connection: asyncpg.Connection, ids: Sequence[UUID]
) -> dict[Key, MessageRead]:
    """Find which messages are there already, by their conversation's visitor and their id."""
    return {
        (row["visitor_id"], row["id"]): MessageRead(
            id=row["id"],
            conversation_id=row["conversation_id"],
            seq=row["seq"],
            author=AuthorRead(AuthorKind(row["author_kind"]), row["author_id"], row["author_name"]),
            kind=row["kind"],
            text=row["text"],
            data=row["data"],
            created_at=row["created_at"],
        )
        for row in await connection.fetch(_FIND_STORED, ids)
    }


async def write(
    connection: asyncpg.Connection,
    conversations: Collection[ConversationState],
    messages: Sequence[tuple[UUID, MessageRead]],
    events: Sequence[Event],
) -> None:
    """Write conversations, messages with their project, and events, in one statement."""
    conversation_rows = [
        (
            c.project_id, c.id, c.visitor_id, c.status, c.last_message_seq, c.last_message_at,
            c.snippet, c.snippet_author, c.read_seq, c.unread, c.waiting_since, _json(c.extra),
            c.created_at,
        )
        for c in conversations
    ]  # fmt: skip
    message_rows = [
        (
            project_id, m.conversation_id, m.seq, m.id, m.author.kind, m.author.id, m.author.name,
            m.kind, m.text, None if m.data is None else _json(m.data), m.created_at,
        )
        for project_id, m in messages
    ]  # fmt: skip
    await connection.execute(
        _WRITE,
        *_columns(conversation_rows, 13),
        *_columns(message_rows, 11),
        *columns_of(events),
    )


def _columns(rows: Iterable[Sequence[Any]], width: int) -> list[tuple[Any, ...]]:
    """Turn rows into columns: a query takes each as one array."""
    return list(zip(*rows, strict=True)) or [()] * width


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
