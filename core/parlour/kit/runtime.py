"""What a process holds open while it runs."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from parlour.kit.crypto import Keyring, kept_keys
from parlour.kit.db import Database
from parlour.kit.limits import Limiter
from parlour.kit.presence import Presence
from parlour.kit.redis_pool import telling_losses
from parlour.kit.settings import Settings
from parlour.kit.signals import Signals
from parlour.kit.tasks import Tasks


@dataclass(frozen=True)
class Runtime:
    """Connections, keys and settings: made once by whoever starts the process."""

    settings: Settings
    keyring: Keyring
    database: Database
    redis: Redis
    tasks: Tasks
    limiter: Limiter
    signals: Signals
    presence: Presence


def spare_collector() -> None:
    """Keep the garbage collector away from what lives as long as the process.

    A full collection of all that was imported takes 50 ms, in which nothing is delivered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def load_keyring(settings: Settings) -> Keyring:
    """Return the keyring that is set, or the one kept in the data folder."""
    if settings.keys:
        return Keyring.parse(settings.keys.get_secret_value())
    return Keyring.parse(kept_keys(settings.folder / "keys"))


def open_redis(settings: Settings) -> Redis:
    """Return a client of Redis. Whoever uses it decides what a failure means."""
    # Blocking: when hundreds of sockets end at once, they wait in line rather than fail.
    pool = BlockingConnectionPool.from_url(settings.redis_dsn, retry=Retry(NoBackoff(), 1))
    return Redis.from_pool(telling_losses(pool))


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncGenerator[Runtime]:
    """Open what a process needs; close it again."""
    database = Database(settings.postgres_dsn, pool_size=settings.database_pool_size)
    redis = open_redis(settings)
    tasks = Tasks(settings.redis_dsn, redis, redelivery_seconds=settings.redelivery_seconds)
    limiter = Limiter(settings.redis_dsn)
    try:
        yield Runtime(
            settings=settings,
            keyring=load_keyring(settings),
            database=database,
            redis=redis,
            tasks=tasks,
            limiter=limiter,
            signals=Signals(redis),
            presence=Presence(redis),
        )
    finally:
        await tasks.close()
        await limiter.close()
        await database.close()
        await redis.aclose()
