"""Leads in the database: those that a submission is about are read into a book, and what it changes is kept."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, bindparam, func, insert, select

from atoll import Row, Rows, Transaction, upsert

from .book import Book
from .contract import Lead, LeadCaptured, LeadDetails, LeadUpdated
from .keys import RECORD, Key, digest_of, keys_of
from .tables import IMPORT_ROWS, LEAD_KEYS, LEADS

T = TypeVar("T")

KEYS_AT_ONCE = 500
"""In one statement."""

LEAD = tuple(LEADS.c[name] for name in Lead.__struct_fields__)
"""The columns of a lead, which are called as its fields."""

BY_ID = select(*LEAD).where(LEADS.c.id == bindparam("id"))
PAGE = (
    select(LEADS.c.number, *LEAD)
    .where(LEADS.c.number > bindparam("after"))
    .order_by(LEADS.c.number)
    .limit(bindparam("count"))
)
COUNT = select(
    func.count().label("leads"), func.coalesce(func.sum(LEADS.c.revision), 0).label("revisions")
).select_from(LEADS)
OF_RECORD = (
    select(*LEAD)
    .where(LEADS.c.id.in_(select(LEAD_KEYS.c.lead_id).where(LEAD_KEYS.c.record == bindparam("record"))))
    .order_by(LEADS.c.number)
)
OF_KEYS = (
    select(LEAD_KEYS.c.key, *LEAD)
    .join(LEADS, LEADS.c.id == LEAD_KEYS.c.lead_id)
    .where(LEAD_KEYS.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(LEADS.c.number)
)
OF_KEYS_TO_CHANGE = OF_KEYS.with_for_update(of=LEADS)
"""Whoever changes a lead holds it: where several write at a time, none undoes what another one has brought."""
TAKEN = select(IMPORT_ROWS.c.line).where(
    IMPORT_ROWS.c.import_key == bindparam("import_key"),
    IMPORT_ROWS.c.line >= bindparam("first"),
    IMPORT_ROWS.c.line <= bindparam("last"),
)

ADD_LEAD = insert(LEADS)
CHANGE_LEAD = upsert(LEADS, "id")
ADD_KEY = insert(LEAD_KEYS)
ADD_LINE = insert(IMPORT_ROWS)

Ask = Callable[[Select[Any], dict[str, Any]], Awaitable[Rows]]  # Any: values of all columns
"""Whoever runs a statement: a transaction, or the database where nothing is to be changed."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Which lines of which import are looked at: from the first to the last."""

    import_id: str
    first: int
    last: int

    @property
    def key(self) -> str:
        """Short for the import."""
        return digest_of("import", self.import_id)


async def opened_book(ask: Ask, several: Sequence[LeadDetails], lines: Lines | None, *, to_change: bool) -> Book:
    """All that is known of the leads that these details fit, and of the lines of their import."""
    keys = {digest_of(*key): key for details in several for key in keys_of(details)}
    leads: dict[str, Lead] = {}
    ids: dict[Key, str] = {}
    for part in parted(list(keys), KEYS_AT_ONCE):
        for row in await ask(OF_KEYS_TO_CHANGE if to_change else OF_KEYS, {"keys": part}):
            leads[row.id] = lead_of(row)
            ids[keys[row.key]] = row.id
    taken: list[int] = []
    if lines is not None:
        named = {"import_key": lines.key, "first": lines.first, "last": lines.last}
        taken = (await ask(TAKEN, named)).scalars()
    return Book(leads.values(), ids, taken)


async def keep(tx: Transaction, book: Book, lines: Lines | None) -> None:
    """Write what is new in a book, and publish it."""
    for statement, is_new in ((ADD_LEAD, True), (CHANGE_LEAD, False)):
        if rows := [msgspec.structs.asdict(lead) for lead in book.touched.values() if book.is_new(lead.id) is is_new]:
            await tx.execute(statement, rows)
    if book.new_keys:
        await tx.execute(ADD_KEY, [_key_row(key, lead_id) for key, lead_id in book.new_keys.items()])
    if book.new_lines and lines is not None:
        await tx.execute(ADD_LINE, [{"import_key": lines.key, "line": line} for line in book.new_lines])
    for lead in book.touched.values():
        event = LeadCaptured if book.is_new(lead.id) else LeadUpdated
        tx.publish(event(lead_id=lead.id, lead=lead))


def lead_of(row: Row) -> Lead:
    """The lead in a row that has all of its columns, among others."""
    return Lead(**{name: getattr(row, name) for name in Lead.__struct_fields__})


def parted(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """A list in parts, none longer than `size`.

    >>> list(parted("abcde", 2))
    ['ab', 'cd', 'e']
    """
    return (items[start : start + size] for start in range(0, len(items), size))


def _key_row(key: Key, lead_id: str) -> dict[str, str | None]:
    record = digest_of(key[-1]) if key[0] == RECORD else None
    return {"key": digest_of(*key), "lead_id": lead_id, "record": record}
