"""Services, traces, logs, stories and the audit: what is shown of them, also when there is much."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console_pages import sample
from tests.console_pages.opening import Opening
from tests.console_pages.server import Console

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_services_that_need_somebody_come_first(opened: Opening) -> None:
    """Down, then degraded; the filters are in the address."""
    page = opened("/services")

    expect(page.locator("tbody tr").first).to_contain_text("vendors")
    page.get_by_label("Name or owner").fill("sales")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page).to_have_url(page.url.split("?")[0] + "?text=sales")


def test_a_service_tells_what_it_promises_and_whom_it_needs(opened: Opening) -> None:
    """Owner, version, figures, dependencies with what is done without them, processes."""
    page = opened("/services/enrichment")

    for said in (
        "data",
        "p99 is 2.4 s, above 1 s",
        "nobody is asked twice",
        "open: left alone",
        "enrichment-1",
        "68 MiB",
    ):
        expect(page.locator("main")).to_contain_text(said)
    page.get_by_role("link", name="Events").last.click()
    expect(page.get_by_text("consent.withdrawn.v1")).to_be_visible()
    page.get_by_role("link", name="Logs and traces").click()
    expect(page.get_by_text("attempt 1 failed").first).to_be_visible()


def test_an_edge_that_promises_nothing_is_shown(opened: Opening, console: Console) -> None:
    """A gateway has no contract, and is a service to look at like any other one."""

    def bare(answer: Any) -> Any:  # Any: a JSON document
        return answer | {"contract": None, "operations": []} if "contract" in answer else answer

    console.twist = bare
    page = opened("/services/gateway")

    expect(page.get_by_role("heading", name="Processes")).to_be_visible()
    expect(page.get_by_role("heading", name="Contract")).to_have_count(0)
    page.get_by_role("link", name="Operations").click()
    expect(page.locator("main")).to_contain_text("gateway")


def test_a_chart_labels_no_moment_twice(opened: Opening) -> None:
    """Just opened it spans a second or two: labels are whole seconds, and so are the steps between them."""
    page = opened("/services/scoring")
    page.add_init_script(
        "window.drawn = []; const draw = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {"
        " window.drawn.push(text); return draw.call(this, text, ...rest) };"
        "const clear = CanvasRenderingContext2D.prototype.clearRect;"
        "CanvasRenderingContext2D.prototype.clearRect = function (...rest) {"
        " window.drawn.push('clear'); return clear.apply(this, rest) };"
    )

    page.reload()

    drawn: list[str] = page.evaluate(
        "() => new Promise((done) => { const look = () => window.drawn.some((text) => /^..:..:..$/.test(text))"
        " ? done(window.drawn.map(String)) : setTimeout(look, 20); look() })"
    )
    for drawing in ",".join(drawn).split("clear"):
        moments = [text for text in drawing.split(",") if text.count(":") == 2]
        assert len(moments) == len(set(moments))


def test_a_duration_that_was_not_measured_is_none(opened: Opening) -> None:
    """A service that did nothing has not answered within 0 ms."""
    page = opened("/services/outreach")

    expect(page.get_by_role("img", name="Latency: p95 \N{EN DASH}")).to_be_visible()


def test_long_durations_have_whole_labels(opened: Opening, console: Console) -> None:
    """Of `1 min 40 s` and `16 min 40 s` the same words were left of the axis."""

    def slow(answer: Any) -> Any:  # Any: a JSON document
        found = [trace | {"duration_ms": 420_000} for trace in answer.get("traces", [])]
        return answer | {"traces": found} if found else answer

    console.twist = slow
    page = opened("/traces")

    labels = page.locator(".dots text.end")
    expect(labels.filter(has_text="1,000 s")).to_have_count(1)
    assert all(x >= 0 for x in labels.evaluate_all("all => all.map((each) => each.getBBox().x)"))


def test_traces_on_a_telephone_tell_what_and_how_long(opened: Opening) -> None:
    """What else there is would be beside the screen, below titles that do not move with it."""
    page = opened("/traces")
    page.set_viewport_size({"width": 390, "height": 844})

    took = page.locator(".row .took").first
    expect(took).to_be_visible()
    box = took.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= 390


def test_an_operation_is_tried_by_a_form(opened: Opening, console: Console) -> None:
    """Fields are of the contract's types; the answer leads to its trace."""
    page = opened("/services/capture?tab=operations&operation=take_in")

    page.get_by_label("email").fill("ada@example.org")
    page.get_by_label("source").select_option("form")
    page.get_by_label("employees").fill("7")
    page.get_by_role("button", name="Call", exact=True).click()

    expect(page.get_by_label("The answer")).to_contain_text("201")
    body = {"email": "ada@example.org", "source": "form", "employees": 7}
    assert console.deeds == [("/api/services/capture/operations/take_in/call", {"path": {}, "query": {}, "body": body})]
    page.get_by_role("link", name="Open its trace").click()
    expect(page).to_have_url(f"{console.origin}/traces/{sample.TRACE}")


def test_an_operation_is_tried_by_its_json(opened: Opening, console: Console) -> None:
    """What is no JSON is not sent."""
    page = opened("/services/capture?tab=operations&operation=take_in")

    page.get_by_role("button", name="JSON").click()
    page.get_by_label("Body").fill("{")
    expect(page.get_by_role("button", name="Call", exact=True)).to_be_disabled()
    page.get_by_label("Body").fill('{"email": "a@b.c"}')
    page.get_by_role("button", name="Call", exact=True).click()

    expect(page.get_by_label("The answer")).to_be_visible()
    assert console.deeds[0][1]["body"] == {"email": "a@b.c"}


def test_traces_are_searched_by_what_stands_in_the_address(opened: Opening, console: Console) -> None:
    """Whoever is sent the address sees the same."""
    page = opened("/traces?failed=1&service=scoring")

    expect(page.get_by_label("Status")).to_have_value("1")
    page.get_by_label("Key").fill(sample.KEY)

    expect(page).to_have_url(f"{console.origin}/traces?failed=1&service=scoring&key={sample.KEY}")
    expect(page.get_by_text("No trace is like that")).to_be_visible()


def test_a_trace_shows_spans_lines_and_errors_in_line(opened: Opening) -> None:
    """Each below its cause; one can be chosen, folded, found."""
    page = opened(f"/traces/{sample.TRACE}")

    row = page.locator(".row", has_text="asked for vendors.company")
    expect(row).to_contain_text("✕ unavailable")
    expect(page.locator(".row", has_text="vendors did not answer").first).to_be_visible()
    row.get_by_role("button").last.click()
    expect(page.get_by_label("The span")).to_contain_text("512 ms")
    page.get_by_label("Show").select_option("errors")
    expect(page.locator(".rows .row")).to_have_count(3)
    page.get_by_role("button", name="Services").click()
    expect(page.get_by_label("Services of this trace").locator("rect")).to_have_count(7)


def test_ten_thousand_spans_are_few_elements(opened: Opening) -> None:
    """Only rows in sight exist, and the last one is reached."""
    page = opened(f"/traces/{sample.LONG}")

    expect(page.locator("main")).to_contain_text("10,000 spans")
    rows = page.locator(".rows .row")
    rows.first.wait_for()
    page.locator(".rows").evaluate("box => box.scrollTop = box.scrollHeight")
    expect(rows.last).to_be_in_viewport()
    assert rows.count() < 80
    page.get_by_label("Find").fill("vendors.step")
    expect(page.get_by_text("1,250 rows of 10,000")).to_be_visible()


def test_paused_logs_keep_their_rows(opened: Opening, console: Console) -> None:
    """What comes meanwhile is counted, and shown afterwards."""
    page = opened("/logs")
    expect(page.locator(".line")).to_have_count(12)

    page.get_by_role("button", name="Pause").click()
    console.lines = sample.lines(15)

    expect(page.get_by_text("3 lines since")).to_be_visible()
    expect(page.locator(".line")).to_have_count(12)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator(".line")).to_have_count(15)


def test_logs_are_followed_and_lead_to_their_trace(opened: Opening, console: Console) -> None:
    """The latest is on top."""
    page = opened("/logs?level=warning")
    expect(page.locator(".line")).to_have_count(4)

    console.lines = sample.lines(18)
    expect(page.locator(".line")).to_have_count(6)
    page.locator(".line").first.click()
    page.get_by_role("link", name=sample.TRACE).click()

    expect(page.get_by_label("The span")).to_contain_text("reacted to capture.lead_captured.v1")


def test_a_story_is_told_in_plain_words(opened: Opening) -> None:
    """What came in, what became of it, what went wrong, who decided, and how long nothing happened."""
    page = opened(f"/story/{sample.KEY}")

    story = page.get_by_label("What happened, the first first")
    for said in (
        "Lead captured",
        "1 min 2 s later",
        "Lead assigned",
        "grade B",
        "and got no answer",
        "Enrichment gave up",
    ):
        expect(story).to_contain_text(said)
    expect(story.locator(".decision")).to_have_count(2)
    page.get_by_role("link", name="see why").click()
    expect(page.get_by_label("The span")).to_contain_text("unavailable")


def test_the_audit_tells_who_did_what(opened: Opening) -> None:
    """Also what was refused."""
    page = opened("/audit")

    expect(page.get_by_role("row", name="bob")).to_contain_text("✕ forbidden")
    expect(page.get_by_role("row", name="ada").get_by_role("cell", name="done", exact=True)).to_have_count(1)
    page.get_by_label("Find").fill("replay")
    expect(page.locator("tbody tr")).to_have_count(1)
