"""Two browsers and one real Parlour: every process as ``parlour up`` starts it."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    async_playwright,
    expect,
)

from tests.parlour import PASSWORD, until

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Running:
    """A Parlour in processes of its own."""

    url: str
    process: subprocess.Popen[bytes]

    def child(self, name: str) -> psutil.Process | None:
        """Find a program that ``parlour up`` keeps running."""
        for process in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if name == process.name().removesuffix("-server") or name in process.cmdline():
                    return process
        return None

    def kill(self, name: str) -> int:
        """Kill a program at once, as a crash would; return its pid."""
        process = self.child(name)
        assert process, f"{name} does not run"
        process.kill()
        return process.pid

    async def back(self, name: str, pid: int) -> None:
        """Wait until a killed program has been started again."""
        await until(lambda: (found := self.child(name)) and found.pid != pid, 30)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """``parlour up`` on a port and a data folder of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "parlour", "up", "--port", str(port), "--data", str(tmp_path / "d")],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://localhost:{port}"
    try:
        async with httpx.AsyncClient() as http:

            async def is_healthy() -> bool:
                assert process.poll() is None, (tmp_path / "up.log").read_text()
                try:
                    return (await http.get(f"{url}/api/health")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(is_healthy, 90)
        yield Running(url, process)
    finally:
        process.terminate()
        process.wait(60)
        log.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is."""
    found = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail("No Chromium: install the package `chromium`, or set CHROMIUM_PATH.")
    return found


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A Chromium without windows."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def people(browser: Browser, running: Running) -> AsyncIterator["People"]:
    """Whoever takes part, each in a browser profile of their own."""
    found = People(browser, running)
    yield found
    await found.leave()


class People:
    """Opens browser profiles, and collects what goes wrong in them."""

    def __init__(self, browser: Browser, running: Running) -> None:
        self._browser = browser
        self._running = running
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    async def page(self, **options: Any) -> Page:
        """Open a page in a new profile."""
        context = await self._browser.new_context(
            viewport={"width": 1440, "height": 900}, base_url=self._running.url, **options
        )
        context.set_default_timeout(15_000)
        self._contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def leave(self) -> None:
        """Close every profile."""
        for context in self._contexts:
            await context.close()


async def set_up(page: Page) -> str:
    """Create the first account and a project in the browser; return the project's id."""
    await page.goto("/")
    await page.get_by_label("Your name").fill("Ana")
    await page.get_by_label("E-mail").fill("ana@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_label("Name", exact=True).fill("Fernwood")
    await page.get_by_role("button", name="Create project").click()
    await page.wait_for_url("**/install")
    return page.url.split("/p/")[1].split("/")[0]


async def sign_in(page: Page, email: str) -> None:
    """Sign somebody in in the browser."""
    await page.goto("/")
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


async def open_inbox(page: Page, project: str) -> None:
    """Go to a project's inbox."""
    await page.goto(f"/app/p/{project}")
    await expect(page.get_by_role("region", name="Conversations")).to_be_visible()


async def open_chat(page: Page, project: str) -> None:
    """Open the widget on the demo page."""
    await page.goto(f"/demo?project={project}")
    await page.get_by_role("button", name="Open chat").click()
    await expect(page.get_by_role("textbox", name="Message")).to_be_visible()


async def write(page: Page, text: str) -> None:
    """Send a message from the widget."""
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.get_by_role("button", name="Send message").click()


async def reply(page: Page, text: str) -> None:
    """Send a reply from the dashboard's open conversation."""
    box = page.get_by_role("textbox", name="Message to")
    await box.fill(text)
    await box.press("Enter")


def said(page: Page, text: str) -> Locator:
    """What was said, as it stands in the widget's or the dashboard's thread."""
    return page.get_by_role("log").get_by_text(re.compile(f"{re.escape(text)}$"))
