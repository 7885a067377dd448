"""The log is trimmed without anybody noticing, and never beyond what is still needed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.core.kit.probing import Log, Probed, probe, worker
from tests.parlour import Agent, Parlour, Socket, Visitor, until

from parlour.kit.background import background
from parlour.kit.db import Database
from parlour.kit.events import list_missed, project_room
from parlour.kit.retention import BATCH, LOCK_LOG_END, Retention
from parlour.kit.settings import Settings
from parlour.kit.subscribers.subscriber import Context, RecordedEvent

DAYS = 7


@pytest.fixture
async def database(empty: Settings) -> AsyncIterator[Database]:
    opened = Database(empty.postgres_dsn, pool_size=2)
    yield opened
    await opened.close()


@pytest.fixture
def retention(database: Database) -> Retention:
    return Retention(database, DAYS, here=[])


async def write(log: Log, count: int) -> None:
    """Write events and sequence them, with no worker."""
    await log.write(range(count))
    await log.sql(
        """
        WITH next AS (SELECT id, row_number() OVER (ORDER BY ordinal) AS place FROM event
            WHERE seq IS NULL), moved AS (UPDATE event_head SET seq = seq + $1 RETURNING seq)
        UPDATE event SET seq = moved.seq - $1 + next.place FROM next, moved
        WHERE event.id = next.id
        """,
        count,
    )


async def age(log: Log, until: int, days: float = DAYS + 1) -> None:
    """Let the log's events up to a place be so old."""
    await log.sql(
        "UPDATE event SET created_at = now() - make_interval(secs => $2) WHERE seq <= $1",
        until,
        days * 86_400,
    )


async def places(log: Log) -> list[int]:
    return [row["seq"] for row in await log.sql("SELECT seq FROM event ORDER BY seq")]


async def test_old_events_go_and_young_ones_stay(log: Log, retention: Retention) -> None:
    await write(log, 10)
    await log.write([10])  # without a place yet, and as old as the others
    await age(log, 6)
    await log.sql("UPDATE event SET created_at = now() - interval '9 days' WHERE seq IS NULL")

    assert await retention.trim() == 6
    assert await places(log) == [7, 8, 9, 10, None]
    assert await retention.trim() == 0


async def test_a_log_of_many_batches_is_trimmed_whole(log: Log, retention: Retention) -> None:
    await write(log, 2 * BATCH + 20)
    await age(log, 2 * BATCH + 10)

    assert await retention.trim() == 2 * BATCH + 10
    assert await places(log) == list(range(2 * BATCH + 11, 2 * BATCH + 21))


async def test_nothing_in_between_is_removed(log: Log, retention: Retention) -> None:
    # Clocks differ: an event may be younger than one behind it.
    await write(log, 10)
    await age(log, 8)
    await log.sql("UPDATE event SET created_at = now() WHERE seq = 4")

    assert await retention.trim() == 3
    assert await places(log) == [4, 5, 6, 7, 8, 9, 10]


async def test_an_event_in_somebodys_hands_is_not_waited_for(
    log: Log, retention: Retention, database: Database
) -> None:
    await write(log, 10)
    await age(log, 10)
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("SELECT FROM event WHERE seq = 4 FOR UPDATE")
        async with asyncio.timeout(3):
            assert await retention.trim() == 3
        assert await places(log) == list(range(4, 11))
    assert await retention.trim() == 7


async def test_one_trims_at_a_time(log: Log, retention: Retention, database: Database) -> None:
    await write(log, 10)
    await age(log, 10)
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_LOG_END})")
        assert await retention.trim() == 0
    assert await retention.trim() == 10


async def test_the_log_waits_for_who_has_not_heard_it(log: Log, retention: Retention) -> None:
    async with worker(log.settings, probe("slow"), probe("gone")):
        pass
    await write(log, 10)
    await age(log, 10)
    await log.sql("UPDATE subscription SET seq = 6 WHERE name = 'slow'")
    await log.sql("UPDATE subscription SET seq = 3 WHERE name = 'gone'")

    assert await retention.trim() == 3
    await log.sql("UPDATE subscription SET seen_at = now() - interval '31 days' WHERE seq = 3")
    assert await retention.trim() == 3
    assert [row["name"] for row in await log.sql("SELECT name FROM subscription")] == ["slow"]
    assert await places(log) == [7, 8, 9, 10]


async def test_a_server_that_was_off_for_long_forgets_no_subscriber(log: Log) -> None:
    async with worker(log.settings, probe("here")):
        pass
    await write(log, 10)
    await age(log, 10, days=100)
    await log.sql("UPDATE subscription SET seen_at = now() - interval '100 days'")

    async with worker(log.settings, probe("here")):
        await log.hears("here", range(10))


async def test_the_log_keeps_what_has_failed_until_it_is_given_up(
    log: Log, retention: Retention
) -> None:
    async def refuse(_: Context, event: RecordedEvent) -> None:
        if event.read(Probed).number == 3:
            raise LookupError

    async with worker(log.settings, probe("picky", refuse, attempts=1)):
        await log.write(range(10))
        await log.hears("picky", [0, 1, 2, 4, 5, 6, 7, 8, 9])
        await until(log.is_through)
    await age(log, 10)

    assert await retention.trim() == 3
    assert await places(log) == list(range(4, 11))
    await log.sql("UPDATE delivery SET dead_at = now() - interval '6 days'")
    assert await retention.trim() == 0
    await log.sql("UPDATE delivery SET dead_at = now() - interval '8 days'")
    assert await retention.trim() == 7
    assert await log.deliveries("picky") == []


@pytest.mark.parametrize(
    ("trimmed", "answers"),
    [
        (0, {-1: None, 0: 10, 9: 1, 10: 0, 11: None}),
        (4, {0: None, 3: None, 4: 6, 5: 5, 10: 0, 11: None}),
        (10, {0: None, 9: None, 10: 0, 11: None}),
    ],
)
async def test_the_log_says_how_far_it_reaches_back(
    log: Log,
    retention: Retention,
    database: Database,
    trimmed: int,
    answers: dict[int, int | None],
) -> None:
    await write(log, 10)
    await age(log, trimmed)
    assert await retention.trim() == trimmed

    room = project_room(log.project_id)
    for after, expected in answers.items():
        async with database.transaction() as session:
            missed = await list_missed(session, log.project_id, room, after)
        if missed is None:
            assert expected is None, after
        else:
            assert [event.seq for event in missed] == list(range(after + 1, 11))
            assert len(missed) == expected


async def test_what_is_trimmed_while_it_is_read_is_not_missed_in_silence(
    log: Log, retention: Retention, database: Database
) -> None:
    await write(log, 400)
    room = project_room(log.project_id)

    async def trim_bit_by_bit() -> None:
        for place in range(10, 401, 10):
            await age(log, place)
            await retention.trim()

    answers: list[tuple[int, Any]] = []
    trimming = asyncio.create_task(trim_bit_by_bit())
    while not trimming.done():
        oldest = next(iter(await places(log)), 401)
        async with database.transaction() as session:
            answers.append((oldest, await list_missed(session, log.project_id, room, oldest - 1)))
    await trimming

    for oldest, missed in answers:
        if missed is not None:
            assert [event.seq for event in missed] == list(range(oldest, 401))
    assert any(missed for _, missed in answers)


async def everything(ana: Agent, project: str, conversation: str) -> list[dict[str, Any]]:
    """Read a conversation by REST, page by page, as a client that starts anew does."""
    path = f"/api/projects/{project}/conversations/{conversation}/messages"
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = (await ana.http.get(path, params=query)).json()
        found = page["items"] + found
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def all_of_visitor(visitor: Visitor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {}
    while True:
        page = await visitor.messages(**query)
        found = page["items"] + found
        if page["next_cursor"] is None:
            return found
        query = {"cursor": page["next_cursor"]}


def messages(socket: Socket) -> list[dict[str, Any]]:
    return [event["data"]["message"] for event in socket.of("message.created")]


async def trim_all(parlour: Parlour) -> None:
    """Let everything in the log be old, and trimmed once the worker's subscribers have it."""
    await parlour.sql("UPDATE event SET created_at = now() - interval '8 days'")
    database = Database(parlour.settings.postgres_dsn, pool_size=1)
    retention = Retention(database, DAYS, here=[])

    async def is_empty() -> bool:
        await retention.trim()
        return not await parlour.sql("SELECT FROM event")

    await until(is_empty)
    await database.close()


async def test_who_was_away_for_too_long_ends_where_who_stayed_is(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    visitor = await parlour.visitor(project)
    agent_stays, visitor_stays = await ana.socket(project), await visitor.socket()
    agent_leaves, visitor_leaves = await ana.socket(project), await visitor.socket()
    sent = await visitor_stays.send("One")
    conversation = sent["message"]["conversation_id"]
    left_at = (await agent_leaves.heard("message.created"))[-1]["seq"]
    for socket in (agent_leaves, visitor_leaves):
        await socket.close()
    for number in range(60):
        await visitor_stays.send(f"Visitor {number}")
        assert (await ana.reply(project, conversation, f"Agent {number}")).status_code == 201
    await agent_stays.heard("message.created", 121)
    await visitor_stays.heard("message.created", 121)
    await trim_all(parlour)

    agent, widget = await ana.socket(), await visitor.socket()
    joined = await agent.ask("project.join", {"project_id": project, "after": left_at})
    caught_up = await widget.ask("log.after", {"seq": left_at})

    for answer in (joined, caught_up):
        assert (answer["reload"], answer["events"]) == (True, [])
        assert answer["seq"] == agent_stays.events[-1]["seq"]
    by_rest = await everything(ana, project, conversation)
    assert by_rest == messages(agent_stays)
    assert await all_of_visitor(visitor) == messages(visitor_stays)
    assert [message["seq"] for message in by_rest] == list(range(1, 122))

    # From here on both hear the same again.
    await ana.reply(project, conversation, "After")
    for stayed, came_back in ((agent_stays, agent), (visitor_stays, widget)):
        await came_back.heard("message.created")
        await stayed.heard("message.created", 122)
        assert messages(came_back) == messages(stayed)[-1:]
    again = await agent.ask("log.after", {"project_id": project, "seq": joined["seq"]})
    assert again["reload"] is False
    assert [event["type"] for event in again["events"]] == ["message.created"]


async def test_trimming_while_messages_are_written_loses_none(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    sockets = [await (await parlour.visitor(project)).socket() for _ in range(3)]
    database = Database(parlour.settings.postgres_dsn, pool_size=1)
    retention = Retention(database, DAYS, here=[])
    trimmed = 0

    async def keep_trimming() -> None:
        nonlocal trimmed
        while True:
            # All but the youngest moment is old.
            await parlour.sql(
                "UPDATE event SET created_at = now() - interval '8 days' "
                "WHERE seq < (SELECT seq - 20 FROM event_head)"
            )
            trimmed += await retention.trim()

    async def talk(socket: Socket) -> str:
        for number in range(100):
            sent = await socket.send(f"{number}")
        return sent["message"]["conversation_id"]

    async with background(keep_trimming()):
        conversations = await asyncio.gather(*(talk(socket) for socket in sockets))
        await agent.heard("message.created", 300)

        async def has_trimmed() -> bool:
            return trimmed >= 200

        await until(has_trimmed)
    await database.close()

    for conversation in conversations:
        stored = await everything(ana, project, conversation)
        assert [message["text"] for message in stored] == [str(number) for number in range(100)]
        live = [one for one in messages(agent) if one["conversation_id"] == conversation]
        assert live == stored
    left = [row["seq"] for row in await parlour.sql("SELECT seq FROM event ORDER BY seq")]
    assert left == list(range(left[0], left[-1] + 1))
