"""Everything that is wrong with a file, at once."""

from datetime import date
from pathlib import Path

import pytest

from atoll import Mistakes, Value
from revenue.cli.gtm.checking import made
from revenue.cli.gtm.documents import read_document


class Absence(Value):
    """Days on which somebody is away."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """The last day is not before the first."""
        if self.last < self.first:
            raise ValueError(f"the absence ends on {self.last}, before it begins on {self.first}")


class Rep(Value):
    """Somebody."""

    id: str
    weight: int = 1
    skills: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()


class Word(Value, tag="word"):
    """One kind of condition."""

    words: tuple[str, ...]


class Least(Value, tag="least"):
    """Another kind."""

    number: int


class Rules(Value):
    """A part."""

    reps: tuple[Rep, ...] = ()
    when: Word | Least | None = None
    weights: dict[str, int] = {}  # noqa: RUF012  # msgspec copies it


def mistakes_in(path: Path) -> list[tuple[int, str, str]]:
    """Line, what and what to do of all that is wrong."""
    with pytest.raises(Mistakes) as refused:
        made(read_document(path), Rules)
    return [(each.where.line if each.where else 0, each.what, each.fix) for each in refused.value.mistakes]


def test_what_is_right_is_a_value(tmp_path: Path) -> None:
    """Of the kinds that it says."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "reps:\n  - id: ann\n    absences: [{first: 2026-05-01, last: 2026-05-02}]\nwhen: {type: least, number: 3}\n"
    )

    rules = made(read_document(path), Rules)

    absence = Absence(first=date(2026, 5, 1), last=date(2026, 5, 2))
    assert rules == Rules(reps=(Rep(id="ann", absences=(absence,)),), when=Least(number=3))


def test_all_mistakes_are_told_each_on_its_line(tmp_path: Path) -> None:
    """A slip in a name, a missing one, a wrong kind, a contradiction, an unknown tag: none hides another."""
    path = tmp_path / "rules.yaml"
    path.write_text(
        "reps:\n"
        "  - id: ann\n"
        "    wieght: 2\n"
        "  - weight: 3\n"
        "  - id: cem\n"
        "    weight: much\n"
        "    absences:\n"
        "      - {first: 2026-05-02, last: 2026-05-01}\n"
        "when:\n"
        "  type: wrod\n"
        "weights: {a: 1, b: x}\n"
    )

    found = mistakes_in(path)

    assert [(line, what) for line, what, _ in found] == [
        (3, "there is no `wieght` here"),
        (4, "`id` is missing"),
        (6, "`weight`: expected `int`, got `str`"),
        (8, "the absence ends on 2026-05-01, before it begins on 2026-05-02"),
        (9, "`when`: invalid value 'wrod'"),
        (11, "`b`: expected `int`, got `str`"),
    ]
    assert found[0][2] == "did you mean `weight`?"
    assert "`word`, `least`" in found[4][2]


def test_cells_are_read_as_what_the_field_is(tmp_path: Path) -> None:
    """Numbers are digits, lists have bars."""
    path = tmp_path / "reps.csv"
    path.write_text("id,weight,skills\nann,2,crm | erp\nbob,,\n")

    assert made(read_document(path), tuple[Rep, ...]) == (Rep(id="ann", weight=2, skills=("crm", "erp")), Rep(id="bob"))


def test_a_wrong_cell_is_told_on_its_line(tmp_path: Path) -> None:
    """As in every file."""
    path = tmp_path / "reps.csv"
    path.write_text("id,weight\nann,2\nbob,many\n")

    with pytest.raises(Mistakes) as refused:
        made(read_document(path), tuple[Rep, ...])

    (mistake,) = refused.value.mistakes
    assert mistake.where is not None
    assert mistake.where.line == 3
