"""The statements that move cursors and deliveries. Each must hit its row, or nothing happens.

All run in a transaction of the caller's. Times are the database's: the one clock all share.
"""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import msgspec
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.subscribers.subscriber import RecordedEvent, Subscriber

# How far a cursor looks ahead in one step, over events of types it does not hear.
WINDOW = 5000
MAX_BACKOFF_SECONDS = 3600
# How much longer than its handler may take a runner without a transaction holds its claim.
CLAIM_SLACK_SECONDS = 15

_COLUMNS = "e.id, e.seq, e.type, e.project_id, e.data::text, e.created_at"
_THIS = "plugin = :plugin AND name = :name"

_REGISTER = text(
    "INSERT INTO subscription (plugin, name, seq, seen_at, created_at) "
    "SELECT :plugin, :name, seq, now(), now() FROM event_head ON CONFLICT DO NOTHING"
)
_LOCK = text(
    f"SELECT s.seq, h.seq FROM subscription s CROSS JOIN event_head h WHERE {_THIS} "  # noqa: S608 - constants
    "FOR UPDATE OF s SKIP LOCKED"
)
_CLAIM = text(
    f"""
    UPDATE subscription s
    SET held_by = :runner, held_until = now() + make_interval(secs => :hold), seen_at = now()
    FROM event_head h
    WHERE {_THIS} AND (held_by = :runner OR held_until IS NULL OR held_until < now())
    RETURNING s.seq, h.seq
    """  # noqa: S608 - constants
)
_RELEASE = text(
    f"UPDATE subscription SET held_by = NULL, held_until = NULL WHERE {_THIS} AND held_by = :runner"  # noqa: S608 - constants
)
# Places have no gaps, so a window over them bounds how many rows are looked at.
_READ = text(
    f"SELECT {_COLUMNS} FROM event e WHERE e.seq > :after AND e.seq <= :until "  # noqa: S608 - constants
    "AND e.type = ANY(:types) ORDER BY e.seq LIMIT :limit"
)
_MOVE = text(
    f"UPDATE subscription SET seq = :until, seen_at = now() WHERE {_THIS} AND seq = :after"  # noqa: S608 - constants
)
_ACKNOWLEDGE = text(
    f"""
    UPDATE subscription
    SET seq = :until, seen_at = now(), held_until = now() + make_interval(secs => :hold)
    WHERE {_THIS} AND seq = :after AND held_by = :runner
    """  # noqa: S608 - constants
)
# A replay may bring an event here again that is here already: then it begins anew.
_SET_ASIDE = text(
    """
    INSERT INTO delivery (plugin, name, event_id, seq, attempt, due_at, dead_at, error, failed_at)
    VALUES (
        :plugin, :name, :event_id, :seq, 1, now() + make_interval(secs => :backoff),
        CASE WHEN :is_dead THEN now() END, :error, now()
    )
    ON CONFLICT (plugin, name, event_id) DO UPDATE SET
        attempt = 1, due_at = excluded.due_at, dead_at = excluded.dead_at,
        error = excluded.error, failed_at = excluded.failed_at
    """
)
_DUE = text(
    f"""
    SELECT d.attempt, {_COLUMNS} FROM delivery d JOIN event e ON e.id = d.event_id
    WHERE {_THIS} AND d.dead_at IS NULL AND d.due_at <= now()
    ORDER BY d.due_at LIMIT 1 FOR UPDATE OF d SKIP LOCKED
    """  # noqa: S608 - constants
)
_POSTPONE = text(
    "UPDATE delivery SET due_at = now() + make_interval(secs => :hold) "  # noqa: S608 - constants
    f"WHERE {_THIS} AND event_id = :event_id AND attempt = :attempt"
)
_SETTLE = text(
    f"DELETE FROM delivery WHERE {_THIS} AND event_id = :event_id AND attempt = :attempt"  # noqa: S608 - constants
)
_FAIL_AGAIN = text(
    f"""
    UPDATE delivery
    SET attempt = attempt + 1, error = :error, due_at = now() + make_interval(secs => :backoff),
        dead_at = CASE WHEN :is_dead THEN now() END
    WHERE {_THIS} AND event_id = :event_id AND attempt = :attempt AND dead_at IS NULL
    """  # noqa: S608 - constants
)


class Overtaken(Exception):
    """Another worker did this, or an operator moved the cursor: what is under way must not be."""


@dataclass(frozen=True)
class Batch:
    """What comes next for a subscriber: events, and where its cursor stands before and after."""

    after: int
    until: int
    events: list[RecordedEvent]
    # Nothing was heard, and nothing more is there: what has been added since can wait a moment.
    is_idle: bool


@dataclass(frozen=True)
class Retry:
    """An event to be tried again, and how often it has failed."""

    attempt: int
    event: RecordedEvent


async def register(session: AsyncSession, subscriber: Subscriber) -> None:
    """Give a new subscriber its cursor, at the head of the log."""
    await session.execute(_REGISTER, subscriber.key)


async def take(session: AsyncSession, subscriber: Subscriber, limit: int) -> Batch | None:
    """Lock a cursor until the transaction ends; return what comes next.

    ``None`` says that there is nothing, or that another worker is at it.
    """
    row = (await session.execute(_LOCK, subscriber.key)).one_or_none()
    return await _read(session, subscriber, row, limit)


async def claim(
    session: AsyncSession, subscriber: Subscriber, limit: int, runner: UUID
) -> Batch | None:
    """Hold a cursor for longer than the transaction; return what comes next."""
    values = subscriber.key | _hold(subscriber, runner)
    row = (await session.execute(_CLAIM, values)).one_or_none()
    return await _read(session, subscriber, row, limit)


async def release(session: AsyncSession, subscriber: Subscriber, runner: UUID) -> None:
    """Let go of a cursor: it is the next worker's turn at once."""
    await session.execute(_RELEASE, subscriber.key | {"runner": runner})


async def move(session: AsyncSession, subscriber: Subscriber, after: int, until: int) -> None:
    """Move a cursor on, by compare-and-set.

    Raises:
        Overtaken: It is not where it was.
    """
    values = subscriber.key | {"after": after, "until": until}
    await _hit(session, _MOVE, values)


async def acknowledge(
    session: AsyncSession, subscriber: Subscriber, after: int, until: int, runner: UUID
) -> None:
    """Move a cursor on that is held, and go on holding it.

    Raises:
        Overtaken: It is not where it was, or another worker's by now.
    """
    values = subscriber.key | {"after": after, "until": until} | _hold(subscriber, runner)
    await _hit(session, _ACKNOWLEDGE, values)


async def set_aside(
    session: AsyncSession, subscriber: Subscriber, event: RecordedEvent, error: str
) -> None:
    """Keep an event that failed, to be tried again."""
    await session.execute(
        _SET_ASIDE,
        subscriber.key
        | {"event_id": event.id, "seq": event.seq, "error": error}
        | _after_failure(subscriber, 1),
    )


async def next_due(session: AsyncSession, subscriber: Subscriber) -> Retry | None:
    """Lock the delivery that has been due the longest, until the transaction ends."""
    row = (await session.execute(_DUE, subscriber.key)).one_or_none()
    return Retry(row[0], _recorded(*row[1:])) if row else None


async def postpone(session: AsyncSession, subscriber: Subscriber, retry: Retry) -> None:
    """Keep other workers from a delivery for as long as its handler may take."""
    hold = {"hold": subscriber.seconds + CLAIM_SLACK_SECONDS}
    await _hit(session, _POSTPONE, _key_of(subscriber, retry) | hold)


async def settle(session: AsyncSession, subscriber: Subscriber, retry: Retry) -> None:
    """Remove a delivery whose event has been handled.

    Raises:
        Overtaken: It is gone, or has been tried by somebody else.
    """
    await _hit(session, _SETTLE, _key_of(subscriber, retry))


async def fail_again(
    session: AsyncSession, subscriber: Subscriber, retry: Retry, error: str
) -> None:
    """Say that a delivery has failed once more; after the last attempt it is dead.

    Raises:
        Overtaken: It is gone, or has been tried by somebody else.
    """
    values = _key_of(subscriber, retry) | {"error": error}
    await _hit(session, _FAIL_AGAIN, values | _after_failure(subscriber, retry.attempt + 1))


async def _read(
    session: AsyncSession, subscriber: Subscriber, row: Any, limit: int
) -> Batch | None:
    if row is None or row[1] <= row[0]:
        return None
    after, until = row[0], min(row[1], row[0] + WINDOW)
    found = await session.execute(
        _READ,
        {"after": after, "until": until, "types": sorted(subscriber.types), "limit": limit},
    )
    events = [_recorded(*values) for values in found]
    if len(events) == limit:
        until = events[-1].seq
    return Batch(after, until, events, is_idle=not events and until == row[1])


async def _hit(session: AsyncSession, statement: Any, values: dict[str, Any]) -> None:
    result = cast("CursorResult[Any]", await session.execute(statement, values))
    if result.rowcount != 1:
        raise Overtaken


def _hold(subscriber: Subscriber, runner: UUID) -> dict[str, Any]:
    return {"runner": runner, "hold": subscriber.seconds + CLAIM_SLACK_SECONDS}


def _key_of(subscriber: Subscriber, retry: Retry) -> dict[str, Any]:
    return subscriber.key | {"event_id": retry.event.id, "attempt": retry.attempt}


def _after_failure(subscriber: Subscriber, attempt: int) -> dict[str, Any]:
    return {
        "backoff": min(2**attempt, MAX_BACKOFF_SECONDS),
        "is_dead": attempt >= subscriber.attempts,
    }


def _recorded(id: UUID, seq: int, type: str, project_id: UUID, data: str, at: Any) -> RecordedEvent:
    return RecordedEvent(id, seq, type, project_id, msgspec.Raw(data.encode()), at)
