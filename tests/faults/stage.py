"""The stage of an experiment: a cluster, clients of it, the load they make, and their books."""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.clients import SITE, Agent, Client, Member, Visitor, World
from tests.faults.cluster import Cluster
from tests.faults.rest import Rest
from tests.faults.truth import Truth
from tests.faults.wire import Lost

RENEW_SECONDS = 240.0
# A member's replies, as a share of what visitors write.
REPLY_SHARE = 0.1


@dataclass
class Stage:
    """Everything of one experiment, for as long as it lasts."""

    rng: random.Random
    folder: Path
    visitor_count: int
    agent_count: int
    has_links: bool = False
    padding: int = 40
    visitors: list[Visitor] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)

    async def __aenter__(self) -> "Stage":
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.cluster = Cluster(self.folder, self.has_links)
        self.truth = Truth(self.folder / "truth.jsonl")
        self._tasks: list[asyncio.Task[None]] = []
        self._load: asyncio.Task[None] | None = None
        await self.cluster.__aenter__()
        self.rest = Rest("127.0.0.1", self.cluster.front.port)
        try:
            await self._set_up()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(client.stop() for client in self.clients))
        self.rest.close()
        await self.cluster.stop()
        self.truth.close()

    @property
    def clients(self) -> list[Client]:
        return [*self.visitors, *self.agents]

    def load(self, per_second: float) -> None:
        """Let visitors write, and members reply, at a steady rate whatever is answered."""
        self._load = self._keep(self._write(per_second))

    async def hush(self) -> None:
        """Let nobody write any more."""
        if self._load:
            self._load.cancel()
            await asyncio.gather(self._load, return_exceptions=True)
            self._load = None

    def remove(self) -> None:
        """Remove what was written to disk: nobody needs it where nothing went wrong."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def p99(self, since: float, until: float) -> float:
        """Return the 99th percentile of milliseconds to the ack, of acks in a span of time."""
        found = sorted(took for at, took in self.truth.latencies if since <= at < until)
        return found[int(len(found) * 0.99)] if found else 0.0

    def unsent(self) -> int:
        outboxes = [box for agent in self.agents for box in agent.outboxes.values()]
        return sum(len(box) for box in (*(v.outbox for v in self.visitors), *outboxes))

    def kills(self) -> dict[str, int]:
        return dict(Counter(death.name.partition("-")[0] for death in self.cluster.deaths))

    def share_threads(self) -> None:
        """Let every agent open every conversation that begins from now on."""
        for agent in self.agents:
            agent.share = (1, 0)

    async def until_all_online(self, seconds: float) -> float:
        """Wait until every client is connected and has caught up; return how long that took."""
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            for client in self.clients:
                await client.online.wait()
        return time.monotonic() - began

    async def _set_up(self) -> None:
        self.world = World(
            self.rest,
            "127.0.0.1",
            self.cluster.front.port,
            self.truth,
            self.rng,
            padding=self.padding,
        )
        self.member = Member(self.rest)
        await self.member.sign_up()
        project = await self.rest.ask(
            "POST",
            "/api/projects",
            {"name": "Shop", "domains": ["*.example.com"]},
            self.member.headers,
        )
        self.world.project_id = project.json()["id"]
        self.agents = [
            Agent(self.world, f"agent-{place}", self.member, (self.agent_count, place))
            for place in range(self.agent_count)
        ]
        # A few at a time: a page opens where a person opens it.
        doors = asyncio.Semaphore(16)
        sessions = await asyncio.gather(
            *(self._open_widget(doors) for _ in range(self.visitor_count))
        )
        self.visitors = [
            Visitor(self.world, f"visitor-{place}", session)
            for place, session in enumerate(sessions)
        ]
        for batch in range(0, len(self.clients), 50):
            clients = self.clients[batch : batch + 50]
            for client in clients:
                client.start()
            async with asyncio.timeout(30):
                for client in clients:
                    await client.online.wait()
        self._keep(self._stay_signed_in())

    async def _open_widget(self, doors: asyncio.Semaphore) -> dict[str, object]:
        async with doors:
            payload = {"project_id": self.world.project_id}
            reply = await self.rest.ask("POST", "/api/widget/session", payload, {"Origin": SITE})
        if reply.status != 200:
            raise Lost(f"{reply.status} {reply.body!r}")
        return reply.json()

    def _keep(self, coroutine: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.append(task)
        return task

    async def _write(self, per_second: float) -> None:
        due = time.monotonic()
        while True:
            self.rng.choice(self.visitors).write()
            if self.agents and self.rng.random() < REPLY_SHARE:
                agent = self.rng.choice(self.agents)
                if threads := agent.open_threads:
                    agent.write(self.rng.choice(threads))
            due += 1 / per_second
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def _stay_signed_in(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self.member.refresh()
            for agent in self.agents:
                await agent.renew()
