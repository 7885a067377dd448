"""A light Socket.IO client: just enough of Engine.IO 4 and Socket.IO 5 for hundreds of sockets."""

import asyncio
import socket
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

ANSWER_SECONDS = 10.0
# How a connection that is gone shows itself; the last one is uvloop's word for it.
BROKEN = (OSError, TimeoutError, EOFError, WebSocketException, RuntimeError)


class Refusal(msgspec.Struct):
    """Why a command or a connection was refused."""

    code: str
    message: str = ""
    retry_after: float | None = None


class Message(msgspec.Struct):
    """Of a message, what the experiments look at."""

    id: str
    conversation_id: str
    seq: int
    text: str


class Conversation(msgspec.Struct):
    """Of a conversation, what the experiments look at."""

    id: str
    last_message_seq: int


class Data(msgspec.Struct):
    """The payload of any event."""

    message: Message | None = None
    conversation: Conversation | None = None
    note: str | None = None


class Event(msgspec.Struct):
    """An event as it comes over a socket."""

    seq: int
    type: str
    data: Data


class Answer(msgspec.Struct):
    """The ack of any command."""

    error: Refusal | None = None
    message: Message | None = None
    seq: int = 0
    events: list[Event] = []
    reload: bool = False


class _Open(msgspec.Struct):
    pingInterval: int  # noqa: N815 - Engine.IO's word
    pingTimeout: int  # noqa: N815 - Engine.IO's word


class _Refused(msgspec.Struct):
    message: str = ""
    data: Refusal | None = None


_decode_open = msgspec.json.Decoder(_Open).decode
_decode_frame = msgspec.json.Decoder(tuple[str, msgspec.Raw]).decode
_decode_events = msgspec.json.Decoder(list[Event]).decode
_decode_closing = msgspec.json.Decoder(Refusal).decode
_decode_answer = msgspec.json.Decoder(tuple[Answer]).decode
_decode_refused = msgspec.json.Decoder(_Refused).decode
_encode = msgspec.json.Encoder().encode


class Lost(Exception):
    """The connection is gone, or there was no answer."""


class ConnectionRefused(Exception):
    """The server did not want the connection."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class Wire:
    """One connection to one namespace, from its opening to its end."""

    def __init__(self, namespace: str, on_events: Callable[[list[Event]], None]) -> None:
        self.closed = asyncio.Event()
        self.closing: Refusal | None = None
        # The client's and the server's.
        self.ports = (0, 0)
        self._namespace = namespace
        self._on_events = on_events
        self._ids = count(1)
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._silence: asyncio.TimerHandle | None = None
        self._patience = 45.0
        self._websocket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(
        self, host: str, port: int, token: str, origin: str, *, window: int | None = None
    ) -> None:
        """Connect, and be admitted.

        Raises:
            Lost: Nobody answered, or not to the end.
            ConnectionRefused: The server refused.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._websocket = await connect(
                    f"ws://{host}:{port}/socket.io/?EIO=4&transport=websocket",
                    origin=origin,  # pyright: ignore[reportArgumentType] - a NewType of str
                    sock=await _dial(host, port, window),
                    compression=None,
                    ping_interval=None,
                    max_size=None,
                    max_queue=None,
                    open_timeout=None,
                    close_timeout=0,
                    proxy=None,
                )
                self.ports = (self._websocket.local_address[1], port)
                self._reading = asyncio.create_task(self._read(self._websocket))
                auth = _encode({"token": token}).decode()
                await self._websocket.send(f"40{self._namespace},{auth}")
                await self._admitted
        except BROKEN as error:
            self.abort()
            raise Lost(repr(error)) from error
        except (Lost, ConnectionRefused):
            self.abort()
            raise

    async def ask(self, command: str, payload: Any) -> Answer:
        """Give a command, and return its ack.

        Raises:
            Lost: There was none.
        """
        if self._websocket is None or self.closed.is_set():
            raise Lost("closed")
        number = next(self._ids)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        packet = f"42{self._namespace},{number}{_encode([command, payload]).decode()}"
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._websocket.send(packet)
                return await future
        except BROKEN as error:
            raise Lost(repr(error)) from error
        finally:
            self._asked.pop(number, None)

    def stop_reading(self) -> None:
        """Leave what comes where it is, as a page that hangs does."""
        if self._websocket:
            self._websocket.transport.pause_reading()

    def go_on_reading(self) -> None:
        """Read again, beginning with what has waited."""
        if self._websocket and not self._websocket.transport.is_closing():
            self._websocket.transport.resume_reading()

    def abort(self) -> None:
        """End the connection at once."""
        if self._websocket:
            self._websocket.transport.abort()
        self._end()

    async def finish(self) -> None:
        """End the connection, and wait until nothing of it is left."""
        self.abort()
        if self._reading:
            await self._reading

    async def _read(self, websocket: ClientConnection) -> None:
        try:
            async for text in websocket:
                if self.closed.is_set():  # what came after its end was never heard
                    break
                await self._hear(websocket, str(text))
        except BROKEN:
            pass
        finally:
            websocket.transport.abort()
            self._end()

    async def _hear(self, websocket: ClientConnection, text: str) -> None:
        if text == "2":
            await websocket.send("3")
            self._expect_ping()
        elif text[0] == "0":
            opened = _decode_open(text[1:])
            self._patience = (opened.pingInterval + opened.pingTimeout) / 1000
            self._expect_ping()
        elif text[0] == "4":
            _, _, body = text.partition(",")
            self._take(text[1], body)

    def _take(self, kind: str, body: str) -> None:
        if kind == "2":
            name, raw = _decode_frame(body)
            if name == "events":
                self._on_events(_decode_events(raw))
            elif name == "closing":
                self.closing = _decode_closing(raw)
        elif kind == "3":
            number, _, rest = body.partition("[")
            future = self._asked.get(int(number))
            if future and not future.done():
                future.set_result(_decode_answer(f"[{rest}")[0])
        elif kind == "1":  # disconnected from the namespace
            self.abort()
        elif not self._admitted.done():
            self._admit(kind, body)

    def _admit(self, kind: str, body: str) -> None:
        if kind == "0":
            self._admitted.set_result(None)
        elif kind == "4":
            refused = _decode_refused(body)
            refusal = refused.data or Refusal("unavailable", refused.message)
            self._admitted.set_exception(ConnectionRefused(refusal))

    def _expect_ping(self) -> None:
        if self._silence:
            self._silence.cancel()
        self._silence = asyncio.get_running_loop().call_later(self._patience, self.abort)

    def _end(self) -> None:
        if self._silence:
            self._silence.cancel()
        self.closed.set()
        for future in (self._admitted, *self._asked.values()):
            if not future.done():
                future.set_exception(Lost("closed"))
                future.exception()  # whoever still waits hears it; nobody else has to


async def _dial(host: str, port: int, window: int | None) -> socket.socket:
    """Connect a socket, with a receive window of its own if it is to be a small one."""
    dialed = socket.socket()
    dialed.setblocking(False)
    if window:
        dialed.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    try:
        await asyncio.get_running_loop().sock_connect(dialed, (host, port))
    except BaseException:
        dialed.close()
        raise
    return dialed
