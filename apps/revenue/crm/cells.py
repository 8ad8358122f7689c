"""What the fields of a CRM say of a record: places, words, lengths, and what is better left out. Pure."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from .contract import LeftOut
from .countries import written_country
from .fields import ATTRIBUTES, Authority, Country, CrmField, TooLong
from .formulas import is_formula
from .record import Document
from .rules import CrmTarget, Formulas

Place = Callable[[Document], Any]  # Any: what JSON holds
"""Finds a value in a record; None where there is none."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Compiled:
    """One field, ready for many records. `words` are those of `values`, in small letters."""

    name: str
    places: tuple[Place, ...]
    words: Mapping[str, str]
    only_words: bool
    is_owner: bool
    otherwise: str | None
    length_max: int | None
    cuts: bool
    authority: Authority
    stages: tuple[str, ...]
    country: Country | None


@dataclass(frozen=True, slots=True)
class Table:
    """All fields of a target, in the order in which they are written. `digest` is equal for what says the same."""

    target: CrmTarget
    digest: str
    fields: tuple[Compiled, ...]
    sources: frozenset[str]
    key: Place
    folds_key: bool
    writes_formulas: bool

    @property
    def columns(self) -> list[str]:
        """Their names, with those of what records are known by first."""
        named = (each.name for each in self.fields if each.name != self.target.key)
        return [self.target.record_id, self.target.key, *named]

    def key_of(self, text: str) -> str:
        """A key as it is compared: an address is the same in any case."""
        return text.casefold() if self.folds_key else text


@dataclass(slots=True)
class Cells:
    """What a record's fields say now; None where they say nothing. Belongs to whoever asked for it."""

    values: dict[str, str | None] = field(default_factory=dict[str, str | None])
    left_out: dict[str, LeftOut] = field(default_factory=dict[str, LeftOut])


def compiled(target: CrmTarget) -> Table:
    """A target's fields, ready for many records; the same for equal rules."""
    return _compiled(_Hashed(target))


def cells_of(document: Document, table: Table) -> Cells:
    """What all fields say of a record, whoever may write them."""
    cells = Cells()
    for each in table.fields:
        text, reason = _cell(document, each)
        if text is not None and reason is None and not table.writes_formulas and is_formula(text):
            text, reason = None, LeftOut.FORMULA
        if text is not None and text == table.target.clear:
            text, reason = None, LeftOut.FORMULA
        cells.values[each.name] = text
        if reason is not None:
            cells.left_out[each.name] = reason
    return cells


def text_of(value: Any) -> str | None:  # Any: what JSON holds
    r"""A value as text; None where that is empty. Importers take away blanks around it, so that it has none.

    >>> [text_of(value) for value in (7, True, "  Ada\0 ", "", None, ["a", "b"])]
    ['7', 'true', 'Ada', None, None, 'a; b']
    """
    if value is None:
        return None
    if isinstance(value, str):
        if not value.isprintable():
            value = CONTROL.sub("", value).replace("\r\n", "\n")
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _joined(value)
    return str(value)


def _joined(parts: Any) -> str | None:  # Any: what JSON holds
    return "; ".join(filter(None, map(text_of, parts))) or None


def cut(text: str, length: int) -> str:
    """The beginning of a text, counted as JavaScript and Java count: a sign beyond the first 65,536 is two.

    >>> cut("Łódź", 3), cut("a😀b", 2), cut("ab ", 3)
    ('Łód', 'a', 'ab')
    """
    if len(text) * 2 <= length:
        return text.rstrip()
    return text.encode("utf-16-le")[: 2 * length].decode("utf-16-le", errors="ignore").rstrip()


def _cell(document: Document, field: Compiled) -> tuple[str | None, LeftOut | None]:
    reason = LeftOut.NO_WORD if field.is_owner else None  # a record always has one there: it cannot be emptied
    found: list[str] = []
    for place in field.places:
        text = text_of(place(document))
        if text is None:
            continue
        if field.words:
            word = field.words.get(text.casefold())
            if word is None and field.only_words:
                reason = reason or LeftOut.NO_WORD
                continue
            text = word or text
        if not field.stages:
            return _fitting(text, field)
        found.append(text)
    known = [text for text in found if text in field.stages]
    if known:
        return max(known, key=field.stages.index), None
    return None, reason or (LeftOut.NO_WORD if found else None)


def _fitting(text: str, field: Compiled) -> tuple[str | None, LeftOut | None]:
    if field.country is not None:
        text = written_country(text, field.country)
    if field.length_max is None or len(text) * (1 if text.isascii() else 2) <= field.length_max:
        return text, None
    short = cut(text, field.length_max)
    if short == text:
        return text, None
    return (short, None) if field.cuts else (None, LeftOut.TOO_LONG)


class _Hashed:
    """A target as a key: equal where all it says is equal."""

    __slots__ = ("digest", "target")

    def __init__(self, target: CrmTarget) -> None:
        self.target = target
        self.digest = repr(target)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.digest == self.digest


@lru_cache(maxsize=16)
def _compiled(hashed: _Hashed) -> Table:
    target = hashed.target
    fields = target.table()
    if target.tells_key:
        first = {target.key: CrmField(ours=(target.key_from,), authority=Authority.REVENUE)}
        fields = first | fields
    return Table(
        target,
        hashlib.sha256(repr((target, fields)).encode()).hexdigest()[:16],
        tuple(_compiled_field(name, each) for name, each in fields.items()),
        frozenset(name.casefold() for name in target.sources),
        _place(target.key_from),
        folds_key=target.key_from == "lead.email",
        writes_formulas=target.formulas is Formulas.WRITE,
    )


def _compiled_field(name: str, each: CrmField) -> Compiled:
    return Compiled(
        name=name,
        places=tuple(map(_place, each.ours)),
        words={ours.casefold(): theirs for ours, theirs in each.values.items()},
        only_words=bool(each.only_values),
        is_owner="owner" in each.ours,
        otherwise=each.otherwise,
        length_max=each.length_max,
        cuts=each.too_long is not TooLong.LEAVE_OUT,
        authority=each.authority or Authority.ORIGIN,
        stages=each.stages,
        country=None if each.country in (None, Country.AS_GIVEN) else each.country,
    )


def _place(path: str) -> Place:
    if path.startswith(ATTRIBUTES):
        return partial(_at, ("lead", "attributes", path.removeprefix(ATTRIBUTES)))  # whose names may have dots
    return partial(_at, tuple(path.split(".")))


def _at(names: tuple[str, ...], value: Any) -> Any:  # Any: what JSON holds
    for name in names:
        if value is None:
            return None
        value = value.get(name)
    return value
