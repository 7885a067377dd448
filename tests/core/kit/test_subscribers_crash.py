"""Workers die at every moment, and each event's effect in the database is there exactly once.

``SUBSCRIBER_CRASHES=full`` runs the size that the docs give figures of.
"""

import asyncio
import os
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.core.kit.probing import Log
from tests.parlour import until

from parlour.kit.failpoints import STATUS
from parlour.kit.settings import Settings

ROOT = Path(__file__).parents[3]
FAILPOINTS = (
    "subscriber_after_handler_before_commit",
    "subscriber_after_commit",
    "relay_after_sequence_before_commit",
    "relay_after_commit_before_publish",
)
WORKERS = 2
# What a worker gets to do before it dies, and how fast.
SAID = "crash_worker.log"
PARTS = 20
PAUSE_SECONDS = 0.03
DEATH_SECONDS = 5
FULL = {"events": 20_000, "handlers": 10, "crashes": 100}
SMALL = {"events": 2_000, "handlers": 10, "crashes": 10}


@dataclass
class CrashReport:
    """What came of a run: how often workers died where, and what handlers have written."""

    seed: int
    events: int = 0
    handlers: int = 0
    crashes: Counter[str] = field(default_factory=Counter[str])
    effects: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0


async def run_subscriber_crashes(
    settings: Settings, *, events: int, handlers: int, crashes: int, seed: int
) -> CrashReport:
    """Kill workers by pid and at failpoints while they bring a log to handlers; count effects."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    report = CrashReport(seed, events, handlers)
    names = [f"probe_{number}" for number in range(handlers)]
    log = Log(settings)
    await log.open()
    began_at = time.monotonic()
    try:
        async with _worker(settings, names):
            await until(lambda: log.sql(f"SELECT FROM subscription OFFSET {handlers - 1}"), 60)
        rounds = iter(_split(range(events), crashes))
        await asyncio.gather(
            *(_crash_again_and_again(log, names, rounds, chance, report) for _ in range(WORKERS))
        )
        async with _worker(settings, names):
            await until(lambda: _is_done(log), 600)
        await _count(log, names, report)
    finally:
        await log.close()
    report.seconds = time.monotonic() - began_at
    return report


async def _crash_again_and_again(
    log: Log,
    names: list[str],
    rounds: Iterator[range],
    chance: random.Random,
    report: CrashReport,
) -> None:
    """Be one of the workers that run at a time: each has something new to do, and dies of it."""
    for numbers in rounds:
        failpoint = chance.choice((*FAILPOINTS, ""))
        at = f"{failpoint}:{chance.randint(1, 8)}" if failpoint else ""
        async with _worker(log.settings, names, at) as process:
            dying = asyncio.ensure_future(process.wait())
            for part in _split(numbers, PARTS):
                await log.write(part)
                await asyncio.wait([dying], timeout=PAUSE_SECONDS)
            seconds = DEATH_SECONDS if failpoint else chance.uniform(0, 2)
            death = await _death(process, failpoint, seconds)
            assert death, (log.settings.folder / SAID).read_text()[-3000:]
            report.crashes[death] += 1


async def _death(process: Process, failpoint: str, seconds: float) -> str:
    """Wait for a worker to die, or kill it when it takes too long; return what it died of."""
    try:
        async with asyncio.timeout(seconds):
            return failpoint if await process.wait() == STATUS else ""
    except TimeoutError:
        process.kill()
        await process.wait()
        return "SIGKILL"


@asynccontextmanager
async def _worker(settings: Settings, names: list[str], at: str = "") -> AsyncGenerator[Process]:
    """A worker in a process of its own, about to work; ended in order if it still runs."""
    with (settings.folder / SAID).open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.core.kit.crash_worker", *names),
            cwd=ROOT,
            env={**os.environ, **_environment(settings), "PARLOUR_FAILPOINT": at},
            stdout=asyncio.subprocess.PIPE,
            stderr=said,
        )
    assert process.stdout
    await process.stdout.readline()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


def _environment(settings: Settings) -> dict[str, str]:
    assert settings.keys
    return {
        "PARLOUR_TEST": "1",
        "PARLOUR_DATA": str(settings.folder),
        "PARLOUR_KEYS": settings.keys.get_secret_value(),
        "PARLOUR_REDIS_URL": settings.redis_dsn,
        "PARLOUR_DATABASE_URL": settings.postgres_dsn,
        "PARLOUR_LOG_LEVEL": "error",
    }


async def _is_done(log: Log) -> bool:
    await log.hurry()
    return await log.is_through() and not await log.sql("SELECT FROM delivery")


async def _count(log: Log, names: list[str], report: CrashReport) -> None:
    report.effects = (await log.sql("SELECT count(*) FROM probe"))[0][0]
    query = "SELECT count(DISTINCT event_id), count(*) FROM probe WHERE handler = $1"
    for name in names:
        ((different, all_),) = await log.sql(query, name)
        report.lost += report.events - different
        report.doubled += all_ - different


def _split(numbers: range, parts: int) -> list[range]:
    size = -(-len(numbers) // parts)
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


@pytest.mark.timeout(1800)
async def test_each_effect_is_there_exactly_once_whatever_dies(empty: Settings) -> None:
    size = FULL if os.environ.get("SUBSCRIBER_CRASHES") == "full" else SMALL
    report = await run_subscriber_crashes(empty, **size, seed=int(os.environ.get("SEED", "1")))

    sys.stdout.write(f"{report}\n")
    assert sum(report.crashes.values()) == size["crashes"]
    assert (report.lost, report.doubled) == (0, 0), report
    assert report.effects == size["events"] * size["handlers"]


async def test_outside_a_transaction_it_is_done_again_with_the_same_id(empty: Settings) -> None:
    log = Log(empty)
    await log.open()
    try:
        async with _worker(empty, ["outside:mail"]):
            await until(lambda: log.sql("SELECT FROM subscription"), 60)
        await log.write(range(5))
        # Dead between the third event's effect and its acknowledgement.
        async with _worker(empty, ["outside:mail"], f"{FAILPOINTS[0]}:3") as process:
            async with asyncio.timeout(60):
                assert await process.wait() == STATUS
        assert await log.heard("mail") == [0, 1, 2]
        await log.release()
        async with _worker(empty, ["outside:mail"]):
            await log.hears("mail", [0, 1, 2, 2, 3, 4])
        (twice,) = await log.sql(
            "SELECT number FROM probe GROUP BY number, event_id HAVING count(*) = 2"
        )
        assert twice["number"] == 2
    finally:
        await log.close()
