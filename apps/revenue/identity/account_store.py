"""What is asked of the database about accounts, and what is written down about them."""

from typing import Any

from sqlalchemy import BindParameter, Select, SelectBase, Text, bindparam, case, func, insert, select, union_all, update

from atoll import Row, upsert

from .known import KnownAccount
from .tables import ACCOUNT_BLOCKS, ACCOUNT_KEYS, ACCOUNTS

BLOCKS_MAX = 16
"""So many blocks at most are looked up for a company, in one statement."""

_HEAD = ACCOUNTS.alias("head")
KNOWN = (
    ACCOUNTS.c.id,
    ACCOUNTS.c.root_id,
    _HEAD.c.number.label("root_number"),
    _HEAD.c.name,
    _HEAD.c.core,
    _HEAD.c.domain,
    _HEAD.c.country,
    _HEAD.c.industry,
    _HEAD.c.number_of_employees,
    _HEAD.c.parent_id,
    _HEAD.c.is_listed,
)
"""The columns of an account that is met: what is kept in its place says what it is."""

OWNERS = (
    select(ACCOUNT_KEYS.c.key, *KNOWN)
    .join(ACCOUNTS, ACCOUNTS.c.id == ACCOUNT_KEYS.c.account_id)
    .join(_HEAD, _HEAD.c.id == ACCOUNTS.c.root_id)
    .where(ACCOUNT_KEYS.c.key.in_([bindparam("key0"), bindparam("key1")]))
)
CANDIDATES = (
    select(*KNOWN)
    .join(_HEAD, _HEAD.c.id == ACCOUNTS.c.root_id)
    .where(ACCOUNTS.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(ACCOUNTS.c.number)
)
BY_ID = select(*KNOWN).join(_HEAD, _HEAD.c.id == ACCOUNTS.c.root_id).where(ACCOUNTS.c.id == bindparam("wanted"))
ACCOUNT = select(_HEAD).join(ACCOUNTS, ACCOUNTS.c.root_id == _HEAD.c.id).where(ACCOUNTS.c.id == bindparam("wanted"))
ACCOUNT_PAGE = (
    select(ACCOUNTS)
    .where(ACCOUNTS.c.number > bindparam("after"), ACCOUNTS.c.merged_into.is_(None))
    .order_by(ACCOUNTS.c.number)
    .limit(bindparam("count"))
)
KEYS_OF = (
    select(ACCOUNTS.c.root_id, ACCOUNT_KEYS.c.kind, ACCOUNT_KEYS.c.source, ACCOUNT_KEYS.c.value)
    .join(ACCOUNTS, ACCOUNTS.c.id == ACCOUNT_KEYS.c.account_id)
    .where(ACCOUNTS.c.root_id.in_(bindparam("roots", expanding=True)))
    .order_by(ACCOUNTS.c.number, ACCOUNT_KEYS.c.value)
)
HEADS = select(ACCOUNTS.c.id, ACCOUNTS.c.root_id).where(ACCOUNTS.c.id.in_(bindparam("ids", expanding=True)))

ADD_ACCOUNT = insert(ACCOUNTS)
ADD_KEY = insert(ACCOUNT_KEYS)
ADD_BLOCK = upsert(ACCOUNT_BLOCKS, "block", "account_id", update=())
_FIELDS = ("name", "core", "domain", "country", "industry", "number_of_employees", "parent_id", "is_listed")
SET_ACCOUNT = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.id == bindparam("wanted"))
    .values({name: bindparam(f"new_{name}", type_=ACCOUNTS.c[name].type) for name in _FIELDS})
)
"""By what a list says of it."""
_HAS_NO_NAME = ACCOUNTS.c.core == ""
FILL_ACCOUNT = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.id == bindparam("wanted"))
    .values(
        {
            "name": case((_HAS_NO_NAME, bindparam("new_name", type_=Text)), else_=ACCOUNTS.c.name),
            "core": case((_HAS_NO_NAME, bindparam("new_core", type_=Text)), else_=ACCOUNTS.c.core),
            **{
                name: func.coalesce(ACCOUNTS.c[name], bindparam(f"new_{name}", type_=ACCOUNTS.c[name].type))
                for name in ("domain", "country", "industry", "number_of_employees")
            },
        }
    )
)
"""By what a lead says of it: only what nobody has said before, also where several leads say it at once."""


def _found(count: int) -> SelectBase:
    """The accounts in so many blocks, of each block so many that one too many is seen."""
    parts: list[Select[Any, Any]] = []  # Any: values of one column
    for place in range(count):
        wanted: BindParameter[Any] = bindparam(
            f"block{place}", type_=ACCOUNT_BLOCKS.c.block.type
        )  # Any: values of one column
        part = (
            select(ACCOUNT_BLOCKS.c.block, ACCOUNT_BLOCKS.c.account_id)
            .where(ACCOUNT_BLOCKS.c.block == wanted)
            .limit(bindparam("count"))
        )
        inner = part.subquery(f"found{place}")
        parts.append(select(inner.c.block, inner.c.account_id))
    return union_all(*parts)


FOUND = (None, *(_found(count) for count in range(1, BLOCKS_MAX + 1)))
"""By how many blocks are looked up."""


def known_in(row: Row) -> KnownAccount:
    """The account in a row that has all of its columns, among others."""
    return KnownAccount(
        id=row.id,
        root_id=row.root_id,
        root_number=row.root_number,
        name=row.name,
        core=row.core,
        domain=row.domain or "",
        country=row.country or "",
        industry=row.industry,
        number_of_employees=row.number_of_employees,
        parent_id=row.parent_id,
        is_listed=row.is_listed,
    )
