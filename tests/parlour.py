"""A Parlour for tests: the app and a worker in this process, spoken to over HTTP and sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import asyncpg
import httpx
import jwt
import socketio

from parlour.accounts.service import AccountService
from parlour.app import create_app
from parlour.kit.crypto import Keyring
from parlour.kit.ids import new_id
from parlour.kit.runtime import open_runtime
from parlour.kit.settings import Settings
from parlour.serve import Server
from parlour.worker import run_worker

SITE = "https://shop.example.com"
PASSWORD = "correct horse battery"
TIMEOUT = 10.0


async def until(condition: Callable[[], Awaitable[Any] | Any], seconds: float = TIMEOUT) -> Any:
    """Wait for an effect: until ``condition`` is true; return what it was."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)


class Socket:
    """A client's socket: what it hears, and how it asks."""

    def __init__(self, url: str, namespace: str, token: str, origin: str | None) -> None:
        self.namespace = namespace
        self.events: list[dict[str, Any]] = []
        self.frames: list[tuple[str, Any]] = []
        self.seen = 0
        self.disconnected = asyncio.Event()
        self.client = socketio.AsyncClient(reconnection=False)
        self._url, self._token = url, token
        self._headers = {"Origin": origin} if origin else {}
        self.client.on("*", self._hear, namespace=namespace)
        self.client.on("disconnect", self._leave, namespace=namespace)

    async def connect(self) -> Self:
        await self.client.connect(
            self._url,
            headers=self._headers,
            auth={"token": self._token},
            transports=["websocket"],
            namespaces=[self.namespace],
            wait_timeout=5,
        )
        return self

    async def ask(self, command: str, payload: Any) -> Any:
        return await self.client.call(command, payload, namespace=self.namespace, timeout=15)

    async def send(self, text: str, id: UUID | None = None, **more: Any) -> Any:
        payload = {"id": str(id or new_id()), "text": text, **more}
        return await self.ask("message.send", payload)

    async def heard(self, type: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many events of a type have come; return all of them."""
        await until(lambda: len(self.of(type)) >= count)
        return self.of(type)

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]

    async def signal(self, name: str) -> Any:
        """Wait for a signal; return the last of its name."""
        await until(lambda: any(frame[0] == name for frame in self.frames))
        return [data for frame, data in self.frames if frame == name][-1]

    async def close(self) -> None:
        await self.client.disconnect()

    async def _hear(self, name: str, data: Any = None) -> None:
        self.frames.append((name, data))
        if name == "events":
            self.events.extend(event for event in data if event["seq"] > self.seen)

    async def _leave(self, *_: Any) -> None:
        self.disconnected.set()


@dataclass
class Agent:
    """Somebody signed in."""

    parlour: "Parlour"
    token: str
    user: dict[str, Any]
    http: httpx.AsyncClient

    async def project(
        self, name: str = "Shop", domains: tuple[str, ...] = ("*.example.com",)
    ) -> str:
        """Create a project; return its id."""
        answer = await self.http.post(
            "/api/projects", json={"name": name, "domains": list(domains)}
        )
        assert answer.status_code == 201, answer.text
        await until(self.parlour.is_sequenced)  # what it recorded is not news to who joins
        return answer.json()["id"]

    async def socket(
        self,
        project_id: str | None = None,
        after: int | None = None,
        *,
        at: "Parlour | None" = None,
    ) -> Socket:
        """Connect, to another server if one is named, and join a project."""
        server = at or self.parlour
        socket = await server.open_socket("/agents", self.token, server.url)
        if project_id:
            joined = await socket.ask("project.join", {"project_id": project_id, "after": after})
            assert joined["ok"], joined
            socket.seen = joined["seq"]
            socket.events = [event for event in socket.events if event["seq"] > socket.seen]
        return socket

    async def reply(
        self, project_id: str, conversation_id: str, text: str, **more: Any
    ) -> httpx.Response:
        payload = {"id": str(new_id()), "text": text, **more}
        path = f"/api/projects/{project_id}/conversations/{conversation_id}/messages"
        return await self.http.post(path, json=payload)


@dataclass
class Visitor:
    """A browser on a website, with a session."""

    parlour: "Parlour"
    session: dict[str, Any]
    origin: str = SITE

    async def socket(self, *, at: "Parlour | None" = None) -> Socket:
        server = at or self.parlour
        return await server.open_socket("/visitors", self.session["token"], self.origin)

    async def messages(self, **query: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.session['token']}", "Origin": self.origin}
        answer = await self.parlour.http.get("/api/widget/messages", headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@dataclass
class Parlour:
    """Server and worker, as production boots them; or a further server beside those."""

    settings: Settings
    has_worker: bool = True
    url: str = ""
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _worker_stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self.app = create_app(self.settings)
        self.server = Server(
            self.app,
            self.settings,
            port=0,
            loop="none",
            log_level="error",
            timeout_graceful_shutdown=1,
        )
        self._serving = asyncio.create_task(self.server.serve())
        await until(lambda: self.server.started or self._serving.done())
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.http = await self._stack.enter_async_context(httpx.AsyncClient(base_url=self.url))
        if self.has_worker:
            await self.start_worker()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
        if self.has_worker:
            await self.stop_worker()
        await self.stop_server()

    async def stop_server(self) -> None:
        """Stop the server as SIGTERM does."""
        self.server.should_exit = True
        await self._serving

    async def start_worker(self) -> None:
        self._worker_stop = asyncio.Event()
        self._working = asyncio.create_task(self._work())

    async def stop_worker(self) -> None:
        self._worker_stop.set()
        await self._working

    async def _work(self) -> None:
        await run_worker(self.settings, self._worker_stop)

    async def owner(self) -> Agent:
        """Sign the server's first user up."""
        answer = await self.http.post(
            "/api/auth/sign-up",
            json={"email": "ana@example.com", "name": "Ana", "password": PASSWORD},
        )
        assert answer.status_code == 201, answer.text
        return await self._agent(answer.json())

    async def colleague(self, name: str) -> Agent:
        """Create another account, as an operator does, and sign it in."""
        email = f"{name.lower()}@example.com"
        async with (
            open_runtime(self.settings) as runtime,
            runtime.database.transaction() as session,
        ):
            await AccountService(session).create_user(email, name, PASSWORD)
        answer = await self.http.post(
            "/api/auth/sign-in", json={"email": email, "password": PASSWORD}
        )
        assert answer.status_code == 200, answer.text
        return await self._agent(answer.json())

    async def _agent(self, session: dict[str, Any]) -> Agent:
        token = session["access_token"]
        http = await self._stack.enter_async_context(
            httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {token}"})
        )
        return Agent(self, token, session["user"], http)

    async def visitor(
        self, project_id: str, *, origin: str = SITE, token: str | None = None
    ) -> Visitor:
        """Open the widget on a website."""
        answer = await self.http.post(
            "/api/widget/session",
            json={"project_id": project_id, "token": token},
            headers={"Origin": origin},
        )
        assert answer.status_code == 200, answer.text
        return Visitor(self, answer.json(), origin)

    async def open_socket(self, namespace: str, token: str, origin: str | None) -> Socket:
        """Connect a socket that is closed when the test ends."""
        socket = Socket(self.url, namespace, token, origin)
        self._stack.push_async_callback(socket.close)
        return await socket.connect()

    def sign_again(self, token: str, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """Sign an access token's claims again, changed, with the server's own key."""
        assert self.settings.keys
        ring = Keyring.parse(self.settings.keys.get_secret_value())
        claims = jwt.decode(token, options={"verify_signature": False}) | changes
        headers = jwt.get_unverified_header(token) | (header or {})
        key = ring.signing_keys("access-token")[ring.newest]
        return jwt.encode(claims, key, "EdDSA", headers)

    async def is_sequenced(self) -> bool:
        """Tell whether every event has its place in the log."""
        return not await self.sql("SELECT FROM event WHERE seq IS NULL")

    async def sql(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Ask the database directly."""
        connection = await asyncpg.connect(self.settings.postgres_dsn)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()
