"""The runner: one in each worker, with two tasks for each subscriber: none holds another up.

A task is woken by what the relay publishes, and by a look at the tables once a second: a lost
hint costs that second and nothing else. Where a subscriber stands is in its row and nowhere else.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import msgspec
import structlog
from redis.exceptions import RedisError
from sqlalchemy import text

from parlour.kit.background import end
from parlour.kit.errors import AppError
from parlour.kit.relay import LOG_CHANNEL
from parlour.kit.runtime import Runtime
from parlour.kit.subscribers import cursor
from parlour.kit.subscribers.cursor import Overtaken
from parlour.kit.subscribers.delivering import Deliverer, InTransaction, Outside, Pool
from parlour.kit.subscribers.subscriber import Subscriber

POLL_SECONDS = 1.0
# A worker that ends lets handlers finish for as long; the supervisor waits longer.
DRAIN_SECONDS = 10.0
MAX_BACKOFF_SECONDS = 5.0

_LOOK = text(
    """
    SELECT s.plugin, s.name, s.seq < h.seq AS is_behind, s.seen_at < now() - interval '1 hour',
        EXISTS (
            SELECT FROM delivery d WHERE d.plugin = s.plugin AND d.name = s.name
            AND d.dead_at IS NULL AND d.due_at <= now()
        ) AS is_due
    FROM subscription s CROSS JOIN event_head h
    """
)
# Also of a subscriber whose cursor has no reason to move: its code is still here.
_SEE = text(
    """
    UPDATE subscription SET seen_at = now() WHERE (plugin, name) IN (
        SELECT plugin, name FROM subscription WHERE plugin = :plugin AND name = :name
        FOR UPDATE SKIP LOCKED
    )
    """
)

log = structlog.get_logger(__name__)


class Hint(msgspec.Struct, frozen=True):
    """As much of a published event as tells whom to wake."""

    type: str


_HINTS = msgspec.json.Decoder(list[Hint])


class Follower:
    """One subscriber at work in this process."""

    def __init__(self, subscriber: Subscriber, deliverer: Deliverer, stop: asyncio.Event) -> None:
        self.subscriber = subscriber
        self.log_grew = asyncio.Event()
        self.is_due = asyncio.Event()
        self._deliverer = deliverer
        self._stop = stop

    def tasks(self) -> list[asyncio.Task[None]]:
        """Start to work: through the log, and on what has failed before."""
        name = self.subscriber.full_name
        return [
            asyncio.create_task(self._repeat(self.log_grew, self._deliverer.advance), name=name),
            asyncio.create_task(self._repeat(self.is_due, self._deliverer.retry), name=name),
        ]

    async def _repeat(self, wake: asyncio.Event, step: Callable[[], Awaitable[bool]]) -> None:
        """Take a step whenever woken, and again while there is more to do."""
        backoff = 0.1
        while not self._stop.is_set():
            await wake.wait()
            wake.clear()
            try:
                while not self._stop.is_set() and await self._take(step):
                    backoff = 0.1
            except Exception as error:
                # Not the handler's failure, which is in the books: these could not be kept.
                is_expected = isinstance(error, AppError)
                log.warning("subscriber_stalled", error=str(error), exc_info=not is_expected)
                with suppress(TimeoutError):
                    async with asyncio.timeout(backoff):
                        await self._stop.wait()
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)
                wake.set()

    async def _take(self, step: Callable[[], Awaitable[bool]]) -> bool:
        try:
            return await step()
        except Overtaken:
            return True


class Runner:
    """Brings the log to subscribers, for as long as a block lasts."""

    def __init__(self, runtime: Runtime, subscribers: Sequence[Subscriber]) -> None:
        keys = [(subscriber.plugin, subscriber.name) for subscriber in subscribers]
        if len(set(keys)) < len(keys):
            raise ValueError("Two subscribers have the same name.")
        self._runtime = runtime
        self._stop = asyncio.Event()
        settings = runtime.settings
        size = max(1, min(2 * len(subscribers), settings.database_pool_size))
        self._pool = Pool(settings.postgres_dsn, size)
        self._followers = {
            (subscriber.plugin, subscriber.name): self._follow(subscriber)
            for subscriber in subscribers
        }

    def _follow(self, subscriber: Subscriber) -> Follower:
        kind = InTransaction if subscriber.transaction else Outside
        deliverer = kind(self._runtime, self._pool, subscriber, self._stop)
        return Follower(subscriber, deliverer, self._stop)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Work beside a block; when it ends, finish what is under way."""
        await self._try_to_look()  # a new subscriber stands at the log's head before anything else
        looking = [asyncio.create_task(self._look()), asyncio.create_task(self._listen())]
        working = [task for follower in self._followers.values() for task in follower.tasks()]
        try:
            yield
        finally:
            self._stop.set()
            for follower in self._followers.values():
                follower.log_grew.set()
                follower.is_due.set()
            if working:
                await asyncio.wait(working, timeout=DRAIN_SECONDS)
            await end([*looking, *working])
            await self._pool.close()

    async def _look(self) -> None:
        """Wake whoever has something to do, once a second."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self._try_to_look()

    async def _try_to_look(self) -> None:
        try:
            await self._look_once()
        except Exception as error:
            is_expected = isinstance(error, AppError)
            log.warning("subscribers_cannot_look", error=str(error), exc_info=not is_expected)

    async def _look_once(self) -> None:
        async with self._runtime.database.transaction() as session:
            rows = {(row[0], row[1]): row for row in await session.execute(_LOOK)}
            for key, follower in self._followers.items():
                if key not in rows:
                    await cursor.register(session, follower.subscriber)
                elif rows[key][3]:
                    await session.execute(_SEE, follower.subscriber.key)
        for key, row in rows.items():
            if key not in self._followers:
                continue
            if row.is_behind:
                self._followers[key].log_grew.set()
            if row.is_due:
                self._followers[key].is_due.set()

    async def _listen(self) -> None:
        """Wake whoever hears what the relay has just published."""
        while True:
            try:
                async with self._runtime.redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(LOG_CHANNEL)
                    async for message in channel.listen():
                        self._wake({hint.type for hint in _HINTS.decode(message["data"])})
            except (RedisError, OSError, msgspec.MsgspecError) as error:
                log.warning("subscribers_without_redis", error=str(error))
                await asyncio.sleep(POLL_SECONDS)

    def _wake(self, types: set[str]) -> None:
        for follower in self._followers.values():
            if not follower.subscriber.types.isdisjoint(types):
                follower.log_grew.set()
