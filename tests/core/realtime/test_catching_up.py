"""A client that was away gets what it missed, once and in order, or is told to read anew."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.parlour import Parlour, until

from parlour.accounts import tokens
from parlour.kit.db import connect
from parlour.kit.relay import LOG_CHANNEL, Relay


async def test_an_agent_gets_exactly_what_it_missed(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    visitor = await (await parlour.visitor(project)).socket()
    first = await ana.socket(project)
    await visitor.send("One")
    seen = (await first.heard("message.created"))[-1]["seq"]
    await first.close()
    for text in ("Two", "Three"):
        await visitor.send(text)
    await until(parlour.is_sequenced)

    second = await ana.socket()
    joined = await second.ask("project.join", {"project_id": project, "after": seen})

    missed = [e for e in joined["events"] if e["type"] == "message.created"]
    assert [event["data"]["message"]["text"] for event in missed] == ["Two", "Three"]
    assert joined["seq"] == joined["events"][-1]["seq"]
    again = await second.ask("log.after", {"project_id": project, "seq": joined["seq"]})
    assert again == {"ok": True, "seq": joined["seq"], "events": [], "reload": False}


async def test_a_visitor_gets_only_what_concerns_them(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    mia = await parlour.visitor(project)
    socket, other = await mia.socket(), await (await parlour.visitor(project)).socket()
    conversation = (await socket.send("I am Mia"))["message"]["conversation_id"]
    await other.send("I am Leo")
    await ana.reply(project, conversation, "Hello Mia")
    await until(parlour.is_sequenced)

    missed = await socket.ask("log.after", {"seq": mia.session["seq"]})

    said = [event["data"]["message"]["text"] for event in missed["events"]]
    assert said == ["I am Mia", "Hello Mia"]
    assert all(set(event["data"]) == {"message"} for event in missed["events"])


async def test_who_was_away_too_long_is_told_to_read_anew(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    visitor = await (await parlour.visitor(project)).socket()
    for number in range(5):
        await visitor.send(f"Message {number}")
    await until(parlour.is_sequenced)
    socket = await ana.socket(project)

    ahead = await socket.ask("log.after", {"project_id": project, "seq": 1_000_000})
    await parlour.sql("DELETE FROM event WHERE seq <= 3")
    trimmed = await socket.ask("log.after", {"project_id": project, "seq": 1})
    within = await socket.ask("log.after", {"project_id": project, "seq": 3})

    assert ahead["reload"]
    assert trimmed["reload"]
    assert not within["reload"]
    assert within["events"][0]["seq"] == 4


async def test_what_redis_loses_comes_from_the_log(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    visitor = await (await parlour.visitor(project)).socket()
    conversation = (await visitor.send("Hello?"))["message"]["conversation_id"]
    await agent.heard("message.created")
    # Sequenced behind the relay's back: nothing is published, as if the message had been lost.
    await parlour.stop_worker()
    await ana.reply(project, conversation, "Good morning")
    await parlour.sql(
        "WITH head AS (UPDATE event_head SET seq = seq + 1 RETURNING seq) "
        "UPDATE event SET seq = head.seq FROM head WHERE event.seq IS NULL"
    )

    events = await agent.heard("message.created", 2)

    assert events[-1]["data"]["message"]["text"] == "Good morning"
    await parlour.start_worker()


async def test_places_in_the_log_have_no_gaps(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    sockets = [await (await parlour.visitor(project)).socket() for _ in range(4)]
    for round in range(5):
        for socket in sockets:
            await socket.send(f"Round {round}")
    await until(parlour.is_sequenced)

    rows = await parlour.sql("SELECT seq FROM event ORDER BY seq")
    (head,) = await parlour.sql("SELECT seq FROM event_head")

    assert [row["seq"] for row in rows] == list(range(1, head["seq"] + 1))


async def test_a_socket_ends_with_its_token_unless_renewed(
    parlour: Parlour, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await parlour.owner()
    monkeypatch.setattr("parlour.realtime.gateway.LEEWAY", -tokens.LIFETIME + timedelta(seconds=2))
    renewed, left_alone = await ana.socket(), await ana.socket()

    monkeypatch.setattr("parlour.realtime.gateway.LEEWAY", timedelta(0))
    answer = await renewed.ask("auth.renew", {"token": ana.token})

    assert answer["ok"]
    await until(left_alone.disconnected.is_set)
    assert ("closing", {"code": "session_expired", "retry_after": None}) in left_alone.frames
    assert not renewed.disconnected.is_set()


async def test_typing_presence_and_pages_are_told_at_once(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    visitor = await parlour.visitor(project)
    socket = await visitor.socket()
    here = {"project_id": project, "visitor_id": visitor.session["visitor_id"]}
    assert await agent.signal("visitor.presence") == {**here, "online": True}
    conversation = (await socket.send("Hello?"))["message"]["conversation_id"]

    await socket.ask("typing.set", {"typing": True})
    await socket.ask("context.set", {"url": "https://shop.example.com/a?token=1&b=2", "title": "A"})
    typing = {"project_id": project, "conversation_id": conversation, "typing": True}
    await agent.ask("typing.set", typing)

    assert await agent.signal("visitor.typing") == {**here, **typing}
    page = await agent.signal("visitor.context")
    assert page == {**here, "url": "https://shop.example.com/a?b=2", "title": "A"}
    told = await socket.signal("agent.typing")
    assert told == {"conversation_id": conversation, "name": "Ana", "typing": True}
    online = (await ana.http.get(f"/api/projects/{project}/presence")).json()
    assert online == {"visitor_ids": [here["visitor_id"]], "user_ids": [ana.user["id"]]}
    await socket.close()
    await until(lambda: agent.frames[-1] == ("visitor.presence", {**here, "online": False}))


async def test_what_is_published_out_of_order_is_delivered_in_order(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    visitor = await (await parlour.visitor(project)).socket()
    await visitor.send("Before")
    await agent.heard("message.created")
    # Two relays: each sequences at its turn, and what the second publishes comes last.
    await parlour.stop_worker()
    published: list[bytes] = []

    async def keep(_: str, message: bytes) -> None:
        published.append(message)

    redis: Any = SimpleNamespace(publish=keep)
    relay = Relay(parlour.settings.postgres_dsn, redis)
    connection = await connect(parlour.settings.postgres_dsn)
    try:
        for name in ("One", "Two", "Three"):
            await ana.http.patch(f"/api/projects/{project}", json={"name": name})
            await relay.run_once(connection)
    finally:
        await connection.close()
    async with parlour.app.runtime.redis.pipeline() as at_once:
        for message in (published[0], published[2], published[1]):
            at_once.publish(LOG_CHANNEL, message)
        await at_once.execute()

    heard = await agent.heard("project.updated", 3)
    assert [event["data"]["project"]["name"] for event in heard] == ["One", "Two", "Three"]
    await parlour.start_worker()
