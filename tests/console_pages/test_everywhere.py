"""What holds for every page: keyboard, contrast, hostile texts, lost connections, and how much is loaded."""

import re
from typing import TypeAlias

import pytest
from playwright.sync_api import Locator, expect

from tests.console_pages import sample
from tests.console_pages.opening import Opening, serious
from tests.console_pages.server import Console, packed_bytes
from tests.house.checkout import ROOT

JsonPart: TypeAlias = "dict[str, JsonPart] | list[JsonPart] | str | float | bool | None"

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADDRESSES = (
    "/", "/?at=enrichment", "/?view=table", "/services", "/services/capture",
    "/services/capture?tab=operations&operation=take_in", "/services/capture?tab=events",
    "/services/capture?tab=recent",
    "/traces", f"/traces/{sample.TRACE}?view=graph&span=0000000000000007", "/logs", "/events",
    "/events?view=subscriptions", f"/events?view=key&key={sample.KEY}", f"/story/{sample.KEY}", "/story", "/audit",
    "/nowhere",
)  # fmt: skip
ATTACK = '<img src=x onerror="window.hit=1">\'><script>window.hit=1</script>{@html 1}'
SIZE_MAX = 200_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way(opened: Opening, console: Console, scheme: str) -> None:
    """Axe finds nothing serious on any page: contrast, names, roles, scrolling."""
    page = opened(color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")  # axe is injected as text
    found: dict[str, list[str]] = {}
    for address in ADDRESSES[::2] if scheme == "light" else ADDRESSES[1::2]:  # each in one of them
        page.goto(console.origin + address)
        page.locator("main h1").first.wait_for()
        if address.startswith("/?at") or address == "/":
            page.locator(".node.down").wait_for()
        found[address] = serious(page)

    assert not any(found.values()), "\n".join(f"{where} {what}" for where, all_ in found.items() for what in all_)


def test_what_scrolls_on_a_phone_is_reached_by_keyboard(opened: Opening, console: Console) -> None:
    """Not every browser goes by itself to a place that scrolls, and tables are wider than a phone."""
    page = opened(bypass_csp=True, reduced_motion="reduce")
    page.set_viewport_size({"width": 400, "height": 800})
    found: dict[str, list[str]] = {}
    for address in ("/?view=table", "/services/capture", "/services/capture?tab=events", "/events", "/audit"):
        page.goto(console.origin + address)
        page.locator("main h1").first.wait_for()
        page.locator("main table").first.wait_for()
        if address == "/events":
            page.locator("main tbody button").first.click()
            page.locator("pre.json").first.wait_for()
        found[address] = [each for each in serious(page) if each.startswith("scrollable")]

    assert not any(found.values()), "\n".join(f"{where} {what}" for where, all_ in found.items() for what in all_)


def test_hostile_texts_are_texts(opened: Opening, console: Console) -> None:
    """Whatever services, events, logs and people say is shown, never run."""
    console.twist = _hostile
    page = opened()
    for address in (*ADDRESSES[::2], "/story", "/services/capture"):
        page.goto(console.origin + address)
        page.locator("main h1").first.wait_for()
        if address == "/":
            page.locator(".node").first.wait_for()

    assert page.evaluate("window.hit") is None
    page.goto(console.origin + "/logs")
    expect(page.locator(".line").first).to_contain_text("<script>")
    assert page.locator("main img, main script").count() == 0


def _hostile(answer: JsonPart, name: str = "") -> JsonPart:
    """The same, with an attack in every text that people or services write."""
    free = {
        "message", "error", "description", "owner", "reasons", "key", "subject", "detail", "actor", "payload", "logger",
        "more", "body", "title", "version", "met", "degraded", "said", "outcome", "user", "application", "degrades_to",
    }  # fmt: skip
    if isinstance(answer, dict):
        return {each: _hostile(value, each) for each, value in answer.items()}
    if isinstance(answer, list):
        return [_hostile(each, name) for each in answer]
    return f"{answer} {ATTACK}" if isinstance(answer, str) and name in free else answer


def test_the_policy_holds_without_exceptions(opened: Opening, console: Console) -> None:
    """No inline script or style, no text made into elements: what breaks the policy is an error of the console."""
    page = opened("/?at=scoring")

    page.locator(".uplot canvas").wait_for()
    for source in (ROOT / "console/src").rglob("*.*"):
        assert "innerHTML" not in (text := source.read_text(encoding="utf-8")), source.name
        assert "{@html" not in text, source.name


def test_a_keyboard_is_enough(opened: Opening, console: Console) -> None:
    """From the skip link to a service, by the palette, and back to the map's first service."""
    page = opened()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    page.keyboard.type("scor")
    expect(page.get_by_role("option").first).to_contain_text("scoring")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console.origin}/services/scoring")
    page.go_back()
    page.locator(".node .name").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("aside")).to_be_visible()


def test_the_palette_knows_traces_and_keys(opened: Opening, console: Console) -> None:
    """What is typed whole is gone to; Escape closes."""
    page = opened("/audit")

    page.get_by_role("button", name="Go to…").click()
    page.keyboard.type(sample.TRACE)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console.origin}/traces/{sample.TRACE}")
    page.keyboard.press("Control+k")
    page.keyboard.type(sample.KEY)
    page.get_by_role("option", name=f"Story of {sample.KEY}").click()
    expect(page).to_have_url(f"{console.origin}/story/{sample.KEY}")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_lost_connection_is_said_and_found_again(opened: Opening, console: Console) -> None:
    """What is on the page stays there meanwhile."""
    page = opened()
    page.locator(".node.down").wait_for()

    console.is_lost = True
    expect(page.get_by_text("Connection lost")).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 800})
    expect(page.get_by_role("alert")).to_contain_text("What stands here is how it was at")  # the lamp has no word now
    expect(page.locator(".node.down")).to_be_visible()
    console.is_lost = False
    expect(page.get_by_role("alert")).to_have_count(0)
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.get_by_text("Connected")).to_be_visible()


def test_who_is_not_logged_in_reads_how(opened: Opening, console: Console) -> None:
    """The command is named; afterwards the page goes on."""
    console.is_logged_in = False
    page = opened("/traces")

    expect(page.get_by_text("atoll console")).to_be_visible()


def test_dark_and_light_are_remembered(opened: Opening) -> None:
    """The system's choice, until the reader makes another one."""
    page = opened("/audit", color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)

    page.get_by_role("button", name="Light").click()

    assert page.evaluate(ground) != dark
    page.reload()
    expect(page.get_by_role("button", name="Dark")).to_be_visible()


def test_nothing_is_asked_while_nobody_looks(opened: Opening, console: Console) -> None:
    """A hidden tab costs nothing; shown again, it asks at once."""
    page = opened()
    page.locator(".node.down").wait_for()
    hide = (
        "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )

    page.evaluate(hide % "true")
    page.wait_for_timeout(700)  # what was under way comes home
    before = len(console.asked)
    page.wait_for_timeout(1200)
    assert len(console.asked) == before
    with page.expect_response("**/api/map"):
        page.evaluate(hide % "false")


def test_empty_pages_name_the_next_command(opened: Opening, console: Console) -> None:
    """Nothing to show is said, with what changes that."""
    console.twist = _emptied
    page = opened()
    for address, command in [
        ("/", "atoll run"),
        ("/traces", "atoll call"),
        ("/logs", "atoll logs"),
        ("/audit", "atoll scale"),
    ]:
        page.goto(console.origin + address)
        expect(page.locator(".empty code")).to_contain_text(command)


def test_the_example_of_a_command_is_about_a_service_that_is_there(opened: Opening, console: Console) -> None:
    """Whoever copies it has done something."""
    console.twist = lambda answer: answer | {"deeds": []} if "deeds" in answer else answer

    page = opened("/audit")

    expect(page.locator(".empty code")).to_have_text(re.compile(rf"^atoll scale ({'|'.join(sample.SERVICES)})=2$"))


def test_a_long_name_of_an_owner_is_read_whole(opened: Opening, console: Console) -> None:
    """It says whom to ask, and a team's name has no end that could be guessed."""
    owner = "revenue-operations-and-data-quality"
    console.twist = lambda answer: answer | {"owner": owner} if "owner" in answer else answer

    page = opened("/services/capture")
    shown = page.locator(".sums dd", has_text=owner)

    expect(shown).to_be_visible()
    assert shown.evaluate("it => it.scrollWidth <= it.clientWidth")


def _emptied(answer: dict[str, JsonPart]) -> dict[str, JsonPart]:
    return {name: [] if isinstance(part, list) else part for name, part in answer.items()}


def test_a_phone_shows_what_matters(opened: Opening, console: Console) -> None:
    """The map as a table, what was logged and by whom, a bar's own place, and words that are not squeezed."""
    console.twist = _without_service
    page = opened("/audit")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{console.origin}/logs")
    line = page.locator(".line").first

    assert all(_width(part) > 60 for part in (line.locator(".service"), line.locator(".message")))
    expect(line.locator(".service")).to_contain_text("-0")
    page.goto(f"{console.origin}/traces/{sample.TRACE}")
    assert _width(page.locator(".lane").first) > 90
    page.goto(f"{console.origin}/services/capture")
    assert _width(page.locator(".head > div").first) > 250
    page.goto(f"{console.origin}/")
    expect(page.locator("main table").first).to_be_visible()
    page.get_by_role("button", name="Table").click()
    page.locator(".node.down").wait_for()


@pytest.mark.parametrize("width", [390, 1440])
def test_no_duration_stands_on_a_name(opened: Opening, console: Console, width: int) -> None:
    """However deep a span lies, and however much of the trace it takes."""
    page = opened("/audit")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{console.origin}/traces/{sample.LONG}")
    page.locator(".row .took").first.wait_for()

    overlaps = page.evaluate(
        """() => [...document.querySelectorAll('.row')].filter(row => {
            const name = row.querySelector('.name'), took = row.querySelector('.took');
            return name.scrollWidth > name.clientWidth && getComputedStyle(name).overflowX === 'visible'
                || took && took.getBoundingClientRect().left < name.getBoundingClientRect().right - 1;
        }).map(row => row.innerText)"""
    )
    assert overlaps == []


def _width(element: Locator) -> float:
    box = element.bounding_box()
    return box["width"] if box else 0.0


def _without_service(answer: dict[str, JsonPart]) -> dict[str, JsonPart]:
    """Lines of processes that were at nobody's work."""
    lines = answer.get("lines")
    if not isinstance(lines, list):
        return answer
    nobodys: list[JsonPart] = [{**one, "service": ""} for one in lines if isinstance(one, dict)]
    return {**answer, "lines": nobodys}


def test_the_pages_are_small() -> None:
    """All that a browser ever loads, compressed."""
    assert packed_bytes() < SIZE_MAX
