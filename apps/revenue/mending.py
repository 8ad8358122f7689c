"""Mends what is wrong in tables that people keep, by rules that they can see; and finds what may be wrong. Pure.

A table is rows of named cells, as `csv.DictReader` gives them. A `Mending` is a line of data, so that it can stand in a
file, be looked at and be taken out again: nothing is changed that no line names.

    >>> found = suspected(["United States", "Philipines"], ["United States", "Philippines"])
    >>> [(each.wrong, each.right) for each in found]
    [('Philipines', 'Philippines')]
    >>> mended([{"country": "Philipines"}], [each.as_mending("country") for each in found]).rows
    [{'country': 'Philippines'}]
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from atoll import Value

LIKENESS_MIN = 0.88
"""Two words that differ in one letter of nine are alike; `medical` and `media` are not."""

INDUSTRIES = (
    "Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction", "Consulting",
    "Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance", "Food & Beverage",
    "Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media", "Not For Profit",
    "Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation", "Utilities",
)  # fmt: skip
"""The words of Salesforce's standard field `Account.Industry`, with which those of a table can be compared."""


class Mending(Value):
    """In this field the wrong word, in any case and with any blanks, is to be the right one."""

    field: str
    wrong: str
    right: str

    def __post_init__(self) -> None:
        """Refuse what would mend everything that is empty, or nothing."""
        if not self.wrong.strip():
            raise ValueError(f"the mending of `{self.field}` has no `wrong` word: an empty cell is not mended")
        if self.wrong == self.right:
            raise ValueError(f"the mending of `{self.field}` makes `{self.wrong}` what it is: take it out")


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A word that is not known and is much like one that is; `count` rows have it, `likeness` is between 0 and 1."""

    wrong: str
    right: str
    count: int
    likeness: float

    def as_mending(self, field: str) -> Mending:
        """The rule that would mend it."""
        return Mending(field=field, wrong=self.wrong, right=self.right)


@dataclass(frozen=True, slots=True)
class Mended:
    """Rows as they are after mending, and how many cells each rule has changed: 0 for one that is not needed."""

    rows: list[dict[str, str]]
    changed: dict[Mending, int]


def mended(rows: Iterable[Mapping[str, str]], mendings: Sequence[Mending]) -> Mended:
    """Copies of the rows, with what the rules say is wrong put right; all else is as it came."""
    rules = {(each.field, _plain(each.wrong)): each for each in reversed(mendings)}
    changed = dict.fromkeys(mendings, 0)
    after: list[dict[str, str]] = []
    for row in rows:
        cells = dict(row)
        for field, cell in row.items():
            rule = rules.get((field, _plain(cell)))
            if rule is not None and cell != rule.right:
                cells[field] = rule.right
                changed[rule] += 1
        after.append(cells)
    return Mended(after, changed)


def suspected(words: Iterable[str], known: Iterable[str], *, likeness_min: float = LIKENESS_MIN) -> list[Suspicion]:
    """Words that are none of those known, in any case, and are like one of them; those that most rows have come first.

    What is suggested is written in small letters where the word is. A word that is like nothing known is somebody's
    own, and is left alone.
    """
    right = {_plain(word): word for word in known}
    found: list[Suspicion] = []
    for word, count in Counter(word.strip() for word in words if word.strip()).items():
        if _plain(word) in right:
            continue
        likeness, best = max(((_likeness(word, each), each) for each in right.values()), default=(0.0, ""))
        if likeness >= likeness_min:
            found.append(Suspicion(word, best.lower() if word.islower() else best, count, round(likeness, 3)))
    return sorted(found, key=lambda each: (-each.count, each.wrong))


def _likeness(one: str, other: str) -> float:
    """How much of both they share; all of it where they differ in blanks and signs alone."""
    first, second = (_plain(each) for each in (one, other))
    if _bare(first) == _bare(second):
        return 1.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _plain(word: str) -> str:
    return " ".join(word.casefold().split())


def _bare(word: str) -> str:
    return "".join(filter(str.isalnum, word))
