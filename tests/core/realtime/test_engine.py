"""Connections are bounded: who does not read, or does not live, is let go, and nobody else is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
import pytest
from tests.parlour import Parlour, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from parlour.realtime import engine
from parlour.realtime.schemas import Closing
from parlour.realtime.server import AGENTS


@pytest.fixture
async def reader(parlour: Parlour) -> AsyncIterator[tuple[ClientConnection, str]]:
    """A member's connection that reads only when the test does, and the project it hears."""
    ana = await parlour.owner()
    project = await ana.project()
    url = parlour.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    # One frame waits in the client; the rest waits in the kernel, and then in the server.
    async with connect(url, max_queue=1, ping_interval=None, close_timeout=0.1) as socket:
        assert str(await socket.recv()).startswith("0")
        token = msgspec.json.encode({"token": ana.token}).decode()
        await socket.send(f"40{AGENTS},{token}")
        assert str(await socket.recv()).startswith(f"40{AGENTS}")
        join = msgspec.json.encode(["project.join", {"project_id": project}]).decode()
        await socket.send(f"42{AGENTS},1{join}")
        assert str(await socket.recv()).startswith(f"43{AGENTS},1")
        yield socket, project


def flood(parlour: Parlour, project: str, frames: int, size: int = 50_000) -> None:
    """Send frames to everybody who hears a project, all at once."""
    for number in range(frames):
        data = {"number": number, "filling": "x" * size}
        parlour.app.engineio_server.broadcast(AGENTS, f"project:{project}", "flood", data)


def count(parlour: Parlour) -> int:
    """Count the server's connections."""
    return parlour.app.engineio_server.count


async def until_closed(socket: ClientConnection) -> AsyncIterator[str]:
    """Read until the server ends the connection, in order or not."""
    with suppress(ConnectionClosed):
        while True:
            yield str(await socket.recv())


async def test_who_reads_too_slowly_is_told_so_and_closed(
    parlour: Parlour, reader: tuple[ClientConnection, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_QUEUED_FRAMES", 50)
    socket, project = reader
    await until(lambda: count(parlour) == 1)

    flood(parlour, project, 60, size=10)
    frames = [str(frame) async for frame in until_closed(socket)]

    assert frames[-1] == f'42{AGENTS},["closing",{{"code":"slow_consumer","retry_after":1}}]'
    assert len(frames) < 60
    await until(lambda: count(parlour) == 0)


async def test_who_does_not_read_at_all_is_dropped_and_takes_nothing_with_it(
    parlour: Parlour, reader: tuple[ClientConnection, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STALL_SECONDS", 0.2)
    monkeypatch.setattr(engine, "LINGER_SECONDS", 0.2)
    socket, project = reader
    await until(lambda: count(parlour) == 1)

    # More than the kernel keeps on both sides, less than the queue would be closed for.
    async with asyncio.timeout(10):
        while count(parlour):
            flood(parlour, project, 5)
            await asyncio.sleep(0.05)

    assert not socket.transport.is_closing()  # it never heard of it: it never read


async def test_who_is_sent_away_and_does_not_read_it_is_dropped(
    parlour: Parlour, reader: tuple[ClientConnection, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LINGER_SECONDS", 0.2)
    _, project = reader
    server = parlour.app.engineio_server
    await until(lambda: count(parlour) == 1)
    (connection,) = [c for c in parlour.server.server_state.connections if hasattr(c, "conn")]

    # Until the kernel takes no more, and a little of it waits in the server: not enough to stop it.
    while not connection.transport.get_write_buffer_size():
        flood(parlour, project, 1, size=20_000)
        await asyncio.sleep(0.01)
    ((namespace, sid),) = server.connections()
    await server.end(namespace, sid, Closing("restarting"))

    await until(lambda: connection not in parlour.server.server_state.connections, 5)


async def test_who_gives_no_sign_of_life_is_dropped_and_who_does_is_kept(
    parlour: Parlour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PING_SECONDS", 0.1)
    monkeypatch.setattr(engine, "PONG_SECONDS", 0.5)
    ana = await parlour.owner()
    live = await ana.socket(await ana.project())
    url = parlour.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"

    async with connect(url, ping_interval=None) as dead:
        await until(lambda: count(parlour) == 2)
        read = [frame async for frame in until_closed(dead)]

    assert read[0].startswith("0")
    assert read[1:] == ["2"]  # the ping that it read, and did not answer
    await until(lambda: count(parlour) == 1)
    assert not live.disconnected.is_set()


async def test_frames_cost_no_tasks(parlour: Parlour, reader: tuple[ClientConnection, str]) -> None:
    socket, project = reader
    before = len(asyncio.all_tasks())

    flood(parlour, project, 100, size=10)

    assert len(asyncio.all_tasks()) == before
    for number in range(100):
        assert f'"number":{number},' in str(await socket.recv())
