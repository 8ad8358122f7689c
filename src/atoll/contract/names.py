"""How a class's name becomes the name on the wire."""

import re

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
