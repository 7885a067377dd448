"""The judge: compares what clients know with what the database and REST say, and finds violations.

The invariants, by the names that the reports use:

- I1: no acknowledged message is lost: each is stored once, with its place and its text;
- I2: one row for a conversation and a message's id, and no client shows a message twice;
- I3: a conversation's places are 1 … n without gaps, and clients show them in that order;
- I4: ten seconds after the last fault every client shows what is stored;
- I5: thirty seconds after it every event has its place in the log, and the log has no gaps.
"""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.faults.clients import Agent, Visitor
from tests.faults.stage import Stage
from tests.faults.truth import digest
from tests.faults.wire import Lost

CONVERGE_SECONDS = 10.0
SEQUENCE_SECONDS = 30.0
DRAIN_SECONDS = 90.0
# How many violations of a kind are told in full.
TOLD = 5


@dataclass
class Verdict:
    """What the judge found."""

    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


Rows = dict[str, dict[int, tuple[str, str]]]


async def judge(
    stage: Stage, *, faulted_at: float, converge_seconds: float = CONVERGE_SECONDS
) -> Verdict:
    """Wait for the dust to settle after the last fault; return figures and violations."""
    verdict = Verdict()
    await stage.hush()
    await _await_sequence(stage, faulted_at, verdict)
    await _await_convergence(stage, faulted_at, converge_seconds, verdict)
    await _await_outboxes(stage, verdict)
    rows = await _read_rows(stage)
    _check_rows(stage, rows, verdict)
    await _check_log(stage, verdict)
    await _check_shown(stage, rows, verdict)
    _check_books(stage, verdict)
    return verdict


async def _heads(stage: Stage) -> dict[str, int]:
    rows = await stage.cluster.fetch("SELECT id::text, last_message_seq FROM conversation")
    return {row["id"]: row["last_message_seq"] for row in rows}


def _behind(stage: Stage, heads: dict[str, int]) -> int:
    """Count clients that do not show yet what was stored a moment ago."""
    behind = 0
    for visitor in stage.visitors:
        if visitor.conversation_id in heads:
            behind += visitor.thread.last < heads[visitor.conversation_id]
    for agent in stage.agents:
        shown = {id: thread.head for id, thread in agent.threads.items()}
        behind += any(shown.get(id, 0) < head for id, head in heads.items())
    return behind


async def _await_sequence(stage: Stage, faulted_at: float, verdict: Verdict) -> None:
    """Wait until what was recorded by now has its place in the log."""
    waiting = None
    while time.monotonic() < faulted_at + SEQUENCE_SECONDS + 5:
        try:
            if waiting is None:
                waiting = await stage.cluster.fetch("SELECT id FROM event WHERE seq IS NULL")
            left = await stage.cluster.fetch(
                "SELECT FROM event WHERE seq IS NULL AND id = ANY($1)", [r["id"] for r in waiting]
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            left = None
        if left == []:
            verdict.figures["sequenced_seconds"] = round(time.monotonic() - faulted_at, 2)
            break
        await asyncio.sleep(0.05)
    if verdict.figures.get("sequenced_seconds", SEQUENCE_SECONDS + 1) > SEQUENCE_SECONDS:
        verdict.violations.append("I5: events are without a place in the log")


async def _await_convergence(
    stage: Stage, faulted_at: float, limit: float, verdict: Verdict
) -> None:
    """Wait until every client shows what was stored at most a second before."""
    behind = 1
    while behind and time.monotonic() < faulted_at + limit + DRAIN_SECONDS:
        heads = await _heads(stage)
        asked_at = time.monotonic()
        while (behind := _behind(stage, heads)) and time.monotonic() < asked_at + 1:
            await asyncio.sleep(0.05)
        behind += sum(not client.online.is_set() for client in stage.clients)
    seconds = round(time.monotonic() - faulted_at, 2)
    verdict.figures["converged_seconds"] = seconds
    if seconds > limit:
        verdict.violations.append(f"I4: clients show what is stored after {seconds} s, not {limit}")


async def _await_outboxes(stage: Stage, verdict: Verdict) -> None:
    """Wait until everything that was written is acked and shown, and nothing is under way."""
    began = time.monotonic()
    while time.monotonic() < began + DRAIN_SECONDS:
        if not stage.unsent() and not _behind(stage, await _heads(stage)):
            break
        await asyncio.sleep(0.1)
    else:
        verdict.violations.append(f"I1: {stage.unsent()} messages are still on their way")
    verdict.figures["drained_seconds"] = round(time.monotonic() - began, 2)


async def _read_rows(stage: Stage) -> Rows:
    """Read all messages: of each conversation by place, their ids and digests."""
    found = await stage.cluster.fetch(
        "SELECT conversation_id::text, seq, id::text, text FROM message"
    )
    rows: defaultdict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
    for conversation_id, seq, id, text in found:
        rows[conversation_id][seq] = (id, digest(text))
    return rows


def _check_rows(stage: Stage, rows: Rows, verdict: Verdict) -> None:
    acked = stage.truth.read()
    lost = [
        message
        for message in acked
        if rows.get(message.conversation_id, {}).get(message.seq) != (message.id, message.sha)
    ]
    copies = Counter(
        (conversation, id) for conversation, places in rows.items() for id, _ in places.values()
    )
    by_id = Counter(id for places in rows.values() for id, _ in places.values())
    doubled = sum(count > 1 for count in copies.values()) + sum(n > 1 for n in by_id.values())
    gaps = sum(sorted(places) != list(range(1, len(places) + 1)) for places in rows.values())
    twice = Counter((message.conversation_id, message.id) for message in acked)
    places = {(message.conversation_id, message.seq) for message in acked}
    verdict.figures |= {
        "acked": len(acked),
        "stored": sum(len(places) for places in rows.values()),
        "conversations": len(rows),
        "lost": len(lost),
        "doubled": doubled,
        "gaps": gaps,
    }
    if len(places) != len(twice):
        verdict.violations.append("I3: two messages were acked with one place")
    verdict.violations += [f"I1: lost: {message}" for message in lost[:TOLD]]
    if doubled:
        verdict.violations.append(f"I2: {doubled} messages are stored more than once")
    if gaps:
        verdict.violations.append(f"I3: {gaps} conversations have gaps")


async def _check_log(stage: Stage, verdict: Verdict) -> None:
    query = (
        "SELECT count(*) AS events, count(seq) AS sequenced, count(DISTINCT seq) AS places, "
        "coalesce(max(seq), 0) AS last, (SELECT seq FROM event_head) AS head FROM event"
    )
    (log,) = await stage.cluster.fetch(query)
    until = time.monotonic() + 5
    while log["events"] != log["sequenced"] and time.monotonic() < until:
        (log,) = await stage.cluster.fetch(query)
    verdict.figures["events"] = log["events"]
    if len({log["events"], log["sequenced"], log["places"], log["last"], log["head"]}) != 1:
        verdict.violations.append(f"I5: the log has gaps: {dict(log)}")


async def _check_shown(stage: Stage, rows: Rows, verdict: Verdict) -> None:
    """Compare what every client shows with what REST answers it, and that with the tables."""
    wrong: list[str] = []
    doors = asyncio.Semaphore(8)

    async def check(client: Visitor | Agent) -> None:
        async with doors:
            try:
                if isinstance(client, Visitor):
                    wrong.extend(await _compare_visitor(client, rows))
                else:
                    wrong.extend(await _compare_agent(client, rows))
            except Lost as error:
                wrong.append(f"{client.name} could not read what to compare with: {error}")

    await asyncio.gather(*(check(client) for client in (*stage.visitors, *stage.agents)))
    verdict.figures["clients_compared"] = len(stage.clients)
    verdict.figures["clients_wrong"] = len(wrong)
    verdict.violations += [f"I4: {what}" for what in wrong[:TOLD]]


async def _compare_visitor(visitor: Visitor, rows: Rows) -> list[str]:
    page = await visitor.read()
    shown = visitor.thread.places
    read = {message.id: message.seq for message in page.items}
    first = min(read.values(), default=0)
    latest = {id: seq for id, seq in shown.items() if seq >= first}
    stored = rows.get(visitor.conversation_id or "", {})
    if latest != read or any(stored.get(seq, (None,))[0] != id for id, seq in shown.items()):
        return [f"{visitor.name} shows {len(latest)} messages, REST {len(read)}"]
    return []


async def _compare_agent(agent: Agent, rows: Rows) -> list[str]:
    wrong: list[str] = []
    listed = await agent.read_list()
    shown = {id: thread.head for id, thread in agent.threads.items()}
    if shown != listed or shown != {id: len(places) for id, places in rows.items()}:
        differing = {id for id in shown | listed if shown.get(id) != listed.get(id)}
        wrong.append(f"{agent.name} shows {len(differing)} conversations otherwise than REST")
    for id in agent.open_threads:
        read = {message.id: message.seq for message in await agent.read_thread(id)}
        if read != agent.threads[id].places:
            wrong.append(f"{agent.name} shows conversation {id} otherwise than REST")
    return wrong


def _check_books(stage: Stage, verdict: Verdict) -> None:
    """Add what clients noted while it happened."""
    noted = stage.truth.violations
    broken = [str(error) for client in stage.clients for error in client.failed()]
    faults = stage.rest.faults
    figures = stage.world.figures
    blind = sorted(seconds for _, seconds in figures.blind)
    verdict.figures |= {
        "shown_wrongly": len(noted),
        "connections": figures.connections,
        "reloads": figures.reloads,
        "resent": figures.resent,
        "raw_twice": figures.raw_twice,
        "refusals": figures.refusals,
        "closings": figures.closings,
        "losses": figures.losses,
        "blind_p50_seconds": round(blind[len(blind) // 2], 2) if blind else 0,
        "blind_p99_seconds": round(blind[int(len(blind) * 0.99)], 2) if blind else 0,
        "statuses": dict(sorted(stage.rest.statuses.items())),
        "http_faults": len(faults),
        "kills": stage.kills(),
    }
    verdict.violations += [f"I2/I3: {what}" for what in noted[:TOLD]]
    verdict.violations += [f"a client broke: {what}" for what in broken[:TOLD]]
    verdict.violations += [f"an answer nobody should get: {what}" for what in faults[:TOLD]]
