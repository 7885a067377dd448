"""Real parts for every test: PostgreSQL and Valkey from the wheels, the app that production boots.

The servers are started once for a run; each pytest-xdist worker has a database and a Valkey of its
own. ``PARLOUR_TEST_DATABASE_URL`` and ``PARLOUR_TEST_REDIS_URL`` use servers of yours instead (one
worker only: tests empty their tables and the whole Redis database).
"""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis
from pydantic import SecretStr

from parlour.embedded import Program, prepare
from parlour.kit.crypto import new_keys
from parlour.kit.settings import Settings
from parlour.migrations import runner
from tests.parlour import Parlour

READY_SECONDS = 60
RATE = "1000/1 second"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the fault experiments: they take the longest, and run beside all others."""
    items.sort(key=lambda item: "faults" not in item.path.parts)


def _start(program: Program) -> subprocess.Popen[Any]:
    with (program.log_file or Path(os.devnull)).open("ab") as log:
        return subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **program.credentials,
            preexec_fn=program.die_with_parent,
        )


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a PostgreSQL and a Valkey for this worker."""
    own = {"database": "PARLOUR_TEST_DATABASE_URL", "redis": "PARLOUR_TEST_REDIS_URL"}
    urls = {name: os.environ[key] for name, key in own.items() if key in os.environ}
    settings = Settings(  # pyright: ignore[reportCallIssue] - every field has a default
        data=tmp_path_factory.mktemp("parlour"),
        keys=SecretStr(new_keys()),
        database_url=SecretStr(urls["database"]) if "database" in urls else None,
        redis_url=SecretStr(urls["redis"]) if "redis" in urls else None,
        visitor_message_rate=RATE,  # pyright: ignore[reportArgumentType] - parsed by pydantic
        agent_message_rate=RATE,  # pyright: ignore[reportArgumentType] - parsed by pydantic
        visitor_session_rate=RATE,  # pyright: ignore[reportArgumentType] - parsed by pydantic
    )
    running = [(program, _start(program)) for program in prepare(settings)]
    try:
        _wait_for(settings)
        asyncio.run(runner.upgrade(settings.postgres_dsn))
        yield settings
    finally:
        for program, process in reversed(running):
            process.send_signal(program.ends_on)
        for _, process in running:
            process.wait(30)


def _wait_for(settings: Settings) -> None:
    async def ask() -> None:
        connection = await asyncpg.connect(settings.postgres_dsn)
        await connection.close()

    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, asyncpg.PostgresError, redis.RedisError):
            asyncio.run(ask())
            with redis.Redis.from_url(settings.redis_dsn) as client:
                client.ping()
            return
        time.sleep(0.02)
    raise TimeoutError("PostgreSQL and Valkey did not start.")


@pytest.fixture
async def empty(servers: Settings) -> Settings:
    """Settings of servers that keep nothing yet."""
    connection = await asyncpg.connect(servers.postgres_dsn)
    try:
        await connection.execute('TRUNCATE project, "user", event, subscription CASCADE')
        await connection.execute("UPDATE event_head SET seq = 0")
    finally:
        await connection.close()
    with redis.Redis.from_url(servers.redis_dsn) as client:
        client.flushdb()
    return servers


@pytest.fixture
async def parlour(empty: Settings) -> AsyncIterator[Parlour]:
    """A running Parlour with empty tables: server and worker, on a port of its own."""
    async with Parlour(empty) as running:
        yield running
