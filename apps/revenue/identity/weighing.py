"""How much each agreement says, and what all of them together come to: the same person, perhaps, or another one. Pure.

The weights are fixed, and so are the bounds: equal records are judged alike for ever, nothing is learnt while leads
come in, and every bit of a judgement can be told.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from .comparing import compared
from .contract import Band
from .findings import Finding, Level
from .record import Record

AUTO: Final = 22.0
"""From so many bits on, two are joined by themselves: a full name and a phone number, or a birthday."""
REVIEW: Final = 16.0
"""From so many on, a person is asked: a full name and a company."""

ONE_PERSONS: Final = frozenset({"email", "born", "number"})
"""Fields that no two people of one household or one office share."""
SPLITTING: Final = frozenset({"first", "last", *ONE_PERSONS})
"""Fields that hold two people apart where they differ, and nothing that is one person's alone agrees."""

NAMED: Final = {
    "first": "first name", "last": "last name", "initial": "initial", "email": "e-mail address",
    "mailbox": "shared mailbox", "phone": "phone number", "born": "date of birth", "number": "personal number",
    "house": "house number", "street": "street", "extra": "second line of the address", "city": "city",
    "postal": "postal code", "state": "state", "country": "country", "company": "company",
}  # fmt: skip


INTROS: Final = (
    ("The same", Level.SAME),
    ("Alike", Level.ALIKE),
    ("Perhaps alike", Level.AKIN),
    ("Different", Level.DIFFERENT),
)


class Judgement(NamedTuple):
    """What two records come to, with everything that was found."""

    bits: float
    band: Band
    findings: tuple[Finding, ...]


def judged(one: Record, other: Record) -> Judgement:
    """How sure it is that two records are one person's."""
    findings = compared(one, other)
    bits = sum([finding.bits for finding in findings])  # a list is quicker than a generator, and this runs most of all
    if bits >= AUTO:
        return Judgement(bits, Band.REVIEW if _is_split(findings) else Band.AUTO, tuple(findings))
    return Judgement(bits, Band.REVIEW if bits >= REVIEW else Band.DISTINCT, tuple(findings))


def sentences(judgement: Judgement) -> list[str]:
    """Why, in words: what agrees, what nearly does, what does not, and what that comes to."""
    told = [
        f"{intro}: {_listed(names)}."
        for intro, level in INTROS
        if (names := [NAMED[field] for field, found, _ in judgement.findings if found is level and field in NAMED])
    ]
    if any(field == "crossed" for field, _, _ in judgement.findings):
        told.append("First and last name stand in each other's place.")
    bits = f"{judgement.bits:+.1f} bits of evidence"
    if judgement.band is Band.AUTO:
        return [*told, f"That is {bits}, at least {AUTO:g}: one person."]
    if judgement.band is Band.DISTINCT:
        return [*told, f"That is {bits}, less than {REVIEW:g}: two people."]
    if judgement.bits >= AUTO:
        return [*told, f"That is {bits}, but what differs can be two people: somebody has to look."]
    return [*told, f"That is {bits}, between {REVIEW:g} and {AUTO:g}: somebody has to look."]


def _is_split(findings: Iterable[Finding]) -> bool:
    """Whether something holds the two apart that agreement elsewhere does not outweigh.

    Two different mailboxes always do. A name, a birthday or a number that differs does, unless something else agrees
    that one person alone has: people of one household share their name and address, and colleagues their phone.
    """
    differs = agrees = False
    for field, level, _ in findings:
        if field == "email" and level >= Level.AKIN:
            return True
        if level is Level.DIFFERENT:
            differs = differs or field in SPLITTING
        elif field in ONE_PERSONS and level <= Level.ALIKE:
            agrees = True
    return differs and not agrees


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
