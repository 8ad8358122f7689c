"""kill -9 under load, a few runs of each kind; `make crash RUNS=1000` goes on for longer."""

import dataclasses
import re
from collections.abc import Mapping

import pytest
from sqlalchemy import ClauseElement

from atoll.events.statements import publishing, subscribing
from atoll.events.texts import TEXTS
from tests.amount import amount, of_the_whole
from tests.campaigns.crash import tables
from tests.campaigns.crash.keeper import Armed
from tests.campaigns.crash.points import STATEMENTS
from tests.campaigns.crash.running import run
from tests.campaigns.crash.scenarios import Scenario

ONCE = Scenario("points", "sqlite", 1)
PAUSED = Scenario("paused", "sqlite", 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("points", "sqlite", 3),
        Scenario("any", "postgresql", 3),
        *amount([], [Scenario("postgresql", "postgresql", 1), PAUSED]),
    ],
    ids=str,
)
async def test_nothing_is_lost_or_done_twice_when_processes_die(scenario: Scenario) -> None:
    """Acknowledged is committed, and a cursor moves with its effect, whoever dies and when."""
    outcome = await run(scenario, seed=1)

    assert outcome.is_clean, (outcome.verdict, outcome.caught_up_s, outcome.kept)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sabotage", "deaths", "kind"),
    [
        ("effects and cursors in two transactions", {"ledger": [Armed("after cursor", 3)]}, "doubled"),
        ("answers before commits", {"till": [Armed("after answer", 3)]}, "lost"),
    ],
)
async def test_the_campaign_finds_what_it_looks_for(
    sabotage: str, deaths: Mapping[str, list[Armed]], kind: str
) -> None:
    """The control: without the safeguard, one death is enough."""
    outcome = await run(ONCE, seed=1, deaths=deaths, sabotage=sabotage, patience_s=3)

    assert getattr(outcome.verdict, kind) > 0, outcome.verdict


@of_the_whole
@pytest.mark.slow
async def test_without_a_fence_whoever_was_paused_does_it_twice() -> None:
    """The control: a cursor that moves for anybody."""
    outcome = await run(PAUSED, seed=1, sabotage="cursors move for anybody", patience_s=3)

    assert outcome.verdict.doubled, outcome.verdict


@pytest.mark.slow
async def test_without_keys_calls_that_are_sent_again_are_done_twice() -> None:
    """The control: whoever has not been answered cannot know."""
    deaths = {"till": [Armed("before answer", count) for count in (5, 9, 3)]}

    outcome = await run(ONCE, seed=1, deaths=deaths, has_keys=False, patience_s=10)

    assert outcome.verdict.doubled, outcome.verdict


def test_every_kind_of_statement_is_one_of_the_platforms() -> None:
    """A crash point at a statement that is written otherwise by now would never be reached."""
    made = [*vars(publishing()).values(), *vars(subscribing()).values(), *vars(tables).values()]
    texts = [str(each.compile()) for each in made if isinstance(each, ClauseElement)]
    texts += [text for each in TEXTS.values() for text in dataclasses.astuple(each) if text is not None]

    idle = [kind for kind, beginning in STATEMENTS if not any(re.match(beginning, text) for text in texts)]

    assert idle == ["answer kept"]  # which is in another room
