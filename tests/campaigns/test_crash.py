"""kill -9 under load, a few runs of each kind; `make crash RUNS=1000` goes on for longer."""

import pytest

from tests.campaigns.crash.running import Scenario, run


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [Scenario("points", "sqlite", 3), Scenario("any", "sqlite", 1), Scenario("all at once", "sqlite", 3)],
    ids=str,
)
async def test_nothing_is_lost_or_done_twice_when_processes_die(scenario: Scenario) -> None:
    """Acknowledged is committed, and a cursor moves with its effect, whoever dies and when."""
    outcome = await run(scenario, seed=1)

    assert outcome.is_clean, (outcome.verdict, outcome.caught_up_s, outcome.kept)
