"""What happened between two looks at the processes of an application: rates, errors and durations."""

from collections.abc import Sequence

import msgspec

from atoll.telemetry.figures import Figure
from atoll.telemetry.looking import ProcessFigures


class Rate(msgspec.Struct, frozen=True):
    """One kind of work between two services, in the time between two looks: what was counted, and how much a second."""

    counted: Figure
    per_s: float
    failed_per_s: float


def rates(before: Sequence[ProcessFigures], after: Sequence[ProcessFigures]) -> list[Rate]:
    """What all processes did between two looks, the busiest first; what did nothing, with zeros, last.

    A process that is new has zeros until the next look: nothing is known of the time. One that has ended has none.
    """
    earlier = {each.name: each.sample for each in before}
    found: dict[tuple[str, str, str, str], Rate] = {}
    for process in after:
        past = earlier.get(process.name)
        known = {} if past is None else {_which(figure): figure for figure in past.figures}
        span_s = process.sample.at - past.at if past is not None else 1.0
        for figure in process.sample.figures:
            which = _which(figure)
            counted = figure.minus(known.get(which))
            if past is None or span_s <= 0:  # nothing is known of the time
                counted = figure.minus(figure)
                span_s = 1.0
            rate = Rate(counted, counted.count / span_s, counted.failed / span_s)
            found[which] = _sum(found[which], rate) if which in found else rate
    return sorted(found.values(), key=lambda rate: (-rate.per_s, _which(rate.counted)))


def together(several: Sequence[Rate]) -> Figure | None:
    """What several rates counted, as one figure; nothing of none."""
    whole: Figure | None = None
    for rate in several:
        whole = rate.counted if whole is None else whole.plus(rate.counted)
    return whole


def _which(figure: Figure) -> tuple[str, str, str, str]:
    return figure.kind, figure.service, figure.name, figure.caller


def _sum(one: Rate, other: Rate) -> Rate:
    return Rate(one.counted.plus(other.counted), one.per_s + other.per_s, one.failed_per_s + other.failed_per_s)
