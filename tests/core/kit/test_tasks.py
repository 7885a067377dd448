"""What a worker leaves behind is done by another."""

import asyncio
from typing import cast

import pytest
from pydantic import SecretStr

from parlour.kit.background import background
from parlour.kit.errors import Unavailable
from parlour.kit.runtime import Runtime, open_runtime
from parlour.kit.settings import Settings

hung: asyncio.Future[asyncio.Task[None]]


async def echo(_: Runtime, payload: str) -> str:
    """Answer with what was asked; hang if asked to hang while it is the first time."""
    if payload == "hang" and not hung.done():
        hung.set_result(cast("asyncio.Task[None]", asyncio.current_task()))
        await asyncio.Event().wait()
    return payload


async def test_a_task_of_a_dead_worker_is_done_by_another_within_seconds(empty: Settings) -> None:
    global hung
    hung = asyncio.get_running_loop().create_future()
    quick = empty.model_copy(update={"redelivery_seconds": 0.5})
    async with (
        open_runtime(quick) as asking,
        asking.tasks.listening(),
        open_runtime(quick) as first,
        open_runtime(quick) as second,
    ):
        stop = asyncio.Event()
        dying = asyncio.create_task(first.tasks.work(first, [echo], at_once=1, stop=stop))
        answer = asyncio.create_task(asking.tasks.ask(echo, "hang"))
        await hung
        dying.cancel()
        await asyncio.wait([dying])
        async with background(second.tasks.work(second, [echo], at_once=1, stop=stop)):
            async with asyncio.timeout(5):
                assert await answer == "hang"
            stop.set()
        # What is left of it ends while its connections are open.
        hung.result().cancel()
        await asyncio.wait([hung.result()])


async def test_a_task_that_cannot_be_queued_is_refused_as_unavailable(servers: Settings) -> None:
    nobody = SecretStr("redis://127.0.0.1:1/0")
    async with open_runtime(servers.model_copy(update={"redis_url": nobody})) as asking:
        with pytest.raises(Unavailable):
            await asking.tasks.ask(echo, "hello")
