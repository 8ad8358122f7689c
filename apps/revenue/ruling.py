"""The team's own rules inside a service: the version that was published last, in the service's own database.

A service that goes by rules has a table of them, a `Ruling` over it, and a handler that keeps what is published:

    RULES = Ruling(rules_table(metadata), ScoringRules, default=ScoringRules())

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        await RULES.keep(tx, event.version, event.playbook.scoring, self.clock.now())
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import Column, DateTime, Integer, MetaData, Select, Table, Text, select

from atoll import Rows, Transaction, Value, upsert

R = TypeVar("R", bound=Value)

Ask = Callable[[Select[Any, Any]], Awaitable[Rows]]  # Any: its two columns
"""Whoever runs a statement: `tx.execute`, or `db.read` where nothing is to be changed."""


def rules_table(metadata: MetaData) -> Table:
    """A table of the versions that a service was given; `rules` is JSON."""
    return Table(
        "rules",
        metadata,
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("rules", Text, nullable=False),
        Column("published_at", DateTime(timezone=True), nullable=False),
    )


@dataclass(frozen=True, slots=True)
class Ruled(Generic[R]):
    """Rules, and which version they are: 0 are those that a service comes with."""

    version: int
    rules: R


class Ruling(Generic[R]):
    """Reads and keeps the versions of one service's rules. It has no state: all instances go by what was committed."""

    def __init__(self, table: Table, kind: type[R], *, default: R) -> None:
        """Rules of this `kind` in this table, and what holds until some are published."""
        self._kind = kind
        self._default = Ruled(0, default)
        self._latest = select(table.c.version, table.c.rules).order_by(table.c.version.desc()).limit(1)
        self._keep = upsert(table, "version", update=())

    async def now(self, ask: Ask) -> Ruled[R]:
        """The rules of the highest version."""
        row = (await ask(self._latest)).first()
        return self._default if row is None else Ruled(row.version, _decoded(self._kind, row.rules))

    async def keep(self, tx: Transaction, version: int, rules: R, at: datetime) -> None:
        """Keep a version; one that is here already stays as it is."""
        row = {"version": version, "rules": msgspec.json.encode(rules).decode(), "published_at": at}
        await tx.execute(self._keep, row)


@lru_cache(maxsize=32)
def _decoded(kind: type[R], text: str) -> R:
    return msgspec.json.decode(text, type=kind)
