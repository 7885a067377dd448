"""``parlour worker``: stores what visitors write, sequences the log, tells subscribers of it."""

import asyncio
import signal
from collections.abc import Sequence

import click
import uvloop

from parlour.conversations.tasks import store_messages
from parlour.kit.background import background
from parlour.kit.relay import Relay
from parlour.kit.retention import Retention
from parlour.kit.runtime import open_runtime, spare_collector
from parlour.kit.settings import Settings, load_settings
from parlour.kit.subscribers.runner import Runner
from parlour.kit.subscribers.subscriber import Subscriber
from parlour.projects.subscribers import SUBSCRIBERS

TASKS = [store_messages]
# Batches run side by side: one waiting for a lock must not hold up the others.
TASKS_AT_ONCE = 8


async def run_worker(
    settings: Settings, stop: asyncio.Event, subscribers: Sequence[Subscriber] = SUBSCRIBERS
) -> None:
    """Work until ``stop`` is set; what is under way then is finished."""
    here = [subscriber.full_name for subscriber in subscribers]
    async with open_runtime(settings) as runtime:
        retention = Retention(runtime.database, settings.retention_days, here)
        async with (
            background(Relay(settings.postgres_dsn, runtime.redis).run(), retention.run()),
            Runner(runtime, subscribers).running(),
        ):
            await runtime.tasks.work(runtime, TASKS, at_once=TASKS_AT_ONCE, stop=stop)


async def _run_until_asked_to_end(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ask in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ask, stop.set)
    await run_worker(settings, stop)


@click.command()
def worker() -> None:
    """Run a worker: stores messages, sequences the log, runs subscribers, trims what is old."""
    spare_collector()
    uvloop.run(_run_until_asked_to_end(load_settings()))
