"""The stacks of events: every event has its effect, once, and what is measured is what is said."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks.measuring import Figures, Flow
from benchmarks.measuring.stamps import Collect, Effects, Followed, Produce, Stamps, produced
from benchmarks.subjects.events_flows import faststream_flow, nats_flow

AHEAD = 7


async def at_once(number: int) -> None:
    """Committed."""


def test_an_event_takes_from_its_commit_to_its_own_effect() -> None:
    """In whatever order they come."""
    committed, effects = Stamps([0, 1, 2], [10.0, 11.0, 12.0], 3), Stamps([2, 0, 1], [12.5, 13.0, 15.0], 3)

    figures = Figures.of(committed, effects, {"producer": 2.0, "subscriber": 1.0})

    assert (figures.events, figures.seconds, figures.per_s) == (3, 5.0, 0.6)
    assert (figures.p50_s, figures.p99_s) == (3.0, 4.0)
    assert figures.cpu_each_s == 1.0


@pytest.mark.parametrize(
    "effects",
    [
        pytest.param(Stamps([0], [1.0], 1), id="lost"),
        pytest.param(Stamps([0, 0], [1.0, 1.0], 2), id="twice, instead of another"),
        pytest.param(Stamps([0, 1, 1], [1.0, 1.0, 1.0], 3), id="twice"),
        pytest.param(Stamps([0, 1], [1.0, 1.0], 3), id="twice, unnoticed by the handler"),
        pytest.param(Stamps([0, 1], [1.0, 1.0], 1), id="noted, and not in the database"),
    ],
)
def test_a_lost_effect_and_a_second_one_give_no_figures(effects: Stamps) -> None:
    """Whoever loses events is quick."""
    with pytest.raises(RuntimeError, match="2 events had"):
        Figures.of(Stamps([0, 1], [0.0, 0.0], 2), effects, {})


async def test_at_a_rate_as_many_events_are_made_as_the_rate_says(tmp_path: Path) -> None:
    """Numbered from where the last batch ended."""
    with Followed(tmp_path / "followed") as followed:
        stamps = await produced(at_once, Produce(5, 0.02, 500.0, 1, AHEAD), followed)

    assert stamps.numbers == list(range(5, 15))


async def test_a_producer_never_gets_further_ahead_than_it_may(tmp_path: Path) -> None:
    """Nobody follows here: it stops, and the batch ends in its time."""
    with Followed(tmp_path / "followed") as followed:
        stamps = await produced(at_once, Produce(0, 0.05, None, 3, AHEAD), followed)

    assert stamps.numbers == list(range(AHEAD))


async def test_a_producer_goes_on_when_it_is_followed(tmp_path: Path) -> None:
    """The subscriber, in another process, tells by a file."""
    path = tmp_path / "followed"
    with Followed(path) as followed, Followed(path) as of_subscriber:
        effects = Effects(of_subscriber)

        async def publish(number: int) -> None:
            effects.committed(number)

        stamps = await produced(publish, Produce(0, 0.05, None, 3, AHEAD), followed)
        collected = await effects.collected(Collect(len(stamps.numbers)))

    assert len(stamps.numbers) > AHEAD
    assert collected.numbers == stamps.numbers


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stack", "parts"),
    [
        pytest.param(faststream_flow, {"relay", "postgres", "nats-server"}, id="faststream"),
        pytest.param(nats_flow, {"nats-server"}, id="nats"),
    ],
)
def test_every_event_of_a_stack_has_its_effect(
    stack: Callable[[], AbstractContextManager[Flow]], parts: set[str]
) -> None:
    """Saturated, then at a rate, on real servers and in processes of its own."""
    with stack() as flow:
        saturated, at_rate = flow.measure(0.3), flow.measure(0.5, 100.0)

    assert saturated.events > 0
    assert at_rate.events == 50
    for figures in (saturated, at_rate):
        assert 0 < figures.p50_s <= figures.p99_s <= figures.seconds
        assert figures.cpu_s.keys() == {"producer", "subscriber"} | parts
        assert all(cpu_s > 0 for cpu_s in figures.cpu_s.values())
