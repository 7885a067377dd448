"""Clients that behave as the widget and the dashboard do, and keep books while they do it."""

import asyncio
import random
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from parlour.kit.ids import new_id
from tests.faults.rest import Reply, Rest
from tests.faults.truth import Thread, Truth
from tests.faults.wire import (
    Answer,
    ConnectionRefused,
    Conversation,
    Event,
    Lost,
    Message,
    Refusal,
    Wire,
)

SITE = "https://shop.example.com"
# Refusals that are about the moment, not about the message.
PASSING = {"unavailable", "busy", "rate_limited"}
PASSING_STATUSES = {429, 503}
# How many conversations a dashboard shows with all their messages.
OPEN_THREADS = 12

_decode_messages = msgspec.json.Decoder(list[Message]).decode


class Page(msgspec.Struct):
    """A page of messages."""

    items: list[Message]
    next_cursor: str | None
    seq: int


class ConversationPage(msgspec.Struct):
    """A page of the list of conversations."""

    items: list[Conversation]
    next_cursor: str | None
    seq: int


@dataclass
class Backoff:
    """How long to wait after the next failure."""

    rng: random.Random
    first: float
    longest: float
    failures: int = 0

    def next(self) -> float:
        delay = min(self.first * 2 ** min(self.failures, 10), self.longest)
        self.failures += 1
        return delay * (0.5 + self.rng.random() / 2)

    def reset(self) -> None:
        self.failures = 0


@dataclass
class Figures:
    """What all clients of a run counted together."""

    connections: int = 0
    reloads: int = 0
    # Events that came twice on one connection: allowed on the wire, never on the screen.
    raw_twice: int = 0
    resent: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    closings: dict[str, int] = field(default_factory=dict)
    losses: dict[str, int] = field(default_factory=dict)
    # When and for how many seconds a client was without a connection that had caught up.
    blind: list[tuple[float, float]] = field(default_factory=list)

    def lost(self, error: Lost) -> None:
        reason = str(error)[:60]
        self.losses[reason] = self.losses.get(reason, 0) + 1

    def refused(self, refusal: Refusal) -> None:
        self.refusals[refusal.code] = self.refusals.get(refusal.code, 0) + 1


@dataclass
class Pending:
    """A message on its way."""

    id: str
    text: str
    written_at: float


@dataclass
class World:
    """What all clients of a run share."""

    rest: Rest
    host: str
    port: int
    truth: Truth
    rng: random.Random
    project_id: str = ""
    figures: Figures = field(default_factory=Figures)
    notes: int = 0
    # Characters that every message has besides its id.
    padding: int = 40

    def compose(self) -> Pending:
        id = str(new_id())
        words = "".join(self.rng.choices("abcdefghij klmnop", k=self.padding))
        return Pending(id, f"{id} {words}.", time.monotonic())


class Client:
    """A page with a connection that it makes again for as long as it is open."""

    NAMESPACE: ClassVar[str]

    def __init__(self, world: World, name: str, backoff: Backoff) -> None:
        self.name = name
        self.world = world
        self.seq = 0
        self.online = asyncio.Event()
        self.wire: Wire | None = None
        self._backoff = backoff
        self._held: list[Event] | None = None
        self._raw_last = 0
        self._blind_since = time.monotonic()
        self._is_new = True
        self._tasks: list[asyncio.Task[None]] = []
        # The last that happened here, for who looks for a cause.
        self.journal: deque[str] = deque(maxlen=60)

    def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._stay_connected()))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.wire:
            await self.wire.finish()

    def failed(self) -> list[BaseException]:
        """Return what ended one of its tasks, which nothing should."""
        ended = [task for task in self._tasks if task.done() and not task.cancelled()]
        return [error for task in ended if (error := task.exception())]

    async def _stay_connected(self) -> None:
        while True:
            closing = None
            try:
                closing = await self._connect_once()
            except ConnectionRefused as error:
                self.world.figures.refused(error.refusal)
                await self._on_refused(error.refusal)
            except Lost as error:
                self.world.figures.lost(error)
            self._go_blind()
            delay = self._backoff.next()
            if closing and closing.retry_after is not None:
                delay = self.world.rng.random() * closing.retry_after
            await asyncio.sleep(delay)

    async def _connect_once(self) -> Refusal | None:
        """Connect, catch up and stay; return what the server said when it ended it."""
        await self._prepare()
        wire = self.wire = Wire(self.NAMESPACE, self._hear)
        self._raw_last = 0
        self._held = []
        self._note("connects")
        try:
            await wire.open(self.world.host, self.world.port, self._token(), self._origin())
            self.world.figures.connections += 1
            await self._catch_up(wire)
            self._see()
            await wire.closed.wait()
        finally:
            self._held = None
            self._go_blind()
            await wire.finish()
        if wire.closing:
            closings = self.world.figures.closings
            closings[wire.closing.code] = closings.get(wire.closing.code, 0) + 1
        return wire.closing

    async def _catch_up(self, wire: Wire) -> None:
        answer = await self._ask_missed(wire)
        while answer.error:
            self.world.figures.refused(answer.error)
            if answer.error.code not in PASSING:
                raise Lost(answer.error.code)
            await asyncio.sleep(answer.error.retry_after or 2)
            answer = await self._ask_missed(wire)
        self._note(f"asked for what came after {self.seq}: {answer.seq} {_span(answer.events)}")
        if answer.reload:
            self.world.figures.reloads += 1
            await self._reload()
            self._note(f"read anew at {self.seq}")
        else:
            self._apply(answer.events)
            self.seq = max(self.seq, answer.seq)
        held, self._held = self._held or [], None
        self._note(f"held {_span(held)}")
        self._apply(held)

    def _hear(self, events: list[Event]) -> None:
        self._note(f"heard {_span(events)}")
        for event in events:
            if event.seq <= self._raw_last:
                self.world.figures.raw_twice += 1
            self._raw_last = max(self._raw_last, event.seq)
        if self._held is None:
            self._apply(events)
        else:
            self._held.extend(events)

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            if event.seq > self.seq:
                self.seq = event.seq
                self._show(event)

    def _note(self, what: str) -> None:
        self.journal.append(f"{time.monotonic():.3f} {what}")

    def _see(self) -> None:
        now = time.monotonic()
        if not self._is_new:
            self.world.figures.blind.append((now, now - self._blind_since))
        self._is_new = False
        self._backoff.reset()
        self.online.set()

    def _go_blind(self) -> None:
        if self.online.is_set():
            self.online.clear()
            self._blind_since = time.monotonic()

    async def _pause(self, seconds: float) -> None:
        """Wait before sending again, but not when there is a new connection."""
        if self.wire and self.online.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.wire.closed.wait()
            await asyncio.sleep(0)  # who keeps the connection notes first that it is gone
        await self.online.wait()

    async def _prepare(self) -> None:
        """Do what has to come before connecting."""

    async def _on_refused(self, refusal: Refusal) -> None:
        """Do what a refusal asks for."""

    def _token(self) -> str:
        raise NotImplementedError

    def _origin(self) -> str:
        raise NotImplementedError

    async def _ask_missed(self, wire: Wire) -> Answer:
        raise NotImplementedError

    async def _reload(self) -> None:
        raise NotImplementedError

    def _show(self, event: Event) -> None:
        raise NotImplementedError


def _span(events: list[Event]) -> str:
    return f"{events[0].seq} to {events[-1].seq} ({len(events)})" if events else "nothing"


class Visitor(Client):
    """The widget on a website: an outbox sent one after the other, in order."""

    NAMESPACE = "/visitors"

    def __init__(self, world: World, name: str, session: dict[str, Any]) -> None:
        super().__init__(world, name, Backoff(world.rng, 1, 30))
        self.visitor_id: str = session["visitor_id"]
        self.seq = session["seq"]
        self.thread = Thread(name, world.truth)
        self.conversation_id: str | None = None
        self.outbox: deque[Pending] = deque()
        self.headers = {"Authorization": f"Bearer {session['token']}", "Origin": SITE}
        self._session_token: str = session["token"]
        self._waiting = asyncio.Event()
        self._sending = Backoff(world.rng, 1, 30)

    def start(self) -> None:
        super().start()
        self._tasks.append(asyncio.create_task(self._send_all()))

    def write(self) -> None:
        """Write a message. It stays here until it is acked."""
        self.outbox.append(self.world.compose())
        self._waiting.set()

    async def read(self) -> Page:
        """Read the latest messages over REST."""
        reply = await self.world.rest.ask(
            "GET", "/api/widget/messages?limit=200", headers=self.headers
        )
        if reply.status != 200:
            raise Lost(f"{reply.status}")
        return msgspec.json.decode(reply.body, type=Page)

    async def _send_all(self) -> None:
        while True:
            await self._waiting.wait()
            while self.outbox:
                await self.online.wait()
                if await self._send(self.outbox[0]):
                    self.outbox.popleft()
                    self._sending.reset()
            self._waiting.clear()

    async def _send(self, pending: Pending) -> bool:
        """Send a message; tell whether it is out of the way."""
        assert self.wire is not None
        draft = {"id": pending.id, "text": pending.text, "kind": "text"}
        try:
            answer = await self.wire.ask("message.send", draft)
        except Lost:
            self.world.figures.resent += 1
            await self._pause(self._sending.next())
            return False
        if answer.error and answer.error.code in PASSING:
            self.world.figures.refused(answer.error)
            self.world.figures.resent += 1
            await self._pause(answer.error.retry_after or self._sending.next())
            return False
        if answer.error or answer.message is None:
            self.world.truth.violate(f"{self.name}: {pending.id} was refused: {answer.error}")
            return True
        self.conversation_id = answer.message.conversation_id
        self.world.truth.ack(answer.message, pending.text, pending.written_at)
        self.thread.show_own(answer.message)
        return True

    def _token(self) -> str:
        return self._session_token

    def _origin(self) -> str:
        return SITE

    async def _ask_missed(self, wire: Wire) -> Answer:
        return await wire.ask("log.after", {"seq": self.seq})

    async def _reload(self) -> None:
        known = list(self.thread.places)
        page = await self.read()
        self.thread.show_page(page.items, known)
        self.seq = page.seq

    def _show(self, event: Event) -> None:
        if event.data.message:
            self.conversation_id = event.data.message.conversation_id
            self.thread.show_event(event.data.message)


class Member:
    """A signed-in account: its access token, and how it stays good."""

    def __init__(self, rest: Rest) -> None:
        self.token = ""
        self._rest = rest
        self._cookie = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def sign_up(self) -> None:
        who = {"email": "ana@example.com", "name": "Ana", "password": "correct horse battery"}
        self._take(await self._rest.ask("POST", "/api/auth/sign-up", who))

    async def refresh(self) -> None:
        """Get a newer token of the same session, however long that takes."""
        while True:
            try:
                reply = await self._rest.ask(
                    "POST", "/api/auth/refresh", {}, {"Cookie": self._cookie, "X-Parlour": "1"}
                )
            except Lost:
                reply = None
            if reply and reply.status not in PASSING_STATUSES:
                self._take(reply)
                return
            await asyncio.sleep(0.5)

    def _take(self, reply: Reply) -> None:
        if reply.status not in {200, 201}:
            raise RuntimeError(f"No session: {reply.status} {reply.body!r}")
        self.token = reply.json()["access_token"]
        self._cookie = reply.headers["set-cookie"].partition(";")[0]


class Agent(Client):
    """The dashboard of a member: the whole list, some conversations open, replies over REST."""

    NAMESPACE = "/agents"

    def __init__(self, world: World, name: str, member: Member, share: tuple[int, int]) -> None:
        super().__init__(world, name, Backoff(world.rng, 0.75, 8))
        self.member = member
        self.threads: dict[str, Thread] = {}
        self.outboxes: dict[str, deque[Pending]] = {}
        self.notes: list[str] = []
        self._is_loaded = False
        self._read_at = 0
        self._listed_at = 0.0
        # Which of the conversations that begin are opened here: every n-th.
        self.share = share
        self._begun = 0

    @property
    def open_threads(self) -> list[str]:
        return [id for id, thread in self.threads.items() if thread.keeps]

    def write(self, conversation_id: str) -> None:
        """Write a reply. Those of a conversation are sent one after the other."""
        outbox = self.outboxes.setdefault(conversation_id, deque())
        outbox.append(self.world.compose())
        if len(outbox) == 1:
            self._tasks = [task for task in self._tasks if not task.done() or task.exception()]
            self._tasks.append(asyncio.create_task(self._send_all(conversation_id)))

    async def renew(self) -> None:
        """Stay connected on the member's newer token."""
        if self.wire and self.online.is_set():
            try:
                await self.wire.ask("auth.renew", {"token": self.member.token})
            except Lost:
                return  # connects again, with the new one

    async def read_list(self) -> dict[str, int]:
        """Read the whole list over REST: each conversation with the place of its last message."""
        found: dict[str, int] = {}
        pages = [await self._read_page("")]
        while cursor := pages[-1].next_cursor:
            pages.append(await self._read_page(f"&cursor={cursor}"))
        self._read_at = pages[0].seq
        for page in pages:
            for item in page.items:
                found[item.id] = max(item.last_message_seq, found.get(item.id, 0))
        return found

    async def read_thread(self, conversation_id: str, after: int = 0) -> list[Message]:
        """Read a conversation's messages over REST, back to a place."""
        path = f"/api/projects/{self.world.project_id}/conversations/{conversation_id}/messages"
        messages: list[Message] = []
        cursor = ""
        while True:
            page = msgspec.json.decode(await self._get(f"{path}?limit=200{cursor}"), type=Page)
            messages = page.items + messages
            if page.next_cursor is None or page.items[0].seq <= after + 1:
                return messages
            cursor = f"&cursor={page.next_cursor}"

    async def _read_page(self, cursor: str) -> ConversationPage:
        path = f"/api/projects/{self.world.project_id}/conversations?limit=100{cursor}"
        return msgspec.json.decode(await self._get(path), type=ConversationPage)

    async def _get(self, path: str) -> bytes:
        reply = await self.world.rest.ask("GET", path, headers=self.member.headers)
        if reply.status != 200:
            raise Lost(f"{path}: {reply.status}")
        return reply.body

    async def _send_all(self, conversation_id: str) -> None:
        outbox = self.outboxes[conversation_id]
        backoff = Backoff(self.world.rng, 1, 30)
        path = f"/api/projects/{self.world.project_id}/conversations/{conversation_id}/messages"
        while outbox:
            draft = {"id": outbox[0].id, "text": outbox[0].text}
            try:
                reply = await self.world.rest.ask("POST", path, draft, self.member.headers)
            except Lost:
                reply = None
            if reply and reply.status == 201:
                self._sent(conversation_id, outbox.popleft(), reply)
                backoff.reset()
                continue
            self.world.figures.resent += 1
            if reply and reply.status not in PASSING_STATUSES | {401}:
                self.world.truth.violate(f"{self.name}: a reply was refused: {reply.body!r}")
            await asyncio.sleep(max(reply.retry_after if reply else 0, backoff.next()))

    def _sent(self, conversation_id: str, pending: Pending, reply: Reply) -> None:
        message = msgspec.json.decode(reply.body, type=Message)
        self.world.truth.ack(message, pending.text, pending.written_at)
        thread = self.threads[conversation_id]
        if thread.keeps:
            thread.show_own(message)

    def _token(self) -> str:
        return self.member.token

    def _origin(self) -> str:
        return f"http://{self.world.host}:{self.world.port}"

    async def _ask_missed(self, wire: Wire) -> Answer:
        join = {"project_id": self.world.project_id, "after": self.seq}
        return await wire.ask("project.join", join)

    async def _prepare(self) -> None:
        if not self._is_loaded:
            await self._reload()
            self._is_loaded = True

    async def _reload(self) -> None:
        listed = await self.read_list()
        self._listed_at = time.time()
        read_at = self._read_at
        for id, head in listed.items():
            thread = self._thread(id)
            thread.is_skipped = False
            thread.show_listed(head)
        for id, thread in list(self.threads.items()):
            if thread.keeps:
                known = list(thread.places)
                thread.show_page(await self.read_thread(id, thread.last), known)
            elif id not in listed:
                # It moved to the top while the pages were read, so an event is to come.
                thread.is_skipped = True
        self.seq = read_at  # not before all of it has been read

    def _show(self, event: Event) -> None:
        if event.data.note:
            self.notes.append(event.data.note)
        if event.data.message:
            self._thread(event.data.message.conversation_id).show_event(event.data.message)

    def _thread(self, id: str) -> Thread:
        thread = self.threads.get(id)
        if thread is None:
            of, mine = self.share
            keeps = self._begun % of == mine and len(self.open_threads) < OPEN_THREADS
            self._begun += 1
            thread = self.threads[id] = Thread(f"{self.name}/{id}", self.world.truth, keeps=keeps)
            # It began before the list was read, and was on none of its pages: it moved meanwhile.
            thread.is_skipped = UUID(id).int >> 80 < self._listed_at * 1000
        return thread
