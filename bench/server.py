"""Servers to measure: a Parlour of its own in a temporary folder, and the echo baseline."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 30
UNLIMITED = "100000/1 second"


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    # What started it: unset when somebody else did.
    pid: int | None = None
    data: Path | None = None
    start_seconds: float | None = None


@contextmanager
def running_parlour() -> Generator[Server]:
    """Start a Parlour in a temporary data folder; stop it and remove the folder at the end."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="parlour-bench-", ignore_cleanup_errors=True) as folder:
        # Under root the database runs as a user of its own, who must be able to come in.
        Path(folder).chmod(0o711)
        data = Path(folder) / "data"
        environment = os.environ | {
            "PARLOUR_DATA": str(data),
            "PARLOUR_PUBLIC_URL": url,
            "PARLOUR_VISITOR_MESSAGE_RATE": UNLIMITED,
            "PARLOUR_AGENT_MESSAGE_RATE": UNLIMITED,
            "PARLOUR_VISITOR_SESSION_RATE": UNLIMITED,
        }
        command = [str(Path(sys.executable).parent / "parlour"), "up", "--port", str(port)]
        log = Path(folder) / "log"
        started_at = time.monotonic()
        with _running(command, environment, log) as process:
            _wait_until_ready(process, url, "/api/health", log)
            yield Server(url, process.pid, data, time.monotonic() - started_at)


@contextmanager
def running_echo() -> Generator[Server]:
    """Start the echo baseline; stop it at the end."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
        command = [sys.executable, "-m", "bench.echo", str(port)]
        log = Path(folder) / "log"
        with _running(command, dict(os.environ), log) as process:
            _wait_until_ready(process, url, "/", log)
            yield Server(url, process.pid)


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], log: Path
) -> Generator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(url, path):
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
    raise RuntimeError(f"{url} did not start:\n{tail}")


def _answers(url: str, path: str) -> bool:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request("GET", path)
        # The baseline serves nothing but sockets, so 404 is its way of saying that it is there.
        return connection.getresponse().status in ((200,) if path != "/" else (200, 404))
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
