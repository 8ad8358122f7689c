"""Statements of the CRM's beside: records of leads, what was told, exports and their rows."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from atoll import Row, upsert
from revenue.ruling import Ruling

from .changes import Memory
from .contract import (
    Export,
    ExportRow,
    ExportState,
    LeftOut,
    Refused,
    RowState,
    Target,
    Withheld,
    WithheldLead,
)
from .record import Record
from .rules import CrmRules
from .tables import CONTACTS, EXPORT_ROWS, EXPORTS, RECORDS, REFUSALS, RULES, TARGETS, TOLD

RULING = Ruling(RULES, CrmRules, default=CrmRules())

PARTS = tuple(RECORDS.c[name] for name in Record.__struct_fields__)
"""The columns of a record, which are called as its fields."""

# --- records of leads ------------------------------------------------------------------------------------------------

RECORD_TO_CHANGE = select(*PARTS).where(RECORDS.c.lead_id == bindparam("which")).with_for_update()
ADD_RECORD = upsert(RECORDS, "lead_id", update=())
"""Changes nothing where another publisher's event has just brought the lead."""
CHANGE_RECORD = (
    update(RECORDS)
    .where(RECORDS.c.lead_id == bindparam("which"))
    .values({name: bindparam(name) for name in Record.__struct_fields__ if name != "lead_id"})
)
TOUCH_RECORDS = (
    update(RECORDS)
    .where(RECORDS.c.lead_id.in_(bindparam("which", expanding=True)))
    .values(version=RECORDS.c.version + 1)
)
GIVE_RECORDS = TOUCH_RECORDS.values(contact_id=bindparam("whose"))
"""To a contact that was parted from theirs."""
ADD_CONTACT = upsert(CONTACTS, "id", update=())
CONTACT_TO_CHANGE = select(CONTACTS.c.place).where(CONTACTS.c.id == bindparam("which")).with_for_update()
CHANGE_CONTACT = upsert(CONTACTS, "id")
LINKS = select(CONTACTS.c.id, CONTACTS.c.kept_id).where(
    CONTACTS.c.id.in_(bindparam("which", expanding=True)), CONTACTS.c.kept_id.is_not(None)
)

# --- what was told, beside what is -----------------------------------------------------------------------------------

MEMORY = (
    TOLD.c.key.label("told_key"),
    TOLD.c.key_column,
    TOLD.c.is_ours,
    TOLD.c.cells.label("told_cells"),
    TOLD.c.version.label("told_version"),
)
IS_TOLD = and_(TOLD.c.lead_id == RECORDS.c.lead_id, TOLD.c.target == bindparam("target"))
BOTH = select(RECORDS.c.number, RECORDS.c.lead_id, RECORDS.c.version, RECORDS.c.lead, RECORDS.c.scored,
              RECORDS.c.contact_id, RECORDS.c.assignment, *MEMORY).outerjoin(TOLD, IS_TOLD)  # fmt: skip
IS_WHOLE = and_(RECORDS.c.round > 0, RECORDS.c.lead_revision > 0)
"""Leads that have an owner."""
IS_STALE = or_(TOLD.c.version != RECORDS.c.version, TOLD.c.rules_digest != bindparam("rules_digest"))
SOME = (
    BOTH.where(RECORDS.c.number > bindparam("after"), RECORDS.c.number <= bindparam("until"), IS_WHOLE)
    .order_by(RECORDS.c.number)
    .limit(bindparam("count"))
)
TO_TELL = {False: SOME.where(or_(TOLD.c.lead_id.is_(None), IS_STALE)), True: SOME}
"""By whether all are to be told."""
OF_LEAD = BOTH.where(RECORDS.c.lead_id == bindparam("which"), IS_WHOLE)
WHOLE_COUNT = select(func.count()).select_from(RECORDS).where(IS_WHOLE)
TOLD_COUNT = select(func.count()).select_from(TOLD).where(TOLD.c.target == bindparam("target"))
STALE_COUNT = select(func.count()).select_from(RECORDS).join(TOLD, IS_TOLD).where(IS_STALE)
LAST_RECORD = select(func.coalesce(func.max(RECORDS.c.number), 0))
KEYS_TOLD = select(TOLD.c.key, TOLD.c.lead_id).where(
    TOLD.c.target == bindparam("target"), TOLD.c.key.in_(bindparam("keys", expanding=True))
)
KEYS_WRITTEN = select(EXPORT_ROWS.c.key, EXPORT_ROWS.c.lead_id).where(
    EXPORT_ROWS.c.target == bindparam("target"),
    EXPORT_ROWS.c.number == bindparam("number"),
    EXPORT_ROWS.c.key.in_(bindparam("keys", expanding=True)),
)
SEEN = (
    update(TOLD)
    .where(
        TOLD.c.target == bindparam("which"),
        TOLD.c.lead_id == bindparam("whose"),
        TOLD.c.version == bindparam("was"),
    )
    .values(version=bindparam("version"), rules_digest=bindparam("rules_digest"))
)
"""A record that says what was told: it need not be looked at again, unless something has happened meanwhile."""
KEEP_TOLD = upsert(TOLD, "target", "lead_id")
TAKE_BACK = (
    update(TOLD)
    .where(TOLD.c.target == bindparam("which"), TOLD.c.lead_id == bindparam("whose"))
    .values(cells=bindparam("cells"), version=bindparam("version"))
)
FORGET = delete(TOLD).where(TOLD.c.target == bindparam("which"), TOLD.c.lead_id == bindparam("whose"))

# --- exports ---------------------------------------------------------------------------------------------------------

ADD_TARGET = upsert(TARGETS, "target", update=())
TARGET_TO_CHANGE = select(TARGETS).where(TARGETS.c.target == bindparam("which")).with_for_update()
TARGET_NOW = select(TARGETS).where(TARGETS.c.target == bindparam("which"))
CHANGE_TARGET = (
    update(TARGETS)
    .where(TARGETS.c.target == bindparam("which"))
    .values({name: bindparam(name) for name in ("number", "confirmations", "confirmed")})
)
ADD_EXPORT = insert(EXPORTS)
CHANGE_EXPORT = upsert(EXPORTS, "target", "number")
ONE_EXPORT = select(EXPORTS).where(EXPORTS.c.target == bindparam("which"), EXPORTS.c.number == bindparam("number"))
EXPORT_TO_CHANGE = ONE_EXPORT.with_for_update()
EXPORT_PAGE = (
    select(EXPORTS)
    .where(EXPORTS.c.target == bindparam("which"), EXPORTS.c.number > bindparam("after"))
    .order_by(EXPORTS.c.number)
    .limit(bindparam("count"))
)
CONFIRMING = select(func.count()).where(
    EXPORTS.c.target == bindparam("which"), EXPORTS.c.state == ExportState.CONFIRMING
)
TO_CLEAN = select(EXPORTS.c.target, EXPORTS.c.number).where(
    EXPORTS.c.has_rows.is_(True),
    or_(
        EXPORTS.c.state == ExportState.DROPPED,
        and_(EXPORTS.c.begun_at < bindparam("before"), EXPORTS.c.state != ExportState.CONFIRMING),
    ),
)

# --- their rows ------------------------------------------------------------------------------------------------------

ADD_ROW = insert(EXPORT_ROWS)
OF_EXPORT = and_(EXPORT_ROWS.c.target == bindparam("which"), EXPORT_ROWS.c.number == bindparam("export"))
ROW = (EXPORT_ROWS.c.position.label("number"), *(column for column in EXPORT_ROWS.c if column.name != "number"))
ROW_PAGES = {
    is_withheld: select(*ROW)
    .where(
        EXPORT_ROWS.c.target == bindparam("which"),
        EXPORT_ROWS.c.number == bindparam("export"),
        EXPORT_ROWS.c.position > bindparam("after"),
        (EXPORT_ROWS.c.state == RowState.WITHHELD) if is_withheld else (EXPORT_ROWS.c.state != RowState.WITHHELD),
    )
    .order_by(EXPORT_ROWS.c.position)
    .limit(bindparam("count"))
    for is_withheld in (False, True)
}
"""By whether the rows are asked for, or the leads of which nothing can be said."""
TO_CONFIRM = (
    select(EXPORT_ROWS, TOLD.c.cells.label("told_cells"), TOLD.c.is_ours, TOLD.c.version.label("told_version"))
    .outerjoin(TOLD, and_(TOLD.c.lead_id == EXPORT_ROWS.c.lead_id, TOLD.c.target == EXPORT_ROWS.c.target))
    .where(OF_EXPORT, EXPORT_ROWS.c.position > bindparam("after"), EXPORT_ROWS.c.state == RowState.WRITTEN)
    .order_by(EXPORT_ROWS.c.position)
    .limit(bindparam("count"))
)
TO_REFUSE = (
    select(EXPORT_ROWS, *MEMORY)
    .outerjoin(TOLD, and_(TOLD.c.lead_id == EXPORT_ROWS.c.lead_id, TOLD.c.target == EXPORT_ROWS.c.target))
    .where(
        OF_EXPORT,
        or_(
            EXPORT_ROWS.c.key.in_(bindparam("keys", expanding=True)),
            EXPORT_ROWS.c.lead_id.in_(bindparam("leads", expanding=True)),
        ),
        EXPORT_ROWS.c.state != RowState.WITHHELD,
    )
    .order_by(EXPORT_ROWS.c.position)
)
REFUSE_ROW = (
    update(EXPORT_ROWS).where(OF_EXPORT, EXPORT_ROWS.c.position == bindparam("at")).values(state=RowState.REFUSED)
)
CLEAN_ROWS = delete(EXPORT_ROWS).where(
    OF_EXPORT,
    EXPORT_ROWS.c.position.in_(
        select(EXPORT_ROWS.c.position).where(OF_EXPORT).order_by(EXPORT_ROWS.c.position).limit(bindparam("count"))
    ),
)
KEEP_REFUSAL = upsert(REFUSALS, "target", "lead_id")
FORGET_REFUSALS = delete(REFUSALS).where(
    REFUSALS.c.target == bindparam("which"), REFUSALS.c.lead_id.in_(bindparam("leads", expanding=True))
)
REFUSED_PAGE = (
    select(REFUSALS)
    .where(REFUSALS.c.target == bindparam("which"), REFUSALS.c.number > bindparam("after"))
    .order_by(REFUSALS.c.number)
    .limit(bindparam("count"))
)
REFUSED_COUNT = select(func.count()).select_from(REFUSALS).where(REFUSALS.c.target == bindparam("target"))
REFUSED_LEAD = select(REFUSALS.c.target, REFUSALS.c.reason).where(REFUSALS.c.lead_id == bindparam("which"))


class Course(msgspec.Struct, frozen=True):
    """A row of `exports`: the columns are called as its fields."""

    target: str
    number: int
    state: str
    is_all: bool
    begun_at: datetime
    after: int
    until: int
    confirmations: int
    key_column: str
    record_id_column: str
    clear: str | None = None
    ready_at: datetime | None = None
    confirmed_at: datetime | None = None
    is_overruled: bool = False
    has_rows: bool = True
    columns: tuple[str, ...] = ()
    left_out: dict[str, int] = {}
    new: int = 0
    changed: int = 0
    cells: int = 0
    withheld: int = 0
    refused: int = 0

    def row(self) -> dict[str, Any]:  # Any: values of all columns
        """As it is kept."""
        return msgspec.structs.asdict(self) | {"columns": list(self.columns)}

    def export(self, confirmations: int) -> Export:
        """As it is told, after so many confirmations of its target."""
        names = set(Export.__struct_fields__).intersection(self.__struct_fields__)
        shared: dict[str, Any] = {name: getattr(self, name) for name in names}  # Any: values of fields
        mine = self.state in (ExportState.CONFIRMING, ExportState.CONFIRMED)
        shared["target"], shared["state"] = Target(self.target), ExportState(self.state)
        return Export(
            done=self.until if self.state in (ExportState.READY, ExportState.CONFIRMED) else self.after,
            total=self.until,
            is_overtaken=not mine and self.confirmations != confirmations,
            **shared,
        )


def course_of(row: Row) -> Course:
    """The export in a row."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in Course.__struct_fields__}  # Any: of all columns
    fields["columns"] = tuple(row.columns)
    return Course(**fields)


def record_of(row: Row) -> Record:
    """The record in a row."""
    return Record(*(getattr(row, name) for name in Record.__struct_fields__))


def memory_of(row: Row) -> Memory | None:
    """What was told, in a row that has it beside a record."""
    if row.told_key is None:
        return None
    return Memory(row.told_key, row.key_column, row.is_ours, SAID.decode(row.told_cells))


def export_row_of(row: Row) -> ExportRow:
    """The row of an export in a row."""
    return ExportRow(
        position=row.position,
        lead_id=row.lead_id,
        key=row.key,
        by_record_id=row.by_record_id,
        is_new=row.is_new,
        cells=SAID.decode(row.cells),
        left_out=_REASONS.decode(row.left_out),
        state=RowState(row.state),
    )


def withheld_of(row: Row) -> WithheldLead:
    """The lead of which an export says nothing: its reason stands where others have their key."""
    return WithheldLead(lead_id=row.lead_id, reason=Withheld(row.key))


def refused_of(row: Row) -> Refused:
    """The refusal in a row."""
    return Refused(**{name: getattr(row, name) for name in Refused.__struct_fields__})


def text_of(value: object) -> str:
    """As JSON."""
    return _WRITER.encode(value).decode()


SAID = msgspec.json.Decoder(dict[str, str])
_REASONS = msgspec.json.Decoder(dict[str, LeftOut])
_WRITER = msgspec.json.Encoder()
