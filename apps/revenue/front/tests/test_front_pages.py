"""The front page in a real chromium: a lead is sent by the form and followed to its owner, and a link is used."""

import asyncio
import shutil
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Self

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from revenue.front.tests.fronted import fronted
from tests.console_pages.opening import CHROMIUM, QUIET, serious
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 30_000


class Served:
    """The application on a loop of its own, as long as the block lasts: a browser that waits would hold its loop up."""

    def __init__(self) -> None:
        self.url = ""
        self.accept_path = Queue[str]()
        self._begun = Queue[str]()
        self._stop: asyncio.Event | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._run()))

    def __enter__(self) -> Self:
        self._thread.start()
        self.url = self._begun.get(timeout=PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        async with fronted() as front:
            self._begun.put(front.url)
            await front.told.is_asked.wait()
            self.accept_path.put(await front.accept_path())
            await self._stop.wait()


@pytest.fixture
def served() -> Iterator[Served]:
    """The front page, and everything behind it."""
    with Served() as it:
        yield it


@pytest.fixture
def context(served: Served) -> Iterator[BrowserContext]:
    """A browser in which no script may fail and nothing may be asked of anybody else."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.fail(f"none of {', '.join(CHROMIUM)} is on the PATH: run `make chromium`")
    amiss: list[str] = []
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)  # axe is injected
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: amiss.append(str(error.error)))
        context.on("console", lambda message: amiss.append(message.text) if message.type == "error" else None)
        context.on("request", lambda call: None if call.url.startswith(served.url) else amiss.append(call.url))
        yield context
        context.close()
        browser.close()
    assert [
        each for each in amiss if "the server responded with a status of" not in each
    ] == []  # one that was asked for


def looked_at(page: Page, name: str) -> None:
    """Nothing serious stands in the way, in light and in darkness, on a desk and on a telephone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert serious(page) == [], (name, scheme, width)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)


def test_a_lead_is_sent_by_the_form_and_followed_to_its_owner(served: Served, context: BrowserContext) -> None:
    """What is wrong is said with the form; the story grows by itself; the link in the message accepts by its button."""
    page = context.new_page()
    page.goto(served.url)
    looked_at(page, "form")
    page.get_by_label("What you do there").fill("CTO")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("What you do there")).to_have_value("CTO")
    looked_at(page, "form with a mistake")

    page.get_by_label("What you do there").fill("C" + "T" * 300 + "O")
    page.get_by_label("First name").fill("Ada")
    page.get_by_label("Last name").fill("Lovelace")
    page.get_by_label("E-mail").fill("ada@acme.de")
    page.get_by_label("Company").fill("<b>Acme</b>" + "A" * 200)
    page.get_by_label("You may contact me").check()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Ada Lovelace, <b>Acme</b>" + "A" * 200)
    expect(page.get_by_text("Ann, new")).to_be_visible()
    expect(page.get_by_role("img", name="done")).to_have_count(5)
    expect(page.get_by_role("link", name="Everything that happened to it")).to_be_visible()
    looked_at(page, "story")

    page.goto(served.url + served.accept_path.get(timeout=PATIENCE_S))
    looked_at(page, "link")
    page.get_by_role("button", name="Accept it").click()
    expect(page.get_by_text("Accepted by ann")).to_be_visible()
    looked_at(page, "accepted")
    page.go_back()
    page.goto(f"{served.url}/accept/forged")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
    looked_at(page, "not found")
