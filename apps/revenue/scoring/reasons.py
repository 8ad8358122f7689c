"""Reasons whose points sum to a score, also where the exact ones are fractions."""

from collections.abc import Sequence
from itertools import cycle, islice
from math import floor
from typing import NamedTuple

from .contract import Reason
from .rule import POINTS_MAX, Dimension


class Part(NamedTuple):
    """What a reason counts exactly, before it is rounded."""

    rule: str
    exact: float
    sentence: str


def rounded(number: float) -> int:
    """The nearest whole number, half upwards.

    >>> rounded(2.5), rounded(-2.5), rounded(2.4)
    (3, -2, 2)
    """
    return floor(number + 0.5)


def shares(exact: Sequence[float], total: int) -> list[int]:
    """Whole numbers that sum to `total`, each next to the exact one: those with the largest remainders are rounded up.

    `total` is the rounded sum of the exact ones (method of the largest remainder).

    >>> shares([0.4, 0.4, 0.4], 1), shares([2.0, -1.5], 1)
    ([1, 0, 0], [2, -1])
    """
    whole = [floor(each) for each in exact]
    missing = total - sum(whole)
    if not missing:
        return whole
    order = sorted(range(len(whole)), key=lambda index: whole[index] - exact[index], reverse=missing < 0)
    for index in islice(cycle(order), abs(missing)):
        whole[index] += 1 if missing > 0 else -1
    return whole


def reasons_of(parts: Sequence[Part], dimension: Dimension) -> tuple[int, list[Reason]]:
    """The points of a dimension, between 0 and 100, and its reasons, which sum to them.

    What the scale cannot show is a reason of its own, so that the sum stays true.
    """
    exact = [part.exact for part in parts]
    total = rounded(sum(exact))
    several = shares(exact, total)
    reasons = [
        Reason(rule=part.rule, points=points, sentence=part.sentence, dimension=dimension)
        for part, points in zip(parts, several, strict=True)
    ]
    points = min(max(total, 0), POINTS_MAX)
    if points != total:
        reasons.append(_bound(total, points, dimension))
    return points, reasons


def together(fit: int, engagement: int) -> tuple[int, list[Reason]]:
    """The points of both dimensions, and what is held back of them."""
    points = min(fit + engagement, POINTS_MAX)
    return points, [_bound(fit + engagement, points, Dimension.BOTH)] if points != fit + engagement else []


WHAT = {Dimension.FIT: " of fit", Dimension.ENGAGEMENT: " of engagement", Dimension.BOTH: ""}


def _bound(total: int, points: int, dimension: Dimension) -> Reason:
    what = WHAT[dimension]
    if total > points:
        name, sentence = (
            "end_of_scale",
            f"The scale{what} ends at {POINTS_MAX}: {total - points} points more are not shown.",
        )
    else:
        name, sentence = "start_of_scale", f"The scale{what} begins at 0: {-total} points less are not shown."
    return Reason(rule=name, points=points - total, sentence=sentence, dimension=dimension)
