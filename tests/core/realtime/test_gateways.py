"""Two gateways behave as one, and one that leaves loses nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.parlour import Parlour, Socket, until

from parlour.kit.settings import Settings


@pytest.fixture
async def second(parlour: Parlour, empty: Settings) -> AsyncIterator[Parlour]:
    """A second gateway beside the first."""
    async with Parlour(empty, has_worker=False) as running:
        yield running


def texts(socket: Socket) -> list[str]:
    """What was written, as often and in the order as a socket heard it."""
    return [event["data"]["message"]["text"] for event in socket.of("message.created")]


async def test_each_event_reaches_each_client_once_wherever_it_is_connected(
    parlour: Parlour, second: Parlour
) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    here, there = await ana.socket(project), await ana.socket(project, at=second)
    mia = await parlour.visitor(project)
    tabs = [await mia.socket(), await mia.socket(at=second)]

    for number in range(20):
        assert (await tabs[number % 2].send(f"Message {number}"))["ok"]
    await until(lambda: all(len(texts(s)) >= 20 for s in (here, there, *tabs)))
    conversation = here.of("conversation.created")[0]["data"]["conversation"]["id"]
    assert (await ana.reply(project, conversation, "Message 20")).status_code == 201
    await until(lambda: all(len(texts(s)) >= 21 for s in (here, there, *tabs)))

    for socket in (here, there, *tabs):
        assert texts(socket) == [f"Message {number}" for number in range(21)]


async def test_presence_and_signals_are_shared(parlour: Parlour, second: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project, at=second)
    mia = await parlour.visitor(project)
    first_tab = await mia.socket()
    presence = await agent.signal("visitor.presence")
    assert (presence["visitor_id"], presence["online"]) == (mia.session["visitor_id"], True)
    other_tab = await mia.socket(at=second)
    assert (await first_tab.send("Hello"))["ok"]
    (created,) = await agent.heard("conversation.created")

    conversation_id = created["data"]["conversation"]["id"]
    typing = {"project_id": project, "conversation_id": conversation_id, "typing": True}
    assert (await agent.ask("typing.set", typing))["ok"]
    assert (await first_tab.signal("agent.typing"))["typing"] is True

    online = f"/api/projects/{project}/presence"
    await first_tab.close()
    await until(lambda: parlour.app.engineio_server.count == 0)
    assert (await ana.http.get(online)).json()["visitor_ids"] == [mia.session["visitor_id"]]
    await other_tab.close()
    await until(lambda: not agent_sees_online(agent))
    assert (await ana.http.get(online)).json()["visitor_ids"] == []


def agent_sees_online(agent: Socket) -> bool:
    """Whether the last an agent heard of a visitor is that they are there."""
    return [data["online"] for name, data in agent.frames if name == "visitor.presence"][-1]


async def test_a_gateway_that_leaves_sends_its_clients_to_another(
    parlour: Parlour, second: Parlour
) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    mia = await parlour.visitor(project)
    visitor = await mia.socket(at=second)
    for number in range(5):
        assert (await visitor.send(f"Message {number}"))["ok"]

    await second.stop_server()

    await until(visitor.disconnected.is_set)
    closing: list[Any] = [data for name, data in visitor.frames if name == "closing"]
    assert [reason["code"] for reason in closing] == ["restarting"]
    assert 0 < closing[0]["retry_after"] <= 2
    assert not agent.disconnected.is_set()
    again = await mia.socket(at=parlour)
    missed = await again.ask("log.after", {"seq": mia.session["seq"]})
    assert [event["data"]["message"]["text"] for event in missed["events"]] == [
        f"Message {number}" for number in range(5)
    ]
