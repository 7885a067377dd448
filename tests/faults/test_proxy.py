"""The fault proxy does to a connection what it says."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.faults.proxy import BlackHole, HalfOpen, Healthy, Latency, Link, Refusing, Resets, Slices

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]
WORDS = bytes(range(200))
RNG = random.Random(1)  # noqa: S311 - chance, not a secret


class Echo:
    """A server that says what it is told."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[object]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
            writer.close()
            await writer.wait_closed()


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    """A link to an echo server, behind a target that refuses."""
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = Link([("127.0.0.1", 1), ("127.0.0.1", port)])
    await link.start()
    yield link
    await link.stop()
    server.close()
    await asyncio.gather(*echo.tasks)


@pytest.fixture
async def pipe(link: Link) -> AsyncIterator[Pipe]:
    """A connection through the link that has carried something."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    assert await _exchange((reader, writer)) == WORDS
    yield reader, writer
    writer.transport.abort()


async def _exchange(pipe: Pipe, words: bytes = WORDS) -> bytes:
    pipe[1].write(words)
    async with asyncio.timeout(5):
        return await pipe[0].readexactly(len(words))


async def _is_silent(pipe: Pipe) -> bool:
    pipe[1].write(WORDS)
    try:
        async with asyncio.timeout(0.2):
            return await pipe[0].read(1) == b"?"
    except TimeoutError:
        return True


async def test_latency_delays_and_keeps_the_order(link: Link, pipe: Pipe) -> None:
    link.poison(Latency(RNG, 0.05, 0.1))
    began = time.monotonic()
    assert [await _exchange(pipe, bytes([n])) for n in range(3)] == [b"\0", b"\1", b"\2"]
    assert time.monotonic() - began > 3 * 2 * 0.05


async def test_slices_arrive_in_pieces_and_whole(link: Link, pipe: Pipe) -> None:
    link.poison(Slices())
    pipe[1].write(WORDS)
    async with asyncio.timeout(5):
        first = await pipe[0].read(1000)
        rest = await pipe[0].readexactly(len(WORDS) - len(first))
    assert len(first) < len(WORDS)
    assert first + rest == WORDS


async def test_resets_cut_in_the_middle(link: Link, pipe: Pipe) -> None:
    link.poison(Resets(RNG, 1.0))
    pipe[1].write(WORDS)
    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(5):
            await pipe[0].readexactly(len(WORDS))


async def test_a_black_hole_takes_everything_and_gives_it_back(link: Link, pipe: Pipe) -> None:
    link.poison(BlackHole())
    assert await _is_silent(pipe)
    newcomer = await asyncio.open_connection("127.0.0.1", link.port)
    assert await _is_silent(newcomer)
    link.poison(Healthy())
    async with asyncio.timeout(5):
        assert await pipe[0].readexactly(len(WORDS)) == WORDS
        assert await newcomer[0].readexactly(len(WORDS)) == WORDS
    newcomer[1].transport.abort()


async def test_half_open_is_silent_for_the_old_and_works_for_the_new(
    link: Link, pipe: Pipe
) -> None:
    link.poison(HalfOpen())
    assert await _is_silent(pipe)
    newcomer = await asyncio.open_connection("127.0.0.1", link.port)
    assert await _exchange(newcomer) == WORDS
    link.poison(Healthy())
    with pytest.raises(ConnectionResetError):
        async with asyncio.timeout(5):
            await pipe[0].read(1)
    newcomer[1].transport.abort()


async def test_refusing_resets_the_old_and_the_new(link: Link, pipe: Pipe) -> None:
    link.poison(Refusing())
    newcomer = await asyncio.open_connection("127.0.0.1", link.port)
    for reader, _ in (pipe, newcomer):
        with pytest.raises(ConnectionResetError):
            async with asyncio.timeout(5):
                await reader.read(1)
    newcomer[1].transport.abort()
