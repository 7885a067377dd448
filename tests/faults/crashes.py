"""Experiments in which processes die, stand still or are restarted while messages flow."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable

from parlour.kit.failpoints import NAMES, STATUS
from tests.faults.cluster import Cluster, Part
from tests.faults.experiment import PER_SECOND, Run
from tests.faults.proxy import Link
from tests.faults.stage import Stage
from tests.parlour import until

# Where a failpoint is reached: in a gateway, or in a worker.
GATEWAY_FAILPOINTS = ("recv", "after_ack", "request_after_commit_before_response")
WORKER_FAILPOINTS = tuple(
    name
    for name in NAMES
    # Subscribers hear next to nothing here: tests/core/kit/test_subscribers_crash.py has theirs.
    if name not in GATEWAY_FAILPOINTS and not name.startswith("subscriber_")
)
CRASH_SECONDS = 30.0
# A little more than elsewhere, so that 300 kills meet 150,000 messages.
KILL_PER_SECOND = 220.0


async def kill_at_random(run: Run) -> None:
    """R1: gateways and workers are killed at random times."""
    kills = run.count(300)
    async with run.stage() as stage:
        stage.load(KILL_PER_SECOND)
        for _ in range(kills):
            await asyncio.sleep(run.rng.uniform(0.9, 3.4))
            victim = run.rng.choice([*stage.cluster.gateways, *stage.cluster.workers])
            if victim in stage.cluster.gateways:
                # With both gone, what is measured are the clients' own pauses, of up to 30 s.
                await stage.cluster.until_ready()
            victim.kill()
        # A process that was killed is a fault until there is another one in its place.
        await stage.cluster.until_ready()
        await run.conclude(stage, time.monotonic())
        run.outcome.size = f"{kills} kills, {KILL_PER_SECOND:.0f} messages/s"
        run.outcome.trials["kills"] = kills
        run.outcome.demand(
            sum(stage.kills().values()) >= kills, "fewer processes died than were killed"
        )


async def crash_at_failpoints(run: Run) -> None:
    """R2: every named place is where a process dies."""
    each = run.count(20)
    async with run.stage(visitors=120) as stage:
        stage.load(PER_SECOND / 2)
        first, _ = stage.cluster.gateways
        await asyncio.gather(
            # One gateway, so that there is always another one to go to.
            _crash_one_by_one(run, stage, [first], GATEWAY_FAILPOINTS, each),
            _crash_one_by_one(run, stage, stage.cluster.workers, WORKER_FAILPOINTS, each),
        )
        await stage.cluster.until_ready()
        await run.conclude(stage, time.monotonic())
        names = GATEWAY_FAILPOINTS + WORKER_FAILPOINTS
        crashed = Counter(
            death.failpoint.partition(":")[0]
            for death in stage.cluster.deaths
            if death.failpoint and death.status == STATUS
        )
        run.outcome.size = (
            f"{len(names)} failpoints, {each} times each, {PER_SECOND / 2:.0f} messages/s"
        )
        run.outcome.figures["crashes"] = dict(crashed)
        run.outcome.trials["crashes"] = crashed.total()
        run.outcome.demand(
            all(crashed[name] == each for name in names), f"not every failpoint was met: {crashed}"
        )


async def _crash_one_by_one(
    run: Run, stage: Stage, parts: list[Part], names: tuple[str, ...], each: int
) -> None:
    """Arm the parts with failpoints in turn; each crash starts the part again, armed anew."""
    waiting = [name for name in names for _ in range(each)]
    run.rng.shuffle(waiting)
    # A kill begins it. The later lives are begun by the crashes themselves.
    for place, part in enumerate(parts):
        most = 12 if part in stage.cluster.gateways else 40
        part.failpoints = [f"{n}:{run.rng.randint(1, most)}" for n in waiting[place :: len(parts)]]
        part.kill()
    await asyncio.gather(*(_live_through(run, stage, part) for part in parts))


async def _live_through(run: Run, stage: Stage, part: Part) -> None:
    """Wait for each of a part's deaths; let clients come back to it in each of its lives."""
    while part.failpoints or part.failpoint:
        left, name, since = len(part.failpoints), part.failpoint, time.monotonic()
        while (len(part.failpoints), part.failpoint) == (left, name):
            if time.monotonic() > since + CRASH_SECONDS:
                raise TimeoutError(f"{part.name} never came to the failpoint {name}")
            if part in stage.cluster.gateways:
                await asyncio.sleep(1)
                stage.cluster.front.cut(run.rng, 0.15)
            await asyncio.sleep(0.05)


async def lose_valkey(run: Run) -> None:
    """R3: Valkey is killed, and comes back with nothing."""
    await _lose(run, run.count(50), "kills", (1.0, 2.5), lambda cluster: cluster.valkey.kill())


async def lose_postgres(run: Run) -> None:
    """R4: PostgreSQL is stopped at once, and recovers."""
    times = run.count(30)
    await _lose(run, times, "immediate stops", (1.5, 3.0), lambda cluster: cluster.postgres.quit())


async def _lose(
    run: Run,
    times: int,
    what: str,
    pause: tuple[float, float],
    end: Callable[[Cluster], None],
) -> None:
    async with run.stage(visitors=120) as stage:
        stage.load(PER_SECOND / 2)
        resumed: list[float] = []
        for _ in range(times):
            await asyncio.sleep(run.rng.uniform(*pause))
            end(stage.cluster)
            resumed.append(await _until_live(stage))
        await run.conclude(stage, time.monotonic())
        run.outcome.size = f"{times} {what}, {PER_SECOND / 2:.0f} messages/s"
        run.outcome.trials[what] = times
        run.outcome.figures["live_again_seconds_max"] = round(max(resumed), 2)
        run.outcome.demand(max(resumed) <= 10, "live delivery took more than 10 s to resume")


async def _until_live(stage: Stage) -> float:
    """Wait until a message that is written from now on is acked and with every agent."""
    began = time.monotonic()
    acked = stage.truth.acked
    while stage.truth.acked <= acked + 20 and time.monotonic() < began + 60:
        await asyncio.sleep(0.02)
    seqs = [agent.seq for agent in stage.agents]
    while any(a.seq <= s for a, s in zip(stage.agents, seqs, strict=True)):
        if time.monotonic() > began + 60:
            break
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def freeze_and_thaw(run: Run) -> None:
    """R5: a process stands still for seconds, and goes on as if nothing had happened."""
    times = run.count(20, least=3)
    async with run.stage(visitors=120) as stage:
        stage.load(PER_SECOND / 2)
        longest = 0.0
        for turn in range(times):
            await asyncio.sleep(run.rng.uniform(0.5, 1.5))
            kind = ("leader", "gateway", "worker")[turn % 3]
            part = await _freeze(stage, kind, run.rng)
            head = await _head(stage.cluster)
            began = time.monotonic()
            # Long enough for another relay to take over; else a short run has short stops.
            least = 12 if kind == "leader" else 5
            most = 20 if run.scale >= 1 else least + 1
            seconds = run.rng.triangular(least, most, least)
            moved_at = await _until_head_moves(stage.cluster, head, began + seconds)
            longest = max(longest, moved_at - began)
            await asyncio.sleep(max(0, began + seconds - time.monotonic()))
            part.thaw()
        # A client that was with the frozen gateway waits for its answers for ten seconds.
        await run.conclude(stage, time.monotonic(), converge_seconds=20)
        run.outcome.size = f"{times} stops of 5 to 20 s, {PER_SECOND / 2:.0f} messages/s"
        run.outcome.trials["stops"] = times
        run.outcome.figures["log_stood_still_seconds_max"] = round(longest, 2)
        run.outcome.demand(longest <= 15, "nobody took the relay over within 15 s")


async def _freeze(stage: Stage, kind: str, rng: random.Random) -> Part:
    cluster = stage.cluster
    if kind != "leader":
        part = rng.choice(cluster.gateways if kind == "gateway" else cluster.workers)
        part.freeze()
        return part
    while True:
        part = rng.choice(cluster.workers)
        # A pass that waits for the head's row can be met; others take less than a millisecond.
        async with cluster.holding("SELECT FROM event_head FOR UPDATE"):
            await until(lambda: _is_waited_for(cluster))
            part.freeze()
        await asyncio.sleep(0.1)  # if it was the other worker's, that ends in no time
        if await _is_held(cluster) and await _is_held(cluster):
            return part
        part.thaw()


async def _is_waited_for(cluster: Cluster) -> bool:
    """Tell whether a relay's pass waits for a row that another transaction holds."""
    rows = await cluster.fetch(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%event_head%'"
    )
    return bool(rows)


async def _is_held(cluster: Cluster) -> bool:
    """Tell whether a relay's pass is under way, and idle: its process is the one that stands."""
    rows = await cluster.fetch(
        "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND state = 'idle in transaction' "
        "AND clock_timestamp() - state_change > '30 ms'"
    )
    return bool(rows)


async def _head(cluster: Cluster) -> int:
    (row,) = await cluster.fetch("SELECT seq FROM event_head")
    return row["seq"]


async def _until_head_moves(cluster: Cluster, head: int, deadline: float) -> float:
    while time.monotonic() < deadline and await _head(cluster) <= head:
        await asyncio.sleep(0.05)
    return time.monotonic()


async def restart_in_turn(run: Run) -> None:
    """R15: all parts are restarted in order, one after the other, as a deployment does."""
    rounds = run.count(8)
    async with run.stage(visitors=120) as stage:
        stage.load(PER_SECOND / 2)
        await asyncio.sleep(1)
        for _ in range(rounds):
            for part in stage.cluster.gateways:
                await stage.cluster.restart_gateway(part)
            for part in stage.cluster.workers:
                await stage.cluster.restart_worker(part)
        await run.conclude(stage, time.monotonic())
        outcome = run.outcome
        outcome.size = f"{rounds} rounds of 4 processes, {PER_SECOND / 2:.0f} messages/s"
        outcome.trials["restarts"] = 4 * rounds
        blind = outcome.figures["blind_p99_seconds"]
        # A shorter run beside other tests says nothing of time.
        outcome.demand(blind <= 3 or run.scale < 1, f"a client was blind for {blind} s at p99")
        outcome.demand(not stage.kills(), "a process died that was asked to end")


async def reconnect_storm(run: Run) -> None:
    """R10: the gateway that has all the sockets is killed."""
    times = run.count(20)
    sockets = run.count(1000, least=300)
    async with run.stage(visitors=sockets, agents=2) as stage:
        front = stage.cluster.front
        took = [await _storm(stage, front) for _ in range(times + 1)][1:]
        await run.conclude(stage, time.monotonic())
        run.outcome.size = f"{times} kills, {sockets} sockets at one gateway"
        run.outcome.trials["storms"] = times
        run.outcome.figures["back_seconds"] = [round(seconds, 1) for seconds in sorted(took)]
        run.outcome.demand(max(took) <= 15, "some were away for more than 15 s")


async def _storm(stage: Stage, front: Link) -> float:
    """Kill the first gateway of the link; return after how long all are at the other one.

    The first storm only brings all of them to one gateway.
    """
    front.takes_turns = False
    first, second = front.targets
    name = "gateway-1" if first == ("127.0.0.1", stage.cluster.ports[0]) else "gateway-2"
    stage.load(20)
    await asyncio.sleep(0.5)
    stage.cluster.parts[name].kill()
    front.targets = [second, first]
    await asyncio.sleep(0.2)  # until the last of them has noticed
    seconds = 0.2 + await stage.until_all_online(60)
    await stage.hush()
    await stage.cluster.until_ready()
    return seconds
