"""What a socket answers to whom it does not like, while everybody else goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from limits import parse
from socketio.exceptions import ConnectionError as Refused
from tests.parlour import SITE, Agent, Parlour, Socket
from websockets.asyncio.client import ClientConnection, connect

from parlour.accounts import tokens
from parlour.kit.crypto import Keyring
from parlour.kit.ids import new_id
from parlour.kit.settings import Settings


@pytest.fixture
async def ana(parlour: Parlour) -> Agent:
    return await parlour.owner()


@pytest.fixture
async def project(ana: Agent) -> str:
    return await ana.project()


@pytest.fixture
async def bystander(parlour: Parlour, project: str) -> AsyncIterator[Socket]:
    """A well-behaved visitor, who must not notice anything."""
    socket = await (await parlour.visitor(project)).socket()
    yield socket
    assert (await socket.send("I am still here"))["ok"]
    assert not socket.disconnected.is_set()


def expired(parlour: Parlour, ana: Agent, monkeypatch: pytest.MonkeyPatch) -> str:
    """Mint a token of hers whose time is over."""
    keys = parlour.settings.keys
    assert keys
    minting = tokens.AccessTokens(Keyring.parse(keys.get_secret_value()), parlour.settings.origin)
    claims = minting.verify(ana.token)
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "LIFETIME", timedelta(hours=-1))
        return minting.mint(claims.user_id, claims.family_id)[0]


async def refusal(socket: Socket) -> str:
    """Return the code a connection is refused with."""
    answers: list[Any] = []
    socket.client.on("connect_error", answers.append, namespace=socket.namespace)
    with pytest.raises(Refused):
        await socket.connect()
    return answers[0]["data"]["code"]


@pytest.mark.parametrize("token", ["", "nonsense", "plv_unknown", "a.b.c"])
@pytest.mark.parametrize("namespace", ["/agents", "/visitors"])
async def test_a_token_from_nowhere_is_refused(
    parlour: Parlour, bystander: Socket, namespace: str, token: str
) -> None:
    origin = SITE if namespace == "/visitors" else parlour.url
    assert await refusal(Socket(parlour.url, namespace, token, origin)) == "unauthenticated"


async def test_an_expired_token_is_refused_by_name(
    parlour: Parlour, ana: Agent, bystander: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = expired(parlour, ana, monkeypatch)

    socket = Socket(parlour.url, "/agents", token, parlour.url)
    answer = await parlour.http.get("/api/me", headers={"Authorization": f"Bearer {token}"})

    assert await refusal(socket) == "session_expired"
    assert (answer.status_code, answer.json()["code"]) == (401, "session_expired")


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://shop.example.com"]
)
async def test_a_visitor_token_on_another_page_is_refused(
    parlour: Parlour, project: str, bystander: Socket, origin: str | None
) -> None:
    visitor = await parlour.visitor(project)

    socket = Socket(parlour.url, "/visitors", visitor.session["token"], origin)

    assert await refusal(socket) in {"unauthenticated", "origin_not_allowed"}


async def test_a_domain_taken_off_the_list_lets_nobody_in_any_more(
    parlour: Parlour, ana: Agent, project: str
) -> None:
    visitor = await parlour.visitor(project)
    await ana.http.patch(f"/api/projects/{project}", json={"domains": ["other.example"]})

    socket = Socket(parlour.url, "/visitors", visitor.session["token"], SITE)

    assert await refusal(socket) == "origin_not_allowed"


async def test_an_agent_from_another_page_is_refused(
    parlour: Parlour, ana: Agent, bystander: Socket
) -> None:
    socket = Socket(parlour.url, "/agents", ana.token, "https://evil.example")

    assert await refusal(socket) == "origin_not_allowed"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("no object", "invalid"),
        ([], "invalid"),
        ({}, "invalid"),
        ({"id": "no id", "text": "Hello"}, "invalid"),
        ({"id": str(new_id()), "text": 7}, "invalid"),
        ({"id": str(new_id()), "text": ""}, "invalid"),
        ({"id": str(new_id()), "text": "   "}, "invalid"),
        ({"id": str(new_id()), "text": "nul \x00"}, "invalid"),
        ({"id": str(new_id()), "text": "x" * 10_001}, "invalid"),
        ({"id": str(new_id()), "text": "Hello", "role": "manager"}, "invalid"),
        ({"id": str(new_id()), "text": "Hello", "data": {"x": "y" * 70_000}}, "too_large"),
    ],
)
async def test_a_bad_message_is_refused_in_its_ack(
    bystander: Socket, payload: Any, code: str
) -> None:
    ack = await bystander.ask("message.send", payload)

    assert ack["error"]["code"] == code


async def test_an_unknown_command_and_another_namespaces_command_are_refused(
    bystander: Socket, project: str
) -> None:
    for command in ("message.shout", "project.join"):
        ack = await bystander.ask(command, {"project_id": project})
        assert ack["error"]["code"] == "unknown_command"


async def test_too_many_messages_are_refused_with_a_time_to_wait(empty: Settings) -> None:
    strict = empty.model_copy(update={"visitor_message_rate": parse("3/10 second")})
    async with Parlour(strict) as parlour:
        ana = await parlour.owner()
        socket = await (await parlour.visitor(await ana.project())).socket()

        acks = [await socket.send(f"Message {number}") for number in range(4)]

    assert [ack.get("ok") for ack in acks[:3]] == [True, True, True]
    assert acks[3]["error"]["code"] == "rate_limited"
    assert 1 <= acks[3]["error"]["retry_after"] <= 10


async def test_a_stranger_hears_nothing_of_a_project(
    parlour: Parlour, project: str, bystander: Socket
) -> None:
    ben = await parlour.colleague("Ben")
    socket = await ben.socket()

    joined = await socket.ask("project.join", {"project_id": project})
    nowhere = await socket.ask("project.join", {"project_id": str(new_id())})
    await bystander.send("A secret")

    assert joined == nowhere
    assert joined["error"]["code"] == "not_found"
    assert socket.events == []


async def raw(parlour: Parlour) -> ClientConnection:
    """Open a WebSocket that speaks Engine.IO by hand; the greeting is read."""
    url = parlour.url.replace("http", "ws", 1)
    socket = await connect(f"{url}/socket.io/?EIO=4&transport=websocket", origin=SITE)  # pyright: ignore[reportArgumentType] - a plain text will do
    await socket.recv()
    return socket


@pytest.mark.parametrize(
    "frame",
    [
        '42/visitors,["message.send"',
        "42/visitors,[" + "[" * 50_000,
        '451-/visitors,["message.send",{"_placeholder":true,"num":0}]',
        "4x",
        "4",
        b"\x00\x01",
        "42/visitors," + "9" * 101 + "[]",
        "x" * 200_000,
    ],
    ids=["cut off", "deep", "binary", "no type", "empty", "bytes", "long id", "oversize"],
)
async def test_what_no_client_sends_ends_its_connection_alone(
    parlour: Parlour, bystander: Socket, frame: str | bytes
) -> None:
    visitor = await parlour.visitor(next(iter(await _projects(parlour))))
    socket = await raw(parlour)
    await socket.send("40/visitors," + json.dumps({"token": visitor.session["token"]}))
    assert (await socket.recv()).startswith("40/visitors,")  # pyright: ignore[reportArgumentType] - text

    await socket.send(frame)

    async with asyncio.timeout(10):
        await socket.wait_closed()


async def _projects(parlour: Parlour) -> list[str]:
    return [str(row["id"]) for row in await parlour.sql("SELECT id FROM project")]


async def test_the_root_namespace_is_closed(parlour: Parlour) -> None:
    socket = await raw(parlour)

    await socket.send("40")

    assert str(await socket.recv()).startswith("44")
    await socket.close()
