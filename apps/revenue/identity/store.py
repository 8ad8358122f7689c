"""What is asked of the database about leads and contacts, and what is written down about them."""

from collections.abc import Sequence
from typing import Any
from typing import cast as typed

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    SelectBase,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from atoll import Row, upsert
from revenue.capture.contract import Lead

from .contract import Band, LeadResolution, Resolution
from .tables import ACCOUNTS, BLOCKS, CONTACT_KEYS, CONTACTS, DUPLICATES, LEADS, MERGES

BLOCKS_MAX = 24
"""So many blocks at most are looked up for a lead, in one statement."""
CANDIDATES_MAX = 8
"""So many leads at most are compared with one: those that share the most blocks with it."""
KEYS_MAX = 3
"""So many keys has a lead at most."""

_ROOT = CONTACTS.alias("root")
_MEMBER = CONTACTS.alias("member")
_MAILBOX = select(func.max(_MEMBER.c.mailbox)).where(_MEMBER.c.root_id == CONTACTS.c.root_id).scalar_subquery()
KNOWN: tuple[ColumnElement[Any], ...] = (  # Any: values of all columns
    CONTACTS.c.id.label("contact_id"),
    CONTACTS.c.root_id,
    _ROOT.c.number.label("root_number"),
    _MAILBOX.label("mailbox"),
    CONTACTS.c.mailbox.label("own_mailbox"),
    CONTACTS.c.account_id.label("contact_account_id"),
)
"""The columns of a contact that is met."""

MET = union_all(
    select(literal("").label("key"), LEADS.c.number, LEADS.c.revision, LEADS.c.record, *KNOWN)
    .join(CONTACTS, CONTACTS.c.id == LEADS.c.contact_id)
    .join(_ROOT, _ROOT.c.id == CONTACTS.c.root_id)
    .where(LEADS.c.lead_id == bindparam("lead_id")),
    select(CONTACT_KEYS.c.key, cast(null(), BigInteger), cast(null(), Integer), cast(null(), Text), *KNOWN)
    .join(CONTACTS, CONTACTS.c.id == CONTACT_KEYS.c.contact_id)
    .join(_ROOT, _ROOT.c.id == CONTACTS.c.root_id)
    .where(CONTACT_KEYS.c.key.in_([bindparam(f"key{place}") for place in range(KEYS_MAX)])),
)
"""What a lead was before (its `key` is empty), and the contacts that have its keys. There are as many keys as there can
be: fewer fill the rest with the last one, since a list of any length costs more."""
HOLD = select(CONTACTS.c.root_id, CONTACTS.c.mailbox).where(CONTACTS.c.id == bindparam("wanted")).with_for_update()
"""Whoever gives a lead to a contact holds it, so that neither a merge nor another lead's mailbox comes in between."""
OTHERS_OF = select(func.count()).where(
    LEADS.c.contact_id.in_(select(_MEMBER.c.id).where(_MEMBER.c.root_id == bindparam("root"))),
    LEADS.c.lead_id != bindparam("lead_id"),
)

ADD_CONTACT = insert(CONTACTS)
ADD_KEY = insert(CONTACT_KEYS)
ADD_LEAD = insert(LEADS).returning(LEADS.c.number)
FORGET_LEAD = delete(LEADS).where(LEADS.c.number == bindparam("which"))
FORGET_BLOCK = delete(BLOCKS).where(BLOCKS.c.block == bindparam("of"), BLOCKS.c.lead_number == bindparam("which"))
ADD_BLOCK = insert(BLOCKS)
LEARN_CONTACT = (
    update(CONTACTS)
    .where(CONTACTS.c.id == bindparam("wanted"))
    .values(mailbox=bindparam("new_mailbox"), account_id=bindparam("new_account"))
)
ADD_PAIR = upsert(DUPLICATES, "one_id", "other_id", update=())
PAIR = select(DUPLICATES).where(DUPLICATES.c.id == bindparam("wanted"))

_HEAD = ACCOUNTS.alias("head")
_RESOLUTION: tuple[ColumnElement[Any], ...] = (  # Any: values of all columns
    LEADS.c.number, LEADS.c.lead_id, LEADS.c.revision, LEADS.c.resolved_at, LEADS.c.lead, LEADS.c.band, LEADS.c.why,
    CONTACTS.c.root_id.label("contact_id"), _HEAD.c.id.label("account_id"),
    _HEAD.c.name.label("account_name"), _HEAD.c.domain.label("account_domain"),
)  # fmt: skip
_RESOLVED = (
    typed("Select[Any]", select(*_RESOLUTION))  # so many columns have types that no list of rows can say
    .join(CONTACTS, CONTACTS.c.id == LEADS.c.contact_id)
    .outerjoin(ACCOUNTS, ACCOUNTS.c.id == LEADS.c.account_id)
    .outerjoin(_HEAD, _HEAD.c.id == ACCOUNTS.c.root_id)
)
RESOLUTION = _RESOLVED.where(LEADS.c.lead_id == bindparam("lead_id"))
RESOLUTIONS = _RESOLVED.where(LEADS.c.number > bindparam("after")).order_by(LEADS.c.number).limit(bindparam("count"))
RESOLUTIONS_BEFORE = RESOLUTIONS.where(LEADS.c.resolved_at < bindparam("before"))
COUNT = select(
    func.count().label("leads"), func.coalesce(func.sum(LEADS.c.revision), 0).label("revisions")
).select_from(LEADS)

CONTACT = (
    select(_ROOT)
    .join(CONTACTS, CONTACTS.c.root_id == _ROOT.c.id)
    .where(CONTACTS.c.id == bindparam("wanted"))
)  # fmt: skip
CONTACT_PAGE = (
    select(CONTACTS)
    .where(CONTACTS.c.number > bindparam("after"), CONTACTS.c.merged_into.is_(None))
    .order_by(CONTACTS.c.number)
    .limit(bindparam("count"))
)
LEADS_OF = (
    select(CONTACTS.c.root_id, LEADS.c.lead_id, LEADS.c.lead, LEADS.c.account_id)
    .join(CONTACTS, CONTACTS.c.id == LEADS.c.contact_id)
    .where(CONTACTS.c.root_id.in_(bindparam("roots", expanding=True)))
    .order_by(LEADS.c.number)
)
HISTORY = (
    select(MERGES)
    .where(
        MERGES.c.kept_id.in_(bindparam("members", expanding=True))
        | MERGES.c.merged_id.in_(bindparam("members", expanding=True))
    )
    .order_by(MERGES.c.number)
    .limit(100)
)


def _found(count: int) -> SelectBase:
    """The leads in so many blocks, of each block so many that one too many is seen."""
    parts: list[Select[Any, Any]] = []  # Any: values of one column
    for place in range(count):
        wanted: BindParameter[Any] = bindparam(f"block{place}", type_=BLOCKS.c.block.type)  # Any: values of one column
        part = select(BLOCKS.c.block, BLOCKS.c.lead_number).where(BLOCKS.c.block == wanted).limit(bindparam("count"))
        inner = part.subquery(f"found{place}")
        parts.append(select(inner.c.block, inner.c.lead_number))
    return union_all(*parts)


def _candidates(count: int) -> SelectBase:
    """So many leads by their numbers, each with its contact."""
    return (
        select(LEADS.c.number, LEADS.c.record, *KNOWN)
        .join(CONTACTS, CONTACTS.c.id == LEADS.c.contact_id)
        .join(_ROOT, _ROOT.c.id == CONTACTS.c.root_id)
        .where(LEADS.c.number.in_([bindparam(f"number{place}") for place in range(count)]))
        .order_by(LEADS.c.number)
    )


CANDIDATES = (None, *(_candidates(count) for count in range(1, CANDIDATES_MAX + 1)))
"""By how many leads are looked at."""
FOUND = (None, *(_found(count) for count in range(1, BLOCKS_MAX + 1)))
"""By how many blocks are looked up."""

_LEAD = msgspec.json.Decoder(Lead)
_TEXTS = msgspec.json.Decoder(tuple[str, ...])


def lead_in(text: str) -> Lead:
    """The lead that was written down."""
    return _LEAD.decode(text)


def texts_in(text: str) -> tuple[str, ...]:
    """The sentences that were written down."""
    return _TEXTS.decode(text)


def resolved_in(row: Row) -> LeadResolution:
    """What was decided about a lead, with all that it carries."""
    return LeadResolution(
        number=row.number,
        lead_id=row.lead_id,
        revision=row.revision,
        resolved_at=row.resolved_at,
        lead=lead_in(row.lead),
        resolution=Resolution(
            contact_id=row.contact_id,
            account_id=row.account_id,
            account_name=row.account_name,
            account_domain=row.account_domain,
            band=Band(row.band),
            why=texts_in(row.why),
        ),
    )


def numbered(name: str, values: Sequence[Any]) -> dict[str, Any]:  # Any: values of one column
    """Parameters for a statement that has one for each value.

    >>> numbered("key", ["a", "b"])
    {'key0': 'a', 'key1': 'b'}
    """
    return {f"{name}{place}": value for place, value in enumerate(values)}


def filled(name: str, values: Sequence[Any], count: int) -> dict[str, Any]:  # Any: as above
    """The same for a statement that has more: the last value fills them.

    >>> filled("key", ["a"], 2)
    {'key0': 'a', 'key1': 'a'}
    """
    return {f"{name}{place}": values[min(place, len(values) - 1)] for place in range(count)}
