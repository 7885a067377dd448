"""The relay: gives committed events their place in the log, and tells the gateways.

Any number of workers run one. A pass holds a transaction-level advisory lock, so one relay is
active at a time and none can stay so while stopped: PostgreSQL ends its idle transaction. The
counter moves in the same transaction, so places have no gaps; publishing comes after the commit
and may be lost or doubled, since gateways read the log where they see a gap.
"""

import asyncio
from contextlib import suppress

import asyncpg
import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from parlour.kit.db import EVENTS_CHANNEL, connect
from parlour.kit.events import LoggedEvent, logged
from parlour.kit.failpoints import reach

# The channel of sequenced events: each message is one pass, a JSON array of ``LoggedEvent``.
LOG_CHANNEL = "parlour:log"
POLL_SECONDS = 0.2
PASS_LIMIT = 500
_LOCK = 7_305_808_869_229_538

_SEQUENCE = """
WITH next AS (
    SELECT id, row_number() OVER (ORDER BY ordinal) AS place
    FROM (SELECT id, ordinal FROM event WHERE seq IS NULL ORDER BY ordinal LIMIT $1) AS waiting
), head AS (
    UPDATE event_head SET seq = seq + (SELECT count(*) FROM next)
    WHERE EXISTS (SELECT FROM next)
    RETURNING seq - (SELECT count(*) FROM next) AS seq
)
UPDATE event SET seq = head.seq + next.place FROM next, head WHERE event.id = next.id
RETURNING event.seq, type, project_id, data::text, created_at, audience
"""

log = structlog.get_logger(__name__)


class Relay:
    """Sequences and publishes, until cancelled; reconnects for as long as it takes."""

    def __init__(self, dsn: str, redis: Redis) -> None:
        self._dsn = dsn
        self._redis = redis
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        backoff = 0.05
        while True:
            try:
                connection = await connect(self._dsn)
            except (OSError, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("relay_disconnected", error=str(error))
            else:
                backoff = 0.05
                await self._work(connection)
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, 2)

    async def _work(self, connection: asyncpg.Connection) -> None:
        """Work on one connection until it breaks."""
        connection.add_termination_listener(lambda _: self._wake.set())
        try:
            await connection.add_listener(EVENTS_CHANNEL, lambda *_: self._wake.set())
            while not connection.is_closed():
                self._wake.clear()
                if await self.run_once(connection) < PASS_LIMIT:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._wake.wait()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("relay_disconnected", error=str(error))
        finally:
            connection.terminate()

    async def run_once(self, connection: asyncpg.Connection) -> int:
        """Sequence and publish what has been committed; return how many events that was."""
        async with connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
                return 0
            rows = await connection.fetch(_SEQUENCE, PASS_LIMIT)
            if rows:
                reach("relay_after_sequence_before_commit")
        if rows:
            reach("relay_after_commit_before_publish")
            await self._publish(sorted((logged(*row) for row in rows), key=lambda e: e.seq))
            reach("relay_after_publish")
        return len(rows)

    async def _publish(self, events: list[LoggedEvent]) -> None:
        try:
            await self._redis.publish(LOG_CHANNEL, msgspec.json.encode(events))
        except (RedisError, OSError) as error:
            log.warning("relay_publish_failed", error=str(error), events=len(events))
