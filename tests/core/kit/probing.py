"""Subscribers that leave a trace of every event, and a log for them to hear."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
from sqlalchemy import text
from tests.parlour import until

from parlour.kit.db import Database
from parlour.kit.events import Event, record
from parlour.kit.ids import new_id
from parlour.kit.settings import Settings
from parlour.kit.subscribers.subscriber import Context, RecordedEvent, Subscriber
from parlour.worker import run_worker

Handler = Callable[[Context, RecordedEvent], Awaitable[None]]

TABLE = """
DROP TABLE IF EXISTS probe;
CREATE UNLOGGED TABLE probe (
    place bigint GENERATED ALWAYS AS IDENTITY, handler text, number int, event_id uuid
)
"""
_TRACE = text("INSERT INTO probe (handler, number, event_id) VALUES (:handler, :number, :id)")


class Probed(Event, frozen=True, kw_only=True):
    """Something a probe hears of."""

    type: ClassVar[str] = "probe.recorded"

    number: int


class Ignored(Event, frozen=True, kw_only=True):
    """Something no probe hears of."""

    type: ClassVar[str] = "probe.ignored"


def probe(name: str, before: Handler | None = None, **options: Any) -> Subscriber:
    """A subscriber that writes down what it hears, after ``before`` has let it."""

    async def handle(context: Context, event: RecordedEvent) -> None:
        if before:
            await before(context, event)
        number = event.read(Probed).number
        values = {"handler": name, "number": number, "id": event.id}
        if options.get("transaction", True):
            await context.db.execute(_TRACE, values)
        else:
            async with context.runtime.database.transaction() as session:
                await session.execute(_TRACE, values)

    return Subscriber(name=name, types=frozenset({Probed.type}), handler=handle, **options)


class Log:
    """The database as a test of subscribers sees it: a project whose events are written here."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.project_id = new_id()
        self._database = Database(settings.postgres_dsn, pool_size=2)

    async def open(self) -> None:
        connection = await asyncpg.connect(self.settings.postgres_dsn)
        await connection.execute(TABLE)
        await connection.execute(
            "INSERT INTO project VALUES ($1, 'Shop', '{}', now())", self.project_id
        )
        await connection.close()

    async def close(self) -> None:
        await self.sql("DROP TABLE probe")
        await self._database.close()

    async def write(self, numbers: Iterable[int], *others: Event) -> None:
        """Record probes in one transaction, as services do."""
        probes = [Probed(project_id=self.project_id, number=number) for number in numbers]
        async with self._database.transaction() as session:
            await record(session, *probes, *others)

    async def sql(self, query: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(self.settings.postgres_dsn)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def heard(self, name: str) -> list[int]:
        """The numbers a probe has written down, in its order."""
        query = "SELECT number FROM probe WHERE handler = $1 ORDER BY place"
        return [row["number"] for row in await self.sql(query, name)]

    async def hears(self, name: str, numbers: Sequence[int], seconds: float = 20) -> None:
        """Wait until a probe has heard so many; it must be these, in this order."""

        async def has_heard() -> bool:
            return len(await self.heard(name)) >= len(numbers)

        await until(has_heard, seconds)
        assert await self.heard(name) == list(numbers)

    async def deliveries(self, name: str) -> list[Any]:
        return await self.sql("SELECT * FROM delivery WHERE name = $1 ORDER BY seq", name)

    async def is_through(self) -> bool:
        """Tell whether everything is sequenced, and every cursor at the head."""
        query = """
            SELECT FROM event WHERE seq IS NULL
            UNION ALL SELECT FROM subscription s, event_head h WHERE s.seq < h.seq
        """
        return not await self.sql(query)

    async def release(self) -> None:
        """Let the claim of a worker that died end now, as it would by itself within a minute."""
        await self.sql("UPDATE subscription SET held_until = now()")

    async def hurry(self) -> None:
        """Make every retry due now."""
        await self.sql("UPDATE delivery SET due_at = now() WHERE dead_at IS NULL")


@asynccontextmanager
async def worker(settings: Settings, *subscribers: Subscriber) -> AsyncGenerator[None]:
    """A worker, as production runs it, with these subscribers; they know the log's head by then."""
    stop = asyncio.Event()
    working = asyncio.create_task(run_worker(settings, stop, subscribers))
    try:
        await until(lambda: _are_known(settings, subscribers))
        yield
    finally:
        stop.set()
        await working


async def _are_known(settings: Settings, subscribers: Sequence[Subscriber]) -> bool:
    connection = await asyncpg.connect(settings.postgres_dsn)
    try:
        known = {
            tuple(row) for row in await connection.fetch("SELECT plugin, name FROM subscription")
        }
    finally:
        await connection.close()
    return {(one.plugin, one.name) for one in subscribers} <= known


def event_ids(rows: Iterable[Any]) -> list[UUID]:
    """The events that rows are about."""
    return [row["event_id"] for row in rows]
