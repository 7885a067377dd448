"""A worker in a process of its own, with probes for subscribers.

``python -m tests.core.kit.crash_worker`` takes names of probes; ``outside:`` before a name gives it
no transaction. Each fails now and then: events are set aside and tried again while workers die.
"""

import asyncio
import random
import signal
import sys

import uvloop
from tests.core.kit.probing import probe

from parlour.kit.settings import load_settings
from parlour.kit.subscribers.subscriber import Context, RecordedEvent, Subscriber
from parlour.worker import run_worker

FAILS = 0.002


async def fail_sometimes(_: Context, __: RecordedEvent) -> None:
    if random.random() < FAILS:  # noqa: S311 - nobody has to guess it
        raise LookupError("Now and then this fails.")


def subscriber(name: str) -> Subscriber:
    if name.startswith("outside:"):
        return probe(name.removeprefix("outside:"), transaction=False)
    return probe(name, fail_sometimes, attempts=100)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await run_worker(load_settings(), stop, [subscriber(name) for name in sys.argv[1:]])


if __name__ == "__main__":
    uvloop.run(main())
