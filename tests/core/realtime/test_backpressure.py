"""When there is more than the server can take, it says so and when to come back."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from httpx import Timeout
from tests.parlour import Parlour

from parlour.kit.settings import Settings


async def test_a_full_queue_is_busy_and_takes_the_same_messages_later(empty: Settings) -> None:
    narrow = empty.model_copy(update={"batch_size": 2, "batch_queue": 3})
    async with Parlour(narrow) as parlour:
        ana = await parlour.owner()
        visitor = await (await parlour.visitor(await ana.project())).socket()
        await parlour.stop_worker()
        sending = [asyncio.create_task(visitor.send(f"Message {n}")) for n in range(8)]
        refused = [await task for task in sending[4:]]
        await parlour.start_worker()
        answers = [await task for task in sending[:4]]
        taken = [ack["message"]["seq"] for ack in answers if ack.get("ok")]

        # Three wait, and perhaps one was on its way before the others came.
        assert taken in ([1, 2, 3], [1, 2, 3, 4])
        refused += answers[len(taken) :]
        assert {ack["error"]["code"] for ack in refused} == {"busy"}
        assert {ack["error"]["retry_after"] for ack in refused} == {1}
        again = [await visitor.send("Again") for _ in refused]
        assert [ack["message"]["seq"] for ack in again] == list(range(len(taken) + 1, 9))


async def test_without_a_free_database_connection_the_answer_is_503_with_a_time(
    empty: Settings,
) -> None:
    narrow = empty.model_copy(update={"database_pool_size": 2})
    async with Parlour(narrow) as parlour, AsyncExitStack() as held:
        ana = await parlour.owner()
        database = parlour.app.runtime.database
        for _ in range(2):
            session = await held.enter_async_context(database.transaction())
            await session.connection()

        ana.http.timeout = Timeout(15)  # the server waits for five seconds itself
        answers = await asyncio.gather(*[ana.http.get("/api/projects") for _ in range(3)])

        found = Counter((answer.status_code, answer.json()["code"]) for answer in answers)
        assert found == {(503, "unavailable"): 3}
        assert {answer.headers["Retry-After"] for answer in answers} == {"1"}
        await held.aclose()
        assert (await ana.http.get("/api/projects")).status_code == 200
