"""Subscribers hear every event: once in the database, at least once elsewhere, whatever fails."""

import asyncio

import pytest
from pydantic import SecretStr
from tests.core.kit.probing import Ignored, Log, Probed, probe, worker
from tests.parlour import until

from parlour.kit.background import background
from parlour.kit.relay import Relay
from parlour.kit.runtime import open_runtime
from parlour.kit.subscribers.delivering import Deliverer, InTransaction, Outside, Pool
from parlour.kit.subscribers.runner import Runner
from parlour.kit.subscribers.subscriber import Context, RecordedEvent, Subscriber

EVERYTHING = range(120)


async def refuse_three(_: Context, event: RecordedEvent) -> None:
    if event.read(Probed).number == 3:
        raise LookupError("There is no third.\nSecond line")


async def test_every_event_is_heard_once_and_in_order_by_two_workers(log: Log) -> None:
    probes = [probe("one"), probe("two"), probe("outside", transaction=False)]
    async with worker(log.settings, *probes), worker(log.settings, *probes):
        for start in range(0, 120, 10):
            await log.write(range(start, start + 10), Ignored(project_id=log.project_id))
        for name in ("one", "two", "outside"):
            await log.hears(name, EVERYTHING)
        await until(log.is_through)

    for name in ("one", "two", "outside"):
        assert await log.heard(name) == list(EVERYTHING)
        assert await log.deliveries(name) == []


@pytest.mark.parametrize("transaction", [True, False])
async def test_a_failing_event_blocks_nothing_and_is_tried_again(
    log: Log, transaction: bool
) -> None:
    failures = 0

    async def fail_twice(_: Context, event: RecordedEvent) -> None:
        nonlocal failures
        if event.read(Probed).number == 3 and failures < 2:
            failures += 1
            raise LookupError(f"Not yet: {failures}")

    picky = probe("picky", fail_twice, transaction=transaction)
    if transaction:  # a batch is undone and taken one by one: the third fails once in each
        failures = -1
    async with worker(log.settings, picky):
        await log.write(range(10))
        await log.hears("picky", [0, 1, 2, 4, 5, 6, 7, 8, 9])
        (failed,) = await log.deliveries("picky")
        assert (failed["attempt"], failed["seq"], failed["dead_at"]) == (1, 4, None)
        assert failed["error"].startswith("LookupError: Not yet")
        assert 0 < (failed["due_at"] - failed["failed_at"]).total_seconds() <= 2

        await log.hears("picky", [0, 1, 2, 4, 5, 6, 7, 8, 9, 3])
        assert failures == 2
        assert await log.deliveries("picky") == []


@pytest.mark.parametrize("transaction", [True, False])
async def test_an_event_that_always_fails_dies_and_says_why(log: Log, transaction: bool) -> None:
    picky = probe("picky", refuse_three, transaction=transaction, attempts=3)
    async with worker(log.settings, picky):
        await log.write(range(5))

        async def has_died() -> bool:
            await log.hurry()
            return any(row["dead_at"] for row in await log.deliveries("picky"))

        await until(has_died, 20)
        (dead,) = await log.deliveries("picky")
        assert (dead["attempt"], dead["error"]) == (3, "LookupError: There is no third.")
        assert await log.heard("picky") == [0, 1, 2, 4]


async def test_what_a_failed_handler_wrote_is_undone(log: Log) -> None:
    async def write_then_fail(context: Context, event: RecordedEvent) -> None:
        await probe("careless").handler(context, event)
        if event.read(Probed).number == 3:
            raise LookupError

    careless = Subscriber("careless", frozenset({Probed.type}), write_then_fail, attempts=1)
    async with worker(log.settings, careless):
        await log.write(range(6))
        await log.hears("careless", [0, 1, 2, 4, 5])
        assert [row["seq"] for row in await log.deliveries("careless")] == [4]


async def test_a_slow_subscriber_holds_nobody_up_and_is_cut_off(log: Log) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    hanging = [
        probe("inside", hang, seconds=3, attempts=1),
        probe("outside", hang, seconds=3, attempts=1, transaction=False),
    ]
    async with worker(log.settings, *hanging, probe("quick")):
        await log.write([1])
        await log.hears("quick", [1], seconds=2.5)
        assert await log.deliveries("inside") == await log.deliveries("outside") == []

        for name in ("inside", "outside"):
            (dead,) = await until(lambda name=name: log.deliveries(name))
            assert dead["error"] == "TookTooLong: It took more than 3 s."
            assert dead["dead_at"]
            assert await log.heard(name) == []


async def test_without_redis_events_arrive_all_the_same(log: Log) -> None:
    deaf = log.settings.model_copy(update={"redis_url": SecretStr("redis://127.0.0.1:1/0")})
    async with worker(deaf, probe("patient")):
        await log.write(range(5))
        await log.hears("patient", range(5))


async def test_a_new_subscriber_hears_what_comes_from_now_on(log: Log) -> None:
    async with worker(log.settings, probe("old")):
        await log.write(range(3))
        await log.hears("old", range(3))
    async with worker(log.settings, probe("old"), probe("new")):
        await log.write(range(3, 6))
        await log.hears("new", range(3, 6))
        await log.hears("old", range(6))


async def test_what_happens_while_no_worker_runs_is_heard_later(log: Log) -> None:
    async with worker(log.settings, probe("late")):
        pass
    await log.write(range(5))
    async with worker(log.settings, probe("late")):
        await log.hears("late", range(5))


async def test_a_worker_that_ends_lets_a_handler_finish(log: Log) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def wait(*_: object) -> None:
        began.set()
        await may_end.wait()

    async with worker(log.settings, probe("slow", wait, transaction=False)):
        await log.write(range(2))
        await began.wait()
        asyncio.get_running_loop().call_later(0.2, may_end.set)
    assert await log.heard("slow") == [0]
    async with worker(log.settings, probe("slow", transaction=False)):
        await log.hears("slow", range(2))


async def test_a_worker_that_stands_still_is_followed_by_another_when_its_claim_ends(
    log: Log,
) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def stand_still(*_: object) -> None:
        began.set()
        await may_end.wait()

    first = probe("mailer", stand_still, transaction=False)
    async with worker(log.settings, first):
        await log.write(range(3))
        await began.wait()
        async with worker(log.settings, probe("mailer", transaction=False)):
            await log.write([3])
            await until(lambda: log.sql("SELECT FROM event WHERE seq = 4"))
            assert await log.heard("mailer") == []
            await log.release()
            await log.hears("mailer", range(4))
        # Awake again, it does once more what it was at, and finds that it has been overtaken.
        may_end.set()
        await log.hears("mailer", [0, 1, 2, 3, 0])
    assert await log.deliveries("mailer") == []


async def test_an_error_is_kept_without_secrets(log: Log) -> None:
    secret = "wonder-land-9"
    settings = log.settings.model_copy(
        update={"smtp_url": SecretStr(f"smtp://ana:{secret}@mail.example.com")}
    )

    async def blab(context: Context, _: RecordedEvent) -> None:
        url = "https://user:pw@example.com/x"
        raise RuntimeError(f"{url} refused {secret}, Bearer abc.def " + "x" * 1000)

    async with worker(settings, probe("talker", blab, attempts=1)):
        await log.write([1])
        (dead,) = await until(lambda: log.deliveries("talker"))
        assert dead["error"].startswith("RuntimeError: https://…example.com/x refused …, … xxx")
        assert len(dead["error"]) == 300


async def test_an_error_of_the_database_is_kept_without_the_statement(log: Log) -> None:
    async def divide(context: Context, event: RecordedEvent) -> None:
        connection = await context.db.connection()
        await connection.exec_driver_sql(f"SELECT {event.seq} / 0, 'private'")

    async with worker(log.settings, probe("wrong", divide, attempts=1)):
        await log.write([1, 2])
        await until(lambda: log.sql("SELECT FROM delivery HAVING count(*) = 2"))
        errors = {row["error"] for row in await log.deliveries("wrong")}
        assert len(errors) == 1
        assert errors.pop().endswith("division by zero")


async def test_events_of_a_deleted_project_are_let_go(log: Log) -> None:
    async with worker(log.settings, probe("picky", refuse_three)):
        await log.write(range(5))
        await until(lambda: log.deliveries("picky"))
        await log.sql("DELETE FROM project WHERE id = $1", log.project_id)
        assert await log.deliveries("picky") == []


async def test_lost_connections_lose_and_double_nothing(log: Log) -> None:
    async def cut() -> None:
        await log.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'parlour' AND pid <> pg_backend_pid()"
        )

    probes = [probe("one", attempts=100), probe("two", attempts=100)]
    async with worker(log.settings, *probes), worker(log.settings, *probes):
        for start in range(0, 1000, 200):
            await log.write(range(start, start + 200))
        for at in range(0, 1000, 100):
            # Between the cuts something is done, whatever the machine's speed.
            query = "SELECT FROM subscription WHERE seq > $1"
            await until(lambda at=at, query=query: log.sql(query, at), 30)
            await cut()
        await until(log.is_through, 30)

        async def is_settled() -> bool:
            await log.hurry()
            return not await log.sql("SELECT FROM delivery")

        await until(is_settled, 30)
    for name in ("one", "two"):
        assert sorted(await log.heard(name)) == list(range(1000))


@pytest.mark.parametrize("kind", [InTransaction, Outside])
async def test_who_hears_nothing_of_it_waits_however_much_happens(
    log: Log, kind: type[Deliverer]
) -> None:
    idle = probe("idle", transaction=kind is InTransaction)
    async with worker(log.settings, idle):
        pass
    pool = Pool(log.settings.postgres_dsn, 1)
    async with (
        open_runtime(log.settings) as runtime,
        background(Relay(log.settings.postgres_dsn, runtime.redis).run()),
    ):
        deliverer = kind(runtime, pool, idle, asyncio.Event())
        for number in range(1, 4):
            await log.write([], Ignored(project_id=log.project_id))
            await until(lambda at=number: log.sql("SELECT FROM event WHERE seq = $1", at))
            assert await deliverer.advance() is False
            assert (await log.sql("SELECT seq FROM subscription"))[0]["seq"] == number
    await pool.close()


def test_two_subscribers_of_one_name_are_refused() -> None:
    class Nothing:
        settings = None

    with pytest.raises(ValueError, match="same name"):
        Runner(Nothing(), [probe("twin"), probe("twin")])  # pyright: ignore[reportArgumentType]
