"""A visitor and an agent talk, each in a browser, over real processes that may be killed."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import (
    People,
    Running,
    open_chat,
    open_inbox,
    reply,
    said,
    set_up,
    sign_in,
    write,
)
from tests.parlour import PASSWORD

expect.set_options(timeout=20_000)


async def see_once(page: Page, text: str) -> None:
    """Expect a message to be in a thread, once."""
    await expect(said(page, text)).to_have_count(1)


async def order_of(page: Page, texts: list[str]) -> list[str]:
    """Return which of the texts stand in a thread, from top to bottom."""
    boxes = [(await said(page, text).bounding_box(), text) for text in texts]
    return [text for _, text in sorted((box["y"], text) for box, text in boxes if box)]


async def open_first(agent: Page) -> None:
    """Open the conversation on top of the list."""
    await agent.locator("[data-row]").first.click()


async def test_both_sides_talk_and_every_word_survives_a_reload(people: People) -> None:
    agent, visitor = await people.page(), await people.page()
    project = await set_up(agent)
    await open_inbox(agent, project)
    await open_chat(visitor, project)

    await write(visitor, "Do you ship to Japan?")
    await open_first(agent)
    await see_once(agent, "Do you ship to Japan?")
    await reply(agent, "We do, in five days.")
    await see_once(visitor, "We do, in five days.")
    await write(visitor, "Wonderful!")
    await see_once(agent, "Wonderful!")

    for page in (agent, visitor):
        await page.reload()
        for text in ("Do you ship to Japan?", "We do, in five days.", "Wonderful!"):
            await see_once(page, text)
    assert people.complaints == []


async def test_two_visitors_and_two_agents_hear_their_own(
    people: People, running: Running, tmp_path: Path
) -> None:
    ana, ben = await people.page(), await people.page()
    project = await set_up(ana)
    create = [sys.executable, "-m", "parlour", "user", "create", "ben@example.com"]
    subprocess.run(
        [*create, "--name", "Ben", "--password", PASSWORD],
        check=True,
        env={"PARLOUR_DATA": str(tmp_path / "d"), "PATH": "/usr/bin:/bin"},
    )
    await ana.goto(f"/app/p/{project}/settings")
    await ana.get_by_label("Add a member by e-mail").fill("ben@example.com")
    await ana.get_by_role("button", name="Add member").click()
    await expect(ana.get_by_text("ben@example.com")).to_be_visible()
    await open_inbox(ana, project)
    await sign_in(ben, "ben@example.com")
    await expect(ben.get_by_role("region", name="Conversations")).to_be_visible()
    mia, leo = await people.page(), await people.page()
    await open_chat(mia, project)
    await open_chat(leo, project)

    await write(mia, "Mia was here")
    await write(leo, "Leo was here")

    for agent in (ana, ben):
        await expect(agent.locator("[data-row]")).to_have_count(2)
        await agent.locator("[data-row]").filter(has_text="Mia was here").click()
        await see_once(agent, "Mia was here")
    await reply(ben, "Hello Mia")
    await see_once(mia, "Hello Mia")
    await see_once(ana, "Hello Mia")
    await expect(said(leo, "Hello Mia")).to_have_count(0)
    await expect(said(leo, "Leo was here")).to_have_count(1)
    assert people.complaints == []


async def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    people: People, running: Running
) -> None:
    agent, visitor = await people.page(), await people.page()
    project = await set_up(agent)
    await open_inbox(agent, project)
    await open_chat(visitor, project)
    texts = [f"Message {number}" for number in range(1, 9)]
    await write(visitor, texts[0])
    await open_first(agent)
    await see_once(agent, texts[0])

    for text in texts[1:4]:
        await write(visitor, text)
    pid = running.kill("worker")
    for text in texts[4:]:
        await write(visitor, text)
    await running.back("worker", pid)

    for page in (agent, visitor):
        for text in texts:
            await see_once(page, text)
        assert await order_of(page, texts) == texts
    await expect(visitor.locator('[data-state="sending"]')).to_have_count(0)
    assert people.complaints == []


async def test_a_killed_server_loses_nothing_even_with_a_reload_in_the_middle(
    people: People, running: Running
) -> None:
    agent, visitor = await people.page(), await people.page()
    project = await set_up(agent)
    await open_inbox(agent, project)
    await open_chat(visitor, project)
    await write(visitor, "Before")
    await open_first(agent)
    await see_once(agent, "Before")

    pid = running.kill("serve")
    await write(visitor, "Meanwhile")
    await reply(agent, "I am still typing")
    await running.back("serve", pid)

    for text in ("Before", "Meanwhile", "I am still typing"):
        await see_once(agent, text)
        await see_once(visitor, text)
    await visitor.reload()
    for text in ("Before", "Meanwhile", "I am still typing"):
        await see_once(visitor, text)


async def test_a_message_written_offline_is_sent_after_a_reload(people: People) -> None:
    agent, visitor = await people.page(), await people.page()
    project = await set_up(agent)
    await open_inbox(agent, project)
    await open_chat(visitor, project)
    await write(visitor, "First")
    await open_first(agent)
    await see_once(agent, "First")

    await visitor.context.set_offline(True)
    await write(visitor, "Written in a tunnel")
    await expect(visitor.locator('[data-state="sending"]')).to_have_count(1)
    await visitor.context.set_offline(False)
    await visitor.reload()

    await see_once(visitor, "Written in a tunnel")
    await see_once(agent, "Written in a tunnel")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_inbox_and_the_widget_are_accessible(people: People, scheme: str) -> None:
    axe = Path("node_modules/axe-core/axe.min.js").read_text()
    agent = await people.page(color_scheme=scheme)
    visitor = await people.page(color_scheme=scheme)
    project = await set_up(agent)
    await open_inbox(agent, project)
    await open_chat(visitor, project)
    await write(visitor, "Is there anybody?")
    await open_first(agent)
    await see_once(agent, "Is there anybody?")

    for page, root in ((agent, "document"), (visitor, "{include: [['parlour-chat']]}")):
        await page.evaluate(axe)
        found = await page.evaluate(f"axe.run({root}, {{resultTypes: ['violations']}})")
        problems = [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]]
        assert problems == []
