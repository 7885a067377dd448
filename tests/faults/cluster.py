"""A Parlour of real processes: started, killed, stopped, continued and restarted by their ids."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio
from pydantic import SecretStr
from redis.exceptions import RedisError

from parlour.embedded import Program, prepare
from parlour.kit.crypto import new_keys
from parlour.kit.settings import Settings
from parlour.kit.tasks import QUEUE
from parlour.migrations import runner
from tests.faults.proxy import Link

READY_SECONDS = 60.0
UNLIMITED = "100000/1 second"
STOP_SECONDS = 20.0


@dataclass
class Death:
    """An end of a process that nobody asked for in order."""

    name: str
    status: int
    failpoint: str


class Part:
    """One process of the cluster, kept running: when it dies, it is started again."""

    def __init__(self, program: Program, log: Path, deaths: list[Death]) -> None:
        self.name = program.name
        self.deaths = deaths
        # Failpoints for its next lives, one each: then it lives without.
        self.failpoints: list[str] = []
        self.failpoint = ""
        self.is_up = asyncio.Event()
        self._program = program
        self._log = log
        self._process: subprocess.Popen[Any] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_wanted = False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        self._is_wanted = True
        self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def quit(self) -> None:
        """End it at once in its own way: PostgreSQL's immediate shutdown."""
        self._signal(signal.SIGQUIT)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def restart(self) -> None:
        """End it in order, wait until it has ended, and start it again."""
        lives = len(self.deaths)
        process = self._process
        self._signal(self._program.ends_on)
        assert process is not None
        await _ended(process)
        while self._process is process:
            await asyncio.sleep(0.01)
        del self.deaths[lives:]  # this one was asked for

    async def stop(self) -> None:
        self._is_wanted = False
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is None or self._process.poll() is not None:
            return
        self._signal(signal.SIGCONT)
        self._signal(self._program.ends_on)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await _ended(self._process)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await _ended(self._process)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _spawn(self) -> None:
        self.failpoint = self.failpoints.pop(0) if self.failpoints else ""
        environment = {**os.environ, **self._program.environment}
        if self.failpoint:
            environment["PARLOUR_FAILPOINT"] = self.failpoint
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._program.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                **self._program.credentials,
                start_new_session=True,
                preexec_fn=self._program.die_with_parent,
            )

    async def _keep(self) -> None:
        while True:
            assert self._process is not None
            status = await _ended(self._process)
            self.deaths.append(Death(self.name, status, self.failpoint))
            began = time.monotonic()
            self._spawn()
            # A program that cannot start (a lock of the one before) is not tried without a pause.
            await asyncio.sleep(max(0, 0.1 - (time.monotonic() - began)))


@dataclass
class Cluster:
    """Two gateways, two workers, PostgreSQL and Valkey, in a folder of their own."""

    folder: Path
    # Put proxies between the processes and their databases.
    has_links: bool = False
    deaths: list[Death] = field(default_factory=list)

    async def __aenter__(self) -> "Cluster":
        self.keys = new_keys()
        # A short path: unix sockets have no long ones. Under root the database is another user.
        self.data = Path(tempfile.mkdtemp(prefix="parlour-faults-"))
        self.data.chmod(0o711)
        self.settings = Settings(data=self.data, keys=SecretStr(self.keys))  # pyright: ignore[reportCallIssue] - every field has a default
        self.parts: dict[str, Part] = {}
        self.ports = [_free_port(), _free_port()]
        self.front = Link([("127.0.0.1", port) for port in self.ports])
        self.postgres_link = Link([self.settings.sockets / ".s.PGSQL.5432"])
        self.redis_link = Link([self.settings.sockets / "valkey.sock"])
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def gateways(self) -> list[Part]:
        return [self.parts["gateway-1"], self.parts["gateway-2"]]

    @property
    def workers(self) -> list[Part]:
        return [self.parts["worker-1"], self.parts["worker-2"]]

    @property
    def postgres(self) -> Part:
        return self.parts["postgres"]

    @property
    def valkey(self) -> Part:
        return self.parts["valkey"]

    async def connect(self) -> asyncpg.Connection:
        """Connect to the database directly."""
        return await asyncpg.connect(self.settings.postgres_dsn, timeout=5)

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await self.connect()
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    @asynccontextmanager
    async def holding(self, query: str) -> AsyncGenerator[None]:
        """Hold what a query locks, for as long as a block lasts."""
        connection = await self.connect()
        try:
            async with connection.transaction():
                await connection.execute(query)
                yield
        finally:
            await connection.close()

    async def until_ready(self) -> None:
        """Wait until every gateway says that it can do its work, and all workers run."""
        for port in self.ports:
            await _until(lambda port=port: _is_healthy(port), f"gateway on {port}")

    async def restart_worker(self, part: Part) -> None:
        """Restart a worker in order, and wait until the new one takes tasks."""
        known = await self._workers_at_work()
        await part.restart()

        async def has_begun() -> bool:
            return bool(await self._workers_at_work() - known)

        await _until(has_begun, part.name)

    async def restart_gateway(self, part: Part) -> None:
        """Restart a gateway in order, and wait until the new one is ready."""
        await part.restart()
        await self.until_ready()

    async def stop(self) -> None:
        await self.front.stop()
        programs = [*self.parts.values()]
        users = [part for part in programs if part.name not in {"postgres", "valkey"}]
        await asyncio.gather(*(part.stop() for part in users))
        await self.postgres_link.stop()
        await self.redis_link.stop()
        await asyncio.gather(*(part.stop() for part in programs if part not in users))
        logs = self.data / "logs"
        if logs.exists():
            shutil.copytree(logs, self.folder / "logs", dirs_exist_ok=True)
        shutil.rmtree(self.data, ignore_errors=True)

    async def _start(self) -> None:
        for program in await asyncio.to_thread(prepare, self.settings):
            assert program.log_file is not None
            await self._add(program, program.log_file)
        await _until(self._answers_postgres, "PostgreSQL")
        await _until(self._answers_redis, "Valkey")
        await runner.upgrade(self.settings.postgres_dsn)
        (settings,) = await self.fetch(
            "SELECT current_setting('fsync') AS fsync, "
            "current_setting('synchronous_commit') AS synchronous_commit"
        )
        if tuple(settings.values()) != ("on", "on"):
            raise RuntimeError(f"This PostgreSQL promises nothing: {settings}")
        for link in (self.front, self.postgres_link, self.redis_link):
            await link.start()
        for kind, names in (
            ("worker", ("worker-1", "worker-2")),
            ("serve", ("gateway-1", "gateway-2")),
        ):
            for place, name in enumerate(names):
                argv = (sys.executable, "-m", "parlour", kind)
                program = Program(name, argv, environment=self._environment(self.ports[place]))
                await self._add(program, self.data / "logs" / f"{name}.log")
        await self.until_ready()

    async def _add(self, program: Program, log: Path) -> None:
        part = self.parts[program.name] = Part(program, log, self.deaths)
        await part.start()

    def _environment(self, port: int) -> dict[str, str]:
        database, redis_url = self.settings.postgres_dsn, self.settings.redis_dsn
        if self.has_links:
            database = f"postgresql://postgres@127.0.0.1:{self.postgres_link.port}/postgres"
            redis_url = f"redis://127.0.0.1:{self.redis_link.port}/0"
        return {
            "PARLOUR_TEST": "1",
            "PARLOUR_FAILPOINT": "",
            "PARLOUR_DATA": str(self.data),
            "PARLOUR_DATABASE_URL": database,
            "PARLOUR_REDIS_URL": redis_url,
            "PARLOUR_KEYS": self.keys,
            "PARLOUR_PORT": str(port),
            # One name for both: tokens are made in it and for it.
            "PARLOUR_PUBLIC_URL": f"http://127.0.0.1:{self.front.port}",
            "PARLOUR_VISITOR_MESSAGE_RATE": UNLIMITED,
            "PARLOUR_VISITOR_SESSION_RATE": UNLIMITED,
            "PARLOUR_AGENT_MESSAGE_RATE": UNLIMITED,
        }

    async def _workers_at_work(self) -> set[bytes]:
        client = redis.asyncio.Redis.from_url(self.settings.redis_dsn)
        try:
            return {found["name"] for found in await client.xinfo_consumers(QUEUE, "workers")}
        except (RedisError, OSError):
            return set()
        finally:
            await client.aclose()

    async def _answers_postgres(self) -> bool:
        try:
            await self.fetch("SELECT 1")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    async def _answers_redis(self) -> bool:
        client = redis.asyncio.Redis.from_url(self.settings.redis_dsn)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()


async def _ended(process: subprocess.Popen[Any]) -> int:
    # Asked again and again: uvloop cannot start a process as another user, and so not wait for it.
    while (status := process.poll()) is None:
        await asyncio.sleep(0.01)
    return status


async def _until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"Not ready: {what}")
        await asyncio.sleep(0.05)


async def _is_healthy(port: int) -> bool:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
            status = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
