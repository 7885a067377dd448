"""The judge finds what is wrong: a judge that finds nothing would prove nothing."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from tests.faults.judge import Verdict, judge
from tests.faults.stage import Stage
from tests.faults.truth import Thread, Truth
from tests.faults.wire import Message


def _message(place: int, id: str = "") -> Message:
    id = id or f"id-{place}"
    return Message(id, "c", place, f"{id} says hello")


Show = Callable[[Thread], None]


def _show_events(*messages: Message) -> Show:
    def show(thread: Thread) -> None:
        for message in messages:
            thread.show_event(message)

    return show


def _show_page_without_first(thread: Thread) -> None:
    thread.show_event(_message(1))
    thread.show_event(_message(2))
    thread.show_page([_message(1), _message(3)], ["id-1", "id-2"])


@pytest.mark.parametrize(
    ("show", "complaint"),
    [
        (_show_events(_message(1), _message(3)), "after a gap"),
        (_show_events(_message(1), _message(1, "other")), "again or out of order"),
        (_show_events(_message(1), _message(2, "id-1")), "was shown as 1, and then as 2"),
        (_show_events(Message("id-1", "c", 1, "id-2 says")), "another message's text"),
        (_show_page_without_first, "is not there any more"),
    ],
)
def test_a_thread_that_is_shown_wrongly_is_noted(
    tmp_path: Path, show: Show, complaint: str
) -> None:
    truth = Truth(tmp_path / "truth.jsonl")
    show(Thread("somebody", truth))
    truth.close()
    assert len(truth.violations) == 1
    assert complaint in truth.violations[0]


def test_an_own_message_ahead_of_the_log_is_fine(tmp_path: Path) -> None:
    truth = Truth(tmp_path / "truth.jsonl")
    thread = Thread("somebody", truth)
    thread.show_own(_message(2))
    _show_events(_message(1), _message(2), _message(3))(thread)
    thread.show_page([_message(2), _message(3), _message(4)], ["id-2", "id-3"])
    thread.show_event(_message(4))
    truth.close()
    assert truth.violations == []


# What is done to the database, and the invariants that the judge then finds broken in all.
SABOTAGE = (
    ("SELECT", set()),
    ("UPDATE message SET text = 'Something else.' WHERE seq = 2", {"I1"}),
    (
        "DELETE FROM message WHERE seq = 3 "
        "AND conversation_id = (SELECT id FROM conversation ORDER BY id LIMIT 1)",
        {"I1", "I3", "I4"},
    ),
    ("UPDATE event SET seq = seq + 1000 WHERE seq > 15", {"I1", "I3", "I4", "I5"}),
)


async def _judge_after_sabotage(folder: Path) -> list[Verdict]:
    rng = random.Random(1)  # noqa: S311 - chance, not a secret
    async with Stage(rng, folder, visitor_count=4, agent_count=1) as stage:
        for visitor in stage.visitors * 5:
            visitor.write()
        async with asyncio.timeout(20):
            while stage.truth.acked < 20:
                await asyncio.sleep(0.05)
        verdicts: list[Verdict] = []
        for sabotage, _ in SABOTAGE:
            await stage.cluster.fetch(sabotage)
            verdicts.append(await judge(stage, faulted_at=time.monotonic()))
        return verdicts


def test_sabotage_is_found(tmp_path: Path) -> None:
    verdicts = uvloop.run(_judge_after_sabotage(tmp_path / "stage"))
    found = [{what.partition(":")[0] for what in verdict.violations} for verdict in verdicts]
    assert found == [invariants for _, invariants in SABOTAGE], verdicts
    assert {verdict.figures["acked"] for verdict in verdicts} == {20}
