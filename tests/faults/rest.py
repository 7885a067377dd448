"""A light HTTP client with keep-alive, which counts what it is answered."""

import asyncio
from collections import Counter
from typing import Any

import msgspec

from tests.faults.wire import BROKEN, Lost

ANSWER_SECONDS = 15.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Reply(msgspec.Struct):
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def retry_after(self) -> float:
        return float(self.headers.get("retry-after", 0))


class Rest:
    """Requests to one address."""

    def __init__(self, host: str, port: int) -> None:
        self.statuses: Counter[int] = Counter()
        # What came of answers that no client should ever get.
        self.faults: list[str] = []
        self._address = host, port
        self._idle: list[Connection] = []

    async def ask(
        self, method: str, path: str, payload: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Ask, and return the answer whatever it says.

        Raises:
            Lost: There was none.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await self._ask(method, path, payload, headers or {})
        except BROKEN as error:
            raise Lost(repr(error)) from error
        self.statuses[reply.status] += 1
        if reply.status >= 500 and reply.status != 503:
            self.faults.append(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
        return reply

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _ask(self, method: str, path: str, payload: Any, headers: dict[str, str]) -> Reply:
        body = b"" if payload is None else msgspec.json.encode(payload)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._address[0]}:{self._address[1]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
        request = "\r\n".join(lines).encode() + body
        while self._idle:
            # A server closes what was idle for long; a browser then asks once more, and so do we.
            reader, writer = self._idle.pop()
            if reader.at_eof():
                writer.transport.abort()
                continue
            try:
                return await self._exchange(reader, writer, request)
            except BROKEN:
                continue
        return await self._exchange(*await self._dial(), request)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> Reply:
        try:
            writer.write(request)
            await writer.drain()
            reply = await _read(reader)
        except BaseException:
            writer.transport.abort()
            raise
        if reply.headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return reply

    async def _dial(self) -> Connection:
        return await asyncio.open_connection(*self._address)


async def _read(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Reply(int(head[0].split()[1]), headers, body)
