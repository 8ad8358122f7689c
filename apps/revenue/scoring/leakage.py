"""The guard: names columns that seem to know the outcome, before a model that uses them is promoted. Needs numpy."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import log

import numpy as np

from .cutting import Column, cut
from .regression import Array, columns_sum, rows_sum
from .regression import auc as measured
from .report import FeatureKind, Leak, LeakKind
from .words import words_of

NEAR_PERFECT = 0.97
STRONG = 0.70
GAP = 0.08
"""How far above the next best a column has to stand to be suspected, in AUC."""
PURE_NATS = 20.0
"""How unlikely it has to be that so many rows with one outcome came together by chance: e^-20."""
FOLDS = 5


def aucs_of(columns: Sequence[Column], good: Array) -> dict[str, float]:
    """How well each column tells good from bad by itself, on rows that were not looked at for it."""
    return {column.name: _auc(column, good) for column in columns if column.kind is not None}


def leaks_in(columns: Sequence[Column], good: Array, aucs: Mapping[str, float], times: Array | None) -> list[Leak]:
    """All columns that are suspected, each once, the surest reason first. `times` is when each row was to be judged."""
    found: dict[str, Leak] = {}
    several = [*_near_perfect(aucs), *_only_with_outcome(columns, good)]
    if times is not None:
        several += _after_decision(columns, times)
    for leak in several:
        found.setdefault(leak.column, leak)
    rest = {name: auc for name, auc in aucs.items() if name not in found}  # a sure one would hide the next
    return [*found.values(), *_far_above_rest(rest)]


def _auc(column: Column, good: Array) -> float:
    """AUC of the share of good rows in each bin, of which a row's own fold has no part."""
    rows = np.arange(len(good))
    one = cut(column, rows).matrix()
    many = rows_sum(one) + 1e-9  # a text has several words, or none that is frequent
    folds, average, score = rows % FOLDS, good.mean(), np.zeros(len(good))
    for fold in range(FOLDS):
        here = folds == fold
        count = columns_sum(one[~here])
        rate = (one[~here].T @ good[~here] + 10 * average) / (count + 10)
        score[here] = (one[here] @ rate) / many[here]
    return measured(good, score) or 0.5


def _near_perfect(aucs: Mapping[str, float]) -> Iterator[Leak]:
    for name, auc in aucs.items():
        if auc >= NEAR_PERFECT:
            sentence = f"`{name}` alone tells good from bad almost without a mistake (AUC {auc:.3f})."
            yield Leak(column=name, kind=LeakKind.NEAR_PERFECT, figure=auc, sentence=sentence)


def _far_above_rest(aucs: Mapping[str, float]) -> Iterator[Leak]:
    """Those above the widest gap between the strong ones, as long as they are a few of many."""
    order = sorted(aucs.items(), key=lambda each: -each[1])
    few = max(1, len(order) // 3)
    gaps = [(order[place][1] - order[place + 1][1], place) for place in range(min(few, len(order) - 1))]
    gap, place = max(gaps, default=(0.0, 0))
    if gap < GAP:
        return
    for name, auc in order[: place + 1]:
        if auc >= STRONG:
            next_best = order[place + 1]
            sentence = (
                f"`{name}` alone tells good from bad far better than any other column (AUC {auc:.3f}, "
                f"`{next_best[0]}` {next_best[1]:.3f}): is it known when a lead is to be scored?"
            )
            yield Leak(column=name, kind=LeakKind.FAR_ABOVE_REST, figure=auc, sentence=sentence)


def _only_with_outcome(columns: Sequence[Column], good: Array) -> Iterator[Leak]:
    """Columns that have a value with one outcome only, or a value that is there with a good outcome only."""
    for column in columns:
        if column.kind is None and not column.levels:
            continue
        for is_there, name in ((~column.missing, "good"), (column.missing, "missing")):
            share = _pure(good[is_there], good)
            if share is not None and is_there.any() and not is_there.all():
                outcome = "a good" if share else "a bad"
                said = "has a value" if name == "good" else "is missing"
                sentence = f"`{column.name}` {said} only in rows with {outcome} outcome ({int(is_there.sum()):,} rows)."
                yield Leak(column=column.name, kind=LeakKind.ONLY_WITH_OUTCOME, figure=1.0, sentence=sentence)
                break
        else:
            yield from _pure_value(column, good)


def _pure_value(column: Column, good: Array) -> Iterator[Leak]:
    if column.kind not in (FeatureKind.CATEGORY, FeatureKind.WORDS):
        return
    counts: dict[str, list[float]] = {}
    sums = np.bincount(column.values[~column.missing], weights=good[~column.missing], minlength=len(column.levels))
    rows = np.bincount(column.values[~column.missing], minlength=len(column.levels))
    for level, row_count, good_count in zip(column.levels, rows.tolist(), sums.tolist(), strict=True):
        words = words_of(level)[1] if column.kind is FeatureKind.WORDS else (level,)
        for word in words:
            entry = counts.setdefault(word, [0.0, 0.0])
            entry[0] += row_count
            entry[1] += good_count
    pure = [
        (count, word) for word, (count, well) in counts.items() if count == well and _is_unlikely(count, good.mean())
    ]
    if pure:
        count, word = max(pure)
        sentence = f"All {count:,.0f} rows in which `{column.name}` is `{word}` have a good outcome."
        yield Leak(column=column.name, kind=LeakKind.ONLY_WITH_OUTCOME, figure=1.0, sentence=sentence)


def _pure(part: Array, good: Array) -> bool | None:
    """The one outcome that rows have, where that is no chance; None when they have both."""
    if len(part) == 0:
        return None
    share = part.mean()
    if share not in (0.0, 1.0):
        return None
    base = good.mean() if share else 1 - good.mean()
    return bool(share) if _is_unlikely(len(part), base) else None


def _is_unlikely(count: float, base: float) -> bool:
    return base < 1 and count * -log(base) >= PURE_NATS


def _after_decision(columns: Sequence[Column], times: Array) -> Iterator[Leak]:
    """Columns of moments that mostly lie behind the moment at which the lead was to be judged."""
    for column in columns:
        if column.kind is FeatureKind.NUMBER or not column.levels:
            continue
        moments = np.asarray([moment_of(level) for level in column.levels] + [np.nan])[column.values]
        both = ~np.isnan(moments) & ~np.isnan(times)
        if both.sum() < max(20, 0.5 * (~column.missing).sum()):
            continue
        share = float((moments[both] > times[both]).mean())
        if share > 0.5:
            sentence = f"`{column.name}` lies behind the moment of judging in {share:.0%} of the rows that have it."
            yield Leak(column=column.name, kind=LeakKind.AFTER_DECISION, figure=share, sentence=sentence)


def moment_of(text: str) -> float:
    """A moment as a number; nan for what is none.

    >>> moment_of("1970-01-02"), moment_of("soon")
    (86400.0, nan)
    """
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return float("nan")
    return (moment.replace(tzinfo=None) - (moment.utcoffset() or _NONE) - _EPOCH).total_seconds()


_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # moments are compared without their zones, as UTC
_NONE = _EPOCH - _EPOCH
