"""What an operator sees of subscribers, and can do about events that failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.errors import Conflict, NotFound
from parlour.kit.retention import LOCK_LOG_END

LIST_LIMIT = 1000


class SubscriberNotFound(NotFound, code="subscriber_not_found"):
    """There is no such subscriber."""


class LogTooShort(Conflict, code="log_too_short"):
    """The log does not reach back so far."""


class SubscriberState(msgspec.Struct, frozen=True):
    """Where a subscriber stands: its place in the log, and what has failed."""

    plugin: str
    name: str
    seq: int
    behind: int
    lag_seconds: float
    retrying: int
    dead: int
    seen_at: datetime


class FailedEvent(msgspec.Struct, frozen=True):
    """An event that a subscriber has failed on: dead, or to be tried again."""

    plugin: str
    name: str
    event_id: UUID
    seq: int
    type: str
    project_id: UUID
    attempt: int
    due_at: datetime
    dead_at: datetime | None
    error: str


_THIS = "plugin = :plugin AND name = :name"
_STATES = text(
    """
    SELECT s.plugin, s.name, s.seq, greatest(h.seq - s.seq, 0),
        coalesce((
            SELECT greatest(extract(epoch FROM now() - e.created_at), 0)::float8
            FROM event e WHERE e.seq > s.seq ORDER BY e.seq LIMIT 1
        ), 0),
        (SELECT count(*) FROM delivery d
         WHERE d.plugin = s.plugin AND d.name = s.name AND d.dead_at IS NULL),
        (SELECT count(*) FROM delivery d
         WHERE d.plugin = s.plugin AND d.name = s.name AND d.dead_at IS NOT NULL),
        s.seen_at
    FROM subscription s CROSS JOIN event_head h ORDER BY s.plugin, s.name
    """
)
_FAILED = text(
    """
    SELECT d.plugin, d.name, d.event_id, d.seq, e.type, e.project_id, d.attempt, d.due_at,
        d.dead_at, d.error
    FROM delivery d JOIN event e ON e.id = d.event_id
    WHERE (d.dead_at IS NOT NULL OR NOT :only_dead)
        AND (CAST(:plugin AS text) IS NULL OR d.plugin = :plugin AND d.name = :name)
    ORDER BY d.seq, d.plugin, d.name LIMIT :limit
    """
)
# As if it had never been tried: it has all its attempts again.
_RETRY = text(
    f"UPDATE delivery SET attempt = 0, due_at = now(), dead_at = NULL WHERE {_THIS} "  # noqa: S608 - constants
    "AND (CAST(:ids AS uuid[]) IS NULL OR event_id = ANY(CAST(:ids AS uuid[])))"
)
_DROP = text(
    f"DELETE FROM delivery WHERE {_THIS} AND CASE WHEN CAST(:ids AS uuid[]) IS NULL "  # noqa: S608 - constants
    "THEN dead_at IS NOT NULL ELSE event_id = ANY(CAST(:ids AS uuid[])) END"
)
_EXISTS = text(f"SELECT 1 FROM subscription WHERE {_THIS}")  # noqa: S608 - constants
_LOG = text("SELECT (SELECT min(seq) FROM event), seq FROM event_head")
_FIRST_SINCE = text(
    "SELECT seq FROM event WHERE seq IS NOT NULL AND created_at >= :since ORDER BY seq LIMIT 1"
)
_OLDEST = text("SELECT seq, created_at FROM event WHERE seq IS NOT NULL ORDER BY seq LIMIT 1")
_MOVE = text(
    f"UPDATE subscription SET seq = :seq, held_by = NULL, held_until = NULL WHERE {_THIS}"  # noqa: S608 - constants
)
_FORGET_LATER = text(f"DELETE FROM delivery WHERE {_THIS} AND seq > :seq")  # noqa: S608 - constants


async def list_subscribers(session: AsyncSession) -> Sequence[SubscriberState]:
    """Return every subscriber with its lag."""
    return [SubscriberState(*row) for row in await session.execute(_STATES)]


async def list_failed(
    session: AsyncSession, plugin: str | None, name: str | None, *, only_dead: bool = True
) -> Sequence[FailedEvent]:
    """Return failed events in the log's order, of one subscriber or of all."""
    found = await session.execute(
        _FAILED, {"plugin": plugin, "name": name, "only_dead": only_dead, "limit": LIST_LIMIT}
    )
    return [FailedEvent(*row) for row in found]


async def retry_failed(
    session: AsyncSession, plugin: str, name: str, event_ids: Sequence[UUID] | None = None
) -> int:
    """Let failed events be tried at once, dead or not: some, or all. Return how many."""
    await _require(session, plugin, name)
    return await _count(session, _RETRY, plugin=plugin, name=name, ids=event_ids)


async def drop_failed(
    session: AsyncSession, plugin: str, name: str, event_ids: Sequence[UUID] | None = None
) -> int:
    """Give failed events up: some, or all that are dead. Return how many."""
    await _require(session, plugin, name)
    return await _count(session, _DROP, plugin=plugin, name=name, ids=event_ids)


async def replay(session: AsyncSession, plugin: str, name: str, seq: int) -> int:
    """Let a subscriber hear everything again from an event on; return how many events that is.

    Raises:
        LogTooShort: The log begins after it, or ends before it.
    """
    await _require(session, plugin, name)
    # The log must not become shorter between the look at it and the cursor's move.
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_LOG_END})
    oldest, head = (await session.execute(_LOG)).one()
    first = head + 1 if oldest is None else oldest
    if not first <= seq <= head + 1:
        raise LogTooShort(f"The log reaches from {first} to {head}.")
    values = {"plugin": plugin, "name": name, "seq": seq - 1}
    await session.execute(_MOVE, values)
    await session.execute(_FORGET_LATER, values)  # they come again anyway
    return head - seq + 1


async def find_place(session: AsyncSession, since: datetime) -> int:
    """Return the place of the first event since an instant; one after the last if there is none.

    Raises:
        LogTooShort: The log does not reach back to it.
    """
    _, head = (await session.execute(_LOG)).one()
    oldest = (await session.execute(_OLDEST)).one_or_none()
    if oldest and oldest.seq > 1 and oldest.created_at > since:
        raise LogTooShort(f"The log reaches back to {oldest.created_at.isoformat()}.")
    return await session.scalar(_FIRST_SINCE, {"since": since}) or head + 1


async def _require(session: AsyncSession, plugin: str, name: str) -> None:
    if (await session.scalar(_EXISTS, {"plugin": plugin, "name": name})) is None:
        raise SubscriberNotFound(f"There is no subscriber {plugin}/{name}.")


async def _count(session: AsyncSession, statement: Any, **values: Any) -> int:
    result = cast("CursorResult[Any]", await session.execute(statement, values))
    return result.rowcount
