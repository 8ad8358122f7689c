"""What is to be told of a record, given what was told of it before; and what was told in the end. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .cells import Compiled, Table, cells_of, text_of
from .contract import LeftOut, Withheld
from .fields import Authority
from .formulas import is_formula
from .record import Document, grade_in

Said = Mapping[str, str]
"""What cells say, by the CRM's own names. An empty one is not in it."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What a CRM was told of a lead. `is_ours`: Revenue has brought the record in there."""

    key: str
    key_column: str
    is_ours: bool
    cells: Said


@dataclass(slots=True)
class Change:
    """What is to be told of a lead, by which key. `cells` may hold what clears a field; `before` what it said."""

    key: str
    by_record_id: bool
    is_new: bool
    cells: dict[str, str] = field(default_factory=dict[str, str])
    before: dict[str, str] = field(default_factory=dict[str, str])
    left_out: dict[str, LeftOut] = field(default_factory=dict[str, LeftOut])


def change_of(
    document: Document, memory: Memory | None, table: Table, *, is_all: bool = False
) -> Change | Withheld | None:
    """What a CRM is to be told of a record; None where it is told of no such lead.

    A `Change` without cells says that the CRM knows everything by now that it can be told. With `is_all` it is told
    again what it knows.
    """
    target = table.target
    if memory is None and target.grades and grade_in(document) not in target.grades:
        return None
    change = _known(document, memory, table)
    if not isinstance(change, Change):
        return change
    is_theirs = change.by_record_id and not (memory is not None and memory.is_ours)
    cells = cells_of(document, table)
    told: Said = {} if memory is None else memory.cells
    for each in table.fields:
        name = each.name
        if name == target.key and not change.by_record_id:
            continue
        if not _may_write(each.authority, is_new=memory is None, is_theirs=is_theirs):
            continue
        now, was = cells.values[name], told.get(name)
        if now is None and (was is None or name not in cells.left_out):
            now = each.otherwise if was is not None or (change.is_new and not is_theirs) else None
            if now is None:
                _clear(change, name, was, target.clear)
        if now is not None and ((now := _forward(now, was, each)) != was or is_all):
            _write(change, name, now, was)
    change.left_out.update(cells.left_out)
    return change


def told_after(memory: Said, cells: Said, clear: str | None) -> dict[str, str]:
    """What a CRM says once it was told these cells.

    >>> told_after({"City": "Ulm", "Phone": "1"}, {"City": "Bonn", "Phone": "#N/A"}, "#N/A")
    {'City': 'Bonn'}
    """
    after = {**memory, **cells}
    return {name: text for name, text in after.items() if text != clear} if clear is not None else after


def told_before(memory: Said, cells: Said, before: Said, clear: str | None) -> dict[str, str]:
    """What a CRM says if it has refused these cells after all. What it was told of them since then stays.

    >>> told_before({"Phone": "2", "City": "Bonn"}, {"City": "Bonn", "Phone": "1"}, {"City": "Ulm"}, None)
    {'Phone': '2', 'City': 'Ulm'}
    """
    after = dict(memory)
    for name, text in cells.items():
        if memory.get(name) != (None if text == clear else text):
            continue
        after.pop(name, None)
        if name in before:
            after[name] = before[name]
    return after


def _known(document: Document, memory: Memory | None, table: Table) -> Change | Withheld:
    """An empty change, which says by which key the CRM knows a record, or is to know it."""
    target, lead = table.target, document["lead"]
    is_of_crm = (text_of(lead.get("external_source")) or "").casefold() in table.sources
    record_id = text_of(lead.get("external_id")) if is_of_crm else None
    if record_id is not None and not record_id.startswith(target.record_prefix):
        return Withheld.OTHER_RECORD
    if record_id is not None:
        return _safe(record_id, table) or Change(record_id, by_record_id=True, is_new=memory is None)
    if memory is not None and memory.key_column == target.record_id:
        return Change(memory.key, by_record_id=True, is_new=False)
    now = text_of(table.key(document))
    if memory is None or memory.key_column != target.key:
        if now is None:
            return Withheld.NO_KEY
        return _safe(now, table) or Change(table.key_of(now), by_record_id=False, is_new=memory is None)
    change = Change(memory.key, by_record_id=False, is_new=False)
    if now is not None and table.key_of(now) != memory.key:
        change.left_out[target.key] = LeftOut.KEY
    return change


def _safe(key: str, table: Table) -> Withheld | None:
    return Withheld.FORMULA if not table.writes_formulas and is_formula(key) else None


def _may_write(authority: Authority, *, is_new: bool, is_theirs: bool) -> bool:
    if authority is Authority.REVENUE:
        return True
    return not is_theirs and (authority is Authority.ORIGIN or is_new)


def _forward(now: str, was: str | None, field: Compiled) -> str:
    """What a field is to say; one that only moves forward stays where it is rather than go back."""
    stages = field.stages
    return was if was in stages and stages.index(now) < stages.index(was) else now


def _write(change: Change, name: str, now: str, was: str | None) -> None:
    change.cells[name] = now
    if was is not None:
        change.before[name] = was


def _clear(change: Change, name: str, was: str | None, clear: str | None) -> None:
    """Empty a field that says something, where the CRM can be told so."""
    if was is None:
        return
    if clear is None:
        change.left_out[name] = LeftOut.CANNOT_CLEAR
        return
    change.cells[name] = clear
    change.before[name] = was
