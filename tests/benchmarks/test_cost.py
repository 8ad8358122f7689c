"""Measuring: everything takes its turn, and what disturbs all alike disturbs no ratio."""

import gc
from itertools import pairwise

import pytest

from benchmarks.measuring import Cost, Effort, Subject, Work, interleaved, paired


class Machine:
    """A machine on which each thing costs exactly what it says. Owns its clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.batches: list[str] = []

    def subject(self, name: str, cost_s: float) -> Subject:
        """Something that costs so much, each time."""
        return Subject(name, self._work(name, cost_s))

    def _work(self, name: str, cost_s: float) -> Work:
        async def work(count: int) -> None:
            self.now_s += count * cost_s
            self.batches.append(name)

        return work


async def test_a_cost_is_that_of_one_repetition() -> None:
    """Whatever the length of a batch, which is the machine's affair."""
    machine = Machine()
    subjects = [machine.subject("cheap", 0.001), machine.subject("dear", 0.25)]

    costs = await interleaved(subjects, Effort(rounds=3, batch_s=0.1), lambda: None, clock=lambda: machine.now_s)

    assert {name: cost.median for name, cost in costs.items()} == pytest.approx({"cheap": 0.001, "dear": 0.25})
    assert {name: len(cost.samples) for name, cost in costs.items()} == {"cheap": 3, "dear": 3}


async def test_all_subjects_take_turns_and_another_one_begins_each_round() -> None:
    """One after the other would measure the drift of the machine; a fixed order, the neighbour."""
    machine = Machine()
    subjects = [machine.subject(name, 1.0) for name in "abc"]

    await interleaved(subjects, Effort(rounds=3, batch_s=1.0), lambda: None, clock=lambda: machine.now_s)

    assert "".join(machine.batches[-9:]) == "abcbcacab"


async def test_each_round_is_told() -> None:
    """A bar that stands still looks like a program that hangs."""
    machine = Machine()
    told: list[float] = []

    await interleaved(
        [machine.subject("one", 1.0)],
        Effort(rounds=4, batch_s=1.0),
        lambda: told.append(machine.now_s),
        clock=lambda: machine.now_s,
    )

    assert len(told) == 4
    assert all(before < after for before, after in pairwise(told))


async def test_garbage_is_looked_at_again_afterwards() -> None:
    """Objects are set aside while something is measured, not for ever."""
    machine = Machine()
    frozen: list[int] = []

    await interleaved(
        [machine.subject("one", 1.0)],
        Effort(rounds=1, batch_s=1.0),
        lambda: frozen.append(gc.get_freeze_count()),
        clock=lambda: machine.now_s,
    )

    assert frozen[0] > 0
    assert gc.get_freeze_count() == 0


def test_a_machine_that_becomes_slow_changes_no_ratio() -> None:
    """Both sides of a ratio are taken from the same round."""
    ours, theirs = Cost((1.0, 2.0, 8.0)), Cost((4.0, 8.0, 32.0))

    ratio = paired(ours, theirs)

    assert ratio.samples == (0.25, 0.25, 0.25)


def test_one_disturbed_sample_changes_neither_median_nor_spread() -> None:
    """Somebody else's work during one batch is not our cost."""
    cost = Cost((2.0, 2.0, 2.0, 2.0, 90.0))

    assert (cost.median, cost.least, cost.spread) == (2.0, 2.0, 0.0)


def test_the_spread_is_a_part_of_the_median() -> None:
    """Half of all samples lie between 9 and 11: twenty per cent of 10."""
    cost = Cost((8.0, 9.0, 10.0, 11.0, 12.0))

    assert cost.spread == pytest.approx(0.2)


def test_a_single_sample_has_no_spread() -> None:
    """Nothing is known about it."""
    assert Cost((3.0,)).spread == 0.0


def test_the_cost_of_one_more_is_the_difference_shared_out() -> None:
    """Three services take 100, three hundred 1288: four each."""
    many, few = Cost((1288.0,)), Cost((100.0,))

    assert many.minus(few).each(297).samples == (4.0,)
