"""What can be found when two records are compared, and how much each finding says. Pure.

Each weight is the logarithm (to base 2) of how much likelier a finding is of one person's two records than of two
persons' (Fellegi and Sunter, A Theory for Record Linkage, JASA 64, 1969). How often one person's records differ was
estimated by expectation maximisation, without labels, on the first of the Febrl data sets, and rounded; how often two
persons' agree is how common such values are among people.
"""

from enum import IntEnum
from typing import Final, NamedTuple


class Level(IntEnum):
    """How well two fields agree. Where either is empty there is none: what was not said speaks for nobody."""

    SAME = 0
    ALIKE = 1
    AKIN = 2
    DIFFERENT = 3


class Finding(NamedTuple):
    """One field that both have, how well it agrees, and what that says, in bits."""

    field: str
    level: Level
    bits: float


WEIGHTS: Final[dict[str, tuple[float, float, float, float]]] = {
    # the same, alike, akin, different
    "first": (6.0, 4.0, 0.0, -4.0),
    "initial": (2.0, 2.0, 2.0, 2.0),
    "last": (8.0, 6.0, -1.0, -4.0),
    "crossed": (-2.0, -2.0, -2.0, -2.0),
    "email": (14.0, 10.0, 3.0, -4.0),
    "mailbox": (4.0, 2.0, 0.0, 0.0),
    "phone": (8.0, 8.0, 0.0, -1.0),
    "born": (10.0, 5.0, 0.0, -4.0),
    "number": (14.0, 9.0, 1.0, -5.0),
    "house": (4.0, 0.0, -1.0, -2.0),
    "street": (7.0, 5.0, 0.0, -3.0),
    "extra": (5.0, 4.0, 0.0, -2.0),
    "city": (4.0, 3.0, 0.0, -2.0),
    "postal": (6.0, 3.0, -1.0, -3.0),
    "state": (1.5, 0.0, 0.0, -1.5),
    "country": (0.5, 0.0, 0.0, -2.0),
    "company": (6.0, 4.0, 0.0, -2.0),
}

FOUND: Final = {
    field: tuple(Finding(field, level, bits) for level, bits in zip(Level, several, strict=True))
    for field, several in WEIGHTS.items()
}
"""Every finding there is, by its field and level."""
