"""How a class's name becomes the name on the wire."""

import keyword
import re
from collections.abc import Iterable

_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """The name in snake_case.

    >>> snake_case("LeadScored"), snake_case("HTTPLog"), snake_case("Scoring")
    ('lead_scored', 'http_log', 'scoring')
    """
    return _BORDER.sub("_", name).lower()


def words(name: str) -> str:
    """A class's name as words, for people.

    >>> words("ScoreNotFound")
    'score not found'
    """
    return snake_case(name).replace("_", " ")


def identifier(name: str) -> str:
    """The name as one that Python has for arguments and fields.

    >>> identifier("page[size]"), identifier("from"), identifier("2fa"), identifier("__typename")
    ('page_size', 'from_', 'n2fa', 'typename')
    """
    found = re.sub(r"\W+", "_", name, flags=re.ASCII)
    found = (found.strip("_") if found != name or found.startswith("_") else found) or "unnamed"
    if found[0].isdigit():
        found = f"n{found}"
    return f"{found}_" if keyword.iskeyword(found) else found


def unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The second of each pair by the first, which gets a number where it is taken.

    >>> unique([("a", "A"), ("a", "a")])
    {'a': 'A', 'a_2': 'a'}
    """
    found: dict[str, str] = {}
    for wanted, value in pairs:
        name, number = wanted, 2
        while name in found:
            name, number = f"{wanted}_{number}", number + 1
        found[name] = value
    return found
