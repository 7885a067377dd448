"""The engine under the Socket.IO server: WebSocket connections that are cheap and bounded.

python-engineio makes two tasks and two timers for each frame it reads and one of each for each it
sends, and queues without end for a client that does not read. Here a frame costs neither, a
connection has one writer and one timer, and a client that does not read is closed. The version of
python-engineio is pinned: its private methods are overridden, and ``tests/core/realtime`` holds the
contract.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import engineio
import structlog
from engineio import base_socket, exceptions, packet
from engineio.async_drivers.asgi import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from parlour.kit.failpoints import reach

# What may wait for a client that reads slowly; a client that reads nothing has STALL_SECONDS.
MAX_QUEUED_FRAMES = 1_000
MAX_QUEUED_CHARACTERS = 2_000_000
STALL_SECONDS = 15.0
# How long a closed connection has to send what is left and to be closed by its other side.
LINGER_SECONDS = 5.0

PING_SECONDS = 25
PONG_SECONDS = 20
SLOW_CONSUMER = "slow_consumer"

# The ASGI extension by which a connection can be dropped without waiting for its other side.
ABORT = "parlour.abort"

log = structlog.get_logger(__name__)


class AbortableWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which the application can also drop at once.

    Closing in order waits until the other side has read everything, and one that reads nothing
    would keep its connection, and what it was sent, for ever.
    """

    def handle_connect(self, event: Request) -> None:
        """Begin a connection, and offer to abort it."""
        super().handle_connect(event)
        if scope := getattr(self, "scope", None):  # none, where the handshake was refused
            scope["extensions"][ABORT] = {"abort": self.transport.abort}


class EngineSocket(base_socket.BaseSocket):
    """One WebSocket connection: reads frames one after the other, writes through one task."""

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__(server, sid)
        self._waiting: deque[str] = deque()
        self._waiting_size = 0
        self._writable = asyncio.Event()
        self._writing_since: float | None = None
        self._given_up = False
        self._timer: asyncio.TimerHandle | None = None
        self._abort: Callable[[], None] | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def is_slow(self) -> bool:
        """Tell whether more waits for this client than may."""
        stalled = (
            self._writing_since is not None
            and self._loop.time() - self._writing_since > STALL_SECONDS
        )
        return (
            stalled
            or len(self._waiting) > MAX_QUEUED_FRAMES
            or self._waiting_size > MAX_QUEUED_CHARACTERS
        )

    async def send(self, pkt: packet.Packet) -> None:
        """Queue a packet; never waits."""
        if self.closed:
            raise exceptions.SocketIsClosedError
        self.write(cast("str", pkt.encode()))

    def write(self, frame: str) -> None:
        """Queue a frame, and let go of a client that does not read."""
        if self.closed or self.closing or self._given_up:
            return
        self._queue(frame)
        if self.is_slow:
            self._given_up = True
            log.info("slow_consumer", frames=len(self._waiting), characters=self._waiting_size)
            self.server.on_slow(self)

    def _queue(self, frame: str) -> None:
        self._waiting.append(frame)
        self._waiting_size += len(frame)
        self._writable.set()

    async def receive(self, pkt: packet.Packet) -> None:
        """Take what is no message."""
        if pkt.packet_type == packet.PONG:
            self.expect_silence()
        elif pkt.packet_type == packet.CLOSE:
            await self.close(reason=self.server.reason.CLIENT_DISCONNECT)
        else:
            raise exceptions.UnknownPacketError

    async def close(
        self,
        wait: bool = False,
        abort: bool = True,
        reason: str | None = None,
        last: str | None = None,
    ) -> None:
        """End the connection with a last frame, and do not wait for the other side for long."""
        if self.closed or self.closing:
            return
        self.closing = True
        if self._timer:
            self._timer.cancel()
        if reason == SLOW_CONSUMER:
            self._waiting.clear()
            self._waiting_size = 0
        if last:
            self._queue(last)
        reason = reason or self.server.reason.SERVER_DISCONNECT
        await self.server.tell("disconnect", self.sid, reason)
        self.closed = True
        self._writable.set()  # the writer sends what is left, and ends the connection
        if self._abort and reason != self.server.reason.TRANSPORT_CLOSE:
            # Not to be cancelled when the writer is done: what it wrote may still wait to be sent.
            self._timer = self._loop.call_later(LINGER_SECONDS, self._abort)

    def expect_silence(self) -> None:
        """Ask for a sign of life after a while, and give up a client that gives none."""
        if self._timer:
            self._timer.cancel()
        if not self.closed:
            self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    def _ping(self) -> None:
        self.write(str(packet.PING))
        self._timer = self._loop.call_later(
            PONG_SECONDS, self.server.close_soon, self, self.server.reason.PING_TIMEOUT
        )

    async def handle_get_request(self, environ: dict[str, Any]) -> Any:
        """Turn the request into a WebSocket, and serve it until it ends."""
        extensions = environ["asgi.scope"].get("extensions", {})
        self._abort = extensions.get(ABORT, {}).get("abort")
        return await cast("Any", WebSocket)(self._serve, self.server)(environ)

    async def _serve(self, ws: WebSocket) -> None:
        self.connected = self.upgraded = True
        writer = asyncio.create_task(self._write(ws))
        try:
            await self._read(ws)
        finally:
            await self.close(reason=self.server.reason.TRANSPORT_CLOSE)
            await writer

    async def _read(self, ws: WebSocket) -> None:
        on_message = self.server.handlers["message"]
        receive: Any = ws.asgi_receive
        while not self.closed:
            event = await receive()
            frame = event.get("text") or event.get("bytes")
            if event["type"] != "websocket.receive" or not frame:
                return
            try:
                if isinstance(frame, bytes):
                    await on_message(self.sid, frame)
                elif frame[0] == "4":
                    await on_message(self.sid, frame[1:])
                else:
                    await self.receive(packet.Packet(encoded_packet=frame))
            except exceptions.UnknownPacketError:
                continue
            except (exceptions.SocketIsClosedError, ValueError):
                return
            except Exception:
                log.exception("receive_failed")

    async def _write(self, ws: WebSocket) -> None:
        try:
            while True:
                while self._waiting:
                    await self._send_next(ws.asgi_send)
                if self.closed:
                    return
                self._writable.clear()
                await self._writable.wait()
        except Exception as error:  # whatever uvicorn says of a connection that is gone
            log.debug("write_failed", error=repr(error))
        finally:
            await ws.close()

    async def _send_next(self, send: Any) -> None:
        frame = self._waiting.popleft()
        self._waiting_size -= len(frame)
        self._writing_since = self._loop.time()
        await send({"type": "websocket.send", "text": frame})
        self._writing_since = None
        if frame.startswith("43"):
            reach("after_ack")


class EngineServer(engineio.AsyncServer):
    """The connections of this process."""

    # What to do about a client that does not read.
    on_slow: Callable[[EngineSocket], None]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, monitor_clients=False)  # each connection watches itself
        self.on_slow = lambda socket: self.close_soon(socket, SLOW_CONSUMER)
        self._closing: set[asyncio.Task[None]] = set()

    def close_soon(self, socket: EngineSocket, reason: str, last: str | None = None) -> None:
        """Close a connection from where nothing can be awaited."""
        task = asyncio.get_running_loop().create_task(socket.close(reason=reason, last=last))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def tell(self, event: str, *arguments: Any) -> None:
        """Tell the Socket.IO server of a connection's beginning or end."""
        await self._trigger_event(event, *arguments, run_async=False)

    async def _handle_connect(
        self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None
    ) -> Any:
        sid = self.generate_id()
        socket = self.sockets[sid] = EngineSocket(self, sid)
        opening = {
            "sid": sid,
            "upgrades": [],
            "pingTimeout": PONG_SECONDS * 1000,
            "pingInterval": PING_SECONDS * 1000,
            "maxPayload": self.max_http_buffer_size,
        }
        try:
            await socket.send(packet.Packet(packet.OPEN, opening))
            await self.tell("connect", sid, environ)
            socket.expect_silence()
            return await socket.handle_get_request(environ)
        finally:
            self.sockets.pop(sid, None)
