"""The team's own rules inside a service: the version that was published last, in the service's own database.

A service that goes by rules has a table of them, a `Ruling` over it, and a handler that keeps what is published:

    RULES = Ruling(rules_table(metadata), ScoringRules, default=ScoringRules())

    @on(PlaybookPublished)
    async def follow(self, event: PlaybookPublished, tx: Transaction) -> None:
        await RULES.keep(tx, event.version, event.playbook.scoring, self.clock.now())
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, bindparam, select

from atoll import Rows, Transaction, Value, upsert

R = TypeVar("R", bound=Value)

Ask = Callable[..., Awaitable[Rows]]
"""Whoever runs a statement: `tx.execute`, or `db.read` where nothing is to be changed."""

KNOWN_MAX = 16
"""So many versions are remembered."""


def rules_table(metadata: MetaData) -> Table:
    """A table of the versions that a service was given; `rules` is JSON, and `digest` equal for equal ones."""
    return Table(
        "rules",
        metadata,
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("digest", String(32), nullable=False),
        Column("rules", Text, nullable=False),
        Column("published_at", DateTime(timezone=True), nullable=False),
    )


@dataclass(frozen=True, slots=True)
class Ruled(Generic[R]):
    """Rules, and which version they are: 0 are those that a service comes with."""

    version: int
    rules: R


class Ruling(Generic[R]):
    """Reads and keeps the versions of one service's rules. All instances go by what was committed.

    It remembers rules that it has read by their digest, so that long ones are read once and not for each lead.
    """

    def __init__(self, table: Table, kind: type[R], *, default: R) -> None:
        """Rules of this `kind` in this table, and what holds until some are published."""
        self._kind = kind
        self._default = Ruled(0, default)
        latest = select(table.c.version, table.c.digest).order_by(table.c.version.desc()).limit(1)
        self._latest = latest
        self._text = select(table.c.rules).where(table.c.version == bindparam("version"))
        self._keep = upsert(table, "version", update=())
        self._known: dict[str, R] = {}

    async def now(self, ask: Ask) -> Ruled[R]:
        """The rules of the highest version."""
        row = (await ask(self._latest)).first()
        if row is None:
            return self._default
        rules = self._known.get(row.digest)
        if rules is None:
            text = (await ask(self._text, {"version": row.version})).one().rules
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            rules = self._known[row.digest] = msgspec.json.decode(text, type=self._kind)
        return Ruled(row.version, rules)

    async def keep(self, tx: Transaction, version: int, rules: R, at: datetime) -> None:
        """Keep a version; one that is here already stays as it is."""
        text = msgspec.json.encode(rules)
        digest = hashlib.blake2b(text, digest_size=16).hexdigest()
        row = {"version": version, "digest": digest, "rules": text.decode(), "published_at": at}
        await tx.execute(self._keep, row)
