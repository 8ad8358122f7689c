"""The map: what it shows, what can be done from it, and that it needs neither a mouse nor motion."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console_pages.opening import Opening
from tests.console_pages.server import Console

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_is_wrong_is_said_in_words_shapes_and_colours(opened: Opening) -> None:
    """A state is never told by colour alone."""
    page = opened()

    vendors, enrichment = page.locator(".node.down"), page.locator(".node.degraded")
    expect(vendors).to_contain_text("down")
    expect(enrichment).to_contain_text("degraded")
    shapes = [one.locator(".top svg path").first.get_attribute("d") for one in (vendors, enrichment)]
    assert len(set(shapes)) == 2
    expect(page.get_by_label("In sum")).to_contain_text("4 dead letters")


def test_an_edge_in_trouble_has_its_whole_name_and_counts_in_the_sums(opened: Opening, console: Console) -> None:
    """Callers see what the edge answers: where a service is stopped, nobody else has errors."""

    def failing(answer: Any) -> Any:  # Any: a JSON document
        ill = {"state": "degraded", "errors_per_s": 20.2}
        nodes = [node | ill if node["kind"] == "edge" else node for node in answer.get("nodes", [])]
        return answer | {"nodes": nodes} if nodes else answer

    console.twist = failing
    page = opened()

    gateway = page.locator(".node.edge")
    expect(gateway).to_contain_text("degraded")
    for part in (".name", ".figures"):
        assert gateway.locator(part).evaluate("each => each.scrollWidth <= each.clientWidth")
    expect(page.get_by_label("In sum")).to_contain_text("2 degraded")
    expect(page.get_by_label("In sum")).to_contain_text("20 errors/s")


def test_a_state_is_said_once_and_not_of_the_database(opened: Opening) -> None:
    """Whether a database fares well was not looked at: it is not stopped with its service."""
    page = opened()

    stopped = page.locator(".node.stopped .data")
    expect(stopped).to_contain_text("stopped")
    assert stopped.inner_text().split().count("stopped") == 1


def test_flows_tell_rates_backlogs_and_errors(opened: Opening) -> None:
    """Of what is wrong the worst comes first; the rest is told beside the map."""
    page = opened("/?at=enrichment")

    expect(page.locator(".svelte-flow__edges")).to_contain_text("184 waiting")
    beside = page.get_by_label("About enrichment")
    expect(beside).to_contain_text("3 dead")
    expect(beside).to_contain_text("left alone")


def test_a_click_isolates_the_neighbourhood_and_escape_ends_it(opened: Opening) -> None:
    """One step around the service; the address says which."""
    page = opened()

    page.locator(".node", has_text="routing").click()

    expect(page).to_have_url(page.url.split("?")[0] + "?at=routing")
    expect(page.locator(".node.far")).to_have_count(6)  # all but routing, scoring, identity, outreach
    page.keyboard.press("Escape")
    expect(page.locator(".node.far")).to_have_count(0)


def test_a_service_is_stopped_only_after_a_word_of_consent(opened: Opening, console: Console) -> None:
    """The dialog says what stopping means; cancelling does nothing."""
    page = opened("/?at=scoring")

    page.get_by_role("button", name="Stop…").click()
    page.get_by_role("button", name="Cancel").click()
    assert console.deeds == []
    page.get_by_role("button", name="Stop…").click()
    page.get_by_role("button", name="Stop scoring").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert console.deeds == [("/api/services/scoring/stop", {})]


def test_a_service_is_scaled(opened: Opening, console: Console) -> None:
    """By a number, from the map."""
    page = opened("/?at=scoring")

    page.get_by_role("button", name="Scale…").click()
    page.get_by_label("Instances").fill("5")
    page.get_by_role("button", name="Scale to 5").click()

    expect(page.get_by_text("scoring-0: scale")).to_be_visible()
    assert console.deeds == [("/api/services/scoring/scale", {"instances": 5})]


def test_what_the_server_refuses_is_said_where_it_was_asked(opened: Opening, console: Console) -> None:
    """The dialog stays, with the reason."""
    console.refuses = "Another change is under way."
    page = opened("/?at=scoring")

    page.get_by_role("button", name="Restart…").click()
    page.get_by_role("button", name="Restart", exact=True).click()

    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("Another change is under way.")


def test_a_viewer_reads_why_nothing_can_be_done(opened: Opening, console: Console) -> None:
    """Buttons that do nothing say so."""
    console.role = "viewer"
    page = opened("/?at=scoring")

    expect(page.get_by_role("button", name="Stop…")).to_be_disabled()
    expect(page.get_by_text("You are a viewer: only operators change what runs.")).to_be_visible()


def test_the_map_is_a_table_too(opened: Opening) -> None:
    """The same services and flows, and an address of its own."""
    page = opened("/?view=table")

    expect(page.get_by_role("row", name="vendors service down")).to_be_visible()
    expect(page.get_by_role("row", name="routing outreach events")).to_contain_text("2,310")


def test_traffic_moves_and_can_be_switched_off(opened: Opening) -> None:
    """The choice is remembered."""
    page = opened()
    canvas = page.locator("canvas[data-runs]")
    page.locator(".node.down").wait_for()

    painted = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)"
    while not canvas.evaluate(painted):
        page.wait_for_timeout(50)
    page.get_by_role("button", name="Traffic").click()

    expect(canvas).to_have_attribute("data-runs", "false")
    page.reload()
    expect(canvas).to_have_attribute("data-runs", "false")


def test_nothing_moves_for_those_who_asked_for_less(opened: Opening) -> None:
    """The system's setting counts more than the switch."""
    page = opened(reduced_motion="reduce")

    expect(page.locator("canvas[data-runs]")).to_have_attribute("data-runs", "false")
    expect(page.get_by_role("button", name="Traffic")).to_be_disabled()


def test_services_keep_their_places(opened: Opening, console: Console) -> None:
    """Also when others come and go: a picture that jumps cannot be learnt."""
    page = opened()
    place = "document.querySelector('.svelte-flow__node[data-id=routing]').style.transform"
    page.locator(".node.down").wait_for()
    before = page.evaluate(place)

    console.twist = lambda answer: _with_one_more(answer) if "edges" in answer else answer

    page.locator(".node", has_text="newcomer").wait_for()
    assert page.evaluate(place) == before
    page.reload()
    page.locator(".node", has_text="newcomer").wait_for()
    assert page.evaluate(place) == before


def _with_one_more(chart: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    node = next(node for node in chart["nodes"] if node["id"] == "routing") | {"id": "newcomer", "name": "newcomer"}
    edge = chart["edges"][0] | {"id": "call:routing:newcomer", "source": "routing", "target": "newcomer"}
    return chart | {"nodes": [*chart["nodes"], node], "edges": [*chart["edges"], edge]}


def test_a_map_of_sixty_services_is_drawn_whole(opened: Opening, console: Console) -> None:
    """Figures change in place: the same elements, twice a second."""
    console.services = 60
    page = opened()

    expect(page.locator(".node")).to_have_count(60)
    page.evaluate("document.querySelectorAll('.node').forEach(node => node.seen = true)")
    turn = console.turn
    while console.turn < turn + 3:
        page.wait_for_timeout(100)
    assert page.evaluate("[...document.querySelectorAll('.node')].every(node => node.seen)")
