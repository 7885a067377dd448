"""A visitor and an agent talk."""

from tests.parlour import Parlour

from parlour.kit.ids import new_id


async def test_a_visitor_writes_and_every_agent_hears_it_once(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    first, second = await ana.socket(project), await ana.socket(project)
    socket = await (await parlour.visitor(project)).socket()

    ack = await socket.send("Hello?")

    assert ack["ok"]
    for agent in (first, second):
        (event,) = await agent.heard("message.created")
        assert event["data"]["message"]["text"] == "Hello?"
        assert event["data"]["message"]["id"] == ack["message"]["id"]
        assert event["data"]["conversation"]["unread"] == 1


async def test_an_agents_reply_reaches_the_visitor_without_what_only_members_know(
    parlour: Parlour,
) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    socket = await (await parlour.visitor(project)).socket()
    conversation = (await socket.send("Hello?"))["message"]["conversation_id"]

    answer = await ana.reply(project, conversation, "Good morning!")

    assert answer.status_code == 201
    events = await socket.heard("message.created", 2)
    reply = events[-1]["data"]
    assert set(reply) == {"message"}
    assert reply["message"]["text"] == "Good morning!"
    assert reply["message"]["author"] == {"kind": "member", "name": "Ana"}
    assert reply["message"]["seq"] == 2


async def test_a_retry_with_the_same_id_is_stored_once(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    visitor = await parlour.visitor(project)
    socket = await visitor.socket()
    id = new_id()

    first = await socket.send("Hello?", id)
    again = await socket.send("Hello?", id)
    other = await socket.send("Something else", id)
    await socket.send("Still there?")

    assert again == first
    assert other["error"]["code"] == "id_reused"
    assert [m["seq"] for m in (await visitor.messages())["items"]] == [1, 2]
