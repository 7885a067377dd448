"""What runs beside a block ends with it, whatever becomes of the cancellation."""

import asyncio

from parlour.kit.background import background


async def test_a_swallowed_cancellation_is_asked_for_again() -> None:
    cancelled = 0

    async def swallow_the_first() -> None:
        nonlocal cancelled
        while cancelled < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    async with background(swallow_the_first()):
        await asyncio.sleep(0)

    assert cancelled == 2
