"""What members see of conversations, and what they do to them."""

import asyncio
from typing import Any

import pytest
from limits import parse
from tests.parlour import Agent, Parlour, Socket, until

from parlour.kit.ids import new_id


async def begin(parlour: Parlour) -> tuple[Agent, str, Socket, str, str]:
    """Let a visitor write: the agent, project, visitor's socket, conversation and its path."""
    ana = await parlour.owner()
    project = await ana.project()
    socket = await (await parlour.visitor(project)).socket()
    conversation = (await socket.send("Hello?"))["message"]["conversation_id"]
    path = f"/api/projects/{project}/conversations/{conversation}"
    return ana, project, socket, conversation, path


async def test_a_resolved_conversation_opens_again_when_the_visitor_writes(
    parlour: Parlour,
) -> None:
    ana, _, socket, _, path = await begin(parlour)
    await ana.http.patch(path, json={"status": "resolved"})

    ack = await socket.send("One more thing")

    detail = (await ana.http.get(path)).json()
    assert ack["message"]["seq"] == 2
    assert detail["status"] == "open"
    assert detail["unread"] == 2
    assert detail["waiting_since"] is not None


async def test_spam_stays_spam_whatever_its_visitor_writes(parlour: Parlour) -> None:
    ana, _, socket, _, path = await begin(parlour)
    before = (await ana.http.patch(path, json={"status": "spam"})).json()

    ack = await socket.send("Buy!")

    after = (await ana.http.get(path)).json()
    assert ack["ok"]
    assert (after["status"], after["waiting_since"]) == ("spam", None)
    assert after["unread"] == before["unread"]
    assert after["last_message_seq"] == 2


@pytest.mark.parametrize("status", ["pending", "resolved", "spam"])
async def test_a_change_of_status_reaches_the_other_members(parlour: Parlour, status: str) -> None:
    ana, project, _, conversation, path = await begin(parlour)
    other = await ana.socket(project)

    answer = await ana.http.patch(path, json={"status": status})
    await ana.http.patch(path, json={"status": status})
    await ana.reply(project, conversation, "Done")

    await other.heard("message.created", 1)
    await until(lambda: other.of("message.created")[-1]["data"]["message"]["text"] == "Done")
    (event,) = other.of("conversation.updated")
    assert event["data"]["conversation"] == answer.json()
    assert answer.json()["status"] == status
    assert answer.json()["waiting_since"] is None
    listed = await ana.http.get(f"/api/projects/{project}/conversations", params={"status": status})
    assert [item["id"] for item in listed.json()["items"]] == [conversation]
    left = await ana.http.get(f"/api/projects/{project}/conversations")
    assert left.json()["items"] == []


async def test_reading_moves_the_mark_forward_only(parlour: Parlour) -> None:
    ana, project, socket, _, path = await begin(parlour)
    await socket.send("Two")
    await socket.send("Three")
    other = await ana.socket(project)

    unread = [
        (await ana.http.post(f"{path}/read", json={"seq": seq})).json()["unread"]
        for seq in (2, 1, 0, 1_000_000)
    ]

    assert unread == [1, 1, 1, 0]
    heard = await other.heard("conversation.updated", 2)
    assert [event["data"]["conversation"]["unread"] for event in heard] == [1, 0]


async def test_the_visitor_waits_from_their_first_unanswered_message(parlour: Parlour) -> None:
    ana, project, socket, conversation, path = await begin(parlour)
    first = (await ana.http.get(path)).json()["waiting_since"]
    await socket.send("Anybody?")
    still = (await ana.http.get(path)).json()

    await ana.reply(project, conversation, "Here!")
    answered = (await ana.http.get(path)).json()
    later = (await socket.send("Thanks"))["message"]["created_at"]

    assert (still["waiting_since"], still["unread"]) == (first, 2)
    assert (answered["waiting_since"], answered["unread"]) == (None, 0)
    assert answered["snippet_author"] == "member"
    assert (await ana.http.get(path)).json()["waiting_since"] == later


async def test_pages_neither_repeat_nor_skip_while_messages_arrive(parlour: Parlour) -> None:
    ana = await parlour.owner()
    project = await ana.project()
    sockets = [await (await parlour.visitor(project)).socket() for _ in range(7)]
    ids = [(await socket.send("Hello?"))["message"]["conversation_id"] for socket in sockets]
    path = f"/api/projects/{project}/conversations"

    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await ana.http.get(path, params=query)).json()
        seen += [item["id"] for item in page["items"]]
        if not page["next_cursor"]:
            break
        query["cursor"] = page["next_cursor"]
        await sockets[-1].send("Me again")  # the first of the list: already seen

    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "lost"}, "status"),
    ],
)
async def test_a_senseless_query_is_refused_by_its_field(
    parlour: Parlour, query: dict[str, Any], field: str
) -> None:
    ana = await parlour.owner()
    project = await ana.project()

    answer = await ana.http.get(f"/api/projects/{project}/conversations", params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_what_comes_after_an_answer_is_exactly_the_rest(parlour: Parlour) -> None:
    ana, project, socket, conversation, path = await begin(parlour)
    agent = await ana.socket(project)
    await ana.reply(project, conversation, "Known")
    await agent.heard("message.created")
    base = f"/api/projects/{project}/conversations"
    seqs = [(await ana.http.get(p)).json()["seq"] for p in (base, path, f"{path}/messages")]

    await socket.send("Rest 1")
    await ana.http.patch(path, json={"status": "pending"})
    await agent.heard("conversation.updated")

    for seq in seqs:
        rest = await agent.ask("log.after", {"project_id": project, "seq": seq})
        assert [event["type"] for event in rest["events"]] == [
            "message.created",
            "conversation.updated",
        ]
        assert rest["seq"] == rest["events"][-1]["seq"]


async def test_another_projects_conversation_looks_like_none_at_all(parlour: Parlour) -> None:
    ana, project, _, conversation, _ = await begin(parlour)
    other = await ana.project("Other")
    for tail, send in (("", {"status": "spam"}), ("/read", {"seq": 1}), ("/messages", None)):
        answers = []
        for id in (conversation, str(new_id())):
            path = f"/api/projects/{other}/conversations/{id}{tail}"
            if tail == "":
                answers.append(await ana.http.patch(path, json=send))
            elif send:
                answers.append(await ana.http.post(path, json=send))
            else:
                answers.append(await ana.http.get(path))
        foreign, missing = answers
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content
    reply = await ana.reply(other, conversation, "Lost")
    assert reply.status_code == 404
    assert project != other


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001, "NUL \x00 inside", "a\x00"])
async def test_a_reply_that_is_no_text_is_refused(parlour: Parlour, text: str) -> None:
    ana, project, _, conversation, _ = await begin(parlour)

    answer = await ana.reply(project, conversation, text)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_members_who_write_too_often_are_told_when_to_go_on(parlour: Parlour) -> None:
    ana, project, _, conversation, _ = await begin(parlour)

    strict = parlour.settings.model_copy(update={"agent_message_rate": parse("2/1 minute")})
    async with Parlour(strict) as other:
        ana.http.base_url = other.url
        token = parlour.sign_again(ana.token, iss=strict.origin, aud=strict.origin)
        ana.http.headers["Authorization"] = f"Bearer {token}"
        answers = await asyncio.gather(*(ana.reply(project, conversation, "Hi") for _ in "abc"))

    (late,) = [answer for answer in answers if answer.status_code != 201]
    assert (late.status_code, late.json()["code"]) == (429, "rate_limited")
    assert int(late.headers["Retry-After"]) > 0
