"""Adaptive micro-batches: a lone item leaves at once; while one batch is away, the next collects.

Nothing waits for a timer, so an idle system has no added delay; and because a batch leaves only
when the one before is done, a busy one writes ever larger batches instead of ever more.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from parlour.kit.errors import Busy

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class MicroBatcher(Generic[Item, Outcome]):
    """Hands items over in batches, in the order they came.

    ``flush`` gets a batch and returns one outcome for each item, in the same order; an outcome
    that is an exception is raised to that item's sender, and an exception of ``flush`` itself to
    all of them.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        size: int,
        queue: int,
    ) -> None:
        self._flush = flush
        self._size = size
        self._limit = queue
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._running: asyncio.Task[None] | None = None

    def add(self, item: Item) -> asyncio.Future[Outcome]:
        """Queue an item; the future resolves when its batch is done.

        Raises:
            Busy: As many items wait as may.
        """
        if len(self._waiting) >= self._limit:
            raise Busy(retry_after=1)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return future

    async def drain(self) -> None:
        """Wait until nothing is under way."""
        if self._running:
            await self._running

    async def _run(self) -> None:
        while self._waiting:
            count = min(self._size, len(self._waiting))
            await self._run_batch([self._waiting.popleft() for _ in range(count)])

    async def _run_batch(self, batch: list[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        outcomes: Sequence[Outcome | Exception]
        try:
            outcomes = await self._flush([item for item, _ in batch])
        except Exception as error:
            outcomes = [error] * len(batch)
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.done():  # its sender has gone away
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
