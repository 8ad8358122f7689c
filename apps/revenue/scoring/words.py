"""Text as words, and whether a value makes a rule speak: each condition becomes one small function."""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from math import isfinite
from typing import TypeAlias

from .rule import When

Test: TypeAlias = Callable[[str | None], bool]
"""Whether a value, or none, makes a rule speak."""

NO_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=1_024)
def words_of(text: str) -> tuple[str, frozenset[str]]:
    """The words of a text in lower case: in a row with blanks around each, and as a set.

    Several rules ask for the same text, one after the other; therefore the last ones are remembered.

    >>> words_of("Vice-President, Sales")[0]
    ' vice president sales '
    """
    row = NO_WORD.sub(" ", f" {text.casefold()} ")
    return row, frozenset(row.split())


def test_of(when: When) -> Test:
    """The condition as a function.

    >>> speaks = test_of(When(has_word=("vice president", "vp")))
    >>> speaks("Senior Vice President, Sales"), speaks("MVP hunter"), speaks(None)
    (True, False, False)
    """
    if when.present is not None:
        return _present if when.present else _absent
    if when.one_of is not None:
        return _one_of(when.one_of)
    if when.has_word is not None:
        return _has_word(when.has_word)
    return _number(when.at_least, when.at_most)


def _present(value: str | None) -> bool:
    return value is not None


def _absent(value: str | None) -> bool:
    return value is None


def _one_of(several: tuple[str, ...]) -> Test:
    known = frozenset(each.casefold() for each in several)
    return lambda value: value is not None and value.casefold() in known


def _has_word(words: tuple[str, ...]) -> Test:
    rows = [words_of(word)[0] for word in words]
    single = frozenset(row.strip() for row in rows if row.count(" ") == 2)
    several = tuple(row for row in rows if row.count(" ") > 2)

    def test(value: str | None) -> bool:
        if value is None:
            return False
        row, found = words_of(value)
        return not single.isdisjoint(found) or any(each in row for each in several)

    return test


AMOUNT_MAX = 40
AMOUNT = re.compile(
    r"(?:[A-Z]{3} ?)?(?P<minus>-)? ?"
    r"(?P<whole>\d{1,3}(?P<mark>[,.' ])\d{3}(?:(?P=mark)\d{3})*|\d+)"
    r"(?:(?(mark)(?:(?!(?P=mark))[.,](?P<part>\d+))|[.,](?P<rest>\d+)))?"
    r"(?: ?(?:[A-Z]{3}|%))?"
)
"""A whole number, its thousands set apart by one mark throughout, and behind another mark its decimals."""


def _number(least: float | None, most: float | None) -> Test:
    def test(value: str | None) -> bool:
        number = None if value is None else number_of(value)
        return number is not None and (least is None or number >= least) and (most is None or number <= most)

    return test


def number_of(text: str) -> float | None:
    """The number that a text is: in Python's notation, or as people write amounts; None when it is none.

    >>> number_of("12.5"), number_of(" 7 "), number_of("1_000"), number_of("nan"), number_of("ten")
    (12.5, 7.0, None, None, None)
    >>> number_of("$1,250,000"), number_of("-1.250,50 \u20ac"), number_of("EUR 10.000.000"), number_of("3,5 %")
    (1250000.0, -1250.5, 10000000.0, 3.5)
    """
    try:
        number = float(text)
    except ValueError:
        return _amount(text)
    return number if isfinite(number) and "_" not in text else None


def _amount(text: str) -> float | None:
    """An amount without its currency; of a mark before three digits alone nobody knows more than that it parts them."""
    if len(text) > AMOUNT_MAX or (found := AMOUNT.fullmatch("".join(map(_without_sign, text)).strip())) is None:
        return None
    whole = re.sub(r"\D", "", found["whole"])
    number = float(f"{whole}.{found['part'] or found['rest'] or 0}")
    return -number if found["minus"] else number


def _without_sign(letter: str) -> str:
    """Nothing for the sign of a currency, a plain minus for a written one, a blank for any blank."""
    if unicodedata.category(letter) == "Sc":
        return ""
    return "-" if letter == "\u2212" else " " if letter.isspace() else letter
