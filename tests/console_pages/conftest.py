"""The invented application, and a browser that looks at it."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.console_pages.opening import CHROMIUM, QUIET, Opening
from tests.console_pages.server import PAGES, Console, served

expect.set_options(timeout=20_000)  # a machine that does much else beside it


@pytest.fixture
def console() -> Iterator[Console]:
    if not (PAGES / "index.html").is_file():
        pytest.fail("the console's pages are not built: run `make pages`")
    with served(Console()) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.fail(f"none of {', '.join(CHROMIUM)} is on the PATH: run `make chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser, console: Console) -> Iterator[Opening]:
    """Opens an address in a browser of its own; afterwards nothing may have gone amiss."""
    contexts: list[BrowserContext] = []
    amiss: list[str] = []

    def note(kind: str, what: str) -> None:
        if "the server responded with a status of" not in what:  # an answer that a test asked for
            amiss.append(f"{kind}: {what}")

    def open_page(address: str = "/", **options: Any) -> Page:  # Any: what a browser context can be told
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: note(message.type, message.text))
        page.on("pageerror", lambda error: note("error", str(error)))
        page.on("request", lambda call: None if call.url.startswith(console.origin) else note("request", call.url))
        page.goto(console.origin + address)
        page.locator("main h1").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not amiss, "\n".join(amiss)
