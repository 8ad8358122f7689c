"""What a rule is: data that says what to look at, when it speaks, how many points it gives and why."""

from collections.abc import Sequence
from typing import TypeAlias

from atoll import Value


class OneOf(Value, tag="one_of"):
    """Speaks when the value is one of these, in any case."""

    values: tuple[str, ...]


class HasWord(Value, tag="has_word"):
    """Speaks when one of these stands in the text as words of their own, in any case."""

    words: tuple[str, ...]


class AtLeast(Value, tag="at_least"):
    """Speaks when the value is a number and not below this."""

    number: int


class Present(Value, tag="present"):
    """Speaks when there is a value."""


class Absent(Value, tag="absent"):
    """Speaks when there is none."""


Condition: TypeAlias = OneOf | HasWord | AtLeast | Present | Absent


class Rule(Value):
    """One rule. `looks_at` names evidence (`lead.title`, `fact.mailbox`), `{value}` in the sentence stands for it.

    Of the rules in one `group` only the first that speaks counts, so that a chief executive gets no points as an
    executive again.
    """

    name: str
    looks_at: str
    when: Condition
    points: int
    sentence: str
    group: str | None = None


def speaks(condition: Condition, values: Sequence[str]) -> str | None:
    """The value that makes a condition speak (empty for `Absent`); None when nothing does.

    >>> speaks(HasWord(words=("vice president", "vp")), ["Senior Vice President, Sales"])
    'Senior Vice President, Sales'
    """
    if isinstance(condition, Absent):
        return None if values else ""
    return next((value for value in values if _fits(condition, value)), None)


def _fits(condition: Condition, value: str) -> bool:
    match condition:
        case OneOf(values=known):
            return value.casefold() in {word.casefold() for word in known}
        case HasWord(words=words):
            text = f" {_words(value)} "
            return any(f" {_words(word)} " in text for word in words)
        case AtLeast(number=number):
            return value.isdecimal() and int(value) >= number
        case Present():
            return True
        case Absent():
            return False


def _words(text: str) -> str:
    """Lower case, with everything that is no letter or digit as one blank."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.casefold()).split())
