"""What rules can hold, and what is hardly meant by it. Those who write them are told before they publish them. Pure."""

from collections.abc import Iterator

from revenue.countries import country_code, nearest_country

from .book import Book
from .conditions import code_range, takes_code
from .facts import fold
from .rules import Between, Conditions, RoutingRules, Territory

CODES_IN_USE = ("XK",)
"""Codes that are in no standard, and that people write all the same: Kosovo's."""


def slips(rules: RoutingRules) -> list[tuple[str, str]]:
    """Countries that there are not, each with what to do: codes that none has, and names with a slip in them."""
    return [
        (f"territory `{each.name}`: `{country}` is no country", advice)
        for each in rules.territories
        for country in each.when.countries
        if (advice := _advice(country)) is not None
    ]


def doubts(rules: RoutingRules) -> list[str]:
    """Sentences about territories that are left no lead, and about countries that are not known, with what to do.

    Who is named alone may be away, and then the territory behind gets the lead: the same one again for somebody else
    is a stand-in, and no doubt.
    """
    return [*_left_nothing(Book(rules)), *_not_known(rules)]


def covers(wide: Conditions, narrow: Conditions) -> bool:
    """Whether every lead that fits the narrow conditions fits the wide ones as well; False where that is not sure.

    >>> covers(Conditions(countries=("DE", "AT")), Conditions(countries=("Germany",), grades=("A",)))
    True
    """
    words = (
        (_countries(wide.countries), _countries(narrow.countries)),
        (_folded(wide.states), _folded(narrow.states)),
        (_folded(wide.industries), _folded(narrow.industries)),
        (_folded(wide.grades), _folded(narrow.grades)),
    )
    attributes = {fold(name): _folded(values) for name, values in narrow.attributes.items()}
    return (
        all(not ours or (theirs and theirs <= ours) for ours, theirs in words)
        and _covers_codes(wide.postal_codes, narrow.postal_codes)
        and _covers_number(wide.number_of_employees, narrow.number_of_employees)
        and all(
            fold(name) in attributes and attributes[fold(name)] <= _folded(values)
            for name, values in wide.attributes.items()
        )
    )


def _left_nothing(book: Book) -> Iterator[str]:
    territories = [area.territory for area in book.areas]
    for place, each in enumerate(territories):
        first = next((other for other in territories[:place] if _leaves_nothing(book, other, each)), None)
        if first is None:
            continue
        always = first.team is not None or first.rep == each.rep
        takes = "never takes a lead" if always else f"takes a lead only while `{first.rep}` is away"
        yield (
            f"territory `{each.name}` {takes}: `{first.name}` comes before it and takes all of its leads. "
            f"Put `{each.name}` first, or take it out"
        )


def _leaves_nothing(book: Book, first: Territory, second: Territory) -> bool:
    if first.rep is not None:
        takes = book.takes_leads(first.rep) and (first.when != second.when or first.rep == second.rep)
    else:
        takes = any(rep.active and rep.weight > 0 for rep in book.members(first.team or ""))
    return takes and covers(first.when, second.when)


def _advice(country: str) -> str | None:
    """What to write instead of a country that there is not; None for one that is, or may be."""
    if country_code(country) is not None or country.strip().upper() in CODES_IN_USE:
        return None
    if len(country.strip()) == 2 and country.isascii():
        return "write a code or a name, such as `DE` or `Germany`"
    near = nearest_country(country)
    return f"did you mean `{near}`?" if near else None


def _not_known(rules: RoutingRules) -> Iterator[str]:
    for each in rules.territories:
        for country in each.when.countries:
            if country_code(country) is None:
                yield (
                    f"territory `{each.name}`: `{country}` is no country that is known, so that only leads fit which "
                    "write it so. Write codes or names, such as `DE` or `Germany`"
                )


def _covers_codes(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide:
        return True
    takes = [takes_code(each) for each in wide]
    entries = [code_range(each) or (fold(each).replace(" ", ""),) for each in narrow]
    return bool(narrow) and all(any(all(map(take, ends)) for take in takes) for ends in entries)


def _covers_number(wide: Between | None, narrow: Between | None) -> bool:
    if wide is None:
        return True
    if narrow is None:
        return False
    low = wide.at_least is None or (narrow.at_least is not None and narrow.at_least >= wide.at_least)
    return low and (wide.at_most is None or (narrow.at_most is not None and narrow.at_most <= wide.at_most))


def _countries(countries: tuple[str, ...]) -> frozenset[str]:
    """Each by its code: Enrichment finds it, however a lead writes its country."""
    return frozenset(country_code(each) or fold(each) for each in countries)


def _folded(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold, words))
