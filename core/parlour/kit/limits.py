"""Rate limits: moving windows, shared through Redis or kept in this process."""

import time
from collections import deque

import structlog
from limits import RateLimitItem
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from parlour.kit.errors import RateLimited
from parlour.kit.redis_pool import telling_losses

log = structlog.get_logger(__name__)


class MovingWindow:
    """Counts acts in this process alone, without ever waiting.

    `limits` has one in memory as well, which hops through a thread for each act: more than all
    else that a visitor's message costs its gateway.
    """

    def __init__(self) -> None:
        # When each one acted, the latest actor last.
        self._acts: dict[tuple[RateLimitItem, tuple[str, ...]], deque[float]] = {}

    def hit(self, rate: RateLimitItem, *who: str) -> None:
        """Count one act.

        Raises:
            RateLimited: It was one too many.
        """
        now = time.monotonic()
        acts = self._acts.pop((rate, who), None) or deque[float]()
        self._acts[rate, who] = acts
        while acts and acts[0] <= now - rate.get_expiry():
            acts.popleft()
        if len(acts) >= rate.amount:
            raise RateLimited(retry_after=max(1, round(acts[0] + rate.get_expiry() - now)))
        acts.append(now)
        self._forget(now)

    def _forget(self, now: float) -> None:
        """Let go of two who have not acted for so long that nothing counts: more than come."""
        for _ in range(2):
            (rate, who), acts = next(iter(self._acts.items()))
            if acts and acts[-1] > now - rate.get_expiry():
                return
            del self._acts[rate, who]


class Limiter:
    """Counts acts against rates, over all processes or in this one.

    ``hit`` counts over all; it falls back to this process alone while Redis is away. ``hit_here``
    never waits: it is for acts whose order must survive, such as a visitor's messages.
    """

    def __init__(self, redis_dsn: str) -> None:
        url = redis_dsn.replace("unix://", "redis+unix://", 1)
        self._pool = telling_losses(BlockingConnectionPool.from_url(redis_dsn))
        self._shared = MovingWindowRateLimiter(
            RedisStorage(
                f"async+{url}",
                implementation="redispy",
                key_prefix="parlour:limit",
                connection_pool=self._pool,  # pyright: ignore[reportArgumentType] - documented
            )
        )
        self._own = MovingWindow()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.disconnect()

    async def hit(self, rate: RateLimitItem, *who: str) -> None:
        """Count one act.

        Raises:
            RateLimited: It was one too many; ``retry_after`` says when the next may come.
        """
        try:
            if not await self._shared.hit(rate, *who):
                window = await self._shared.get_window_stats(rate, *who)
                raise RateLimited(retry_after=max(1, round(window.reset_time - time.time())))
        except (RedisError, OSError) as error:
            log.warning("limiter_alone", error=str(error))
            self._own.hit(rate, *who)

    def hit_here(self, rate: RateLimitItem, *who: str) -> None:
        """Count one act in this process.

        Raises:
            RateLimited: It was one too many; ``retry_after`` says when the next may come.
        """
        self._own.hit(rate, *who)
