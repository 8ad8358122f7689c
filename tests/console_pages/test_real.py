"""The pages of a real application in processes: a browser, the console behind it, and services that come and go."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from atoll.adapters.processes import free_port
from atoll.console import address, login_link
from atoll.console.guarding import CSRF
from atoll.console.sessions import Role
from tests.console_pages.opening import serious
from tests.patience import PATIENCE_S
from tests.topology.processes import supervised_program

PLACE = "tests.console.conftest:OFFICE"
PATIENCE_MS = 30_000

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A console whose address stays over a restart."""
    file = tmp_path / "office.toml"
    file.write_text(f"[gateway]\nport = 0\n[console]\nport = {free_port('console')}\n", encoding="utf-8")
    return file


@contextmanager
def looking(browser: Browser, state: Path, role: Role = "operator", **options: Any) -> Generator[Page]:  # Any: options
    """A browser of somebody who has used a link; afterwards no script may have failed."""
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    amiss: list[str] = []
    page.on("pageerror", lambda error: amiss.append(str(error)))
    link = login_link(state, role=role)
    assert link is not None
    page.goto(link)
    page.locator("main h1").first.wait_for()
    yield page
    context.close()
    assert not amiss, "\n".join(amiss)


class Import:
    """Letters that are sent one after the other until it is left, through the console's API, on a thread of its own."""

    def __init__(self, state: Path) -> None:
        self.sent: list[int] = []
        self._state = state
        self._is_enough = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_enough.set()
        self._thread.join()

    async def _send(self) -> None:
        async with httpx.AsyncClient(base_url=address(self._state) or "", timeout=PATIENCE_S) as http:
            await http.get(login_link(self._state) or "")
            csrf = (await http.get("/api/session")).json()["csrf"]
            for number in itertools.count(1):
                if self._is_enough.is_set():
                    return
                sent = {"query": {"address": f"a{number}", "number": str(number)}}
                answer = await http.post("/api/services/post/operations/send/call", json=sent, headers={CSRF: csrf})
                assert answer.json()["status"] == 204, answer.text
                self.sent.append(number)
                await asyncio.sleep(0.05)


def tried(page: Page, operation: str, body: str = "{}") -> Any:  # Any: JSON
    """What an operation answers that is tried by the page's own means."""
    return page.evaluate(
        """async ([operation, body]) => {
            const {csrf} = await (await fetch("/api/session")).json()
            const headers = {"content-type": "application/json", "x-atoll-csrf": csrf}
            const [service, name] = operation.split(".")
            const path = `/api/services/${service}/operations/${name}/call`
            return (await fetch(path, {method: "POST", headers, body})).json()
        }""",
        [operation, body],
    )


def eventually(page: Page, ask: Callable[[], bool]) -> None:
    """Wait until something is so."""
    for _ in range(PATIENCE_MS // 200):
        if ask():
            return
        page.wait_for_timeout(200)
    pytest.fail("it did not become so")


def test_a_service_is_stopped_and_started_from_the_map_while_letters_come_in(
    browser: Browser, tmp_path: Path, settings: Path
) -> None:
    """The rest goes on, the backlog grows and drains, the count is whole; a second viewer sees the same."""
    state = tmp_path / "state"
    with supervised_program(state, "--config", str(settings), app=PLACE), looking(browser, state) as page:
        with looking(browser, state, role="viewer") as viewer, Import(state) as letters:
            page.goto(f"{address(state)}/?at=archive")
            page.get_by_role("button", name="Stop…").click()
            page.get_by_role("button", name="Stop archive").click()
            expect(page.locator(".node.stopped")).to_contain_text("archive")
            expect(viewer.locator(".node.stopped")).to_contain_text("archive")
            expect(page.locator(".svelte-flow__edges")).to_contain_text("waiting")
            viewer.goto(f"{address(state)}/?at=archive")
            expect(viewer.get_by_role("button", name="Start")).to_be_disabled()
            page.get_by_role("button", name="Start").first.click()
            page.get_by_role("dialog").get_by_role("button", name="Start").click()
            expect(page.locator(".node.stopped")).to_have_count(0)
        eventually(page, lambda: len(tried(page, "archive.letters")["body"]) == len(letters.sent))
        kept = sorted(number for _, number in tried(page, "archive.letters")["body"])
        page.goto(f"{address(state)}/audit")
        expect(page.get_by_role("row", name="stop").first).to_contain_text("archive")
        expect(page.get_by_text("done", exact=True)).to_have_count(2)
        expect(page.get_by_text("✕")).to_have_count(0)

    assert kept == letters.sent == list(range(1, len(letters.sent) + 1))


def test_every_page_shows_what_happened_and_a_dead_letter_is_mended(
    browser: Browser, tmp_path: Path, settings: Path
) -> None:
    """Nothing serious for axe, no script that fails; hostile text stays text; replayed once it was mended."""
    state = tmp_path / "state"
    hostile = "<img src=x onerror=alert(1)>"
    with supervised_program(state, "--config", str(settings), app=PLACE):
        with looking(browser, state, bypass_csp=True, reduced_motion="reduce") as page:  # axe is injected as text
            page.on("dialog", lambda _: pytest.fail("a text was run as a script"))
            for receiver, number in (("ada", 1), (hostile, -1), (hostile, 2)):
                sent = {"query": {"address": receiver, "number": str(number)}}
                assert tried(page, "post.send", str(sent).replace("'", '"'))["status"] == 204
            page.goto(f"{address(state)}/events")
            expect(page.get_by_role("button", name="post.letter_sent.v1").first).to_be_visible()
            found = "fetch('/api/traces?failed=1').then(found => found.json())"
            eventually(page, lambda: bool(page.evaluate(found)["traces"]))  # who collects looks a few times a second
            (failed, *_) = page.evaluate(found)["traces"]
            trace = f"/traces/{failed['trace_id']}"
            for path in (
                "/",
                "/services",
                "/services/archive",
                "/traces",
                trace,
                "/logs",
                "/story/ada",
            ):
                page.goto(f"{address(state)}{path}")
                page.locator("main h1").first.wait_for()
                page.get_by_text("Connected").wait_for()
                assert serious(page) == [], path
            page.goto(f"{address(state)}/story/{hostile.replace('<', '%3C').replace('>', '%3E').replace(' ', '%20')}")
            expect(page.locator("main h1")).to_contain_text(hostile)
        with looking(browser, state) as page:
            assert tried(page, "archive.mend")["status"] == 204
            page.goto(f"{address(state)}/events")
            page.get_by_role("button", name="post.letter_sent.v1").first.click()
            page.get_by_role("button", name="Replay…").click()
            page.get_by_role("button", name="Replay 1").click()
            expect(page.get_by_role("dialog")).to_have_count(0)
            eventually(page, lambda: [hostile, 2] in tried(page, "archive.letters")["body"])


def test_a_page_goes_on_over_a_restart_of_the_application(browser: Browser, tmp_path: Path, settings: Path) -> None:
    """It says that the connection is lost, finds it again by itself, and whoever was logged in still is."""
    state = tmp_path / "state"
    arguments = ("--config", str(settings))
    with supervised_program(state, *arguments, app=PLACE) as program:
        context = looking(browser, state)
        page = context.__enter__()
        expect(page.locator(".node", has_text="archive")).to_be_visible()
        tried(page, "post.send", '{"query": {"address": "before", "number": "1"}}')
        program.process.terminate()
        program.code()
        expect(page.get_by_text("Connected")).to_have_count(0)
    with supervised_program(state, *arguments, app=PLACE):
        expect(page.get_by_text("Connected")).to_be_visible()
        page.goto(f"{address(state)}/story/before")
        expect(page.locator("main")).to_contain_text("Letter sent")
        page.goto(f"{address(state)}/traces")
        expect(page.locator("main")).to_contain_text("post.send")
        context.__exit__(None, None, None)
