"""Operators see what subscribers failed on, and deal with it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.core.kit.probing import Log, Probed, probe, worker
from tests.parlour import until

from parlour.cli import main
from parlour.kit.ids import new_id
from parlour.kit.settings import Settings
from parlour.kit.subscribers.subscriber import Context, RecordedEvent


class Picky:
    """A handler that takes no even numbers while it is picky."""

    is_picky = True

    async def __call__(self, _: Context, event: RecordedEvent) -> None:
        if self.is_picky and event.read(Probed).number % 2 == 0:
            raise LookupError("Even.")


@pytest.fixture
async def log(empty: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Log]:
    assert empty.keys
    monkeypatch.setenv("PARLOUR_DATABASE_URL", empty.postgres_dsn)
    monkeypatch.setenv("PARLOUR_REDIS_URL", empty.redis_dsn)
    monkeypatch.setenv("PARLOUR_KEYS", empty.keys.get_secret_value())
    monkeypatch.setenv("PARLOUR_LOG_LEVEL", "error")
    opened = Log(empty)
    await opened.open()
    yield opened
    await opened.close()


async def parlour(*arguments: object, fails: bool = False) -> Result:
    """Give a command as an operator does, in a thread: it has a loop of its own."""
    words = ["subscribers", *map(str, arguments)]
    result = await asyncio.to_thread(CliRunner().invoke, main, words)
    assert bool(result.exit_code) == fails, result.output
    return result


async def shown(*arguments: object) -> list[dict[str, Any]]:
    return json.loads((await parlour(*arguments, "--json")).output)


async def test_dead_events_are_listed_and_tried_again(log: Log) -> None:
    picky = Picky()
    async with worker(log.settings, probe("odd", picky, attempts=1)):
        await log.write(range(5))
        await log.hears("odd", [1, 3])
        await until(log.is_through)
        (state,) = await shown("list")
        assert (state["plugin"], state["name"], state["seq"]) == ("core", "odd", 5)
        assert (state["behind"], state["lag_seconds"]) == (0, 0)
        assert (state["retrying"], state["dead"]) == (0, 3)
        assert " core    odd   5 " in (await parlour("list")).output

        dead = await shown("dead", "core/odd")
        assert [row["seq"] for row in dead] == [1, 3, 5]
        assert {row["error"] for row in dead} == {"LookupError: Even."}
        assert await shown("dead") == dead
        assert await shown("dead", "core/even") == []

        picky.is_picky = False
        said = (await parlour("retry", "core/odd", dead[1]["event_id"])).output
        assert said == "Events to be tried again: 1.\n"
        await log.hears("odd", [1, 3, 2])
        assert (await parlour("retry", "core/odd", "--all")).output.endswith(": 2.\n")
        await until(lambda: _is_empty(log))
    assert sorted(await log.heard("odd")) == [0, 1, 2, 3, 4]


async def _is_empty(log: Log) -> bool:
    return not await log.deliveries("odd")


async def test_dead_events_are_given_up(log: Log) -> None:
    async with worker(log.settings, probe("odd", Picky(), attempts=1)):
        await log.write(range(5))
        await log.hears("odd", [1, 3])
        await until(log.is_through)
    first = (await shown("dead"))[0]["event_id"]

    assert (await parlour("drop", "core/odd", first, new_id())).output == "Events given up: 1.\n"
    assert [row["seq"] for row in await shown("dead")] == [3, 5]
    assert (await parlour("drop", "core/odd", "--all")).output == "Events given up: 2.\n"
    assert (await parlour("dead")).output == "None.\n"


@pytest.mark.parametrize("transaction", [True, False])
async def test_a_subscriber_hears_again_from_a_place_on(log: Log, transaction: bool) -> None:
    picky = Picky()
    async with worker(log.settings, probe("odd", picky, transaction=transaction, attempts=1)):
        await log.write(range(5))
        await log.hears("odd", [1, 3])
        await until(log.is_through)
        picky.is_picky = False

        said = (await parlour("replay", "core/odd", "--seq", 3)).output
        assert said == "Events to be heard again: 3.\n"
        await log.hears("odd", [1, 3, 2, 3, 4])
        # What had failed before that place is still to be seen to; what came after, is not.
        assert [row["seq"] for row in await shown("dead")] == [1]


async def test_a_subscriber_hears_again_from_a_time_on(log: Log) -> None:
    async with worker(log.settings, probe("all")):
        await log.write(range(5))
        await log.hears("all", range(5))
        await until(log.is_through)
        await log.sql("UPDATE event SET created_at = now() - interval '2 days' WHERE seq <= 3")
        await log.sql("DELETE FROM event WHERE seq = 1")
        day_before = (await log.sql("SELECT (now() - interval '1 day')::timestamp(0)::text"))[0][0]

        await parlour("replay", "core/all", "--since", day_before)
        await log.hears("all", [0, 1, 2, 3, 4, 3, 4])

        refused = await parlour("replay", "core/all", "--since", "2001-01-01", fails=True)
        assert "The log reaches back to" in refused.output
        refused = await parlour("replay", "core/all", "--seq", 1, fails=True)
        assert "The log reaches from 2 to 5." in refused.output
        await parlour("replay", "core/all", "--seq", 7, fails=True)
    assert await log.heard("all") == [0, 1, 2, 3, 4, 3, 4]


async def test_a_lag_is_told(log: Log) -> None:
    async with worker(log.settings, probe("all")):
        pass
    async with worker(log.settings, probe("other")):
        await log.write(range(3))
        await log.hears("other", range(3))
    await log.sql("UPDATE event SET created_at = now() - interval '1 hour'")

    behind = {row["name"]: row for row in await shown("list")}
    assert behind["all"]["behind"] == 3
    assert 3600 <= behind["all"]["lag_seconds"] < 3700
    assert behind["other"]["behind"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry", "core/nobody", "--all"), "There is no subscriber core/nobody."),
        (("drop", "core/nobody", "--all"), "There is no subscriber core/nobody."),
        (("replay", "core/nobody", "--seq", 1), "There is no subscriber core/nobody."),
        (("retry", "nobody", "--all"), "Write it like core/mail_new_member."),
        (("retry", "core/nobody"), "Name events, or say --all."),
        (("drop", "core/nobody", "x"), "not a valid UUID"),
        (("replay", "core/nobody"), "Say either --seq or --since."),
    ],
)
async def test_what_makes_no_sense_is_refused(
    log: Log, arguments: tuple[object, ...], said: str
) -> None:
    assert said in (await parlour(*arguments, fails=True)).output
