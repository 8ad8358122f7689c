"""Two records, compared field by field: on what they agree, and how well. Pure; what it weighs stands in `weighing`.

Importing this loads rapidfuzz: the service does so when it starts.
"""

from rapidfuzz.distance import OSA, JaroWinkler

from .addresses import Address
from .findings import FOUND, Finding, Level
from .record import Record

ALIKE = 0.92
"""From this Jaro-Winkler similarity on, two words are one with a slip of the pen."""
AKIN = 0.80
"""From this one on, they may be."""
SLIPS = (Level.SAME, Level.ALIKE, Level.AKIN, Level.DIFFERENT)
"""How well numbers agree, by how many slips of the pen they are apart."""


def compared(one: Record, other: Record) -> list[Finding]:
    """Everything that both say, compared. The order of the two does not matter."""
    found: list[Finding] = []
    _names(one, other, found)
    _contact_points(one, other, found)
    _numbers(one, other, found)
    _address(one, other, found)
    _company(one, other, found)
    return found


def level_of(one: str, other: str) -> Level:
    """How alike two folded words are.

    >>> level_of("meier", "meier").name, level_of("meier", "meire").name, level_of("meier", "huber").name
    ('SAME', 'ALIKE', 'DIFFERENT')
    """
    if one == other:
        return Level.SAME
    similarity = JaroWinkler.similarity(one, other, score_cutoff=AKIN)
    if similarity >= ALIKE:
        return Level.ALIKE
    if similarity:
        return Level.AKIN
    if len(one) > 3 and len(other) > 3 and OSA.distance(one, other, score_cutoff=2) <= (1 if len(one) < 6 else 2):
        return Level.ALIKE
    return Level.DIFFERENT


def _names(one: Record, other: Record, found: list[Finding]) -> None:
    """First and last name; where they stand in each other's place, that is said, too."""
    straight = _pair(one.first, other.first), _pair(one.last, other.last)
    crossed = straight
    has_equal = one.first == other.first != "" or one.last == other.last != ""
    if Level.DIFFERENT in straight or (None in straight and not has_equal):
        crossed = _pair(one.first, other.last), _pair(one.last, other.first)
    is_crossed = _badness(crossed) < _badness(straight)
    first, last = _ordered(crossed) if is_crossed else straight
    if is_crossed and Level.DIFFERENT not in (first, last):
        found.append(FOUND["crossed"][Level.SAME])
    if first is not None:
        is_initial = first > Level.ALIKE and _is_initial(one.first, other.first)
        found.append(FOUND["initial"][Level.SAME] if is_initial else FOUND["first"][first])
    if last is not None:
        found.append(FOUND["last"][last])


def _pair(one: str, other: str) -> Level | None:
    return level_of(one, other) if one and other else None


def _ordered(levels: tuple[Level | None, Level | None]) -> tuple[Level | None, Level | None]:
    """Of names that are crossed nobody knows which is the last one: the better level counts as the first name's."""
    first, last = levels
    if first is None or last is None:
        return (last if first is None else first), None
    return min(first, last), max(first, last)


def _badness(levels: tuple[Level | None, Level | None]) -> int:
    """Less is better; a pair that cannot be compared says as little as one that may be alike."""
    return sum(Level.AKIN if level is None else level for level in levels)


def _is_initial(one: str, other: str) -> bool:
    return bool(one and other) and one[0] == other[0] and (len(one) == 1 or len(other) == 1)


def _contact_points(one: Record, other: Record, found: list[Finding]) -> None:
    if one.email and other.email:
        found.append(_mailboxes(one.email, other.email))
    if one.phones and other.phones:
        same = any(a.endswith(b) or b.endswith(a) for a in one.phones for b in other.phones)
        found.append(FOUND["phone"][Level.SAME if same else Level.DIFFERENT])


def _mailboxes(one: Address, other: Address) -> Finding:
    """The same one; the same but for a tag; the same name at another place; another one.

    A mailbox that a function reads is nobody's own: it says where people work, and not who they are.
    """
    if not (one.is_personal and other.is_personal):
        return FOUND["mailbox"][Level.SAME if one == other else Level.DIFFERENT]
    if one.domain != other.domain:
        is_akin = one.base.replace(".", "") == other.base.replace(".", "")
        return FOUND["email"][Level.AKIN if is_akin else Level.DIFFERENT]
    if one.base != other.base:
        return FOUND["email"][Level.DIFFERENT]
    return FOUND["email"][Level.SAME if one.local == other.local else Level.ALIKE]


def _numbers(one: Record, other: Record, found: list[Finding]) -> None:
    if one.born and other.born:
        found.append(FOUND["born"][_slip(one.born, other.born)])
    if one.numbers and other.numbers:
        theirs = dict(other.numbers)
        for name, value in one.numbers:
            if name in theirs:
                found.append(FOUND["number"][_slip(value, theirs[name])])


def _slip(one: str, other: str) -> Level:
    """Equal; with a digit wrong, missing or in its neighbour's place; with two; different."""
    if one == other:
        return Level.SAME
    return SLIPS[OSA.distance(one, other, score_cutoff=2)]


def _address(one: Record, other: Record, found: list[Finding]) -> None:
    """Street, what is added to it and city may each stand in another one's place: the best of them count."""
    if one.house and other.house:
        found.append(FOUND["house"][_slip(one.house, other.house)])
    if one.postal and other.postal:
        found.append(FOUND["postal"][_slip(one.postal, other.postal)])
    street, city, extra = _pair(one.street, other.street), _pair(one.city, other.city), _pair(one.extra, other.extra)
    if one.extra and other.extra and extra is not Level.SAME:
        if street is Level.DIFFERENT:
            street, extra = _crossed((one.street, one.extra), (other.street, other.extra), (street, extra))
        if city is Level.DIFFERENT:
            city, extra = _crossed((one.city, one.extra), (other.city, other.extra), (city, extra))
    for field, level in (("street", street), ("city", city), ("extra", extra)):
        if level is not None:
            found.append(FOUND[field][level])
    if one.state and other.state:
        found.append(FOUND["state"][Level.SAME if one.state == other.state else Level.DIFFERENT])
    if one.country and other.country:
        is_coded = len(one.country) == len(other.country) == 2
        differs = Level.DIFFERENT if is_coded else Level.AKIN  # names of one country are many
        found.append(FOUND["country"][Level.SAME if one.country == other.country else differs])


def _crossed(
    one: tuple[str, str], other: tuple[str, str], straight: tuple[Level, Level | None]
) -> tuple[Level, Level | None]:
    """Two parts of an address that differ, or agree where each stands in the other's place."""
    crossed = min(level_of(one[0], other[1]), level_of(one[1], other[0]))
    return (crossed, None) if crossed < Level.AKIN else straight


def _company(one: Record, other: Record, found: list[Finding]) -> None:
    if one.domain and other.domain:
        found.append(FOUND["company"][Level.SAME if one.domain == other.domain else Level.DIFFERENT])
    elif one.company and other.company:
        found.append(FOUND["company"][level_of(one.company, other.company)])
