"""Whether a territory takes a lead, and what of it decides. Conditions are folded once, not for every lead. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from revenue.countries import country_code

from .facts import Facts, fold
from .rules import Between, Conditions


@dataclass(frozen=True, slots=True)
class Check:
    """What one field of conditions asks of a lead.

    `fits` says what fits, as a part of a sentence, and None where it does not; `has` what the lead has of `what` it
    asks for, empty where nothing is known.
    """

    what: str
    has: Callable[[Facts], str]
    fits: Callable[[Facts], str | None]


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
        found = check.fits(facts)
        if found is None:
            return None
        words.append(found)
    return ", ".join(words) or "takes all"


def misfit(checks: tuple[Check, ...], facts: Facts) -> str | None:
    """What does not fit first, in words; None where all fits.

    >>> checks = compiled(Conditions(countries=("DE", "AT"), number_of_employees=Between(at_least=100)))
    >>> misfit(checks, Facts(countries=("france", "fr")))
    'country is france'
    >>> misfit(checks, Facts(countries=("de",)))
    'number of employees is not known'
    """
    for check in checks:
        if check.fits(facts) is None:
            return f"{check.what} is {check.has(facts) or 'not known'}"
    return None


def takes_code(text: str) -> Callable[[str], bool]:
    """What an entry of postal codes takes: `80331`, `80*` or `80000-81999`. A whole code is also that of its parts.

    >>> takes_code("94105")("94105-1234")
    True
    """
    text = fold(text).replace(" ", "")
    if text.endswith("*"):
        return lambda code: code.startswith(text[:-1])
    if ends := code_range(text):
        first, last = ends
        return lambda code: len(code[: len(first)]) == len(first) and first <= code[: len(first)] <= last
    return lambda code: code == text or code.partition("-")[0] == text


def code_range(text: str) -> tuple[str, str] | None:
    """The ends of a range of postal codes; None for an entry that is none."""
    first, dash, last = fold(text).replace(" ", "").partition("-")
    return (first, last) if dash and len(first) == len(last) and first.isdecimal() and last.isdecimal() else None


def _checks(conditions: Conditions) -> Iterator[Check]:
    if conditions.countries:
        yield _countries(frozenset(word for country in conditions.countries for word in _ways_to_write(country)))
    if conditions.states:
        yield _word("state", lambda facts: facts.state, frozenset(map(fold, conditions.states)))
    if conditions.postal_codes:
        yield _postal_codes(tuple(map(takes_code, conditions.postal_codes)))
    if conditions.industries:
        yield _word("industry", lambda facts: facts.industry, frozenset(map(fold, conditions.industries)))
    if conditions.number_of_employees is not None:
        yield _between(conditions.number_of_employees)
    if conditions.grades:
        yield _word("grade", lambda facts: fold(facts.grade), frozenset(map(fold, conditions.grades)))
    for name, values in conditions.attributes.items():
        yield _attribute(fold(name), frozenset(map(fold, values)))


def _word(what: str, has: Callable[[Facts], str], words: frozenset[str]) -> Check:
    def fits(facts: Facts) -> str | None:
        found = has(facts)
        return f"{what} {found}" if found in words else None

    return Check(what, has, fits)


def _attribute(name: str, words: frozenset[str]) -> Check:
    return _word(name, lambda facts: facts.attributes.get(name, ""), words)


def _ways_to_write(country: str) -> Iterator[str]:
    """As the rule has it, and by its code, which Enrichment finds however a lead writes it."""
    yield fold(country)
    if code := country_code(country):
        yield fold(code)


def _countries(words: frozenset[str]) -> Check:
    def fits(facts: Facts) -> str | None:
        return next((f"country {country}" for country in facts.countries if country in words), None)

    return Check("country", lambda facts: next(iter(facts.countries), ""), fits)


def _between(bounds: Between) -> Check:
    def fits(facts: Facts) -> str | None:
        count = facts.employees
        if count is None or (bounds.at_least is not None and count < bounds.at_least):
            return None
        return None if bounds.at_most is not None and count > bounds.at_most else f"{count} employees"

    return Check("number of employees", lambda facts: "" if facts.employees is None else str(facts.employees), fits)


def _postal_codes(takes: tuple[Callable[[str], bool], ...]) -> Check:
    def fits(facts: Facts) -> str | None:
        code = facts.postal_code.replace(" ", "")
        return f"postal code {facts.postal_code}" if code and any(each(code) for each in takes) else None

    return Check("postal code", lambda facts: facts.postal_code, fits)
