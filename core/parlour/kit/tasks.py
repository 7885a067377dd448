"""Tasks: work that a worker does, queued on a Redis stream.

A task is acknowledged after its work is done. What a crashed worker leaves behind goes to another
one after ``redelivery_seconds``, so a task may run twice and must be idempotent. The queue is a
means of delivery only: whatever must not be lost is in PostgreSQL, or still with its sender.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from taskiq import AckableMessage, AsyncResultBackend, TaskiqResult
from taskiq.depends.progress_tracker import TaskProgress
from taskiq.exceptions import SendTaskError
from taskiq.kicker import AsyncKicker
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from parlour.kit.background import background
from parlour.kit.errors import Unavailable
from parlour.kit.failpoints import reach
from parlour.kit.ids import new_id
from parlour.kit.redis_pool import telling_losses

QUEUE = "parlour:tasks"
# A task's label: the channel its answer goes to.
REPLY_TO = "reply_to"
ASK_TIMEOUT_SECONDS = 10.0
# Redis answers a blocking read after two seconds at the latest; silence beyond this is a fault.
SOCKET_TIMEOUT_SECONDS = 30

log = structlog.get_logger(__name__)

TaskFunction = Callable[[Any, str], Awaitable[str]]


class Reply(msgspec.Struct, frozen=True):
    """What a task answers to who asked: its result, or that it failed."""

    task_id: str
    result: str | None


class StreamBroker(RedisStreamBroker):
    """taskiq's stream broker, made to survive crashes of either side.

    The stock one reclaims a dead worker's tasks only when a new one arrives, never removes what
    is done from the stream, runs a long task twice and ends when Redis restarts.
    """

    def __init__(self, dsn: str, *, redelivery_seconds: float) -> None:
        super().__init__(
            dsn,
            queue_name=QUEUE,
            consumer_group_name="workers",
            consumer_id="0",
            idle_timeout=int(redelivery_seconds * 1000),
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
        )
        telling_losses(self.connection_pool)
        self._running: set[bytes] = set()
        self.stopping = asyncio.Event()

    def _ack_generator(self, id: Any, queue_name: str) -> Callable[[], Awaitable[None]]:
        async def ack() -> None:
            self._running.discard(id)
            reach("task_after_effect_before_ack")
            async with self._redis() as redis, redis.pipeline(transaction=True) as pipeline:
                pipeline.xack(queue_name, self.consumer_group_name, id)
                pipeline.xdel(queue_name, id)
                await pipeline.execute()

        return ack

    def _redis(self) -> Redis:
        return Redis(connection_pool=self.connection_pool)

    async def _declare_consumer_group(self) -> None:
        with suppress(RedisError, OSError):  # listen() declares it again when Redis is there
            await super()._declare_consumer_group()

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Yield tasks, new ones and those of dead workers, for as long as it takes."""
        backoff = 0.05
        async with background(self._keep_claims()):
            # Not only a cancellation ends it: Redis' client may swallow one (see kit/background).
            while not self.stopping.is_set():
                try:
                    async for message in self._read():
                        backoff = 0.05
                        yield message
                except (RedisError, OSError) as error:
                    log.warning("queue_disconnected", error=str(error))
                    await asyncio.sleep(backoff)
                    backoff = min(backoff * 2, 2)

    async def _read(self) -> AsyncGenerator[AckableMessage, None]:
        next_claim = 0.0
        async with self._redis() as redis:
            await super()._declare_consumer_group()  # also in a Redis that lost its data
            while not self.stopping.is_set():
                entries: list[tuple[bytes, dict[bytes, bytes]]] = []
                if time.monotonic() >= next_claim:
                    next_claim = time.monotonic() + self.idle_timeout / 3000
                    entries = await self._claim(redis)
                for id, fields in entries or await self._next(redis):
                    if id not in self._running:
                        self._running.add(id)
                        yield AckableMessage(
                            data=fields[b"data"], ack=self._ack_generator(id, QUEUE)
                        )

    async def _next(self, redis: Redis) -> list[tuple[bytes, dict[bytes, bytes]]]:
        block = min(self.block, self.idle_timeout // 3)
        fetched: Any = await redis.xreadgroup(
            self.consumer_group_name,
            self.consumer_name,
            {QUEUE: ">"},
            block=block,
            count=self.count,
        )
        return fetched[0][1] if fetched else []

    async def _claim(self, redis: Redis) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Take over what dead workers left, and forget the dead."""
        group = self.consumer_group_name
        claimed: Any = await redis.xautoclaim(
            QUEUE, group, self.consumer_name, self.idle_timeout, count=100
        )
        for consumer in await redis.xinfo_consumers(QUEUE, group):
            if not consumer["pending"] and consumer["idle"] > 10 * self.idle_timeout:
                await redis.xgroup_delconsumer(QUEUE, group, consumer["name"])
        return claimed[1]

    async def _keep_claims(self) -> None:
        """Show that what runs here is alive, so that nobody runs it a second time."""
        while True:
            await asyncio.sleep(self.idle_timeout / 3000)
            with suppress(RedisError, OSError):
                if self._running:
                    await self._redis().xclaim(
                        QUEUE,
                        self.consumer_group_name,
                        self.consumer_name,
                        min_idle_time=0,
                        message_ids=list(self._running),
                        justid=True,
                    )


class ReplyBackend(AsyncResultBackend[Any]):
    """Tells the process that asked what came of its task. Nothing is kept."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def set_result(self, task_id: str, result: TaskiqResult[Any]) -> None:
        """Publish the answer to who waits for it."""
        if channel := result.labels.get(REPLY_TO):
            reply = Reply(task_id, None if result.is_err else result.return_value)
            await self._redis.publish(channel, msgspec.json.encode(reply))

    async def is_result_ready(self, task_id: str) -> bool:
        """Answer no: results are told, not kept."""
        return False

    async def get_result(self, task_id: str, with_logs: bool = False) -> TaskiqResult[Any]:
        """Refuse: results are told, not kept."""
        raise NotImplementedError

    async def set_progress(self, task_id: str, progress: TaskProgress[Any]) -> None:
        """Do nothing: nobody watches."""

    async def get_progress(self, task_id: str) -> None:
        """Know nothing: nobody watches."""


class Tasks:
    """The queue as a process sees it: to put tasks in, to ask, or to work.

    A task is an async function of what the process holds open and of one text, which it answers
    with a text: both are JSON that the two sides agree on.
    """

    def __init__(self, dsn: str, redis: Redis, *, redelivery_seconds: float) -> None:
        self._broker = StreamBroker(dsn, redelivery_seconds=redelivery_seconds)
        self._broker.with_result_backend(ReplyBackend(redis))
        self._redis = redis
        self._channel = f"parlour:reply:{new_id()}"
        self._asked: dict[str, asyncio.Future[str]] = {}

    async def ask(self, task: TaskFunction, payload: str) -> str:
        """Queue a task and wait for its answer.

        Raises:
            Unavailable: There was none in time, or the task failed. It may still be done later.
        """
        task_id = str(new_id())
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[task_id] = future
        kicker: AsyncKicker[..., Any] = AsyncKicker(
            _name(task), self._broker, {REPLY_TO: self._channel}
        ).with_task_id(task_id)
        try:
            async with asyncio.timeout(ASK_TIMEOUT_SECONDS):
                await kicker.kiq(payload)
                return await future
        except (TimeoutError, SendTaskError, RedisError, OSError) as error:
            raise Unavailable(retry_after=1) from error
        finally:
            self._asked.pop(task_id, None)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[None]:
        """Hear the answers to what this process asks."""
        async with background(self._listen()):
            yield

    async def work(
        self, runtime: Any, tasks: Sequence[TaskFunction], *, at_once: int, stop: asyncio.Event
    ) -> None:
        """Do tasks until ``stop`` is set; what is under way then is finished first."""
        for task in tasks:
            self._register(runtime, task)
        self._broker.is_worker_process = True
        self._broker.stopping = stop
        receiver = Receiver(self._broker, max_async_tasks=at_once)
        await receiver.listen(stop)

    def _register(self, runtime: Any, task: TaskFunction) -> None:
        async def run(payload: str) -> str:
            return await task(runtime, payload)

        self._broker.register_task(run, task_name=_name(task))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._broker.shutdown()

    async def _listen(self) -> None:
        backoff = 0.05
        while True:
            try:
                async with self._redis.pubsub() as replies:
                    await replies.subscribe(self._channel)
                    async for message in replies.listen():
                        backoff = 0.05
                        if message["type"] == "message":
                            self._resolve(msgspec.json.decode(message["data"], type=Reply))
            except (RedisError, OSError) as error:
                log.warning("replies_disconnected", error=str(error))
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, 2)

    def _resolve(self, reply: Reply) -> None:
        future = self._asked.get(reply.task_id)
        if future is None or future.done():
            return
        if reply.result is None:
            future.set_exception(Unavailable(retry_after=1))
        else:
            future.set_result(reply.result)


def _name(task: TaskFunction) -> str:
    return f"{task.__module__}.{task.__qualname__}"
