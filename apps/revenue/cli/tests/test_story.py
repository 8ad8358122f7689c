"""What is shown of a lead while not all is known yet, and what is easily overlooked."""

from datetime import UTC, datetime
from typing import Any

import pytest

from atoll import Problem, Unavailable
from revenue.capture.contract import Lead
from revenue.cli.screen import Screen
from revenue.cli.story import Absent, Story, Trace, show_story
from revenue.enrichment.contract import (
    Attempt,
    AttemptState,
    Certainty,
    Fact,
    Profile,
    ProfileNotFound,
    Provenance,
    Refused,
    Skipped,
    Source,
    Topic,
)
from revenue.identity.contract import ResolutionNotFound
from revenue.routing.contract import Assignment, AssignmentNotFound
from revenue.scoring.contract import Grade, Score, ScoreNotFound

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEAD = Lead(id="7", captured_at=NOON, updated_at=NOON, email="ada@acme.de", company="[red]Acme[/]")


def fresh() -> dict[str, Any]:  # Any: fields of all kinds
    """A lead that nobody but Capture has come to."""
    nobody = Absent(ResolutionNotFound(lead_id="7"))
    return {
        "lead_id": "7",
        "captured": LEAD,
        "resolution": nobody,
        "contact": nobody,
        "profile": Absent(ProfileNotFound(lead_id="7")),
        "attempts": list[Attempt](),
        "score": Absent(ScoreNotFound(lead_id="7")),
        "assignment": Absent(AssignmentNotFound(lead_id="7")),
        "changes": Absent(AssignmentNotFound(lead_id="7")),
    }


def shown(capsys: pytest.CaptureFixture[str], **known: Any) -> str:  # Any: as above
    """What is said of a lead of which this is known, too."""
    show_story(Screen(), Story(**(fresh() | known)), Trace("atoll story 7"))
    return capsys.readouterr().out


def test_what_is_not_there_yet_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A lead that has just come in is on its way, and nobody is away."""
    said = shown(capsys)

    assert "ada@acme.de · [red]Acme[/]  7" in said
    for sentence in ("was not decided yet", "Nothing was found out yet", "There is no score yet", "no owner yet"):
        assert sentence in said
    assert "missing here" not in said
    assert "  atoll story 7\n" in said


@pytest.mark.parametrize("part", ["captured", "resolution", "profile", "score", "assignment"])
def test_who_is_away_is_named_once(capsys: pytest.CaptureFixture[str], part: str) -> None:
    """Whoever it is; it is not said of it that there is nothing yet."""
    away: Problem = Unavailable(service="it", reason="it is down")

    said = shown(capsys, **{part: Absent(away)})

    assert said.count("knows is missing here: it cannot answer now: it is down.") == 1
    assert said.count(" yet") == (4 if part == "captured" else 3)


def test_costs_are_summed_by_currency(capsys: pytest.CaptureFixture[str]) -> None:
    """With each question, and why one helped nobody."""
    attempts = [
        Attempt(
            number=number, lead_id="7", provider="acme", field=Topic.INDUSTRY, segment="everybody", currency=currency,
            state=AttemptState.HIT, price_micros=cost, cost_micros=cost, asked_at=NOON,
        )
        for number, (cost, currency) in enumerate([(8_000, "EUR"), (30_000, "EUR"), (1_500_000, "USD")])
    ]  # fmt: skip

    said = shown(capsys, attempts=attempts)

    assert "Cost: 0.038 EUR, 1.50 USD" in said
    assert "acme\tindustry\thit\t0.008 EUR" in said


def test_each_value_says_where_it_is_from(capsys: pytest.CaptureFixture[str]) -> None:
    """Bought when, for how much, for whom; and why others were refused or nobody was asked."""
    bought = Provenance(provider="acme", observed_at=NOON, cost_micros=8_000, lead_id="3")
    profile = Profile(
        facts=(
            Fact(topic=Topic.MAILBOX, value="company", source=Source.MAIL_DOMAIN, certainty=Certainty.LIKELY),
            Fact(topic=Topic.INDUSTRY, value="Steel", source=Source.PROVIDER, certainty=Certainty.LIKELY,
                 provenance=bought),
        ),
        refused=(Refused(topic=Topic.MOBILE, value="+4930", provider="acme", why="this is a landline"),),
        skipped=(Skipped(field=Topic.CITY, provider="other", why="its key is not set"),),
        is_awaited=True,
    )  # fmt: skip

    said = shown(capsys, profile=profile)

    assert "mailbox\tcompany\tmail domain\tlikely\n" in said
    assert "industry\tSteel\tacme, 2026-03-01, 0.008 EUR the answer, bought for 3\tlikely\n" in said
    assert "mobile\tacme\t+4930: this is a landline\n" in said
    assert "city\tother\tits key is not set\n" in said
    assert "Providers are still to be asked." in said


def test_what_is_provisional_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    """A score and an owner that may change by themselves, and what a model expects."""
    score = Score(lead_id="7", points=0, grade=Grade.D, reasons=(), is_provisional=True, scored_at=NOON,
                  model_version=3, probability=0.25)  # fmt: skip
    assignment = Assignment(lead_id="7", owner="inside", step="territory", why=("Turn in team inside: it waits.",),
                            is_provisional=True, assigned_at=NOON, is_waiting=True)  # fmt: skip

    said = shown(capsys, score=score, assignment=assignment)

    assert "0\tgrade D (provisional: Enrichment did not answer)" in said
    assert "Model 3 expects a good outcome with 25%." in said
    assert "owner\tinside, where it waits for somebody (provisional: Enrichment had not answered)" in said
