"""Presence: who is connected, over all gateways. Kept in Redis, so it may be lost and comes back.

Each gateway vouches for its own connections for ``LIFETIME_SECONDS`` and renews that while they
last: what a crashed gateway vouched for fades by itself.
"""

import time
from collections import Counter
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from parlour.kit.ids import new_id

LIFETIME_SECONDS = 60
BEAT_SECONDS = 20

log = structlog.get_logger(__name__)


class Presence:
    """Who is in which group. A group is a name such as ``visitors:<project>``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._gateway = str(new_id())
        self._here: Counter[tuple[str, UUID]] = Counter()

    async def enter(self, group: str, id: UUID) -> bool:
        """Count a connection in; tell whether it is the first anywhere."""
        self._here[group, id] += 1
        if self._here[group, id] > 1:
            return False
        try:
            was_online = await self._vouch([(group, id)])
        except (RedisError, OSError) as error:
            log.warning("presence_unknown", error=str(error))
            return False
        return not was_online

    async def leave(self, group: str, id: UUID) -> bool:
        """Count a connection out; tell whether it was the last anywhere."""
        self._here[group, id] -= 1
        if self._here[group, id] > 0:
            return False
        del self._here[group, id]
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.zrem(_gateways(group, id), self._gateway)
                pipeline.zremrangebyscore(_gateways(group, id), "-inf", time.time())
                pipeline.zcard(_gateways(group, id))
                *_, elsewhere = await pipeline.execute()
            if not elsewhere:
                await self._redis.zrem(_members(group), str(id))
        except (RedisError, OSError) as error:
            log.warning("presence_unknown", error=str(error))
            return False
        return not elsewhere

    async def list_online(self, group: str) -> list[UUID]:
        """Return who of a group is connected; nobody, while Redis is away."""
        try:
            found: Any = await self._redis.zrangebyscore(_members(group), time.time(), "+inf")
        except (RedisError, OSError) as error:
            log.warning("presence_unknown", error=str(error))
            return []
        return [UUID(id.decode()) for id in found]

    async def is_online(self, group: str, id: UUID) -> bool:
        """Tell whether one of a group is connected."""
        try:
            return await self._online_since(group, id)
        except (RedisError, OSError) as error:
            log.warning("presence_unknown", error=str(error))
            return False

    async def beat(self) -> None:
        """Vouch for everyone connected here for another while."""
        try:
            await self._vouch(list(self._here))
        except (RedisError, OSError) as error:
            log.warning("presence_unknown", error=str(error))

    async def _online_since(self, group: str, id: UUID) -> bool:
        until = await self._redis.zscore(_members(group), str(id))
        return until is not None and float(until) > time.time()

    async def _vouch(self, connected: list[tuple[str, UUID]]) -> bool:
        """Count connections in for another while; tell whether the first was online before."""
        if not connected:
            return False
        until = time.time() + LIFETIME_SECONDS
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zscore(_members(connected[0][0]), str(connected[0][1]))
            for group, id in connected:
                pipeline.zadd(_members(group), {str(id): until})
                pipeline.zadd(_gateways(group, id), {self._gateway: until})
                pipeline.expire(_members(group), 2 * LIFETIME_SECONDS)
                pipeline.expire(_gateways(group, id), 2 * LIFETIME_SECONDS)
            before, *_ = await pipeline.execute()
        return before is not None and float(before) > time.time()


def visitors_of(project_id: UUID) -> str:
    """Name the group of a project's visitors."""
    return f"visitors:{project_id}"


def members_of(project_id: UUID) -> str:
    """Name the group of a project's members."""
    return f"members:{project_id}"


def _members(group: str) -> str:
    return f"parlour:presence:{group}"


def _gateways(group: str, id: UUID) -> str:
    return f"parlour:presence:{group}:{id}"
