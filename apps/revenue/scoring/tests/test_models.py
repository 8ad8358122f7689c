"""Models from end to end: examples in, a version learnt, promoted, used, compared and taken back; on both databases."""

import sys

import msgspec
import pytest

from atoll.testing import MemoryDatabase
from revenue.enrichment.contract import LeadEnriched
from revenue.scoring.contract import (
    Comparison,
    ExamplePiece,
    ExamplesNotFound,
    ExamplesRejected,
    LeadOutcome,
    LeadOutcomes,
    LeakageSuspected,
    LearningNotInstalled,
    ModelNotFound,
    ModelReport,
    NothingToRollBack,
    PlanRequest,
    Promotion,
    ScoringRules,
    Training,
)
from revenue.scoring.service import ScoringService
from revenue.scoring.tests.conftest import PROFILE
from revenue.scoring.tests.examples import pieces, rows
from revenue.scoring.tests.test_scoring_service import published
from revenue.scoring.tests.told import enriched, lead, said, turned

TRAINING = Training(name="first", table="deals", outcome="won", leave_out=("won_at", "talked_s"))
LEAKY = Training(name="leaky", table="deals", outcome="won")


async def taught(scoring: ScoringService, training: Training = TRAINING, count: int = 1_200) -> ModelReport:
    """A version, learnt from examples."""
    for piece in pieces("deals", rows(count), size=500):
        await scoring.add_examples(piece)
    return await scoring.train(training)


async def test_a_table_comes_in_pieces_and_each_once(scoring: ScoringService) -> None:
    """A piece that is sent again takes its own place."""
    several = pieces("deals", rows(1_100), size=500) * 2

    tables = [await scoring.add_examples(piece) for piece in several]

    table = await scoring.examples("deals")
    assert (table.rows, table.pieces) == (1_100, 3)
    assert table == tables[-1]
    assert "industry" in table.columns


async def test_a_table_can_be_forgotten(scoring: ScoringService) -> None:
    """It may hold personal data; what was learnt holds none."""
    report = await taught(scoring)

    await scoring.drop_examples("deals")

    with pytest.raises(ExamplesNotFound):
        await scoring.examples("deals")
    with pytest.raises(ExamplesNotFound):
        await scoring.train(TRAINING)
    assert (await scoring.model(report.version)).name == "first"


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"", "the piece is empty"),
        (b"a,a\n1,2\n", "`a` is there twice"),
        (b"a,\n1,2\n", "a column has no name"),
        (b"a,b\n1\n", "line 2 has 1 fields, and there are 2 columns"),
        (b"a,b\n\xff,1\n", "not UTF-8"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "no CSV"),
        (",".join(map(str, range(300))).encode(), "300 columns are too many"),
        (b"a\n" + b"1\n" * 20_001, "has 20,001 rows"),
        (b"a\nx\0y\n", "NUL"),
    ],
)
async def test_a_piece_that_is_none_is_refused(scoring: ScoringService, content: bytes, mistake: str) -> None:
    """As a whole, with what is wrong."""
    with pytest.raises(ExamplesRejected) as rejected:
        await scoring.add_examples(ExamplePiece(table="t", number=0, content=content))

    assert mistake in rejected.value.explanation


@pytest.mark.parametrize(("table", "number"), [("", 0), ("a b", 0), ("../x", 0), ("\0", 0), ("t", -1)])
async def test_a_table_has_a_plain_name(scoring: ScoringService, table: str, number: int) -> None:
    """And counted pieces."""
    with pytest.raises(ExamplesRejected):
        await scoring.add_examples(ExamplePiece(table=table, number=number, content=b"a\n1\n"))


async def test_any_delimiter_will_do(scoring: ScoringService) -> None:
    """The header says which it is; blank lines say nothing."""
    piece = ExamplePiece(table="t", number=0, content="\ufeffa;b;c\n1;x,y;\n\n2;z;3\n".encode())

    table = await scoring.add_examples(piece)

    assert (table.columns, table.rows) == (("a", "b", "c"), 2)


async def test_the_same_training_is_done_once(scoring: ScoringService) -> None:
    """Other examples, or another wish, make another version."""
    first = await taught(scoring)

    again = await scoring.train(TRAINING)
    other = await scoring.train(msgspec.structs.replace(TRAINING, leave_out=("won_at", "talked_s", "note")))
    await scoring.add_examples(pieces("deals", rows(1_300), size=500)[2])
    grown = await scoring.train(TRAINING)

    assert again == first
    assert [first.version, other.version, grown.version] == [1, 2, 3]
    page = await scoring.models()
    assert [(each.version, each.name, each.is_promoted) for each in page.items] == [
        (1, "first", False), (2, "first", False), (3, "first", False),
    ]  # fmt: skip


async def test_a_version_that_knows_the_outcome_is_not_promoted(scoring: ScoringService) -> None:
    """Unless its columns are left out, or somebody says that they may be used."""
    leaky = await taught(scoring, LEAKY)

    with pytest.raises(LeakageSuspected) as refused:
        await scoring.promote(leaky.version, Promotion())
    with pytest.raises(LeakageSuspected):
        await scoring.promote(leaky.version, Promotion(allow=("won_at",)))
    allowed = await scoring.train(msgspec.structs.replace(LEAKY, allow=("won_at", "talked_s")))
    by_hand = await scoring.promote(leaky.version, Promotion(allow=("won_at", "talked_s")))

    assert {leak.column for leak in refused.value.leaks} == {"won_at", "talked_s"}
    assert "won_at" in refused.value.columns
    assert (await scoring.promote(allowed.version, Promotion())).version == allowed.version
    assert by_hand.version == leaky.version


async def test_versions_are_promoted_and_taken_back(scoring: ScoringService) -> None:
    """Each rollback leads to what was used before, down to none."""
    await taught(scoring)
    await scoring.train(msgspec.structs.replace(TRAINING, name="second"))

    for version in (1, 2, 2, 1):
        await scoring.promote(version, Promotion())
    used = [(await scoring.roll_back()).version for _ in range(3)]

    assert used == [2, 1, None]
    with pytest.raises(NothingToRollBack):
        await scoring.roll_back()
    assert not any(each.is_promoted for each in (await scoring.models()).items)


@pytest.mark.parametrize("version", [0, 7, -1])
async def test_a_version_that_is_not_there_is_told(scoring: ScoringService, version: int) -> None:
    """By every operation."""
    for asked in (
        scoring.model(version),
        scoring.promote(version, Promotion()),
        scoring.compare(Comparison(versions=(version,), table="deals", outcome="won")),
    ):
        with pytest.raises(ModelNotFound):
            await asked


async def test_a_promoted_model_has_its_part_in_scores_and_leads_are_scored_again(
    scoring: ScoringService, db: MemoryDatabase
) -> None:
    """By itself; and again when it is taken back."""
    report = await taught(scoring)
    await enriched(scoring, lead("1", title="CEO"), lead("2", title="Student"))
    before = {score.lead_id: score.fit for score in (await scoring.scores()).items}

    await scoring.promote(report.version, Promotion())
    await turned(scoring)
    used = {score.lead_id: score for score in (await scoring.scores()).items}
    await scoring.roll_back()
    await turned(scoring)
    after = {score.lead_id: score.fit for score in (await scoring.scores()).items}

    assert {score.model_version for score in used.values()} == {report.version}
    assert used["1"].fit != before["1"]
    assert used["1"].probability is not None
    assert used["2"].probability is not None
    assert used["1"].probability > used["2"].probability
    for score in used.values():
        assert sum(reason.points for reason in score.reasons) == score.points
        assert "model_lead.title" in {reason.rule for reason in score.reasons}
    assert after == before
    assert [event.score.model_version for event in said(db) if event.score is not None] == [
        None, None, report.version, report.version, None, None,
    ]  # fmt: skip


async def test_it_is_told_which_columns_no_lead_has(scoring: ScoringService) -> None:
    """A model of another table than that of the leads would give all of them the same."""
    report = await taught(scoring)
    nobody = await scoring.promote(report.version, Promotion())
    await enriched(scoring, lead("1", title="CEO"), lead("2"))

    some = await scoring.promote(report.version, Promotion())

    assert (nobody.unknown, nobody.columns) == ((), some.columns)
    assert "lead.title" in some.columns
    assert some.unknown == tuple(column for column in some.columns if column != "lead.title")


async def test_rules_may_leave_the_model_out(scoring: ScoringService) -> None:
    """A weight of zero, and it has no part, as a plan would say."""
    report = await taught(scoring)
    await scoring.promote(report.version, Promotion())
    await enriched(scoring, lead("1"))

    plan = await scoring.plan(PlanRequest(rules=ScoringRules(model_weight=0)))
    await published(scoring, 1, ScoringRules(model_weight=0))
    await turned(scoring)

    score = await scoring.latest("1")
    assert (score.model_version, score.fit) == (None, 45)
    assert [change.after.fit for change in plan.samples] == [45]


async def test_versions_are_compared_on_rows_that_none_was_taught(scoring: ScoringService) -> None:
    """The same for all, the best first."""
    await taught(scoring, count=3_000)
    less = msgspec.structs.replace(
        TRAINING, name="blind", leave_out=("won_at", "talked_s", "industry", "attribute.seats", "note")
    )
    await scoring.train(less)

    report = await scoring.compare(Comparison(versions=(2, 1, 1), table="deals", outcome="won"))

    assert [each.version for each in report.versions] == [1, 2]
    first, second = report.versions
    assert first.auc > second.auc
    assert first.brier < second.brier
    assert report.rows == (await scoring.model(1)).holdout_rows
    assert (await scoring.model(1)).quality.auc_holdout == pytest.approx(first.auc)


async def test_a_version_that_was_taught_the_rows_of_a_comparison_is_said_to_know_them(scoring: ScoringService) -> None:
    """Rows are held out by all that they say: with one column more, others are, which the older version was taught."""
    old = await taught(scoring)
    wider = [{**row, "visits": str(number)} for number, row in enumerate(rows(1_200))]
    for piece in pieces("deals", wider, size=500):
        await scoring.add_examples(piece)
    new = await scoring.train(msgspec.structs.replace(TRAINING, name="wider"))

    report = await scoring.compare(Comparison(versions=(old.version, new.version), table="deals", outcome="won"))

    found = {each.version: (each.may_know_rows, each.absent) for each in report.versions}
    assert found == {old.version: (True, ()), new.version: (False, ())}


async def test_a_version_is_said_to_go_by_columns_that_a_comparison_lacks(scoring: ScoringService) -> None:
    """It does no better than chance there, which says nothing of it."""
    report = await taught(scoring)
    narrow = [{"won": row["won"], "industry": row["industry"], "note": row["note"]} for row in rows(600)]
    for piece in pieces("narrow", narrow, size=500):
        await scoring.add_examples(piece)

    compared = await scoring.compare(Comparison(versions=(report.version,), table="narrow", outcome="won"))

    assert set(compared.versions[0].absent) == {"attribute.seats", "lead.title"}


async def test_a_comparison_says_what_it_took_for_good(scoring: ScoringService) -> None:
    """Whoever has trained with words of his own has to name them here, too."""
    report = await taught(scoring)
    asked = Comparison(versions=(report.version,), table="deals", outcome="won", good=("signed",))

    with pytest.raises(ExamplesRejected, match=r"0 are good .`won` is one of signed.: .* Is `good` right"):
        await scoring.compare(asked)


async def test_what_became_of_own_leads_is_learnt_from(scoring: ScoringService) -> None:
    """With what was known of them: their fields, facts and attributes, and nothing that names them."""
    outcomes: list[LeadOutcome] = []
    async with scoring.db.transaction() as tx:
        for number in range(400):
            title = "CEO" if number % 4 == 0 else "Student"
            each = msgspec.structs.replace(
                lead(str(number), title=title),
                attributes={"seats": str(number % 7)},
                number_of_employees=10 + number,  # no two rows are the same: equal ones are held out together
            )
            await scoring.score_lead(LeadEnriched(lead_id=each.id, lead=each, profile=PROFILE), tx)
            well = number % 5 < (4 if title == "CEO" else 1)
            outcomes.append(LeadOutcome(lead_id=each.id, outcome="qualified" if well else "disqualified"))

    table = await scoring.add_outcomes(LeadOutcomes(table="own", number=0, outcomes=(*outcomes, outcomes[0])))
    training = Training(name="own", table="own", outcome="outcome", time="captured_at")
    report = await scoring.train(training)

    assert table.rows == 401
    assert {"lead.title", "fact.mailbox", "attribute.seats"} <= set(table.columns)
    assert not {"lead.email", "lead.id", "lead.first_name"} & set(table.columns)
    assert report.columns[0].column == "lead.title"
    with pytest.raises(ExamplesRejected):
        await scoring.add_outcomes(
            LeadOutcomes(table="own", number=1, outcomes=(LeadOutcome(lead_id="nobody", outcome="won"),))
        )


async def test_without_the_library_nothing_is_learnt_and_all_is_scored(
    scoring: ScoringService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By rules, and by models that were learnt before."""
    report = await taught(scoring)
    await scoring.promote(report.version, Promotion())
    for name in ("learning", "regression"):
        monkeypatch.delitem(sys.modules, f"revenue.scoring.{name}")
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)  # as where it is not installed

    await enriched(scoring, lead("1"))
    with pytest.raises(LearningNotInstalled) as told:
        await scoring.train(msgspec.structs.replace(TRAINING, name="another"))
    with pytest.raises(LearningNotInstalled):
        await scoring.compare(Comparison(versions=(1,), table="deals", outcome="won"))

    assert (await scoring.latest("1")).model_version == report.version
    assert "pip install 'revenue[learning]'" in str(told.value)
