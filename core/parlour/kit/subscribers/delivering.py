"""How events reach a handler: within a transaction, exactly once; outside of one, at least once."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from parlour.kit.db import Database
from parlour.kit.failpoints import reach
from parlour.kit.ids import new_id
from parlour.kit.runtime import Runtime
from parlour.kit.subscribers import cursor
from parlour.kit.subscribers.cursor import Batch, Overtaken, Retry
from parlour.kit.subscribers.failures import TookTooLong, describe
from parlour.kit.subscribers.subscriber import Context, RecordedEvent, Subscriber

# As many events share a transaction, for as long; one alone may take its handler's whole time.
BATCH_LIMIT = 100
BATCH_SECONDS = 1.0
# PostgreSQL ends a statement after 15 seconds.
STATEMENTS_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Pool:
    """The database connections of subscribers: their own, so that messages never wait for them."""

    def __init__(self, dsn: str, size: int) -> None:
        self._database = Database(dsn, pool_size=size)
        # Who waits for a connection waits in turn, rather than until the pool refuses.
        self._slots = asyncio.Semaphore(size)

    @asynccontextmanager
    async def transaction(self, seconds: float = 0) -> AsyncGenerator[AsyncSession]:
        """Open a transaction, as soon as there is a connection.

        A connection that broke in silence ends it ``STATEMENTS_SECONDS`` after what a handler may
        take, so that nobody waits for ever.
        """
        async with (
            self._slots,
            asyncio.timeout(seconds + STATEMENTS_SECONDS),
            self._database.transaction() as session,
        ):
            yield session

    async def close(self) -> None:
        """Let go of the connections."""
        await self._database.close()


class Deliverer(ABC):
    """Takes one subscriber's events to its handler, and keeps the books about them.

    Its methods return whether it may make sense to call them again at once, as it does when they
    raise ``Overtaken``.
    """

    def __init__(
        self, runtime: Runtime, pool: Pool, subscriber: Subscriber, stop: asyncio.Event
    ) -> None:
        self._runtime = runtime
        self._pool = pool
        self._subscriber = subscriber
        self._stop = stop

    @abstractmethod
    async def advance(self) -> bool:
        """Handle what comes next in the log, and move the cursor."""

    @abstractmethod
    async def retry(self) -> bool:
        """Try an event again that has failed and is due."""

    async def _call(self, event: RecordedEvent, session: AsyncSession | None = None) -> None:
        limit = asyncio.timeout(self._subscriber.seconds)
        try:
            async with limit:
                await self._subscriber.handler(Context(self._runtime, session), event)
        except TimeoutError as error:
            if limit.expired():
                raise TookTooLong(f"It took more than {self._subscriber.seconds:g} s.") from error
            raise

    def _said(self, event: RecordedEvent, error: Exception, attempt: int) -> str:
        """Return what is kept of an error, and tell the log."""
        said = describe(error, self._runtime.settings)
        log.warning(
            "subscriber_failed",
            subscriber=self._subscriber.full_name,
            event_id=str(event.id),
            attempt=attempt,
            error=said,
        )
        return said

    async def _fail_again(self, retry: Retry, error: Exception) -> None:
        said = self._said(retry.event, error, retry.attempt + 1)
        async with self._pool.transaction() as session:
            await cursor.fail_again(session, self._subscriber, retry, said)


class InTransaction(Deliverer):
    """For handlers that write to the database: their writes and the cursor commit together.

    Many events share a transaction. When one of them fails all are undone and taken one by one,
    so that the one can be told from the others; then batches grow again.
    """

    _size = BATCH_LIMIT

    async def advance(self) -> bool:
        """Handle a batch in one transaction, or set its only event aside."""
        batch: Batch | None = None
        try:
            async with self._pool.transaction(BATCH_SECONDS + self._subscriber.seconds) as session:
                batch = await cursor.take(session, self._subscriber, self._size)
                if batch is None:
                    return False
                until = await self._handle(session, batch)
                await cursor.move(session, self._subscriber, batch.after, until)
                reach("subscriber_after_handler_before_commit")
        except Overtaken:
            raise
        except Exception as error:
            if batch is None or not batch.events:
                raise
            await self._after_failure(batch, error)
        else:
            self._size = min(self._size * 2, BATCH_LIMIT)
        reach("subscriber_after_commit")
        return not batch.is_idle

    async def _handle(self, session: AsyncSession, batch: Batch) -> int:
        """Handle events in their order; return the place up to which that was done."""
        deadline = time.monotonic() + BATCH_SECONDS
        for event in batch.events:
            await self._call(event, session)
            await session.flush()
            session.expunge_all()  # the next event's handler reads what is true then
            if time.monotonic() > deadline or self._stop.is_set():
                return event.seq
        return batch.until

    async def _after_failure(self, batch: Batch, error: Exception) -> None:
        self._size = 1
        if len(batch.events) > 1:
            return
        (event,) = batch.events
        said = self._said(event, error, 1)
        async with self._pool.transaction() as session:
            # If the failure was that nobody heard of a commit, the cursor has moved: no row is hit.
            await cursor.move(session, self._subscriber, batch.after, event.seq)
            await cursor.set_aside(session, self._subscriber, event, said)

    async def retry(self) -> bool:
        """Handle a delivery and remove it, in one transaction."""
        due: Retry | None = None
        try:
            async with self._pool.transaction(self._subscriber.seconds) as session:
                due = await cursor.next_due(session, self._subscriber)
                if due is None:
                    return False
                await self._call(due.event, session)
                await cursor.settle(session, self._subscriber, due)
                reach("subscriber_after_handler_before_commit")
        except Overtaken:
            raise
        except Exception as error:
            if due is None:
                raise
            await self._fail_again(due, error)
        reach("subscriber_after_commit")
        return True


class Outside(Deliverer):
    """For handlers that work outside the database: no transaction is held meanwhile.

    A claim with an end keeps other workers away. Who does not come back before it ends has been
    overtaken, and what it did is done a second time: ``RecordedEvent.id`` tells.
    """

    def __init__(
        self, runtime: Runtime, pool: Pool, subscriber: Subscriber, stop: asyncio.Event
    ) -> None:
        super().__init__(runtime, pool, subscriber, stop)
        self._id = new_id()

    async def advance(self) -> bool:
        """Handle events one by one, acknowledging each."""
        async with self._pool.transaction() as session:
            batch = await cursor.claim(session, self._subscriber, BATCH_LIMIT, self._id)
            if batch and not batch.events:
                await self._move(session, batch.after, batch.until)
            if batch is None or batch.is_idle:
                await cursor.release(session, self._subscriber, self._id)
                return False
        await self._handle(batch)
        if self._stop.is_set():
            async with self._pool.transaction() as session:
                await cursor.release(session, self._subscriber, self._id)
        return True

    async def _handle(self, batch: Batch) -> None:
        at = batch.after
        for event in batch.events:
            if self._stop.is_set():
                return
            failure = await self._try(event)
            said = self._said(event, failure, 1) if failure else None
            async with self._pool.transaction() as session:
                await self._move(session, at, event.seq)
                if said:
                    await cursor.set_aside(session, self._subscriber, event, said)
                reach("subscriber_after_handler_before_commit")
            reach("subscriber_after_commit")
            at = event.seq
        if batch.events and at < batch.until:
            async with self._pool.transaction() as session:
                await self._move(session, at, batch.until)

    async def _try(self, event: RecordedEvent) -> Exception | None:
        try:
            await self._call(event)
        except Exception as error:
            return error
        return None

    async def _move(self, session: AsyncSession, after: int, until: int) -> None:
        await cursor.acknowledge(session, self._subscriber, after, until, self._id)

    async def retry(self) -> bool:
        """Claim a delivery, handle it, remove it."""
        async with self._pool.transaction() as session:
            due = await cursor.next_due(session, self._subscriber)
            if due is None:
                return False
            await cursor.postpone(session, self._subscriber, due)
        if failure := await self._try(due.event):
            await self._fail_again(due, failure)
            return True
        async with self._pool.transaction() as session:
            await cursor.settle(session, self._subscriber, due)
            reach("subscriber_after_handler_before_commit")
        reach("subscriber_after_commit")
        return True
