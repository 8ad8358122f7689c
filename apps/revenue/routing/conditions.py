"""Whether a territory takes a lead, and what of it decides. Conditions are folded once, not for every lead. Pure."""

from collections.abc import Callable, Iterator

from revenue.countries import country_code

from .facts import Facts, fold
from .rules import Between, Conditions

Check = Callable[[Facts], str | None]
"""Says what fits, as a part of a sentence; None where it does not."""


def compiled(conditions: Conditions) -> tuple[Check, ...]:
    """A check for each field that conditions give."""
    return tuple(_checks(conditions))


def fitting(checks: tuple[Check, ...], facts: Facts) -> str | None:
    """What fits, in words, where all does; None where something does not.

    >>> checks = compiled(Conditions(countries=("DE", "AT"), number_of_employees=Between(at_least=100)))
    >>> fitting(checks, Facts(countries=("de",), employees=250))
    'country de, 250 employees'
    >>> fitting(checks, Facts(countries=("de",))) is None
    True
    """
    words: list[str] = []
    for check in checks:
        found = check(facts)
        if found is None:
            return None
        words.append(found)
    return ", ".join(words) or "takes all"


def _checks(conditions: Conditions) -> Iterator[Check]:
    if conditions.countries:
        yield _countries(frozenset(word for country in conditions.countries for word in _ways_to_write(country)))
    if conditions.states:
        yield _word("state", lambda facts: facts.state, frozenset(map(fold, conditions.states)))
    if conditions.postal_codes:
        yield _postal_codes(tuple(map(_codes, conditions.postal_codes)))
    if conditions.industries:
        yield _word("industry", lambda facts: facts.industry, frozenset(map(fold, conditions.industries)))
    if conditions.number_of_employees is not None:
        yield _between(conditions.number_of_employees)
    if conditions.grades:
        yield _word("grade", lambda facts: fold(facts.grade), frozenset(map(fold, conditions.grades)))
    for name, values in conditions.attributes.items():
        yield _attribute(fold(name), frozenset(map(fold, values)))


def _word(what: str, read: Callable[[Facts], str], words: frozenset[str]) -> Check:
    def check(facts: Facts) -> str | None:
        found = read(facts)
        return f"{what} {found}" if found in words else None

    return check


def _attribute(name: str, words: frozenset[str]) -> Check:
    return _word(name, lambda facts: facts.attributes.get(name, ""), words)


def _ways_to_write(country: str) -> Iterator[str]:
    """As the rule has it, and by its code, which Enrichment finds however a lead writes it."""
    yield fold(country)
    if code := country_code(country):
        yield fold(code)


def _countries(words: frozenset[str]) -> Check:
    def check(facts: Facts) -> str | None:
        return next((f"country {country}" for country in facts.countries if country in words), None)

    return check


def _between(bounds: Between) -> Check:
    def check(facts: Facts) -> str | None:
        count = facts.employees
        if count is None or (bounds.at_least is not None and count < bounds.at_least):
            return None
        return None if bounds.at_most is not None and count > bounds.at_most else f"{count} employees"

    return check


def _postal_codes(fits: tuple[Callable[[str], bool], ...]) -> Check:
    def check(facts: Facts) -> str | None:
        code = facts.postal_code.replace(" ", "")
        return f"postal code {facts.postal_code}" if code and any(each(code) for each in fits) else None

    return check


def _codes(text: str) -> Callable[[str], bool]:
    """What one entry takes: `80331`, `80*` or `80000-81999`. A whole code is also that of its parts: `94105-1234`."""
    text = fold(text).replace(" ", "")
    if text.endswith("*"):
        return lambda code: code.startswith(text[:-1])
    first, dash, last = text.partition("-")
    if dash and len(first) == len(last) and first.isdecimal() and last.isdecimal():
        return lambda code: len(code[: len(first)]) == len(first) and first <= code[: len(first)] <= last
    return lambda code: code == text or code.partition("-")[0] == text
