"""What is learnt from examples, and that it is the same without the library that learnt it."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import Lead
from revenue.enrichment.contract import Profile
from revenue.ruling import Ruled
from revenue.scoring.contract import Dimension, ExamplesRejected, ScoringRules, Training
from revenue.scoring.cutting import Column, column_of, cut, encoded
from revenue.scoring.examples import Examples, Sample, piece_row
from revenue.scoring.judge import Model
from revenue.scoring.leakage import aucs_of, leaks_in, moment_of
from revenue.scoring.learning import artefact_of, fitted, learnt, lift
from revenue.scoring.prediction import Artefact, Feature, Predictor, Values, probability
from revenue.scoring.regression import Array
from revenue.scoring.report import FeatureKind, LeakKind
from revenue.scoring.scored import Basis, Kept, judged, score_at
from revenue.scoring.tests.examples import pieces, rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TRAINING = Training(name="first", table="deals", outcome="won", leave_out=("won_at", "talked_s"))


def loaded(training: Training, several: list[dict[str, str]]) -> Examples:
    """Rows as they are learnt from."""
    sample = Sample()
    for piece in pieces(training.table, several):
        row = piece_row(piece)
        sample.add(row["columns"], row["content"])
    return sample.examples(training)


def columns_of(several: Sequence[dict[str, str]], *names: str) -> list[Column]:
    """Columns of rows."""
    return [column_of(name, [row[name] or None for row in several]) for name in names]


def said_by(row: Mapping[str, str | None]) -> Values:
    """What a row says under the name of a column."""
    return lambda name: row[name] or None


def goods(several: Sequence[dict[str, str]]) -> Array:
    """Their outcomes."""
    return np.asarray([row["won"] == "yes" for row in several], dtype=float)


# --- prediction ------------------------------------------------------------------------------------------------------


def test_what_is_predicted_is_what_the_library_predicts() -> None:
    """Within 1e-9, of every kind of column, of values that are missing and of those that nobody has seen."""
    several = rows(2_000)
    used = columns_of(several, "industry", "attribute.seats", "lead.title", "note")
    final = fitted(used, goods(several), np.arange(1_500))
    matrix = encoded(final.cuts)
    artefact = artefact_of(final, final.log_odds(matrix), np.arange(1_500))
    read = msgspec.json.decode(msgspec.json.encode(artefact), type=Artefact)

    predictor = Predictor(read)
    ours = [predictor.log_odds(said_by(row)) for row in several]
    theirs = final.regression.probabilities(matrix)

    assert {each.kind for each in used} == {FeatureKind.NUMBER, FeatureKind.CATEGORY, FeatureKind.WORDS}
    assert np.max(np.abs(np.asarray(ours) - final.log_odds(matrix))) < 1e-9
    assert np.max(np.abs(np.asarray(list(map(probability, ours))) - theirs)) < 1e-9


VALUES = st.one_of(
    st.none(), st.floats(-1e6, 1e6).map(str), st.text(min_size=1, max_size=8), st.sampled_from(("a", "b", "c c d"))
)


@given(st.lists(VALUES, min_size=30, max_size=60))
def test_a_column_is_cut_alike_by_both(values: list[str | None]) -> None:
    """The bin of each value is the same for whoever learns and for whoever predicts."""
    column = column_of("x", values)
    if column.kind is None:
        return
    one = cut(column, np.arange(len(values)))
    weights = tuple(float(place + 1) ** 2 for place in range(one.width))
    feature = Feature(column="x", kind=column.kind, weights=weights, edges=one.edges, levels=one.levels)
    predictor = Predictor(Artefact(intercept=0, features=(feature,), slope=1, start=0, rows=1))

    ours = [predictor.log_odds(said_by({"x": value})) for value in values]

    assert ours == pytest.approx((one.matrix() @ np.asarray(weights)).tolist())


@given(st.floats(-700, 700))
def test_a_probability_is_one_whatever_the_odds(log_odds: float) -> None:
    """Also far out, where numbers end."""
    assert 0 <= probability(log_odds) <= 1
    assert math.isclose(probability(log_odds) + probability(-log_odds), 1)


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({"weights": [0.0, 1.0]}, "has 2 weights, and 4 are needed"),
        ({"edges": [2.0, 1.0]}, "do not grow"),
        ({"kind": "tree"}, "weights, and None are needed"),
        ({"mean": "__import__('os')"}, "Expected `float`"),
    ],
)
def test_a_model_that_is_none_is_refused(said: dict[str, Any], mistake: str) -> None:  # Any: what a file says
    """An artefact is numbers, and nothing else can be in it."""
    feature = {"column": "x", "kind": "number", "weights": [0.0, 1.0, 2.0, 3.0], "edges": [1.0, 2.0]}

    with pytest.raises(msgspec.ValidationError, match=mistake):
        msgspec.convert(feature | said, Feature)


@given(
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.floats(0.1, 60),
    st.floats(-50, 150),
    st.sampled_from((0.3, 1)),
)
def test_a_learnt_score_is_the_sum_of_its_reasons(
    weights: list[float], slope: float, start: float, weight: float
) -> None:
    """With rules or alone, on the scale or beyond it."""
    features = tuple(
        Feature(column=name, kind=FeatureKind.CATEGORY, weights=(0.0, each, -each), levels=("x",), mean=each / 3)
        for name, each in zip(("title", "company", "fact.country"), weights, strict=True)
    )
    model = Model(7, Predictor(Artefact(intercept=-1.0, features=features, slope=slope, start=start, rows=99)))
    lead = Lead(id="1", captured_at=NOON, updated_at=NOON, title="x", company="other", email="a@b.c")
    rules = ScoringRules(model_weight=weight)

    score = score_at(judged(Kept(lead, Profile()), (), Basis(Ruled(1, rules), model), NOON), rules, NOON)

    assert score.fit == sum(reason.points for reason in score.reasons if reason.dimension is Dimension.FIT)
    assert score.points == sum(reason.points for reason in score.reasons)
    assert 0 <= score.fit <= 100
    assert (score.model_version, score.probability is None) == (7, False)
    assert any(reason.sentence == "Learnt from 99 outcomes: `title` is x." for reason in score.reasons)


# --- learning --------------------------------------------------------------------------------------------------------


def test_a_model_says_how_good_it_is() -> None:
    """Cross-validated, in time, on what is held out; calibrated; by tenths."""
    several = rows(4_000)

    report = learnt(loaded(TRAINING, several), TRAINING, NOON).report

    quality = report.quality
    assert report.rows + report.holdout_rows == 4_000
    assert 0.15 < report.holdout_rows / 4_000 < 0.25
    assert 0.68 < quality.auc_cross_validated < 0.80
    assert quality.auc_time_split is not None
    assert quality.auc_holdout is not None
    assert abs(quality.auc_holdout - quality.auc_cross_validated) < 0.05
    assert quality.brier < quality.brier_of_average
    assert all(abs(point.predicted - point.observed) < 0.12 for point in quality.reliability)
    assert (sum(row.rows for row in quality.lift), sum(row.good for row in quality.lift)) == (report.rows, report.good)
    assert quality.lift[0].lift > 1.5
    assert quality.lift[-1].lift < 0.6
    assert quality.lift[-1].gained_share == pytest.approx(1.0)


def test_a_model_names_its_columns() -> None:
    """How they were cut, how much they move, and why others are not used."""
    several = [row | {"note": f"{number:x}x"} for number, row in enumerate(rows(2_000))]

    report = learnt(loaded(TRAINING, several), TRAINING, NOON).report

    columns = {each.column: each for each in report.columns}
    assert (columns["industry"].kind, columns["attribute.seats"].kind) == (FeatureKind.CATEGORY, FeatureKind.NUMBER)
    assert columns["industry"].points > 5
    assert 0.05 < columns["attribute.seats"].missing_share < 0.15
    assert columns["note"].left_out == "Nearly every row has another value: it names the row."
    assert columns["won_at"].left_out == "It was asked to be left out."


def test_what_changes_with_time_is_noted() -> None:
    """A good figure from shuffled rows promises too much then."""
    several = rows(3_000)
    for number, row in enumerate(several):
        if number > 2_200:
            row["won"] = "yes" if row["industry"] == "farming" else "no"

    report = learnt(loaded(TRAINING, several), TRAINING, NOON).report

    assert report.quality.auc_time_split is not None
    assert report.quality.auc_time_split < report.quality.auc_cross_validated - 0.05
    assert any("changes with time" in note for note in report.notes)


def test_the_time_column_orders_rows_and_teaches_nothing() -> None:
    """A table need not be in order."""
    training = msgspec.structs.replace(TRAINING, time="won_at", leave_out=("talked_s",))
    several = rows(2_000)
    for number, row in enumerate(several):
        row["won_at"] = f"2026-{(number * 7) % 12 + 1:02}-01"

    report = learnt(loaded(training, several), training, NOON).report

    assert "won_at" not in {each.column for each in report.columns}


@pytest.mark.parametrize(
    ("training", "count", "mistake"),
    [
        (
            msgspec.structs.replace(TRAINING, outcome="lost"),
            300,
            "there is no column `lost`; there are attribute.seats",
        ),
        (msgspec.structs.replace(TRAINING, leave_out=("shoes",)), 300, "there is no column `shoes`"),
        (msgspec.structs.replace(TRAINING, good=("maybe",)), 300, "of which 0 are good"),
        (TRAINING, 50, "at least 200 rows are needed"),
        (
            msgspec.structs.replace(
                TRAINING, leave_out=("industry", "attribute.seats", "lead.title", "note", "won_at", "talked_s")
            ),
            300,
            "no column is left",
        ),
    ],
)
def test_what_nothing_can_be_learnt_from_is_refused(training: Training, count: int, mistake: str) -> None:
    """With what to do."""
    with pytest.raises(ExamplesRejected) as rejected:
        learnt(loaded(training, rows(count)), training, NOON)

    assert mistake in rejected.value.explanation


def test_tenths_are_whole_when_rows_are_few() -> None:
    """Every row is in one of them."""
    table = lift(np.asarray([1.0, 0.0] * 12), np.linspace(0, 1, 24))

    assert sum(row.rows for row in table) == 24


# --- the guard -------------------------------------------------------------------------------------------------------


def test_the_guard_names_columns_that_know_the_outcome() -> None:
    """And lets the others be; those that are left out are named, too, and refused no more."""
    several = rows(3_000)
    all_of_it = Training(name="all", table="deals", outcome="won")

    loose = learnt(loaded(all_of_it, several), all_of_it, NOON).report
    strict = learnt(loaded(TRAINING, several), TRAINING, NOON).report

    assert {leak.column: leak.kind for leak in loose.leaks} == {
        "won_at": LeakKind.ONLY_WITH_OUTCOME, "talked_s": LeakKind.FAR_ABOVE_REST,
    }  # fmt: skip
    assert set(loose.refused) == {"won_at", "talked_s"}
    assert strict.leaks == loose.leaks
    assert strict.refused == ()


def leaks(several: Sequence[dict[str, str]], *names: str, times: Array | None = None) -> dict[str, LeakKind]:
    """What the guard names."""
    columns, good = columns_of(several, *names), goods(several)
    return {leak.column: leak.kind for leak in leaks_in(columns, good, aucs_of(columns, good), times)}


def test_the_outcome_by_another_name_is_found() -> None:
    """Nearly perfect, even with some mistakes in it."""
    several = rows(1_000)
    for number, row in enumerate(several):
        row["stage"] = "closed" if (row["won"] == "yes") is (number % 200 != 0) else "open"

    assert leaks(several, "industry", "stage", "lead.title")["stage"] is LeakKind.NEAR_PERFECT


def test_a_value_that_is_missing_with_one_outcome_only_is_found() -> None:
    """Somebody fills it in when all is lost."""
    several = rows(1_000)
    for number, row in enumerate(several):
        row["lost_reason"] = "price" if row["won"] == "no" and number % 3 == 0 else ""

    assert leaks(several, "industry", "lost_reason", "lead.title")["lost_reason"] is LeakKind.ONLY_WITH_OUTCOME


def test_a_word_that_only_good_leads_have_is_found() -> None:
    """In a note that was written afterwards."""
    several = rows(2_000)
    for number, row in enumerate(several):
        row["note"] += " congratulations" if row["won"] == "yes" and number % 9 == 0 else ""

    assert leaks(several, "industry", "note", "lead.title")["note"] is LeakKind.ONLY_WITH_OUTCOME


def test_a_moment_after_the_decision_is_found() -> None:
    """What happened later was not known."""
    several = rows(600)
    for number, row in enumerate(several):
        row["called"] = f"2026-02-{number % 27 + 2:02}"
        row["created"] = f"2025-02-{number % 27 + 2:02}"
    times = np.asarray([moment_of("2026-02-01")] * len(several))

    assert leaks(several, "industry", "called", "created", times=times) == {"called": LeakKind.AFTER_DECISION}


def test_strong_columns_among_strong_ones_are_no_leak() -> None:
    """A good column is not suspected for being good."""
    several = rows(3_000)

    assert leaks(several, "industry", "attribute.seats", "lead.title", "note") == {}
