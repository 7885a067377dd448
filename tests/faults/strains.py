"""Experiments in which nothing dies: bad networks, slow readers, races, long transactions."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import asyncpg
import psutil

from parlour.kit.db import Database
from parlour.kit.events import Event, record
from parlour.kit.ids import new_id
from tests.faults.clients import Agent, Visitor
from tests.faults.cluster import Cluster
from tests.faults.experiment import PER_SECOND, Run
from tests.faults.proxy import (
    BlackHole,
    HalfOpen,
    Healthy,
    Latency,
    Link,
    Refusing,
    Resets,
    Slices,
    Toxic,
)
from tests.faults.stage import Stage
from tests.faults.wire import Wire

TOXICS: dict[str, Callable[[random.Random], Toxic]] = {
    "latency": lambda rng: Latency(rng, 0.05, 0.5),
    "slices": lambda _: Slices(),
    "resets": lambda rng: Resets(rng, 0.01),
    "black hole": lambda _: BlackHole(),
    "half-open": lambda _: HalfOpen(),
    "refusing": lambda _: Refusing(),
}
SLOW_SOCKETS = 50
SLOW_SECONDS = 30.0
MAX_GROWTH_MB = 64.0


async def poison_links(run: Run) -> None:
    """R6: the network between clients, gateways and databases is bad in every way."""
    seconds = 10.0 if run.scale >= 1 else max(1.0, 10 * run.scale)
    async with run.stage(visitors=120, has_links=True) as stage:
        cluster = stage.cluster
        links = {
            "clients": cluster.front,
            "PostgreSQL": cluster.postgres_link,
            "Valkey": cluster.redis_link,
        }
        cases = [(toxic, link) for toxic in TOXICS for link in links]
        run.rng.shuffle(cases)
        stage.load(PER_SECOND / 2)
        live: dict[str, float] = {}
        for toxic, link in cases:
            await asyncio.sleep(1)
            live[f"{toxic}, {link}"] = await _poison(
                stage, links[link], TOXICS[toxic](run.rng), seconds
            )
        # A request that went into a black hole is given up after ten seconds, and made again.
        await run.conclude(stage, time.monotonic(), converge_seconds=20)
        slowest = max(live, key=lambda case: live[case])
        run.outcome.size = f"{len(TOXICS)} toxics on 3 links, {seconds:g} s each"
        run.outcome.trials["poisonings"] = len(cases)
        run.outcome.figures["live_again_seconds_max"] = round(live[slowest], 2)
        run.outcome.figures["slowest"] = slowest


async def _poison(stage: Stage, link: Link, toxic: Toxic, seconds: float) -> float:
    """Poison a link for a while; return how long it took after it until messages went again."""
    link.poison(toxic)
    await asyncio.sleep(seconds)
    link.poison(Healthy())
    healed_at, acked = time.monotonic(), stage.truth.acked
    while stage.truth.acked <= acked + 20 and time.monotonic() < healed_at + 30:
        await asyncio.sleep(0.02)
    return time.monotonic() - healed_at


async def read_slowly(run: Run) -> None:
    """R7: sockets of a project stop reading, and their windows fill up."""
    seconds = 120.0 if run.scale >= 1 else 25.0
    async with run.stage(visitors=250, agents=4, padding=2000) as stage:
        stage.load(PER_SECOND)
        await asyncio.sleep(3)
        calm_from = time.monotonic()
        await asyncio.sleep(seconds / 5)
        slow = await asyncio.gather(*(_open_slow(stage) for _ in range(SLOW_SOCKETS)))
        slow_from = time.monotonic()
        watch = SlowWatch(stage.cluster, slow)
        while time.monotonic() < slow_from + seconds or watch.is_waiting():
            watch.look()
            await asyncio.sleep(0.25)
        until = time.monotonic()
        told = await _count_told(slow)
        await run.conclude(stage, until)
        _report_slow(run, watch, told)
        calm = stage.p99(calm_from, slow_from)
        strained = stage.p99(slow_from, until)
        run.outcome.size = (
            f"{SLOW_SOCKETS} of {SLOW_SOCKETS + len(stage.clients)} sockets, "
            f"{until - slow_from:.0f} s, {PER_SECOND:.0f} messages/s of 2 kB"
        )
        run.outcome.figures |= {"p99_ms_before": round(calm, 1), "p99_ms": round(strained, 1)}
        if run.scale >= 1:  # a shorter run beside other tests says nothing of time
            run.outcome.demand(strained < 2 * calm, "the others' p99 doubled")


async def _open_slow(stage: Stage) -> Wire:
    """Connect as an agent does, join, and stop reading."""
    wire = Wire("/agents", lambda _: None)
    host, port = "127.0.0.1", stage.rng.choice(stage.cluster.ports)
    await wire.open(host, port, stage.member.token, f"http://{host}:{port}", window=8192)
    await wire.ask("project.join", {"project_id": stage.world.project_id})
    wire.stop_reading()
    return wire


async def _count_told(slow: list[Wire]) -> int:
    """Let the slow ones read what is left; count who was told why the connection ended."""
    for wire in slow:
        wire.go_on_reading()
    try:
        async with asyncio.timeout(10):
            for wire in slow:
                await wire.closed.wait()
    except TimeoutError:
        pass
    told = sum(wire.closing is not None and wire.closing.code == "slow_consumer" for wire in slow)
    await asyncio.gather(*(wire.finish() for wire in slow))
    return told


class SlowWatch:
    """Watches what slow sockets cost the gateways, and when these let go of them."""

    def __init__(self, cluster: Cluster, slow: list[Wire]) -> None:
        self._gateways = [psutil.Process(part.pid) for part in cluster.gateways]
        self._before = [gateway.memory_info().rss for gateway in self._gateways]
        self._began = time.monotonic()
        self._ports = set(cluster.ports)
        # By both ports, since one of a client's may be used for several servers: what waits in the
        # gateway's kernel, and since when it is as much.
        self._queued = dict.fromkeys((wire.ports for wire in slow), -1)
        self._full_at = dict.fromkeys(self._queued, self._began)
        self.waited: list[float] = []
        self.growth_mb = 0.0

    def is_waiting(self) -> bool:
        limit = self._began + 3 * SLOW_SECONDS
        return bool(self._queued) and time.monotonic() < limit

    @property
    def left(self) -> int:
        return len(self._queued)

    def look(self) -> None:
        grown = [
            (gateway.memory_info().rss - before) / 2**20
            for gateway, before in zip(self._gateways, self._before, strict=True)
        ]
        self.growth_mb = max(self.growth_mb, *grown)
        established = self._read_queues()
        for ports in list(self._queued):
            if ports not in established:
                del self._queued[ports]
                self.waited.append(time.monotonic() - self._full_at.pop(ports))
            elif established[ports] > self._queued[ports]:
                self._queued[ports] = established[ports]
                self._full_at[ports] = time.monotonic()

    def _read_queues(self) -> dict[tuple[int, int], int]:
        """Return the bytes that wait at a gateway for each of its clients, by both ports."""
        queues: dict[tuple[int, int], int] = {}
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, state, queue, *_ = line.split()
            gateway, client = (int(end.partition(":")[2], 16) for end in (local, remote))
            if gateway in self._ports and state == "01":  # ESTABLISHED
                queues[client, gateway] = int(queue.partition(":")[0], 16)
        return queues


def _report_slow(run: Run, watch: SlowWatch, told: int) -> None:
    outcome = run.outcome
    longest = max(watch.waited, default=0.0)
    outcome.figures |= {
        "gateway_growth_mb": round(watch.growth_mb, 1),
        "slow_left_open": watch.left,
        "slow_closed_seconds_max": round(longest, 1),
        "slow_told_why": told,
    }
    outcome.trials["slow sockets"] = SLOW_SOCKETS
    outcome.demand(watch.growth_mb < MAX_GROWTH_MB, f"a gateway grew by {watch.growth_mb:.0f} MB")
    outcome.demand(watch.left == 0, f"{watch.left} slow sockets were never closed")
    outcome.demand(longest <= SLOW_SECONDS + 2, f"a slow socket stayed for {longest:.1f} s")


async def race(run: Run) -> None:
    """R11: sixteen writers, over sockets and REST, in the same ten conversations."""
    total = run.count(100_000)
    async with run.stage(visitors=10, agents=6) as stage:
        stage.share_threads()
        for visitor in stage.visitors:
            visitor.write()
        while not all(len(agent.open_threads) == 10 for agent in stage.agents):
            await asyncio.sleep(0.01)
        left = [total]
        began = time.monotonic()
        await asyncio.gather(
            *(_write_on(visitor, left) for visitor in stage.visitors),
            *(_reply_on(agent, left, stage.rng) for agent in stage.agents),
        )
        took = time.monotonic() - began
        await run.conclude(stage, time.monotonic())
        run.outcome.size = f"16 writers, 10 conversations, {total} messages"
        run.outcome.figures["per_second"] = round(total / took)


async def _write_on(visitor: Visitor, left: list[int]) -> None:
    while left[0] > 0:
        if visitor.outbox:
            await asyncio.sleep(0.001)
        else:
            left[0] -= 1
            visitor.write()


async def _reply_on(agent: Agent, left: list[int], rng: random.Random) -> None:
    while left[0] > 0:
        conversation_id = rng.choice(agent.open_threads)
        left[0] -= 1
        agent.write(conversation_id)
        while agent.outboxes[conversation_id]:
            await asyncio.sleep(0.001)


class Noted(Event, frozen=True, kw_only=True):
    """An event of this experiment alone."""

    type: ClassVar[str] = "faults.noted"

    note: str


class Undone(Exception):
    """A transaction is not to be committed."""


async def hold_transactions(run: Run) -> None:
    """R12: transactions that record events stay open for up to two seconds."""
    total = run.count(50_000)
    async with run.stage(visitors=1, agents=2) as stage:
        cluster, project_id = stage.cluster, UUID(stage.world.project_id)
        database = Database(cluster.settings.postgres_dsn, pool_size=24)
        committed: set[str] = set()
        left = [total]
        reader = CursorReader(cluster)
        reading = asyncio.create_task(reader.run())
        await asyncio.gather(
            *(_record_on(database, project_id, left, committed, run.rng) for _ in range(24))
        )
        await database.close()
        faulted_at = time.monotonic()
        while time.monotonic() < faulted_at + 10 and not _has_all(stage, reader, committed):
            await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        _report_held(run, stage, reader, committed)
        await run.conclude(stage, faulted_at)
        run.outcome.size = f"{len(committed)} events, transactions open for up to 2 s"
        run.outcome.trials = {"events": len(committed)}


async def _record_on(
    database: Database, project_id: UUID, left: list[int], committed: set[str], rng: random.Random
) -> None:
    while left[0] > 0:
        notes = [str(new_id()) for _ in range(min(left[0], rng.randint(1, 60)))]
        left[0] -= len(notes)
        # Most are short; one in eight holds what it has recorded for a long time.
        open_for = rng.uniform(0, 2) if rng.random() < 0.125 else rng.uniform(0, 0.05)
        is_undone = rng.random() < 0.05
        try:
            async with database.transaction() as session:
                await record(session, *(Noted(project_id=project_id, note=n) for n in notes))
                await asyncio.sleep(open_for)
                if is_undone:
                    raise Undone
        except Undone:
            left[0] += len(notes)
        else:
            committed.update(notes)


class CursorReader:
    """Reads the log by ``seq > n`` and nothing else."""

    def __init__(self, cluster: Cluster) -> None:
        self.notes: list[str] = []
        self.seqs: list[int] = []
        self._cluster = cluster

    async def run(self) -> None:
        connection: asyncpg.Connection = await self._cluster.connect()
        try:
            while True:
                rows = await connection.fetch(
                    "SELECT seq, data->>'note' AS note FROM event WHERE seq > $1 ORDER BY seq",
                    self.seqs[-1] if self.seqs else 0,
                )
                self.seqs += [row["seq"] for row in rows]
                self.notes += [row["note"] for row in rows if row["note"]]
                await asyncio.sleep(0.005)
        finally:
            await connection.close()


def _has_all(stage: Stage, reader: CursorReader, committed: set[str]) -> bool:
    heard = [agent.notes for agent in stage.agents]
    return all(len(notes) >= len(committed) for notes in (*heard, reader.notes))


def _report_held(run: Run, stage: Stage, reader: CursorReader, committed: set[str]) -> None:
    outcome = run.outcome
    outcome.demand(
        reader.seqs == list(range(1, len(reader.seqs) + 1)), "the cursor saw places out of order"
    )
    for name, notes in (("cursor", reader.notes), *((a.name, a.notes) for a in stage.agents)):
        skipped = len(committed - set(notes))
        outcome.figures[f"skipped_by_{name.partition('-')[0]}"] = skipped
        outcome.demand(not skipped, f"{name} skipped {skipped} events")
        outcome.demand(len(notes) == len(set(notes)), f"{name} had events twice")
        outcome.demand(set(notes) <= committed, f"{name} had events that were never committed")
