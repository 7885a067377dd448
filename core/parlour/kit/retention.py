"""Retention: the log's oldest end is trimmed, in steps so small that nobody notices.

The log is shortened from its oldest event on and never in between: what is left has no gaps, so
that its first place tells how far it reaches back. It keeps what a subscriber has still to hear.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import structlog
from sqlalchemy import CursorResult, text
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.db import Database
from parlour.kit.errors import AppError

# Held, until its transaction ends, by whoever shortens the log or must not see it shortened.
LOCK_LOG_END = 7_305_808_869_229_541
BATCH = 500
PAUSE_SECONDS = 0.1
INTERVAL_SECONDS = 600.0
# A subscriber whose code has not been seen for so long is gone: the log waits for it no longer.
UNSEEN_DAYS = 30

_FORGET_SUBSCRIBERS = text(
    """
    DELETE FROM subscription WHERE (plugin, name) IN (
        SELECT plugin, name FROM subscription
        WHERE seen_at < now() - make_interval(days => :days)
            AND plugin || '/' || name <> ALL(CAST(:here AS text[]))
        FOR UPDATE SKIP LOCKED
    ) RETURNING plugin, name
    """
)
_TRIM_DEAD = text(
    """
    DELETE FROM delivery WHERE (plugin, name, event_id) IN (
        SELECT plugin, name, event_id FROM delivery
        WHERE dead_at < now() - make_interval(days => :days)
        ORDER BY dead_at LIMIT :batch FOR UPDATE SKIP LOCKED
    )
    """
)
# Up to the first event that is too young, still needed, or in somebody's hands.
_TRIM_LOG = text(
    """
    WITH needed AS (
        SELECT least(
            (SELECT seq FROM event_head),
            (SELECT min(seq) FROM subscription),
            (SELECT min(seq) - 1 FROM delivery)
        ) AS seq
    ), oldest AS (
        SELECT id, seq, created_at FROM event WHERE seq <= (SELECT seq FROM needed)
        ORDER BY seq LIMIT :batch
    ), locked AS (
        SELECT id FROM event WHERE id IN (SELECT id FROM oldest) FOR UPDATE SKIP LOCKED
    ), first_kept AS (
        SELECT min(seq) AS seq FROM oldest
        WHERE created_at >= now() - make_interval(days => :days)
            OR id NOT IN (SELECT id FROM locked)
    )
    DELETE FROM event USING oldest, first_kept
    WHERE event.id = oldest.id AND (first_kept.seq IS NULL OR oldest.seq < first_kept.seq)
    """
)

log = structlog.get_logger(__name__)


class Retention:
    """Trims, in every worker, but in one at a time.

    ``here`` are the subscribers of this process, as ``plugin/name``: they are not gone, even if
    nobody has seen them for long because everything was switched off.
    """

    def __init__(self, database: Database, days: int, here: Sequence[str]) -> None:
        self._database = database
        self._days = days
        self._here = list(here)

    async def run(self) -> None:
        """Trim now and then, until cancelled."""
        while True:
            try:
                if events := await self.trim():
                    log.info("log_trimmed", events=events)
            except AppError as error:
                log.warning("retention_failed", error=str(error))
            await asyncio.sleep(INTERVAL_SECONDS)

    async def trim(self) -> int:
        """Remove what is older than it is kept; return how many events that was."""
        trimmed = 0
        while True:
            async with self._database.transaction() as session:
                if not await self._is_ours(session):
                    return trimmed
                events, is_more = await self._trim_some(session)
            trimmed += events
            if not is_more:
                return trimmed
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_ours(self, session: AsyncSession) -> bool:
        lock = text("SELECT pg_try_advisory_xact_lock(:key)")
        return bool(await session.scalar(lock, {"key": LOCK_LOG_END}))

    async def _trim_some(self, session: AsyncSession) -> tuple[int, bool]:
        unseen = {"days": UNSEEN_DAYS, "here": self._here}
        for plugin, name in await session.execute(_FORGET_SUBSCRIBERS, unseen):
            log.warning("subscriber_forgotten", subscriber=f"{plugin}/{name}")
        values = {"days": self._days, "batch": BATCH}
        dead = await _delete(session, _TRIM_DEAD, values)
        events = await _delete(session, _TRIM_LOG, values)
        return events, max(dead, events) == BATCH


async def _delete(session: AsyncSession, statement: Any, values: dict[str, int]) -> int:
    result = cast("CursorResult[Any]", await session.execute(statement, values))
    return result.rowcount
