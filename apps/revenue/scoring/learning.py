"""Learn a model from examples with scikit-learn, and say how good it is. Imported by nobody who only predicts.

The model is a logistic regression on bins: it adds up, so that each point can be explained, and it is calibrated by
itself, since it is fitted to the likelihood. (Boosted trees gain some hundredths of AUC, and lose both.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from .contract import Compared, Comparison, ComparisonReport, ExamplesRejected, ModelReport, Quality, Training
from .cutting import Column, Cut, column_of, cut, encoded
from .examples import Examples
from .leakage import aucs_of, leaks_in, moment_of
from .prediction import Artefact, Feature, Predictor, Values, probability
from .regression import Array, Regression, Sparse, auc, brier, folds
from .report import ColumnReport, FeatureKind, LiftRow, ReliabilityPoint

FOLDS = 5
ROWS_MIN = 200
GOOD_MIN = 20
DECILES = 10


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model as scikit-learn has it, with where its columns are cut."""

    cuts: Sequence[Cut]
    regression: Regression

    def log_odds(self, matrix: Sparse) -> Array:
        """Of each row of an encoded table."""
        return self.regression.log_odds(matrix)


@dataclass(frozen=True, slots=True)
class Learnt:
    """A model as data, and what is to be said of it; the version is not known yet."""

    artefact: Artefact
    report: ModelReport


def learnt(examples: Examples, training: Training, now: datetime) -> Learnt:
    """Learn from all rows that are not held out, and find out how good that is.

    Raises:
        ExamplesRejected: there is too little to learn from.
    """
    good, examples, notes = _outcomes(examples, training.outcome, training.good, training.table)
    times = _times(examples, training)
    order = np.argsort(times, kind="stable") if times is not None else np.arange(len(good))
    held_out = np.asarray(examples.held_out)
    order, taught = order[~held_out[order]], ~held_out
    _check(training, good[taught])
    columns = [
        column_of(name, [row[place] for row in examples.rows])
        for place, name in enumerate(examples.columns)
        if name not in (training.outcome, training.time)
    ]
    aucs = aucs_of(columns, good)
    leaks = leaks_in(columns, good, aucs, times)
    used = [column for column in columns if column.kind is not None and column.name not in training.leave_out]
    if not used:
        raise ExamplesRejected(table=training.table, explanation="no column is left that could be learnt from")
    final = fitted(used, good, np.flatnonzero(taught))
    log_odds = final.log_odds(encoded(final.cuts))
    artefact = artefact_of(final, log_odds, np.flatnonzero(taught))
    expected, aucs_of_folds = _cross_validated(used, good, order)
    split = _time_split(used, good, order)
    quality = Quality(
        auc_cross_validated=float(np.mean(aucs_of_folds)),
        auc_folds=tuple(aucs_of_folds),
        auc_time_split=split,
        auc_holdout=auc(good[held_out], log_odds[held_out]),
        brier=brier(good[order], expected),
        brier_of_average=float(np.var(good[order])),
        reliability=reliability(good[order], expected),
        lift=lift(good[order], expected),
    )
    if split is not None and split < quality.auc_cross_validated - 0.05:
        notes.append(
            f"Of what came later it tells less (AUC {split:.3f}) than of rows from the same time "
            f"({quality.auc_cross_validated:.3f}): what it has learnt changes with time. Train it again often."
        )
    return Learnt(
        artefact,
        ModelReport(
            version=0,
            name=training.name,
            table=training.table,
            outcome=training.outcome,
            rows=int(taught.sum()),
            good=int(good[taught].sum()),
            holdout_rows=int(held_out.sum()),
            quality=quality,
            columns=_columns(columns, used, aucs, artefact),
            leaks=tuple(leaks),
            refused=_refused(leaks=[leak.column for leak in leaks], used=used, allowed=training.allow),
            notes=tuple(notes),
            trained_at=now,
            header=examples.columns,
        ),
    )


def compared(
    examples: Examples, comparison: Comparison, several: Sequence[tuple[ModelReport, Predictor]]
) -> ComparisonReport:
    """How versions do on the rows of a table that are held out of every training with its columns.

    Raises:
        ExamplesRejected: too few rows are held out to tell them apart.
    """
    good, examples, _ = _outcomes(examples, comparison.outcome, comparison.good, comparison.table)
    held_out = np.flatnonzero(np.asarray(examples.held_out))
    good = good[held_out]
    if not 0 < good.sum() < len(good):
        explanation = (
            f"of {len(good):,} rows that are held out, {int(good.sum()):,} are good (`{comparison.outcome}` is one of "
            f"{', '.join(comparison.good)}): some have to be good and some bad. Is `good` right, as in the training?"
        )
        raise ExamplesRejected(table=comparison.table, explanation=explanation)
    places = {name: place for place, name in enumerate(examples.columns)}
    found: list[Compared] = []
    for report, predictor in several:
        values = (_values(examples.rows[row], places) for row in held_out)
        expected = np.asarray([probability(predictor.log_odds(each)) for each in values])
        found.append(
            Compared(
                version=report.version,
                name=report.name,
                auc=auc(good, expected) or 0.5,
                brier=brier(good, expected),
                top_decile_lift=lift(good, expected)[0].lift,
                absent=tuple(each.column for each in predictor.artefact.features if each.column not in places),
                may_know_rows=bool(report.header) and report.header != examples.columns,
            )
        )
    found.sort(key=lambda each: (-each.auc, each.brier))
    return ComparisonReport(rows=len(good), good=int(good.sum()), versions=tuple(found))


def fitted(columns: Sequence[Column], good: Array, rows: Array) -> Fitted:
    """Cut the columns by these rows, and fit a regression to them."""
    cuts = [cut(column, rows) for column in columns]
    return Fitted(cuts, Regression(encoded(cuts)[rows], good[rows]))


def artefact_of(final: Fitted, log_odds: Array, rows: Array) -> Artefact:
    """The model as data. Of the rows that taught it, the worst hundredth has 0 points, the best one 100."""
    weights = final.regression.weights
    features: list[Feature] = []
    begin = 0
    for each in final.cuts:
        own = weights[begin : begin + each.width]
        begin += each.width
        features.append(
            Feature(
                column=each.column.name,
                kind=_kind(each.column),
                weights=tuple(map(float, own)),
                edges=each.edges,
                levels=each.levels,
                mean=float((each.matrix()[rows] @ own).mean()),
            )
        )
    low, high = (float(each) for each in np.quantile(log_odds[rows], (0.01, 0.99)))
    slope = 100 / (high - low) if high - low > 1e-6 else 0.0
    return Artefact(
        intercept=final.regression.intercept,
        features=tuple(features),
        slope=slope,
        start=-slope * low if slope else 50.0,
        rows=len(rows),
    )


def reliability(good: Array, expected: Array) -> tuple[ReliabilityPoint, ...]:
    """Rows in ten parts of equal size by what was expected of them, and what came."""
    parts = np.array_split(np.argsort(expected, kind="stable"), DECILES)
    return tuple(
        ReliabilityPoint(predicted=float(expected[part].mean()), observed=float(good[part].mean()), rows=len(part))
        for part in parts
        if len(part)
    )


def lift(good: Array, expected: Array) -> tuple[LiftRow, ...]:
    """Tenths of the rows, the best first."""
    rows: list[LiftRow] = []
    gained, all_good = 0, int(good.sum())
    for number, part in enumerate(np.array_split(np.argsort(-expected, kind="stable"), DECILES), 1):
        well = int(good[part].sum())
        gained += well
        rate = well / len(part)
        rows.append(
            LiftRow(
                decile=number,
                rows=len(part),
                good=well,
                rate=rate,
                lift=rate / float(good.mean()),
                gained_share=gained / all_good,
            )
        )
    return tuple(rows)


def _outcomes(examples: Examples, outcome: str, good: Sequence[str], table: str) -> tuple[Array, Examples, list[str]]:
    """Which rows are good, of those whose outcome is known."""
    if outcome not in examples.columns:
        raise ExamplesRejected(table=table, explanation=f"there is no column `{outcome}`")
    place = examples.columns.index(outcome)
    wanted = frozenset(word.casefold() for word in good)
    known = [(row, held) for row, held in zip(examples.rows, examples.held_out, strict=True) if row[place] is not None]
    notes = list(examples.notes)
    if len(known) < len(examples.rows):
        notes.append(f"{len(examples.rows) - len(known):,} rows have no outcome, and were left out.")
    rows = [row for row, _ in known]
    kept = Examples(examples.columns, rows, [held for _, held in known], examples.rows_in_all, notes)
    return np.asarray([(row[place] or "").casefold() in wanted for row in rows], dtype=float), kept, notes


def _times(examples: Examples, training: Training) -> Array | None:
    if training.time is None:
        return None
    place = examples.columns.index(training.time)
    return np.asarray([moment_of(row[place] or "") for row in examples.rows])


def _check(training: Training, good: Array) -> None:
    well = int(good.sum())
    if len(good) >= ROWS_MIN and GOOD_MIN <= well <= len(good) - GOOD_MIN:
        return
    values = ", ".join(training.good)
    explanation = (
        f"{len(good):,} rows are learnt from, of which {well:,} are good (`{training.outcome}` is one of {values}): "
        f"at least {ROWS_MIN} rows are needed, {GOOD_MIN} good and {GOOD_MIN} bad ones. Is `good` right?"
    )
    raise ExamplesRejected(table=training.table, explanation=explanation)


def _cross_validated(columns: Sequence[Column], good: Array, order: Array) -> tuple[Array, list[float]]:
    """What is expected of each row by a model that was not taught it, and the AUC of each fold."""
    expected, aucs = np.zeros(len(order)), list[float]()
    for taught, asked in folds(good[order], FOLDS):
        log_odds = _asked(columns, good, order[taught], order[asked])
        expected[asked] = 1 / (1 + np.exp(-log_odds))
        aucs.append(auc(good[order[asked]], log_odds) or 0.5)
    return expected, aucs


def _time_split(columns: Sequence[Column], good: Array, order: Array) -> float | None:
    """AUC of the last fifth, by what was before it; None where either has one outcome only."""
    before, after = order[: len(order) * 4 // 5], order[len(order) * 4 // 5 :]
    if not all(0 < good[part].sum() < len(part) for part in (before, after)):
        return None
    return auc(good[after], _asked(columns, good, before, after))


def _asked(columns: Sequence[Column], good: Array, taught: Array, asked: Array) -> Array:
    found = fitted(columns, good, taught)
    return found.log_odds(encoded(found.cuts)[asked])


def _columns(
    columns: Sequence[Column], used: Sequence[Column], aucs: dict[str, float], artefact: Artefact
) -> tuple[ColumnReport, ...]:
    """All columns, those that move most points first."""
    names = {column.name for column in used}
    moved = {feature.column: _points(artefact, feature) for feature in artefact.features}
    reports = [
        ColumnReport(
            column=column.name,
            kind=column.kind if column.name in names else None,
            auc=aucs.get(column.name, 0.5),
            points=moved.get(column.name, 0.0),
            missing_share=float(column.missing.mean()),
            left_out="" if column.name in names else column.left_out or "It was asked to be left out.",
        )
        for column in columns
    ]
    return tuple(sorted(reports, key=lambda each: (-each.points, -each.auc)))


def _points(artefact: Artefact, feature: Feature) -> float:
    """From the worst to the best value of a column, missing ones aside."""
    weights = feature.weights[1:] or (0.0,)
    return artefact.slope * (max(weights) - min(weights))


def _refused(*, leaks: Sequence[str], used: Sequence[Column], allowed: Sequence[str]) -> tuple[str, ...]:
    names = {column.name for column in used}
    return tuple(name for name in leaks if name in names and name not in allowed)


def _kind(column: Column) -> FeatureKind:
    assert column.kind is not None, "a column without a kind is not used"
    return column.kind


def _values(row: Sequence[str | None], places: dict[str, int]) -> Values:
    """What a row says under the name of a column."""

    def value(column: str) -> str | None:
        place = places.get(column)
        return None if place is None else row[place]

    return value
