"""``parlour worker``: stores what visitors write, and sequences the log."""

import asyncio
import signal

import click
import uvloop

from parlour.conversations.tasks import store_messages
from parlour.kit.background import background
from parlour.kit.relay import Relay
from parlour.kit.runtime import open_runtime
from parlour.kit.settings import Settings, load_settings

TASKS = [store_messages]
# Batches run side by side: one waiting for a lock must not hold up the others.
TASKS_AT_ONCE = 8


async def run_worker(settings: Settings) -> None:
    """Work until the process is asked to end; what is under way then is finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ask in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ask, stop.set)
    async with (
        open_runtime(settings) as runtime,
        background(Relay(settings.postgres_dsn, runtime.redis).run()),
    ):
        await runtime.tasks.work(runtime, TASKS, at_once=TASKS_AT_ONCE, stop=stop)


@click.command()
def worker() -> None:
    """Run a worker: stores visitors' messages, sequences the log."""
    uvloop.run(run_worker(load_settings()))
