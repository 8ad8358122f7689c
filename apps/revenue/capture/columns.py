"""Which column fills which field: by what the caller asked, else by its header, else by what stands in it."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from .contract import Column, FileRejectionReason, MappedBy, Target
from .details import FIELD_NAMES
from .presets import preset_of
from .synonyms import FIELDS, plain

TARGETS = FIELD_NAMES | {Target.NAME.value, Target.ATTRIBUTE.value, Target.IGNORE.value}
NAMING = frozenset({"email", "phone", "mobile_phone", "first_name", "last_name", "name", "company", "website"})
"""Targets that name somebody: a file without any of them is no list of leads."""

SNIFFED_ROWS = 100
SNIFFED_SHARE = 0.8
SHOWN_CHARS = 60

LOOKS: dict[str, re.Pattern[str]] = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}"),
    "website": re.compile(r"(https?://|www\.)[^\s@]+", re.IGNORECASE),
    "phone": re.compile(r"(tel:|\+|00|\()[\d\s()./-]{7,}"),
}
"""What a value of a field looks like, for columns whose header says nothing."""


class MappingRejected(Exception):
    """The columns do not make a list of leads; carries the reason and a sentence."""

    def __init__(self, reason: FileRejectionReason, explanation: str) -> None:
        super().__init__(explanation)
        self.reason = reason
        self.explanation = explanation


def map_columns(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    asked: Mapping[str, str],
    ruled: Mapping[str, str] | None = None,
    *,
    is_beginning: bool = True,
) -> tuple[Column, ...]:
    """Every column of a file with its target; of two columns for one field the first fills it.

    What was `asked` for this file goes before what the team's rules say of all files (`ruled`), that before what an
    export of Salesforce or HubSpot is known to mean, and that before what columns are called elsewhere. Where it is not
    the beginning of a file of lines, what was asked may name columns that are not here.

    Raises:
        MappingRejected: when the file has no header, `asked` names what does not exist, or no column names anybody.
    """
    _check_header(header)
    wishes = _wishes(header, asked, is_beginning=is_beginning)
    taken = set(wishes.values()) & FIELD_NAMES
    targets: dict[str, tuple[str, MappedBy]] = {name: (target, MappedBy.ASKED) for name, target in wishes.items()}
    by_rule = {plain(name): target for name, target in (ruled or {}).items()}
    for name in header:
        target = by_rule.get(plain(name))
        if name not in targets and target is not None and target not in taken:
            targets[name] = (target, MappedBy.RULES)
            taken |= {target} & FIELD_NAMES
    preset = preset_of(header)
    for name in header:
        field = preset.get(plain(name)) or FIELDS.get(plain(name))
        if name not in targets and field is not None and field not in taken:
            targets[name] = (field, MappedBy.HEADER)
            taken |= {field} - {Target.IGNORE.value, Target.ATTRIBUTE.value}
    values = {name: _values(rows, position) for position, name in enumerate(header)}
    for target, look in LOOKS.items():
        if target not in taken:
            fitting = (name for name in header if name not in targets and _looks_like(look, values[name]))
            targets |= dict.fromkeys(islice(fitting, 1), (target, MappedBy.CONTENT))
    if not {target for target, _ in targets.values()} & NAMING:
        raise MappingRejected(FileRejectionReason.NOBODY_NAMED, _nobody_named(header))
    nothing = (Target.ATTRIBUTE.value, MappedBy.NOTHING)
    return tuple(
        Column(name=name, target=target, mapped_by=mapped_by, example=next(iter(values[name]), ""))
        for name in header
        for target, mapped_by in (targets.get(name, nothing),)
    )


def _check_header(header: Sequence[str]) -> None:
    data = next((name for name in header if LOOKS["email"].fullmatch(name)), None)
    if data is not None:
        raise MappingRejected(
            FileRejectionReason.NO_HEADER,
            "the first line holds an e-mail address, so it is no header: put a line with the columns' names above it,"
            " such as Email,First name,Last name,Company.",
        )


def _wishes(header: Sequence[str], asked: Mapping[str, str], *, is_beginning: bool) -> dict[str, str]:
    """What was asked, by the columns' own names; a column is found whatever its case and punctuation."""
    known = {plain(name): name for name in reversed(header)} | {name: name for name in header}
    wishes: dict[str, str] = {}
    for name, target in asked.items():
        column = known.get(name) or known.get(plain(name))
        if column is None and not is_beginning:
            continue
        if column is None:
            raise MappingRejected(
                FileRejectionReason.MAPPING, f"there is no column `{name}`; the columns are {_listed(header)}."
            )
        if target not in TARGETS:
            raise MappingRejected(
                FileRejectionReason.MAPPING, f"a lead has no field `{target}`; it has {_listed(sorted(TARGETS))}."
            )
        if target in FIELD_NAMES and target in wishes.values():
            raise MappingRejected(
                FileRejectionReason.MAPPING, f"two columns are mapped to `{target}`: choose one of them."
            )
        wishes[column] = target
    return wishes


def _values(rows: Sequence[Sequence[str]], position: int) -> list[str]:
    cells = (row[position].strip() for row in rows[:SNIFFED_ROWS] if position < len(row))
    return [cell for cell in cells if cell]


def _looks_like(look: re.Pattern[str], values: Sequence[str]) -> bool:
    return bool(values) and sum(bool(look.fullmatch(value)) for value in values) >= SNIFFED_SHARE * len(values)


def _nobody_named(header: Sequence[str]) -> str:
    return (
        f"no column holds an e-mail address, a phone number, a name, a company or a website, so no row names anybody."
        f" The columns are {_listed(header)}. If one of them does, map it: to `name`, for example."
        " If their names stand further down, leave out what is above them (`--header-line`)."
    )


def _listed(names: Sequence[str], limit: int = 40) -> str:
    shown = ", ".join(name if len(name) <= SHOWN_CHARS else f"{name[:SHOWN_CHARS]}…" for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
