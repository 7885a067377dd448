"""Signals: what may be lost (typing, presence). They skip the log and go straight to sockets."""

from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

# The channel on which every gateway hears signals: each message is one ``Signal``.
SIGNALS_CHANNEL = "parlour:signals"

log = structlog.get_logger(__name__)


class Signal(msgspec.Struct, frozen=True):
    """One frame for the sockets in a room, on whichever gateway they are."""

    room: str
    name: str
    data: msgspec.Raw


class Signals:
    """Sends signals to all gateways."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def send(self, room: str, name: str, data: Any) -> None:
        """Send a signal, and do not mind if it is lost."""
        signal = Signal(room, name, msgspec.Raw(msgspec.json.encode(data)))
        try:
            await self._redis.publish(SIGNALS_CHANNEL, msgspec.json.encode(signal))
        except (RedisError, OSError) as error:
            log.debug("signal_lost", name=name, error=str(error))
