"""A conversation begins with the first message, and only then."""

import asyncio

import pytest
from tests.parlour import Parlour

from parlour.kit.ids import new_id


async def test_opening_the_widget_makes_no_conversation(parlour: Parlour) -> None:
    project = await (await parlour.owner()).project()

    visitor = await parlour.visitor(project)
    await (await visitor.socket()).ask("context.set", {"url": "https://shop.example.com/"})

    assert visitor.session["conversation"] is None
    assert await parlour.sql("SELECT id FROM conversation") == []


async def test_the_first_message_makes_exactly_one_conversation(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    visitor = await parlour.visitor(project)
    socket = await visitor.socket()

    first = (await socket.send("One"))["message"]
    second = (await socket.send("Two"))["message"]

    assert first["conversation_id"] == second["conversation_id"]
    await agent.heard("message.created", 2)
    assert [event["type"] for event in agent.events] == [
        "conversation.created",
        "message.created",
        "message.created",
    ]
    again = await parlour.visitor(project, token=visitor.session["token"])
    assert again.session["conversation"] == {
        "id": first["conversation_id"],
        "status": "open",
        "last_message_seq": 2,
    }


async def test_two_tabs_that_write_first_at_once_make_one_conversation(parlour: Parlour) -> None:
    project = await (await parlour.owner()).project()
    visitor = await parlour.visitor(project)
    tabs = [await visitor.socket() for _ in range(2)]

    acks = await asyncio.gather(*(tab.send(f"Tab {n}") for n, tab in enumerate(tabs)))

    assert len({ack["message"]["conversation_id"] for ack in acks}) == 1
    assert sorted(ack["message"]["seq"] for ack in acks) == [1, 2]
    for tab in tabs:
        await tab.heard("message.created", 2)


async def test_two_servers_that_hear_a_first_message_at_once_make_one_conversation(
    parlour: Parlour,
) -> None:
    project = await (await parlour.owner()).project()
    visitor = await parlour.visitor(project)
    async with Parlour(parlour.settings) as other:
        here = await visitor.socket()
        there = await other.open_socket("/visitors", visitor.session["token"], visitor.origin)
        id = new_id()

        acks = await asyncio.gather(
            here.send("Same", id), there.send("Same", id), here.send("A"), there.send("B")
        )

    assert acks[0] == acks[1]
    assert sorted(m["seq"] for m in (await visitor.messages())["items"]) == [1, 2, 3]
    assert len(await parlour.sql("SELECT id FROM conversation")) == 1


async def test_what_a_plugin_of_the_widget_says_survives(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    visitor = await parlour.visitor(project)
    data = {"fields": {"email": "a@b.example", "n": 1.5, "deep": [None, True, {"é": "ü"}]}}

    ack = await (await visitor.socket()).send("My address", kind="form.answer", data=data)

    conversation = ack["message"]["conversation_id"]
    path = f"/api/projects/{project}/conversations/{conversation}/messages"
    (read,) = (await ana.http.get(path)).json()["items"]
    (own,) = (await visitor.messages())["items"]
    for message in (ack["message"], read, own):
        assert (message["kind"], message["data"]) == ("form.answer", data)


@pytest.mark.parametrize("number", [10**25, 1e30, 2**53, -0.0])
async def test_a_retry_with_a_large_number_in_its_data_is_the_same_message(
    parlour: Parlour, number: float
) -> None:
    project = await (await parlour.owner()).project()
    visitor = await parlour.visitor(project)
    socket = await visitor.socket()
    id = new_id()

    first = await socket.send("Look", id, data={"n": number})
    again = await socket.send("Look", id, data={"n": number})

    assert first["ok"]
    assert again.get("ok"), again
    assert len((await visitor.messages())["items"]) == 1


async def test_secrets_in_addresses_are_not_kept(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    socket = await (await parlour.visitor(project)).socket()
    private = "https://ana:hunter2@shop.example.com/a?access_token=hunter2&page=2#hunter2"
    context = {"referrer": private, "landing_page": private, "url": private, "title": "Shop"}

    ack = await socket.send("Hello?", context=context)
    await socket.ask("context.set", {"url": private, "title": "Shop"})

    signal = await agent.signal("visitor.context")
    path = f"/api/projects/{project}/conversations/{ack['message']['conversation_id']}"
    detail = (await ana.http.get(path)).json()
    visitor = await ana.http.get(f"/api/projects/{project}/visitors/{detail['visitor']['id']}")
    kept = "https://shop.example.com/a?page=2"
    assert signal["url"] == kept
    assert visitor.json()["current_url"] == kept
    metadata = detail["metadata"]
    assert (metadata["referrer"], metadata["landing_page"]) == (kept, kept)
    assert [(page["url"], page["title"]) for page in metadata["url_history"]] == [(kept, "Shop")]


async def test_what_was_known_first_of_a_visitor_stays(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    socket = await (await parlour.visitor(project)).socket()
    site = "https://shop.example.com"

    await socket.send("1", context={"landing_page": f"{site}/a", "url": f"{site}/a"})
    await socket.send("2", context={"landing_page": f"{site}/b", "url": f"{site}/a"})
    ack = await socket.send("3", context={"url": f"{site}/c"})

    path = f"/api/projects/{project}/conversations/{ack['message']['conversation_id']}"
    metadata = (await ana.http.get(path)).json()["metadata"]
    assert metadata["landing_page"] == f"{site}/a"
    assert [page["url"] for page in metadata["url_history"]] == [f"{site}/a", f"{site}/c"]


async def test_bad_messages_do_not_harm_the_good_ones_beside_them(parlour: Parlour) -> None:
    project = await (await parlour.owner()).project()
    visitors = [await parlour.visitor(project) for _ in range(3)]
    sockets = [await visitor.socket() for visitor in visitors]
    taken = new_id()
    await sockets[0].send("First", taken)
    gone = await (await parlour.visitor(project)).socket()
    await parlour.sql(
        "DELETE FROM visitor WHERE NOT EXISTS (SELECT FROM visitor_token t WHERE "
        "t.visitor_id = visitor.id AND visitor.id = ANY($1::uuid[]))",
        [visitor.session["visitor_id"] for visitor in visitors],
    )

    acks = await asyncio.gather(
        sockets[0].send("Other text", taken),
        gone.send("From nobody"),
        *(socket.send("Good") for socket in sockets),
    )

    assert [ack.get("error", {}).get("code") for ack in acks] == [
        "id_reused",
        "not_found",
        None,
        None,
        None,
    ]
