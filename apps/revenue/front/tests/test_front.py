"""The front page over HTTP: leads that come in by its form, their way, links in messages, and who is let in."""

import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest

from atoll.problems import InternalError
from revenue.capture.contract import Capture
from revenue.enrichment.contract import Enrichment
from revenue.front.service import BODY_MAX, FIELDS_MAX
from revenue.front.story import Services
from revenue.front.tests.fronted import Fronted, fronted
from revenue.identity.contract import Identity
from revenue.routing.contract import AssignmentNotFound, Routing, Status
from revenue.scoring.contract import Scoring
from revenue.tests.hours import until

ADA = {
    "email": "ada@acme.de",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "company": "Engines & <Sons>",
    "title": "CTO",
    "description": "The big one.",
    "consent": "You may contact me about this request.",
}


@pytest.fixture
async def front() -> AsyncGenerator[Fronted]:
    """The front page with everything behind it."""
    async with fronted() as it:
        yield it


async def owned(front: Fronted, path: str) -> httpx.Response:
    """The page of a lead, once it has an owner."""

    async def is_owned() -> bool:
        return "http-equiv" not in (await front.http.get(path)).text

    await until(is_owned)
    return await front.http.get(path)


async def test_a_lead_comes_in_and_can_be_followed_to_its_owner(front: Fronted) -> None:
    """What is typed is kept as it is, and shown as text; the page looks again until there is an owner."""
    sent = await front.http.post("/leads", data=ADA)
    page = await owned(front, sent.headers["location"])
    (lead,) = (await front.application.client(Capture).leads()).items

    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"/leads/{lead.id}/")
    assert (lead.email, lead.company, lead.consent) == ("ada@acme.de", "Engines & <Sons>", ADA["consent"])
    assert lead.lead_source == "Web form"
    assert "Ada Lovelace, Engines &amp; &lt;Sons&gt;" in page.text
    assert re.findall(r"<h2>(\w+)</h2>", page.text) == ["Captured", "Recognised", "Enriched", "Scored", "Owned"]
    assert page.text.count('aria-label="done"') == 5
    assert "Ann, new" in page.text
    assert f"http://127.0.0.1:8090/story/{lead.id}" in page.text


async def test_what_names_nobody_is_shown_again_with_what_is_wrong(front: Fronted) -> None:
    """With what was given, as text."""
    several: list[dict[str, str]] = [{}, {"email": "nobody@"}, {"description": "only this"}]
    for given in several:
        answer = await front.http.post("/leads", data=given | {"title": '"><script>alert(1)</script>'})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert "&quot;&gt;&lt;script&gt;" in answer.text
        assert "<script>" not in answer.text

    assert (await front.application.client(Capture).count()).leads == 0


async def test_what_was_agreed_to_is_kept_where_the_form_is_shown_again(front: Fronted) -> None:
    """Nobody looks again at what was ticked before; and the address of that page leads back to a form."""
    given = {"consent": ADA["consent"], "title": "CTO"}

    agreed = await front.http.post("/leads", data=given)
    silent = await front.http.post("/leads", data=given | {"consent": ""})
    asked = await front.http.get("/leads")

    assert re.search(r'name="consent"[^>]* checked>', agreed.text)
    assert " checked>" not in silent.text
    assert (asked.status_code, asked.headers["location"]) == (303, "/")


async def test_a_form_that_nobody_writes_by_hand_is_refused(front: Fronted) -> None:
    """Too long, or of too many fields."""
    for content in (b"description=" + b"x" * BODY_MAX, b"&".join([b"email=a%40acme.de"] * (FIELDS_MAX + 1))):
        answer = await front.http.post("/leads", content=content)

        assert answer.status_code == 413
        assert "write less" in answer.text


async def test_any_bytes_are_answered(front: Fronted) -> None:
    """As a lead, or as none."""
    for content in (b"email=%ff%fe%40acme.de", b"\0", b"first_name=%00&last_name=%ed%a0%80", b"=&=&;"):
        answer = await front.http.post("/leads", content=content)

        assert answer.status_code in (303, 422), content


async def test_nobody_reads_a_lead_by_guessing_its_id(front: Fronted) -> None:
    """Its page needs what only who has sent it was told; another lead's will not do."""
    first = (await front.http.post("/leads", data=ADA)).headers["location"]
    second = (await front.http.post("/leads", data={"email": "bob@acme.de"})).headers["location"]
    lead_id, proof = first.split("/")[2:]
    other = second.split("/")[3]

    for path in (f"/leads/{lead_id}/{other}", f"/leads/{lead_id}/x", f"/leads/x/{proof}", f"/leads/{lead_id}/%ff"):
        answer = await front.http.get(path)
        assert (answer.status_code, "Ada" in answer.text) == (404, False), path


async def test_a_link_in_a_message_accepts_a_lead_by_its_button_alone(front: Fronted) -> None:
    """Following it changes nothing; twice is as good as once."""
    location = (await front.http.post("/leads", data=ADA)).headers["location"]
    routing, lead_id = front.application.client(Routing), location.split("/")[2]
    path = await front.accept_path()

    seen = await front.http.get(path)
    await front.http.head(path)
    before = (await routing.assignment(lead_id)).status
    accepted = [await front.http.post(path) for _ in range(2)]
    after = (await routing.assignment(lead_id)).status
    seen_again = await front.http.get(path)

    assert seen.status_code == 200
    assert "This lead is ann's" in seen.text
    assert "<button>" in seen.text
    assert before is Status.NEW
    assert [(each.status_code, "Accepted by ann" in each.text) for each in accepted] == [(200, True)] * 2
    assert after is Status.ACCEPTED
    assert "Accepted by ann" in seen_again.text
    assert "<button>" not in seen_again.text


async def test_a_link_that_is_forged_or_has_ended_accepts_nothing(front: Fronted) -> None:
    """It says what to do instead."""
    location = (await front.http.post("/leads", data=ADA)).headers["location"]
    path = await front.accept_path()
    answers = [await front.http.request(method, f"{path}x") for method in ("GET", "POST")]
    front.clock.added += timedelta(days=31)
    answers += [await front.http.request(method, path) for method in ("GET", "POST")]

    assert [each.status_code for each in answers] == [404] * 4
    assert all("This link is unknown or has ended: ask for the lead" in each.text for each in answers)
    assert (await front.application.client(Routing).assignment(location.split("/")[2])).status is Status.NEW


async def test_a_name_that_is_not_its_own_is_refused(front: Fronted) -> None:
    """A page elsewhere whose name leads here (DNS rebinding) reads nothing."""
    for host in ("evil.example", "127.0.0.1", "localhost:1", ""):
        assert (await front.http.get("/", headers={"host": host})).status_code == 421, host


async def test_forms_of_other_pages_are_refused(front: Fronted) -> None:
    """By the origin that browsers tell; the page's own, and programs, which tell none, may."""
    path = "/leads"
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        assert (await front.http.post(path, data=ADA, headers={"origin": origin})).status_code == 403, origin
    assert (await front.http.post(path, data=ADA, headers={"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await front.application.client(Capture).count()).leads == 0

    own = {"origin": front.url, "sec-fetch-site": "same-origin"}
    assert (await front.http.post(path, data=ADA, headers=own)).status_code == 303


async def test_every_answer_says_what_browsers_may_do_with_it(front: Fronted) -> None:
    """No scripts, no frames, no copies; errors included."""
    for path in ("/", "/style.css", "/leads/1/2", "/nothing"):
        headers = (await front.http.get(path)).headers

        assert "default-src 'none'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff"), path


async def test_a_service_that_is_away_is_said_to_be() -> None:
    """The others still tell what they know."""
    async with fronted(without=("scoring",)) as front:
        path = (await front.http.post("/leads", data=ADA)).headers["location"]

        page = await front.http.get(path)
        with pytest.raises(AssignmentNotFound):
            await front.application.client(Routing).assignment(path.split("/")[2])

    assert page.status_code == 200
    assert page.text.count('aria-label="not answering"') == 1
    assert "it goes on when it is back" in page.text
    assert "http-equiv" in page.text


class Failing:
    """A service that fails at whatever it is asked."""

    async def latest(self, lead_id: str) -> Any:  # Any: it never answers
        raise InternalError(operation="scoring.latest")


async def test_why_a_service_failed_is_not_told_to_who_sent_a_lead() -> None:
    """They can do nothing with a trace, and it goes on without them."""
    async with fronted() as front:
        lead_id = (await front.http.post("/leads", data=ADA)).headers["location"].split("/")[2]
        app = front.application
        rest = app.client(Identity), app.client(Enrichment), cast(Scoring, Failing()), app.client(Routing)
        story = await Services(app.client(Capture), *rest).story(lead_id)

    assert story is not None
    (scored,) = [step for step in story.steps if step.name == "Scored"]
    assert (scored.state, "trace" in scored.line, "it goes on when it is back" in scored.line) == ("away", False, True)


async def test_without_capture_nothing_is_taken_and_that_is_said() -> None:
    """What was typed can be sent once more."""
    async with fronted(without=("capture",)) as front:
        answer = await front.http.post("/leads", data=ADA)

    assert answer.status_code == 503
    assert "try again in a moment" in answer.text
