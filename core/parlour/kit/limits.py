"""Rate limits: moving windows, shared through Redis or kept in this process."""

import time

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from parlour.kit.errors import RateLimited

log = structlog.get_logger(__name__)


class Limiter:
    """Counts acts against rates, over all processes or in this one.

    ``hit`` counts over all; it falls back to this process alone while Redis is away. ``hit_here``
    never waits: it is for acts whose order must survive, such as a visitor's messages.
    """

    def __init__(self, redis_dsn: str) -> None:
        url = redis_dsn.replace("unix://", "redis+unix://", 1)
        self._pool = BlockingConnectionPool.from_url(redis_dsn)
        self._shared = MovingWindowRateLimiter(
            RedisStorage(
                f"async+{url}",
                implementation="redispy",
                key_prefix="parlour:limit",
                connection_pool=self._pool,  # pyright: ignore[reportArgumentType] - documented
            )
        )
        self._own = MovingWindowRateLimiter(MemoryStorage())

    async def close(self) -> None:
        """Let go of the connections."""
        await self._pool.disconnect()

    async def hit(self, rate: RateLimitItem, *who: str) -> None:
        """Count one act.

        Raises:
            RateLimited: It was one too many; ``retry_after`` says when the next may come.
        """
        try:
            await self._hit(self._shared, rate, who)
        except (RedisError, OSError) as error:
            log.warning("limiter_alone", error=str(error))
            await self._hit(self._own, rate, who)

    async def hit_here(self, rate: RateLimitItem, *who: str) -> None:
        """Count one act in this process.

        Raises:
            RateLimited: It was one too many; ``retry_after`` says when the next may come.
        """
        await self._hit(self._own, rate, who)

    async def _hit(
        self, limiter: MovingWindowRateLimiter, rate: RateLimitItem, who: tuple[str, ...]
    ) -> None:
        if not await limiter.hit(rate, *who):
            window = await limiter.get_window_stats(rate, *who)
            raise RateLimited(retry_after=max(1, round(window.reset_time - time.time())))
