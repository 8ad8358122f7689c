"""Who is told of an event, and in which words."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from revenue.webhooks.messages import concerned, holds, slack_body, standard_body
from revenue.webhooks.rules import AtLeast, Condition, Endpoint, Equals, Format, Present, WebhooksRules

ROUTED: dict[str, Any] = {  # Any: an event as JSON has it
    "lead_id": "1",
    "lead": {"first_name": "Ada", "last_name": "Lovelace", "title": "CTO", "company": "Engines & <Sons>"},
    "score": {"grade": "A", "points": 82, "reasons": [{"points": 25, "sentence": "Decides: CTO."}]},
    "assignment": {"owner": "ann", "details": {"name": "Ann", "handle": "U024BE7LH"}, "why": ["Ann's turn."]},
}


def endpoint(*events: str, where: tuple[Condition, ...] = (), is_active: bool = True) -> Endpoint:
    """Somebody who is to be told of these events."""
    return Endpoint(
        name="n8n", events=events, url="https://n8n.example/1", secret="n8n", where=where, is_active=is_active
    )


@pytest.mark.parametrize(
    ("condition", "is_so"),
    [
        (Equals(path="score.grade", values=("b", "a")), True),
        (Equals(path="score.grade", values=("b",)), False),
        (Equals(path="score.grade.of", values=("a",)), False),
        (AtLeast(path="score.points", number=82), True),
        (AtLeast(path="score.points", number=82.5), False),
        (AtLeast(path="lead.title", number=0), False),
        (Present(path="lead.company"), True),
        (Present(path="lead.phone"), False),
    ],
)
def test_a_condition_looks_at_what_stands_at_its_path(condition: Condition, is_so: bool) -> None:
    """What is not there fits nothing."""
    assert holds(condition, ROUTED) is is_so


def test_an_endpoint_is_told_of_what_it_names_and_where_all_conditions_hold() -> None:
    """`*` is everything; who is not active hears nothing."""
    best = (Equals(path="score.grade", values=("A",)), Present(path="lead.phone"))
    several = [
        endpoint("lead_routed"),
        endpoint("*"),
        endpoint("lead_scored"),
        endpoint("lead_routed", where=best),
        endpoint("*", is_active=False),
    ]

    assert list(concerned(several, "lead_routed", ROUTED)) == several[:2]


def test_a_standard_message_has_type_time_and_data() -> None:
    """As the specification shapes it."""
    body = msgspec.json.decode(standard_body("lead_routed", ROUTED, datetime(2026, 5, 1, 6, tzinfo=UTC)))

    assert body == {"type": "lead_routed", "timestamp": "2026-05-01T06:00:00Z", "data": ROUTED}


def test_a_message_in_slack_names_who_why_and_whose() -> None:
    """With a button; what somebody has typed is no markup there."""
    body = msgspec.json.decode(slack_body("lead_routed", ROUTED, "https://r.example/accept/t"))

    title, text, reasons, actions = body["blocks"]
    assert title["text"]["text"] == "Lead routed: Ada Lovelace, CTO at Engines &amp; &lt;Sons&gt;"
    assert body["text"] == "Lead routed: Ada Lovelace, CTO at Engines &amp; &lt;Sons&gt; → <@U024BE7LH>"
    assert text["text"]["text"] == "→ <@U024BE7LH>\nGrade *A*, 82 points"
    assert "+25 Decides: CTO." in reasons["text"]["text"]
    assert "Ann's turn." in reasons["text"]["text"]
    assert actions["elements"][0]["url"] == "https://r.example/accept/t"


def test_what_a_lead_is_called_forges_nothing_in_slack() -> None:
    """No bold text, no link, nobody called, no line that looks like one of ours, and nothing that Slack refuses."""
    name = "*Ada* <!channel>\n• Grade *A*, 100 points https://evil.example @here"
    reasons = [{"points": 1, "sentence": "<" * 5_000}] * 9
    score = {"grade": "D", "points": 1, "reasons": reasons}
    lead = {"last_name": name, "company": "&" * 5_000}

    body = msgspec.json.decode(slack_body("lead_routed", {"lead": lead, "score": score}))

    title, grade, why = (block["text"] for block in body["blocks"])
    assert title["type"] == why["type"] == "plain_text"
    assert title["text"].startswith("Lead routed: *Ada* &lt;!channel&gt; • Grade *A*, 100 points https://evil.example")
    assert grade == {"type": "mrkdwn", "text": "Grade *D*, 1 points", "verbatim": True}
    assert body["mrkdwn"] is False
    assert len(title["text"]) <= 150
    assert len(why["text"]) <= 3_000
    assert "\n" not in body["text"]


def test_a_message_in_slack_about_little_is_a_message() -> None:
    """An event that has neither lead nor owner."""
    body = msgspec.json.decode(slack_body("contacts_merged", {"kept_id": "1"}))

    assert body["text"] == "Contacts merged: somebody"
    assert len(body["blocks"]) == 1


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"url": ""}, "`url` or `url_secret`"),
        ({"url_secret": "x"}, "`url` or `url_secret`"),
        ({"url": "n8n.example"}, "no address"),
        ({"events": ()}, "names no events"),
        ({"secret": ""}, "no `secret`"),
    ],
)
def test_an_endpoint_that_can_never_be_told_is_refused(fields: dict[str, Any], word: str) -> None:  # Any: its fields
    """With what to do."""
    right: dict[str, Any] = {
        "name": "n8n",
        "events": ("*",),
        "url": "https://n8n.example",
        "secret": "n8n",
    }  # Any: as above

    with pytest.raises(ValueError, match=word):
        Endpoint(**right | fields)


def test_slack_needs_no_secret_and_names_are_unique() -> None:
    """Its address is one."""
    slack = Endpoint(name="sales", events=("lead_routed",), url_secret="slack", format=Format.SLACK)

    with pytest.raises(ValueError, match="two endpoints are called `sales`"):
        WebhooksRules(endpoints=(slack, slack))
