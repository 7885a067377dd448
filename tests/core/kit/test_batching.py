"""Batches grow while one is away, and only then."""

import asyncio
from collections.abc import Sequence

import pytest

from parlour.kit.batching import MicroBatcher
from parlour.kit.errors import Busy, Conflict


class Recorder:
    """A writer that takes its time, and can fail."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def flush(self, items: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(items))
        await self.go.wait()
        return [Conflict() if item < 0 else item * 2 for item in items]


async def test_a_lone_item_leaves_at_once_and_the_next_batch_collects_meanwhile() -> None:
    recorder = Recorder()
    batcher: MicroBatcher[int, int] = MicroBatcher(recorder.flush, size=3, queue=10)

    first = batcher.add(1)
    await asyncio.sleep(0)
    rest = [batcher.add(number) for number in (2, 3, 4, 5)]
    recorder.go.set()

    assert await first == 2
    assert [await future for future in rest] == [4, 6, 8, 10]
    assert recorder.batches == [[1], [2, 3, 4], [5]]


async def test_one_bad_item_fails_alone_and_a_full_queue_says_busy() -> None:
    recorder = Recorder()
    batcher: MicroBatcher[int, int] = MicroBatcher(recorder.flush, size=5, queue=2)
    first = batcher.add(1)
    await asyncio.sleep(0)
    good, bad = batcher.add(2), batcher.add(-1)

    with pytest.raises(Busy):
        batcher.add(3)
    recorder.go.set()

    assert (await first, await good) == (2, 4)
    with pytest.raises(Conflict):
        await bad


async def test_a_failed_write_fails_its_batch_and_the_next_one_goes_on() -> None:
    calls = 0

    async def flush(items: Sequence[int]) -> Sequence[int]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("gone")
        return items

    batcher: MicroBatcher[int, int] = MicroBatcher(flush, size=5, queue=5)

    with pytest.raises(OSError, match="gone"):
        await batcher.add(1)
    assert await batcher.add(2) == 2
