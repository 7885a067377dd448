"""The Socket.IO server: python-socketio, with JSON that stays raw until a command decodes it."""

import asyncio
from typing import Any

import msgspec
import socketio
from socketio import packet

AGENTS = "/agents"
VISITORS = "/visitors"
# What a frame may hold; a larger one closes the connection (WebSocket 1009).
MAX_FRAME_BYTES = 131_072
# How long a connection may stay without having said who it is.
CONNECT_SECONDS = 10

_encode = msgspec.json.Encoder().encode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_name = msgspec.json.Decoder(str).decode
_decode = msgspec.json.Decoder().decode


class WireJson:
    """The JSON module of our packets. An event's arguments stay raw: its schema decodes them."""

    @staticmethod
    def dumps(value: Any, **_: Any) -> str:
        """Encode; takes structs and raw JSON besides plain values."""
        return _encode(value).decode()

    @staticmethod
    def loads(text: str, **_: Any) -> Any:
        """Decode ``["name", …]`` to its name and raw arguments, and anything else as usual.

        Raises:
            ValueError: It is no JSON, or nested beyond reason.
        """
        try:
            if not text.startswith("["):
                return _decode(text)
            name, *arguments = _decode_list(text)
            return [_decode_name(name), *arguments]
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
        self._reapers: set[asyncio.Task[None]] = set()

    def has_listeners(self, namespace: str, room: str) -> bool:
        """Tell whether any socket of this process is in a room."""
        return bool(self.manager.rooms.get(namespace, {}).get(room))

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> Any:
        reaper = asyncio.create_task(self._reap(eio_sid))
        self._reapers.add(reaper)
        reaper.add_done_callback(self._reapers.discard)
        return await super()._handle_eio_connect(eio_sid, environ)

    async def _reap(self, eio_sid: str) -> None:
        await asyncio.sleep(CONNECT_SECONDS)
        known = any(self.manager.sid_from_eio_sid(eio_sid, name) for name in (AGENTS, VISITORS))
        if not known:
            await self._drop(eio_sid)

    async def _drop(self, eio_sid: str) -> None:
        """End a connection now, and do not wait for the other side to do it."""
        socket = self.eio.sockets.get(eio_sid)
        if socket:
            await self.eio.disconnect(eio_sid)
            await socket.queue.put(None)  # the writer ends, and closes the WebSocket

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """Take a packet; whoever sends what no client sends is disconnected."""
        is_binary = isinstance(data, bytes) or data[:1] in {
            str(packet.BINARY_EVENT),
            str(packet.BINARY_ACK),
        }
        try:
            if is_binary:
                raise ValueError("binary packets are not taken")
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, IndexError):
            await self._drop(eio_sid)
