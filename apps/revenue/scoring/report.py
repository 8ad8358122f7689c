"""Models in the contract: examples, what is asked of a training, and what is said of a model before anybody uses it."""

from datetime import datetime

from atoll import Choice, Personal, Value

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"


class ExamplePiece(Value):
    """A piece of a table of examples: leads whose outcome is known, as CSV in UTF-8 with the header in every piece.

    Pieces are numbered from 0 in the order of the table, oldest rows first; the same number again replaces the piece. A
    column is called as what Scoring will find it under: `lead.title`, `fact.mailbox`, `attribute.budget`, or in short
    a field of a lead, or else an attribute.
    """

    table: str
    number: int
    content: Personal[bytes]
    delimiter: str | None = None


class LeadOutcome(Value):
    """What became of a lead."""

    lead_id: str
    outcome: str


class LeadOutcomes(Value):
    """What became of leads that were scored: a piece of a table, whose columns are what was known when they were."""

    table: str
    number: int
    outcomes: tuple[LeadOutcome, ...]


class ExampleTable(Value):
    """A table of examples as it is kept."""

    table: str
    rows: int
    pieces: int
    columns: tuple[str, ...]


class Training(Value):
    """What is to be learnt: `outcome` is the column that says what became of a row, `good` are its good values.

    `leave_out` are columns that are not to be used. `allow` are columns that the guard may suspect and that are used
    all the same. `time` is the column of the moment at which a lead was to be judged; without it the rows are
    taken to be in the order of time.
    """

    name: str
    table: str
    outcome: str
    good: tuple[str, ...] = ("yes", "true", "1", "won", "qualified", "converted")
    leave_out: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    time: str | None = None


class FeatureKind(Choice):
    """How a column is cut: a number into bins, a word into levels, a text into the words that stand in it."""

    NUMBER = "number"
    CATEGORY = "category"
    WORDS = "words"
    UNKNOWN = "unknown"


class ColumnReport(Value):
    """A column: how it was cut, how well it tells good from bad by itself (AUC), how many points it moves.

    `kind` is None for one that is not used; then `left_out` says why.
    """

    column: str
    kind: FeatureKind | None
    auc: float
    points: float = 0.0
    missing_share: float = 0.0
    left_out: str = ""


class LeakKind(Choice):
    """Why a column is suspected to know the outcome."""

    NEAR_PERFECT = "near_perfect"
    FAR_ABOVE_REST = "far_above_rest"
    ONLY_WITH_OUTCOME = "only_with_outcome"
    AFTER_DECISION = "after_decision"
    UNKNOWN = "unknown"


class Leak(Value):
    """A column that seems to know the outcome, so that it is not there yet when a lead is to be scored."""

    column: str
    kind: LeakKind
    figure: float
    sentence: str


class ReliabilityPoint(Value):
    """Of leads of which `predicted` was expected, so many were good."""

    predicted: float
    observed: float
    rows: int


class LiftRow(Value):
    """A tenth of the leads, the best first: how many are good, and how many times the average that is."""

    decile: int
    rows: int
    good: int
    rate: float
    lift: float
    gained_share: float


class Quality(Value):
    """How well a model does.

    `auc_cross_validated` is the mean of five folds, `auc_time_split` that of the last fifth in time when only what was
    before is known. `auc_holdout` is of the rows that no version is ever taught, the same for all: a fifth of
    the table, chosen by the digest of each row. `brier` is the mean square error of the probabilities, to be compared
    with `brier_of_average`, which says the average of everybody. Reliability and lift are cross-validated.
    """

    auc_cross_validated: float
    auc_folds: tuple[float, ...]
    auc_time_split: float | None
    auc_holdout: float | None
    brier: float
    brier_of_average: float
    reliability: tuple[ReliabilityPoint, ...]
    lift: tuple[LiftRow, ...]


class ModelReport(Value):
    """A version of a model, and all that is to be known before it is promoted.

    `refused` are the suspected columns that it uses and that nobody has allowed: as long as there are any, it cannot
    be promoted. `header` are all columns of the table, in its order; none where the version is older than this field.
    """

    version: int
    name: str
    table: str
    outcome: str
    rows: int
    good: int
    holdout_rows: int
    quality: Quality
    columns: tuple[ColumnReport, ...]
    leaks: tuple[Leak, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]
    trained_at: datetime
    is_promoted: bool = False
    header: tuple[str, ...] = ()


class ModelSummary(Value):
    """A version of a model in a list."""

    version: int
    name: str
    rows: int
    auc_cross_validated: float
    auc_time_split: float | None
    auc_holdout: float | None
    refused: tuple[str, ...]
    trained_at: datetime
    is_promoted: bool


class Comparison(Value):
    """Which versions are to be compared, on the holdout of which table; `outcome` and `good` are as in a training."""

    versions: tuple[int, ...]
    table: str
    outcome: str
    good: tuple[str, ...] = ("yes", "true", "1", "won", "qualified", "converted")


class Compared(Value):
    """How well one version does on the rows that all are compared on.

    `absent` are columns that it goes by and that the table does not have: every row is one without a value to it.
    `may_know_rows` says that it learnt from a table with other columns, where other rows were held out: it may have
    been taught some of these, and look better than it is.
    """

    version: int
    name: str
    auc: float
    brier: float
    top_decile_lift: float
    absent: tuple[str, ...] = ()
    may_know_rows: bool = False


class ComparisonReport(Value):
    """The versions, the best first."""

    rows: int
    good: int
    versions: tuple[Compared, ...]


class Promotion(Value):
    """That a model is to be used. `allow` are suspected columns which may be used all the same, as somebody decided."""

    allow: tuple[str, ...] = ()


class Promoted(Value):
    """Which version is used from now on; None where none is.

    `columns` are those of the version. `unknown` are those of them under which none of the latest leads says anything,
    so that they tell no lead from another.
    """

    version: int | None
    before: int | None
    promoted_at: datetime
    columns: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
