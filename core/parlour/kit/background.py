"""Background tasks: for as long as a block lasts, and not a moment longer."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

CANCEL_AGAIN_SECONDS = 1.0


@asynccontextmanager
async def background(*coroutines: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Run coroutines beside a block; cancel them when it ends, and wait until they are done."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        await end(tasks)


async def end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks, and wait until they are done."""
    # Asked more than once: code that waits with `asyncio.wait_for` swallows a cancellation that
    # comes in the same moment as what it waits for (fixed in Python 3.12).
    ending = set(tasks)
    while ending:
        for task in ending:
            task.cancel()
        _, ending = await asyncio.wait(ending, timeout=CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)  # who failed has said so already
