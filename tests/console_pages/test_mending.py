"""Events and dead letters: what is found, and that nothing is done or marked before it is meant and confirmed."""

import pytest
from playwright.sync_api import expect

from tests.console_pages import sample
from tests.console_pages.opening import Opening
from tests.console_pages.server import Console

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_subscriptions_tell_how_far_they_are_behind(opened: Opening) -> None:
    """And how long that takes at their rate."""
    page = opened("/events?view=subscriptions")

    expect(page.get_by_role("row", name="outreach routing")).to_contain_text("stands still")
    expect(page.get_by_role("row", name="enrichment capture")).to_contain_text("4.6 s")


def test_dead_letters_are_counted_apart_from_what_stands_behind_them(opened: Opening) -> None:
    """The number at the tab is that of its list, of the map and of `atoll events`."""
    page = opened("/events")

    expect(page.get_by_role("link", name="Dead letters (4)")).to_be_visible()
    expect(page.locator(".head")).to_contain_text("4 dead, 2 parked")


def test_a_long_error_leaves_room_for_the_other_rows(opened: Opening, console: Console) -> None:
    """Three lines of it stand in the list, all of it in what is opened."""
    error = "StatementRefused: " + "assignments.lead_id, " * 100 + "and the end"
    console.dead = [letter | {"error": error} for letter in console.dead]
    page = opened("/events")

    row = page.locator("tbody tr").first
    expect(row).to_contain_text("StatementRefused")
    box = row.bounding_box()
    assert box is not None
    assert box["height"] < 90
    page.get_by_role("button", name="capture.lead_captured.v1").first.click()
    expect(page.locator(".more")).to_contain_text("and the end")


def test_messages_of_a_key_are_found(opened: Opening) -> None:
    """In their order, with what they said."""
    page = opened(f"/events?view=key&key={sample.KEY}")

    expect(page.locator("tbody tr")).to_have_count(4)
    page.locator("summary").first.click()
    expect(page.locator("pre").first).to_contain_text("•••")


def test_one_dead_letter_is_replayed(opened: Opening, console: Console) -> None:
    """First counted, then done, then gone from the list."""
    page = opened("/events")
    expect(page.locator("tbody tr")).to_have_count(7)

    page.get_by_role("button", name="capture.lead_captured.v1").first.click()
    expect(page.locator(".more")).to_contain_text('"country": "UK"')
    page.get_by_role("button", name="Replay…").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 message is meant")
    page.get_by_role("button", name="Replay 1").click()

    expect(page.get_by_text("1 message of enrichment will be delivered anew.")).to_be_visible()
    expect(page.get_by_label("lead-7f3a")).to_have_count(0)
    assert [deed["dry_run"] for _, deed in console.deeds] == [True, False]
    assert console.deeds[1][1]["numbers"] == [1]


def test_what_is_not_confirmed_stays(opened: Opening, console: Console) -> None:
    """A refusal is told, and the list is as it was."""
    page = opened("/events")
    page.get_by_role("button", name="capture.lead_captured.v1").first.click()
    page.get_by_role("button", name="Replay…").click()
    expect(page.get_by_role("button", name="Replay 1")).to_be_enabled()

    console.refuses = "enrichment does not run."
    page.get_by_role("button", name="Replay 1").click()

    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("enrichment does not run.")
    page.get_by_role("button", name="Cancel").click()
    assert len(console.dead) == 7


def test_many_are_dropped_with_a_reason(opened: Opening, console: Console) -> None:
    """All that the filters find, of one service; without a reason the button does nothing."""
    page = opened("/events?service=enrichment")

    page.get_by_role("button", name="Drop all found…").click()
    expect(page.get_by_role("button", name="Drop 4")).to_be_disabled()
    page.get_by_label("Reason").fill("sent by a test")
    page.get_by_role("button", name="Drop 4").click()

    expect(page.get_by_text("4 messages of enrichment dropped.")).to_be_visible()
    path, deed = console.deeds[-1]
    assert path == "/api/events/drop"
    assert deed == {"service": "enrichment", "numbers": None, "key": None, "type": None, "reason": "sent by a test",
                    "dry_run": False}  # fmt: skip


def test_chosen_ones_are_of_one_service(opened: Opening) -> None:
    """Who chooses more reads why not."""
    page = opened("/events")

    page.get_by_label("Choose all").check()
    expect(page.get_by_role("button", name="Replay chosen…")).to_be_disabled()
    expect(page.get_by_text("Choose messages of one service at a time.")).to_be_visible()


def test_a_viewer_mends_nothing(opened: Opening, console: Console) -> None:
    """And reads why."""
    console.role = "viewer"
    page = opened("/events?service=enrichment")

    expect(page.get_by_role("button", name="Drop all found…")).to_be_disabled()
    expect(page.get_by_text("You are a viewer: only operators replay or drop.")).to_be_visible()
