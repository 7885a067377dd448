"""The Socket.IO server: python-socketio's namespaces and rooms over an engine of our own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import socketio
from socketio import packet

from parlour.realtime.engine import SLOW_CONSUMER, EngineServer, EngineSocket
from parlour.realtime.schemas import Closing

AGENTS = "/agents"
VISITORS = "/visitors"
# What a frame may hold; a larger one closes the connection (WebSocket 1009).
MAX_FRAME_BYTES = 131_072
# How long a connection may stay without having said who it is.
CONNECT_SECONDS = 10

# Runs a command: the socket's id, the command's name and its raw arguments; returns the ack.
OnCommand = Callable[[str, str, Sequence[msgspec.Raw]], Awaitable[Any]]

_encode = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_name = msgspec.json.Decoder(str).decode
_decode = msgspec.json.Decoder().decode


class WireJson:
    """The JSON module of our packets: takes structs and raw JSON besides plain values."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """Encode."""
        return _encode(value).decode()

    @staticmethod
    def loads(text: str, **_: Any) -> Any:
        """Decode.

        Raises:
            ValueError: It is no JSON, or nested beyond reason.
        """
        try:
            return _decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError("no JSON") from error


class WirePacket(packet.Packet):
    """A Socket.IO packet with our JSON. The ``json`` option would change all in the process."""

    json = WireJson


class SocketServer(socketio.AsyncServer):
    """The gateway's end of all sockets: WebSocket only, no binary, no idle strangers."""

    def __init__(self) -> None:
        super().__init__(
            async_mode="asgi",
            serializer=WirePacket,
            namespaces=[AGENTS, VISITORS],
            transports=["websocket"],
            cors_allowed_origins="*",  # each namespace checks the origin by its own rule
            cors_credentials=False,
            max_http_buffer_size=MAX_FRAME_BYTES,
            logger=False,
            engineio_logger=False,
        )
        self.eio.on_slow = self._end_slow
        self.on_command: dict[str, OnCommand] = {}
        self._running: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many connections are open."""
        return len(self.eio.sockets)

    def has_listeners(self, namespace: str, room: str) -> bool:
        """Tell whether any socket of this process is in a room."""
        return bool(self.manager.rooms.get(namespace, {}).get(room))

    def broadcast(self, namespace: str, room: str, name: str, data: Any) -> None:
        """Send one frame to every socket of a room. A socket's id is a room as well."""
        frame = _event_frame(namespace, name, data)
        for _, eio_sid in list(self.manager.get_participants(namespace, room)):
            if socket := self.eio.sockets.get(eio_sid):
                socket.write(frame)

    async def end(
        self, namespace: str, sid: str, closing: Closing, *, for_good: bool = False
    ) -> None:
        """Tell a client why its connection ends, and end it.

        Clients come back by themselves, except where they are told that it is ``for_good``.
        """
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace)
        if socket := self.eio.sockets.get(eio_sid):
            socket.write(_event_frame(namespace, "closing", closing))
            if for_good:
                await self.disconnect(sid, namespace)
            await socket.close()

    def connections(self) -> list[tuple[str, str]]:
        """Return the namespace and id of every socket."""
        rooms = self.manager.rooms
        return [
            (name, sid) for name in (AGENTS, VISITORS) for sid in rooms.get(name, {}).get(None, ())
        ]

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def _end_slow(self, socket: EngineSocket) -> None:
        namespaces = (n for n in (AGENTS, VISITORS) if self.manager.sid_from_eio_sid(socket.sid, n))
        closing = Closing(SLOW_CONSUMER, retry_after=1)
        last = next((_event_frame(name, "closing", closing) for name in namespaces), None)
        self.eio.close_soon(socket, SLOW_CONSUMER, last)

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_SECONDS, self._drop_stranger, eio_sid)
        # The rest of a request's environment is not needed, and would be kept with the connection.
        kept = {name: environ[name] for name in ("HTTP_ORIGIN", "HTTP_HOST") if name in environ}
        scope = {name: environ["asgi.scope"][name] for name in ("scheme", "client")}
        return await super()._handle_eio_connect(eio_sid, {**kept, "asgi.scope": scope})

    def _drop_stranger(self, eio_sid: str) -> None:
        socket = self.eio.sockets.get(eio_sid)
        known = any(self.manager.sid_from_eio_sid(eio_sid, name) for name in (AGENTS, VISITORS))
        if socket and not known:
            self.eio.close_soon(socket, self.reason.SERVER_DISCONNECT)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """Take a packet; whoever sends what no client sends is disconnected."""
        try:
            if isinstance(data, str) and data.startswith(_EVENT):
                self._take_event(eio_sid, data)
            elif isinstance(data, bytes) or data.startswith(_BINARY):
                raise ValueError("binary packets are not taken")
            else:
                await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, IndexError):
            if socket := self.eio.sockets.get(eio_sid):
                await socket.close()

    def _take_event(self, eio_sid: str, data: str) -> None:
        """Begin what ``2/namespace,12["name", …]`` asks for; its arguments stay raw.

        Raises:
            ValueError: It is no event.
        """
        start = data.index("[")
        namespace, comma, number = data[1:start].partition(",")
        if number and not number.isdecimal():
            raise ValueError("no event")
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace) if comma else None
        on_command = self.on_command.get(namespace)
        if sid is None or on_command is None:
            return  # the namespace was never joined, or has just been left
        try:
            name, *arguments = _decode_list(data[start:])
            command = _decode_name(name)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError("no event") from error
        answer = f"43{namespace},{number}" if number else None
        task = asyncio.create_task(self._run(on_command(sid, command, arguments), eio_sid, answer))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, command: Awaitable[Any], eio_sid: str, answer: str | None) -> None:
        ack = await command
        socket = self.eio.sockets.get(eio_sid)
        if answer and socket:
            socket.write(f"{answer}[{_encode(ack).decode()}]")


_EVENT = str(packet.EVENT)
_BINARY = (str(packet.BINARY_EVENT), str(packet.BINARY_ACK))


def _event_frame(namespace: str, name: str, data: Any) -> str:
    return f"42{namespace},{_encode((name, data)).decode()}"
