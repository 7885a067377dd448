"""The supervisor behind ``parlour up``: starts programs, restarts them, and leaves none behind."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

import asyncpg
import click
import psutil
from redis.exceptions import RedisError
from rich.console import Console

from parlour.embedded import Program, prepare
from parlour.kit.runtime import open_redis
from parlour.kit.settings import Settings, load_settings

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
STEADY_SECONDS = 10.0
POLL_SECONDS = 0.02
MAX_BACKOFF_SECONDS = 10.0


class CannotStart(Exception):
    """Something is in the way; the message says what, to the person at the terminal."""


class Supervisor:
    """Runs Parlour's programs for as long as it runs itself."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._stopping = asyncio.Event()
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Start everything, and keep it running until SIGINT or SIGTERM.

        Raises:
            CannotStart: Something is in the way.
        """
        started_at = time.monotonic()
        loop = asyncio.get_running_loop()
        for ask in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(ask, self._stopping.set)
        with ExitStack() as locks:
            _lock(self._settings, locks)
            await _end_leftovers(self._settings)
            _check_port(self._settings)
            try:
                await self._start()
                if not self._stopping.is_set():
                    self._greet(time.monotonic() - started_at)
                await self._stopping.wait()
            finally:
                self._console.print("[dim]Stopping …[/]")
                await self._stop()

    async def _start(self) -> None:
        servers = await asyncio.to_thread(prepare, self._settings)
        for program in servers:
            self._keep(program)
        with self._console.status("Starting PostgreSQL and Valkey …"):
            await self._until(self._answers_redis, "Valkey")
            await self._until(self._answers_postgres, "PostgreSQL")
        with self._console.status("Bringing the database up to date …"):
            await self._migrate()
        with self._console.status("Starting the server and a worker …"):
            for name in ("worker", "serve"):
                self._keep(Program(name, (sys.executable, "-m", "parlour", name)))
            await self._until(self._answers_http, "the server")

    def _greet(self, seconds: float) -> None:
        origin = self._settings.origin
        self._console.print(
            f"\n[bold green]●[/] [bold]Parlour is ready[/] [dim]({seconds:.1f} s)[/]\n"
        )
        self._console.print(f"  Dashboard   [link={origin}/app/]{origin}/app/[/]")
        self._console.print(f"  Demo page   [link={origin}/demo]{origin}/demo[/]")
        self._console.print(f"  Data        {self._settings.folder}")
        self._console.print("\n[dim]Ctrl-C stops everything.[/]\n")

    def _keep(self, program: Program) -> None:
        self._keepers.append(asyncio.create_task(self._keep_running(program), name=program.name))

    async def _keep_running(self, program: Program) -> None:
        backoff = 0.2
        while not self._stopping.is_set():
            started_at = time.monotonic()
            process = await self._spawn(program)
            await self._forward(program, process)
            code = await process.wait()
            _pid_file(self._settings, program.name).unlink(missing_ok=True)
            if self._stopping.is_set():
                return
            if time.monotonic() - started_at > STEADY_SECONDS:
                backoff = 0.2
            self._console.print(
                f"[yellow]{program.name} ended ({code}); starting it again in {backoff:.1f} s[/]"
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(backoff):
                    await self._stopping.wait()
            backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)

    async def _spawn(self, program: Program) -> asyncio.subprocess.Process:
        log: IO[bytes] | int = asyncio.subprocess.PIPE
        if program.log_file:
            log = program.log_file.open("ab")
        process = await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **program.environment},
            **program.credentials,
            start_new_session=True,  # Ctrl-C is for us: we end them in order
            preexec_fn=program.die_with_parent,
        )
        self._running[program.name] = process
        _pid_file(self._settings, program.name).write_text(str(process.pid))
        return process

    async def _forward(self, program: Program, process: asyncio.subprocess.Process) -> None:
        """Show what a program says, line by line."""
        if process.stdout is None:
            return
        async for line in process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._console.print(f"{program.name} │ {text}", markup=False, soft_wrap=True)

    async def _migrate(self) -> None:
        migration = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "parlour", "migrate"), stdin=asyncio.subprocess.DEVNULL
        )
        if await migration.wait():
            raise CannotStart("The database could not be brought up to date.")

    async def _until(self, answers: Callable[[], Awaitable[bool]], what: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._stopping.is_set() and not await answers():
            if time.monotonic() > deadline:
                raise CannotStart(f"{what} does not answer. See {self._settings.folder}/logs.")
            await asyncio.sleep(POLL_SECONDS)

    async def _answers_postgres(self) -> bool:
        try:
            connection = await asyncpg.connect(self._settings.postgres_dsn, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    async def _answers_redis(self) -> bool:
        redis = open_redis(self._settings)
        try:
            return bool(await redis.ping())
        except (RedisError, OSError):
            return False
        finally:
            await redis.aclose()

    async def _answers_http(self) -> bool:
        host = "127.0.0.1" if self._settings.host == "0.0.0.0" else self._settings.host  # noqa: S104 - compared, not bound
        try:
            reader, writer = await asyncio.open_connection(host, self._settings.port)
            writer.write(b"GET /api/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(5):
                status = await reader.readline()
            writer.close()
        except (OSError, TimeoutError):
            return False
        return b" 200 " in status

    async def _stop(self) -> None:
        """End what uses the servers first, then the servers."""
        self._stopping.set()
        await self._end("serve", "worker")
        await self._end("valkey", "postgres")
        for keeper in self._keepers:
            keeper.cancel()

    async def _end(self, *names: str) -> None:
        ending = [(name, self._running[name]) for name in names if name in self._running]
        for name, process in ending:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        for _, process in ending:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _lock(settings: Settings, locks: ExitStack) -> None:
    settings.folder.mkdir(parents=True, exist_ok=True)
    file = locks.enter_context((settings.folder / "up.lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise CannotStart(f"Parlour is already running on {settings.folder}.") from error


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(
                f"Port {settings.port} is taken. Choose another: parlour up --port 8001"
            ) from error


def _pid_file(settings: Settings, name: str) -> Path:
    return settings.folder / f"{name}.pid"


async def _end_leftovers(settings: Settings) -> None:
    """End what a supervisor that was killed may have left, and wait until it is gone."""
    leftovers: list[psutil.Process] = []
    for name in ("serve", "worker", "valkey", "postgres"):
        file = _pid_file(settings, name)
        if file.exists() and (process := _find(file)):
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            leftovers.append(process)
        file.unlink(missing_ok=True)
    if leftovers:
        _, alive = await asyncio.to_thread(psutil.wait_procs, leftovers, STOP_SECONDS)
        for process in alive:
            process.kill()


def _find(file: Path) -> psutil.Process | None:
    """Return the process a pid file names, unless it is a later one with the same number."""
    try:
        process = psutil.Process(int(file.read_text()))
        # The file was written right after its process began; a clock's tick is 10 ms.
        is_ours = process.create_time() <= file.stat().st_mtime + 0.1
    except (psutil.Error, ValueError):
        return None
    return process if is_ours and process.status() != psutil.STATUS_ZOMBIE else None


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder for the data.")
def up(host: str | None, port: int | None, data: Path | None) -> None:
    """Run everything: database, queue, server and worker, in this terminal."""
    # In the environment, so that the programs it starts are told the same.
    for name, value in (("HOST", host), ("PORT", port), ("DATA", data and data.resolve())):
        if value is not None:
            os.environ[f"PARLOUR_{name}"] = str(value)
    console = Console(highlight=False)
    try:
        asyncio.run(Supervisor(load_settings(), console).run())
    except CannotStart as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(1)
