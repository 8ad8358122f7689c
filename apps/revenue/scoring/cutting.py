"""Columns cut into bins, for learning: what a column is, where it is cut, and in which bin each row is. Needs numpy."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .regression import Array, Sparse, ones, side_by_side
from .report import FeatureKind
from .words import number_of, words_of

BINS_MAX = 10
LEVELS_MAX = 100
WORDS_MAX = 150
ROWS_MIN = 20
"""A level or a word that fewer rows have is not looked at by itself."""
NUMBERS_SHARE = 0.98
DISTINCT_MAX = 500


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table as numbers: of a number itself (nan where it is missing), else a code for each value."""

    name: str
    kind: FeatureKind | None
    values: Array
    levels: tuple[str, ...] = ()
    left_out: str = ""

    @property
    def missing(self) -> Array:
        """Which rows have no value."""
        return np.isnan(self.values) if self.kind is FeatureKind.NUMBER else self.values < 0


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a column is cut; `levels` are its levels, or words."""

    column: Column
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many weights it has."""
        return (
            len(self.edges) + 2
            if self.column.kind is FeatureKind.NUMBER
            else (len(self.levels) + (2 if self.column.kind is FeatureKind.CATEGORY else 1))
        )

    def bins(self) -> Array:
        """The bin of each row, for what is no text: 0 where the value is missing."""
        column = self.column
        if column.kind is FeatureKind.NUMBER:
            found = np.searchsorted(np.asarray(self.edges), column.values, side="right") + 1
            return np.where(np.isnan(column.values), 0, found)
        known = {level: index for index, level in enumerate(self.levels, 1)}
        of_code = np.asarray([known.get(level, len(known) + 1) for level in column.levels] + [0])
        return of_code[column.values]  # a missing value has the code -1, which is the last

    def matrix(self) -> Sparse:
        """A row for each row, a column for each weight, 1 where it counts."""
        rows = len(self.column.values)
        if self.column.kind is not FeatureKind.WORDS:
            bins = self.bins()
            return ones(bins, np.arange(rows + 1), self.width)
        known = {word: index for index, word in enumerate(self.levels, 1)}
        texts = [words_of(text)[1] & known.keys() for text in self.column.levels]
        of_text: list[list[int]] = [sorted(known[word] for word in found) for found in texts]
        codes: list[int] = self.column.values.tolist()
        several = [of_text[code] if code >= 0 else [0] for code in codes]
        places = np.asarray([place for each in several for place in each], dtype=np.int64)
        return ones(places, np.cumsum([0, *map(len, several)]), self.width)


def column_of(name: str, values: Sequence[str | None]) -> Column:
    """What a column is: numbers, levels, text, or nothing that could be learnt from."""
    given = [value for value in values if value is not None]
    said = {value: value.casefold() for value in set(given)}
    distinct = set(said.values())
    if len(distinct) < 2 and len(given) == len(values):
        return Column(name, None, np.full(len(values), -1), left_out="It says the same of every row.")
    number_in = {value: number_of(value) for value in said}
    numbers = [None if value is None else number_in[value] for value in values]
    share = sum(number is not None for number in numbers) / (len(given) or 1)
    if given and share >= NUMBERS_SHARE:
        as_numbers = np.asarray([np.nan if number is None else number for number in numbers])
        if len(distinct) == len(values) > DISTINCT_MAX and all(float(value).is_integer() for value in distinct):
            return Column(name, None, as_numbers, left_out="Every row has a number of its own: it names the row.")
        return Column(name, FeatureKind.NUMBER, as_numbers)
    codes: dict[str, int] = {}
    coded = np.asarray([-1 if value is None else codes.setdefault(said[value], len(codes)) for value in values])
    levels = tuple(codes)
    if len(distinct) <= DISTINCT_MAX or len(distinct) <= len(given) / 10:
        return Column(name, FeatureKind.CATEGORY, coded, levels)
    if sum(len(words_of(level)[1]) for level in levels[:1_000]) >= 1.5 * min(len(levels), 1_000):
        return Column(name, FeatureKind.WORDS, coded, levels)
    return Column(name, None, coded, levels, left_out="Nearly every row has another value: it names the row.")


def cut(column: Column, rows: Array) -> Cut:
    """Cut a column by what is seen in these rows: numbers into bins of equal size, else by what is frequent."""
    seen = column.values[rows]
    if column.kind is FeatureKind.NUMBER:
        return Cut(column, edges=_edges(seen[~np.isnan(seen)]))
    counts = np.bincount(seen[seen >= 0], minlength=len(column.levels))
    if column.kind is FeatureKind.CATEGORY:
        frequent = [(int(count), column.levels[code]) for code, count in enumerate(counts) if count >= ROWS_MIN]
        return Cut(column, levels=_most(frequent, LEVELS_MAX))
    words: Counter[str] = Counter()
    for text, count in zip(column.levels, counts.tolist(), strict=True):
        if count:
            words.update(dict.fromkeys(words_of(text)[1], count))
    return Cut(column, levels=_most([(count, word) for word, count in words.items() if count >= ROWS_MIN], WORDS_MAX))


def encoded(cuts: Sequence[Cut]) -> Sparse:
    """All columns side by side."""
    return side_by_side([each.matrix() for each in cuts])


def _edges(seen: Array) -> tuple[float, ...]:
    """Where bins begin that have about as many rows each; a value that many rows have is a bin by itself."""
    values, counts = np.unique(seen, return_counts=True)
    if len(values) <= BINS_MAX:
        return tuple(map(float, values[1:]))
    edges: list[float] = []
    rest, bins, size = int(counts.sum()), BINS_MAX, 0
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        share = rest / bins
        if size and (size + count / 2 > share or count > share) and bins > 1:
            edges.append(value)
            rest, bins, size = rest - size, bins - 1, 0
        size += count
    return tuple(edges)


def _most(several: list[tuple[int, str]], count: int) -> tuple[str, ...]:
    return tuple(sorted(word for _, word in sorted(several, key=lambda each: (-each[0], each[1]))[:count]))
