"""The feed: brings the log to this gateway's sockets, in order and without gaps.

What the relay publishes is a hint. Where places are missing, while Redis is away, and once a
second in any case, the feed reads the log itself.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from parlour.catalogue import BY_TYPE
from parlour.kit.errors import AppError
from parlour.kit.events import LoggedEvent, get_head, list_after
from parlour.kit.relay import LOG_CHANNEL
from parlour.kit.runtime import Runtime
from parlour.kit.signals import SIGNALS_CHANNEL, Signal
from parlour.realtime.schemas import EventFrame
from parlour.realtime.server import AGENTS, VISITORS, SocketServer

READ_LIMIT = 500
POLL_SECONDS = 1.0
RETRY_SECONDS = 0.5

_EVENTS = msgspec.json.Decoder(list[LoggedEvent])
_SIGNAL = msgspec.json.Decoder(Signal)
_encode = msgspec.json.Encoder().encode

log = structlog.get_logger(__name__)


def for_agents(event: LoggedEvent) -> EventFrame:
    """Return an event as members receive it."""
    return EventFrame(event.seq, event.type, event.project_id, event.data, event.at)


def for_visitor(event: LoggedEvent) -> EventFrame | None:
    """Return an event as a visitor receives it, if visitors receive it at all."""
    known = BY_TYPE.get(event.type)
    if known is None:
        return None
    smaller = msgspec.json.decode(event.data, type=known).for_visitor()
    if smaller is None:
        return None
    data = msgspec.Raw(_encode(smaller))
    return EventFrame(event.seq, event.type, event.project_id, data, event.at)


class Feed:
    """Follows the log from where it was when the process started."""

    def __init__(self, runtime: Runtime, server: SocketServer) -> None:
        self._runtime = runtime
        self._server = server
        self._position = 0

    async def start(self) -> None:
        """Stand at the end of the log."""
        async with self._runtime.database.transaction() as session:
            self._position = await get_head(session)

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                log.warning("feed_without_redis", error=str(error))
                await self._read_log()
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        async with self._runtime.redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(LOG_CHANNEL, SIGNALS_CHANNEL)
            await self._read_log()
            while True:
                await self._hear(await self._next(channel))

    async def _next(self, channel: PubSub) -> list[LoggedEvent]:
        """Return what has been published: all of it at once, since a busy loop comes here late."""
        events: list[LoggedEvent] = []
        wait = POLL_SECONDS
        while message := await _get(channel, wait):
            wait = 0
            if message["channel"] == SIGNALS_CHANNEL.encode():
                self._signal(_SIGNAL.decode(message["data"]))
            else:
                events.extend(_EVENTS.decode(message["data"]))
            if len(events) >= READ_LIMIT:
                break
        if wait:  # nothing came: perhaps it was lost on the way
            await self._read_log()
        return events

    async def _hear(self, events: list[LoggedEvent]) -> None:
        """Deliver what was published, if nothing is missing: before it, or in between.

        Two relays may publish in another order than they sequenced, and a publication may be lost.
        """
        fresh = [event for event in events if event.seq > self._position]
        if all(event.seq == self._position + place for place, event in enumerate(fresh, 1)):
            self._deliver(fresh)
        else:
            await self._read_log()

    async def _read_log(self) -> None:
        """Deliver what the log has after our place."""
        try:
            count = READ_LIMIT
            while count == READ_LIMIT:
                async with self._runtime.database.transaction() as session:
                    events = await list_after(session, self._position, READ_LIMIT)
                count = len(events)
                self._deliver(events)
        except AppError as error:
            log.warning("feed_without_database", error=str(error))

    def _deliver(self, events: Sequence[LoggedEvent]) -> None:
        if not events:
            return
        # First, so that nothing is delivered twice if a socket fails in the middle.
        self._position = events[-1].seq
        frames: defaultdict[tuple[str, str], list[EventFrame]] = defaultdict(list)
        for event in events:
            for room in event.audience:
                namespace = VISITORS if room.startswith("visitor:") else AGENTS
                if not self._server.has_listeners(namespace, room):
                    continue
                frame = for_agents(event) if namespace == AGENTS else for_visitor(event)
                if frame:
                    frames[namespace, room].append(frame)
        for (namespace, room), batch in frames.items():
            self._server.broadcast(namespace, room, "events", batch)

    def _signal(self, signal: Signal) -> None:
        namespace = VISITORS if signal.room.startswith("visitor:") else AGENTS
        if self._server.has_listeners(namespace, signal.room):
            self._server.broadcast(namespace, signal.room, signal.name, signal.data)


async def _get(channel: PubSub, wait: float) -> Any:
    return await channel.get_message(timeout=wait)
