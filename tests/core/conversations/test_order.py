"""Messages of a conversation are numbered without gaps, and heard in that order."""

import asyncio

from tests.parlour import Parlour

from parlour.kit.ids import new_id

SOCKETS = 8
EACH = 10
REPLIES = 20


async def test_many_who_write_at_once_are_numbered_without_gaps(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    agent = await ana.socket(project)
    visitor = await parlour.visitor(project)
    sockets = [await visitor.socket() for _ in range(SOCKETS)]
    conversation = (await sockets[0].send("First"))["message"]["conversation_id"]

    async def write(socket) -> list[int]:
        return [(await socket.send(f"{n}"))["message"]["seq"] for n in range(EACH)]

    async def reply() -> list[int]:
        answers = [await ana.reply(project, conversation, f"{n}") for n in range(REPLIES)]
        return [answer.json()["seq"] for answer in answers]

    numbers = await asyncio.gather(*(write(socket) for socket in sockets), reply())

    total = 1 + SOCKETS * EACH + REPLIES
    assert sorted(seq for one in numbers for seq in one) == list(range(2, total + 1))
    assert all(one == sorted(one) for one in numbers)
    for socket in (agent, sockets[0]):
        heard = await socket.heard("message.created", total)
        assert [event["data"]["message"]["seq"] for event in heard] == list(range(1, total + 1))
    places = [event["seq"] for event in agent.events]
    assert places == list(range(places[0], places[0] + len(places)))


async def test_messages_sent_without_waiting_keep_their_order(parlour: Parlour) -> None:
    project = await (await parlour.owner()).project()
    socket = await (await parlour.visitor(project)).socket()

    acks = await asyncio.gather(*(socket.send(str(n)) for n in range(50)))

    assert [(ack["message"]["text"], ack["message"]["seq"]) for ack in acks] == [
        (str(n), n + 1) for n in range(50)
    ]


async def test_a_reply_posted_twice_at_once_is_stored_once(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    socket = await (await parlour.visitor(project)).socket()
    conversation = (await socket.send("Hello?"))["message"]["conversation_id"]
    id = str(new_id())

    answers = await asyncio.gather(*(ana.reply(project, conversation, "Hi", id=id) for _ in "abcd"))
    other = await ana.reply(project, conversation, "Bye", id=id)

    assert all(answer.status_code in {200, 201} for answer in answers)
    assert {answer.json()["seq"] for answer in answers} == {2}
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")


async def test_a_page_of_messages_leads_to_the_older_ones(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    visitor = await parlour.visitor(project)
    socket = await visitor.socket()
    acks = await asyncio.gather(*(socket.send(str(n)) for n in range(7)))
    conversation = acks[0]["message"]["conversation_id"]
    path = f"/api/projects/{project}/conversations/{conversation}/messages"

    newest = (await ana.http.get(path, params={"limit": 3})).json()
    await socket.send("Meanwhile")
    cursor = newest["next_cursor"]
    older = (await ana.http.get(path, params={"limit": 3, "cursor": cursor})).json()
    own = await visitor.messages(limit=3, cursor=older["next_cursor"])

    pages = [[m["seq"] for m in page["items"]] for page in (newest, older, own)]
    assert pages == [[5, 6, 7], [2, 3, 4], [1]]
    assert own["next_cursor"] is None
