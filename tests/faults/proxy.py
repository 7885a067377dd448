"""A TCP proxy that can be told to fail: between clients and gateways, and before the databases."""

import asyncio
import os
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

Target = tuple[str, int] | Path

# Bytes of a chunk that go one by one; the rest follows at once.
SLICED_BYTES = 64


class Toxic(Protocol):
    """What happens to the traffic of a link while it is poisoned."""

    def begin(self, link: "Link") -> None: ...
    def forward(self, end: "End", data: bytes) -> None: ...
    def end(self, link: "Link") -> None: ...


class Healthy:
    """Nothing happens to it."""

    def begin(self, link: "Link") -> None:
        pass

    def forward(self, end: "End", data: bytes) -> None:
        end.send(data)

    def end(self, link: "Link") -> None:
        pass


class Latency(Healthy):
    """It comes late, and in order."""

    def __init__(self, rng: random.Random, low: float, high: float) -> None:
        self._draw: Callable[[], float] = lambda: rng.uniform(low, high)

    def forward(self, end: "End", data: bytes) -> None:
        end.send_later(data, self._draw())


class Slices(Healthy):
    """It comes in pieces of one byte."""

    def forward(self, end: "End", data: bytes) -> None:
        for place in range(min(len(data), SLICED_BYTES)):
            end.send_later(data[place : place + 1], 0)
        if len(data) > SLICED_BYTES:
            end.send_later(data[SLICED_BYTES:], 0)


class Resets(Healthy):
    """Now and then half of it comes, and then a reset."""

    def __init__(self, rng: random.Random, share: float) -> None:
        self._is_next: Callable[[], bool] = lambda: rng.random() < share

    def forward(self, end: "End", data: bytes) -> None:
        if not self._is_next():
            end.send(data)
            return
        end.send(data[: len(data) // 2])
        # Half a frame must have left before the reset takes the rest away.
        asyncio.get_running_loop().call_later(0.005, end.cut)


class BlackHole(Healthy):
    """Nothing is read and nothing comes, and nobody is told."""

    def begin(self, link: "Link") -> None:
        for end in link.ends():
            end.pause()

    def forward(self, end: "End", data: bytes) -> None:
        end.pause()
        end.kept.append(data)

    def end(self, link: "Link") -> None:
        for end in link.ends():
            end.send_kept()
            end.resume()


class HalfOpen(Healthy):
    """What was connected has lost the server's end, and the other end is not told.

    New connections work. When the fault ends, the others learn it by a reset.
    """

    def begin(self, link: "Link") -> None:
        for end in link.ends():
            if isinstance(end, Front) and end.other and end.other.transport:
                back, end.other = end.other, None
                back.other = None
                back.reset()
                link.zombies.append(end)

    def end(self, link: "Link") -> None:
        while link.zombies:
            link.zombies.pop().reset()


class Refusing(Healthy):
    """All connections are reset, and new ones are too."""

    def begin(self, link: "Link") -> None:
        for end in link.ends():
            end.reset()

    def forward(self, end: "End", data: bytes) -> None:
        end.cut()


class End(asyncio.Protocol):
    """One end of a proxied connection."""

    def __init__(self, link: "Link") -> None:
        self.link = link
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self.kept: deque[bytes] = deque()
        self._later: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.link.open.add(self)

    def data_received(self, data: bytes) -> None:
        self.link.toxic.forward(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.link.open.discard(self)
        if self.other and self.other.transport:
            other, self.other = self.other, None
            other.other = None
            if exc:
                other.reset()
            elif other.transport:
                other.transport.close()

    def pause_writing(self) -> None:
        if self.other:
            self.other.pause()

    def resume_writing(self) -> None:
        if self.other:
            self.other.resume()

    def pause(self) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.pause_reading()

    def resume(self) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.resume_reading()

    def send(self, data: bytes) -> None:
        """Send what this end has read out at the other; after what still waits."""
        if self.other is None:  # not dialed yet
            self.kept.append(data)
        elif self._later:
            self.send_later(data, 0)
        elif self.other.transport and not self.other.transport.is_closing():
            self.other.transport.write(data)

    def send_kept(self) -> None:
        while self.kept and self.other:
            self.send(self.kept.popleft())

    def send_later(self, data: bytes, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        if self._later:
            due = max(due, self._later[-1][0])
        self._later.append((due, data))
        if self._timer is None:
            self._timer = loop.call_at(due, self._send_due)

    def cut(self) -> None:
        """Reset both ends."""
        if self.other:
            self.other.reset()
        self.reset()

    def reset(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        # Another handle of the same socket: a transport does not let its own be told anything.
        with socket.socket(fileno=os.dup(self.transport.get_extra_info("socket").fileno())) as raw:
            if raw.family != socket.AF_UNIX:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _send_due(self) -> None:
        self._timer = None
        _, data = self._later.popleft()
        if self.other and self.other.transport and not self.other.transport.is_closing():
            self.other.transport.write(data)
        if self._later:
            loop = asyncio.get_running_loop()
            # One piece in each turn of the loop: written together, they would leave together.
            self._timer = loop.call_at(self._later[0][0], self._send_due)


class Front(End):
    """The end that faces whoever connected: its other end is dialed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.pause()
        self.link.dial(self)


class Link:
    """A listener before one or more targets. A refused connection goes to the next target."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = list(targets)
        # Off: everybody goes to the first target that accepts.
        self.takes_turns = True
        self.toxic: Toxic = Healthy()
        self.port = 0
        self.open: set[End] = set()
        self.zombies: list[End] = []
        self._turn = 0
        self._dialing: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Front(self), "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.poison(Healthy())
        if self._server:
            self._server.close()
        for task in list(self._dialing):
            task.cancel()
        await asyncio.gather(*self._dialing, return_exceptions=True)
        for end in self.ends():
            end.reset()
        while self.open:
            await asyncio.sleep(0.001)

    def poison(self, toxic: Toxic) -> None:
        """Begin a fault; a healthy one ends it."""
        before, self.toxic = self.toxic, toxic
        before.end(self)
        toxic.begin(self)

    def cut(self, rng: random.Random, share: float) -> None:
        """Cut a share of the connections: who comes back is balanced anew."""
        for end in self.ends():
            if isinstance(end, Front) and rng.random() < share:
                end.cut()

    def ends(self) -> list[End]:
        """Return both ends of every connection."""
        return list(self.open)

    def dial(self, front: End) -> None:
        task = asyncio.create_task(self._dial(front))
        self._dialing.add(task)
        task.add_done_callback(self._dialing.discard)

    async def _dial(self, front: End) -> None:
        back = End(self)
        for target in self._in_turn() if not isinstance(self.toxic, Refusing) else ():
            try:
                await self._connect(back, target)
            except OSError:
                continue
            front.other, back.other = back, front
            if front.transport is None or front.transport.is_closing():
                back.reset()
            elif isinstance(self.toxic, BlackHole):
                back.pause()
            else:
                front.send_kept()
                front.resume()
            return
        front.reset()

    async def _connect(self, back: End, target: Target) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(target, Path):
            await loop.create_unix_connection(lambda: back, str(target))
        else:
            await loop.create_connection(lambda: back, *target)

    def _in_turn(self) -> list[Target]:
        if self.takes_turns:
            self._turn += 1
        place = self._turn % len(self.targets) if self.takes_turns else 0
        return self.targets[place:] + self.targets[:place]
