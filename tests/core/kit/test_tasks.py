"""What a worker leaves behind is done by another."""

import asyncio

import pytest
from pydantic import SecretStr

from parlour.kit.background import background
from parlour.kit.errors import Unavailable
from parlour.kit.runtime import Runtime, open_runtime
from parlour.kit.settings import Settings

started = asyncio.Event()


async def echo(_: Runtime, payload: str) -> str:
    """Answer with what was asked; hang if asked to hang while it is the first time."""
    if payload == "hang" and not started.is_set():
        started.set()
        await asyncio.Event().wait()
    return payload


async def test_a_task_of_a_dead_worker_is_done_by_another_within_seconds(empty: Settings) -> None:
    started.clear()
    quick = empty.model_copy(update={"redelivery_seconds": 0.5})
    async with open_runtime(quick) as asking, asking.tasks.listening():
        async with open_runtime(quick) as first:
            dying = asyncio.create_task(
                first.tasks.work(first, [echo], at_once=1, stop=asyncio.Event())
            )
            answer = asyncio.create_task(asking.tasks.ask(echo, "hang"))
            await started.wait()
            dying.cancel()
            await asyncio.wait([dying])
        async with open_runtime(quick) as second:
            stop = asyncio.Event()
            async with background(second.tasks.work(second, [echo], at_once=1, stop=stop)):
                async with asyncio.timeout(5):
                    assert await answer == "hang"
                stop.set()


async def test_a_task_that_cannot_be_queued_is_refused_as_unavailable(servers: Settings) -> None:
    nobody = SecretStr("redis://127.0.0.1:1/0")
    async with open_runtime(servers.model_copy(update={"redis_url": nobody})) as asking:
        with pytest.raises(Unavailable):
            await asking.tasks.ask(echo, "hello")
