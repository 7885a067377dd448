"""``parlour up`` keeps its programs running, and leaves none behind."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import psutil

from tests.e2e.conftest import Running
from tests.parlour import PASSWORD, until

NAMES = ("postgres", "valkey", "serve", "worker")


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process runs. A dead one that nobody has asked about does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def is_healthy(url: str) -> bool:
    try:
        async with httpx.AsyncClient() as http:
            return (await http.get(f"{url}/api/health")).status_code == 200
    except httpx.TransportError:
        return False


async def test_a_killed_supervisor_orphans_nothing_and_a_new_one_finds_its_data(
    running: Running, tmp_path: Path
) -> None:
    children = psutil.Process(running.process.pid).children()
    assert len(children) == len(NAMES)
    ana = {"email": "ana@example.com", "name": "Ana", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=running.url) as http:
        assert (await http.post("/api/auth/sign-up", json=ana)).status_code == 201

    running.process.kill()
    await until(lambda: not any(map(is_alive, children)), 20)

    port = running.url.rpartition(":")[2]
    command = [sys.executable, "-m", "parlour", "up", "--port", port, "--data", str(tmp_path / "d")]
    with (tmp_path / "again.log").open("wb") as log:
        again = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        await until(lambda: is_healthy(running.url), 60)
        async with httpx.AsyncClient(base_url=running.url) as http:
            assert (await http.get("/api/setup")).json() == {"needs_setup": False}
        children = psutil.Process(again.pid).children()
    finally:
        again.terminate()
        assert again.wait(60) == 0
    assert not any(map(is_alive, children))


async def test_every_killed_program_comes_back(running: Running) -> None:
    for name in ("valkey", "serve", "worker"):
        await running.back(name, running.kill(name))
        await until(lambda: is_healthy(running.url), 30)


async def test_the_doctor_says_what_is_well_and_what_is_not(
    running: Running, tmp_path: Path
) -> None:
    port = running.url.rpartition(":")[2]
    environment = {**os.environ, "PARLOUR_DATA": str(tmp_path / "d"), "PARLOUR_PORT": port}
    doctor = [sys.executable, "-m", "parlour", "doctor"]

    well = subprocess.run(doctor, env=environment, capture_output=True, text=True, check=False)
    environment["PARLOUR_PUBLIC_URL"] = "http://localhost:9"
    unwell = subprocess.run(doctor, env=environment, capture_output=True, text=True, check=False)

    assert well.returncode == 0, well.stdout
    assert well.stdout.count("✓") == 5
    assert unwell.returncode == 1
    assert "✗ WebSocket" in unwell.stdout


async def test_a_taken_port_is_said_in_one_sentence(running: Running, tmp_path: Path) -> None:
    port = running.url.rpartition(":")[2]
    command = [sys.executable, "-m", "parlour", "up", "--port", port, "--data", str(tmp_path / "e")]

    second = subprocess.run(command, capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert f"Port {port} is taken" in second.stderr
    assert "Traceback" not in second.stderr
