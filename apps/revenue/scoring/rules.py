"""The team's rules of scoring: what gives points, how they make a grade, how fast interest fades, what a model adds."""

from typing import TypeAlias

from atoll import Choice, Value

from .rule import POINTS_MAX, Dimension, Rule
from .shipped import SHIPPED

RULES_MAX = 1_000


class Grade(Choice):
    """What the points mean: call now, call, nurture, leave."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    UNKNOWN = "unknown"


FITS = "ABCD"
"""The rows of the matrix, best first."""

Row: TypeAlias = tuple[Grade, Grade, Grade, Grade]

GRADES: tuple[Row, Row, Row, Row] = (
    (Grade.A, Grade.A, Grade.B, Grade.B),
    (Grade.A, Grade.B, Grade.B, Grade.C),
    (Grade.B, Grade.C, Grade.C, Grade.D),
    (Grade.C, Grade.D, Grade.D, Grade.D),
)


class Matrix(Value):
    """How fit and engagement make a grade.

    `fit_from` are the lowest points of fit A, B and C, less is D; `engagement_from` those of engagement 1, 2 and 3,
    less is 4. Both together name a cell, `B2`. `grades` has a row for each fit from A to D, with the grades of
    engagement 1 to 4.
    """

    fit_from: tuple[int, int, int] = (55, 35, 18)
    engagement_from: tuple[int, int, int] = (40, 20, 8)
    grades: tuple[Row, Row, Row, Row] = GRADES

    def __post_init__(self) -> None:
        """Refuse a matrix that leaves points without a grade."""
        for name, levels in (("fit_from", self.fit_from), ("engagement_from", self.engagement_from)):
            if not POINTS_MAX >= levels[0] > levels[1] > levels[2] > 0:
                raise ValueError(f"`{name}` has to fall, from {POINTS_MAX} at most to 1 at least: [55, 35, 18]")
        if any(grade is Grade.UNKNOWN for row in self.grades for grade in row):
            raise ValueError("`grades` has a grade that is none of A, B, C and D")

    def judge(self, fit: int, engagement: int) -> tuple[str, Grade]:
        """The cell of so many points, and its grade.

        >>> Matrix().judge(60, 0), Matrix().judge(0, 100)
        (('A4', <Grade.B: 'B'>), ('D1', <Grade.C: 'C'>))
        """
        row, column = _level(self.fit_from, fit), _level(self.engagement_from, engagement)
        return f"{FITS[row]}{column + 1}", self.grades[row][column]

    def engagement_floor(self, engagement: int) -> int:
        """The lowest points of the same engagement: 0 for the last one."""
        return (*self.engagement_from, 0)[_level(self.engagement_from, engagement)]


class ScoringRules(Value):
    """The team's rules of how well a lead fits and how much it wants.

    Fit is the sum of what rules of fit say, engagement that of rules of engagement, each held between 0 and 100.
    Engagement halves in `half_life_days` (0: it never fades); the same rule counts `repeats_max` touches at most.

    Where a learnt model is promoted, fit is made of `model_weight` parts of the model and the rest of rules: 0 leaves
    the model out, 1 leaves the rules of fit out.

    A lead whose enrichment is late gets a provisional score when it was resolved `patience_s` seconds ago.
    """

    rules: tuple[Rule, ...] = SHIPPED
    matrix: Matrix = Matrix()
    half_life_days: float = 30.0
    repeats_max: int = 3
    model_weight: float = 0.5
    patience_s: float = 30.0

    def __post_init__(self) -> None:
        """Refuse rules that contradict each other."""
        if len(self.rules) > RULES_MAX:
            raise ValueError(f"there are {len(self.rules)} rules: {RULES_MAX} at most")
        names: set[str] = set()
        groups: dict[str, tuple[Dimension, bool]] = {}
        for rule in self.rules:
            if rule.name in names:
                raise ValueError(f"two rules are called `{rule.name}`: a reason has to lead back to one")
            names.add(rule.name)
            kind = (rule.dimension, rule.is_of_touches)
            if rule.group is not None and groups.setdefault(rule.group, kind) != kind:
                raise ValueError(
                    f"group `{rule.group}` mixes fit, engagement or touches: give rule `{rule.name}` another"
                )
        if not 0 <= self.half_life_days <= 3_650:
            raise ValueError(f"`half_life_days` is {self.half_life_days:g}: write 0 (never fades) to 3650")
        if not 1 <= self.repeats_max <= 50:
            raise ValueError(f"`repeats_max` is {self.repeats_max}: write 1 to 50")
        if not 0 <= self.model_weight <= 1:
            raise ValueError(f"`model_weight` is {self.model_weight:g}: write 0 (no model) to 1 (no rules of fit)")
        if not 0 <= self.patience_s <= 86_400:
            raise ValueError(f"`patience_s` is {self.patience_s:g}: write 0 to 86400 seconds")


def _level(lowest: tuple[int, int, int], points: int) -> int:
    first, second, third = lowest
    return 0 if points >= first else 1 if points >= second else 2 if points >= third else 3
