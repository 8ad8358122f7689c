"""Reads the databases when all is over, and says what is missing, what is there twice and what is out of order."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import asyncpg

from atoll.data.places import schema_name
from tests.campaigns.crash.book import Book

APPLICATION = "crash"
READERS = ("ledger", "archive")


class Line(NamedTuple):
    """A row that was only ever added."""

    account: str
    sequence: int
    mark: str


class Eye(Protocol):
    """Looks into the databases of the services."""

    async def rows(self, service: str, text: str) -> Sequence[Any]:  # Any: rows as the driver has them
        """The rows of a statement."""
        ...

    async def close(self) -> None:
        """Look no more."""
        ...


class SqliteEye:
    """Looks into files. It holds them open: while it does, a process that starts has nothing to recover."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._open: dict[str, sqlite3.Connection] = {}

    async def rows(self, service: str, text: str) -> Sequence[Any]:  # Any: see Eye
        """The rows of a statement."""
        if service not in self._open:
            self._open[service] = sqlite3.connect(self._state / service / f"{service}.db", timeout=5)
        return self._open[service].execute(text).fetchall()

    async def close(self) -> None:
        """Let go of the files."""
        for connection in self._open.values():
            connection.close()


class PostgresEye:
    """Looks into schemas, as somebody who may."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: dict[str, Any] = {}  # Any: connections, of which asyncpg's stubs say too much

    async def rows(self, service: str, text: str) -> Sequence[Any]:  # Any: see Eye
        """The rows of a statement."""
        if service not in self._open:
            schema = schema_name(APPLICATION, service)
            self._open[service] = await asyncpg.connect(self._url, server_settings={"search_path": schema})
        rows: Sequence[Any] = await self._open[service].fetch(text)  # Any: see Eye
        return rows

    async def close(self) -> None:
        """End the connections."""
        for connection in self._open.values():
            await connection.close()


@dataclass(frozen=True)
class Seen:
    """What is in the databases."""

    sales: list[Line]
    effects: dict[str, list[Line]]
    counters: dict[str, dict[str, tuple[int, int]]]
    """By reader and account: the last sequence, and how many there were."""
    outbox: dict[str, int]
    parked: int


async def are_even(eye: Eye) -> bool:
    """Whether all readers have as many rows as were sold."""
    sold = (await eye.rows("till", "SELECT count(*) FROM sales"))[0][0]
    effects = [(await eye.rows(reader, "SELECT count(*) FROM effects"))[0][0] for reader in READERS]
    return all(count == sold for count in effects)


async def look(eye: Eye) -> Seen:
    """Everything."""
    lines = "SELECT account, sequence, mark FROM {} ORDER BY number"
    return Seen(
        [Line(*row) for row in await eye.rows("till", lines.format("sales"))],
        {reader: [Line(*row) for row in await eye.rows(reader, lines.format("effects"))] for reader in READERS},
        {
            reader: {
                row[0]: (row[1], row[2]) for row in await eye.rows(reader, "SELECT account, last, told FROM counters")
            }
            for reader in READERS
        },
        {each: (await eye.rows(each, "SELECT count(*) FROM atoll_outbox"))[0][0] for each in ("till", "ledger")},
        sum([(await eye.rows(reader, "SELECT count(*) FROM atoll_parked"))[0][0] for reader in READERS]),
    )


@dataclass
class Verdict:
    """What must not be; `findings` are sentences, at most some of each kind."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    torn: int = 0
    findings: list[str] = field(default_factory=list[str])

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.lost or self.doubled or self.disordered or self.torn or self.findings)

    def find(self, kind: str, count: int, what: str) -> None:
        """Something must not be."""
        setattr(self, kind, getattr(self, kind) + count)
        if len(self.findings) < 20:
            self.findings.append(f"{kind}: {what}")


def judged(book: Book, seen: Seen) -> Verdict:
    """What is wrong with what is there, after all that was answered."""
    verdict = Verdict()
    _judge_sales(book, seen, verdict)
    for reader, lines in seen.effects.items():
        _judge_reader(reader, lines, seen, verdict)
    for publisher, count in seen.outbox.items():
        if count != len(seen.sales):
            verdict.find("torn", 1, f"{publisher} has {count} events in its outbox, and {len(seen.sales)} were sold")
    if seen.parked:
        verdict.find("torn", seen.parked, f"{seen.parked} messages are still parked")
    for mark in book.unanswered:
        verdict.find("lost", 1, f"{mark} was never answered")
    for code, count in book.lies.items():
        verdict.find("torn", count, f"callers were told {code}")
    return verdict


def _judge_sales(book: Book, seen: Seen, verdict: Verdict) -> None:
    sold = {line.mark: line for line in seen.sales}
    for mark, sequence in book.acknowledged.items():
        if mark not in sold:
            verdict.find("lost", 1, f"{mark} was acknowledged, and is no sale")
        elif sold[mark].sequence != sequence:
            verdict.find("torn", 1, f"{mark} was answered {sequence}, and is {sold[mark].sequence}")
    for mark, count in Counter(line.mark for line in seen.sales).items():
        if count > 1:
            verdict.find("doubled", count - 1, f"{mark} was sold {count} times")
    _judge_order("till", seen.sales, verdict)
    strangers = sold.keys() - book.acknowledged.keys() - book.unknown - book.unanswered
    for mark in strangers:
        verdict.find("torn", 1, f"nobody has sold {mark}")


def _judge_reader(reader: str, lines: list[Line], seen: Seen, verdict: Verdict) -> None:
    told = Counter(lines)
    for line, count in told.items():
        if count > 1:
            verdict.find("doubled", count - 1, f"{reader} was told {count} times of {line}")
    for line in set(seen.sales) - told.keys():
        verdict.find("lost", 1, f"{reader} was never told of {line}")
    for line in told.keys() - set(seen.sales):
        verdict.find("torn", 1, f"{reader} was told of {line}, which is no sale")
    _judge_order(reader, lines, verdict)
    for account, sequences in _by_account(lines).items():
        said = seen.counters[reader].get(account)
        if said != (sequences[-1], len(sequences)):
            verdict.find("torn", 1, f"{reader} counts {said} for {account}, and has {len(sequences)} rows")


def _judge_order(where: str, lines: list[Line], verdict: Verdict) -> None:
    for account, sequences in _by_account(lines).items():
        once = list(dict.fromkeys(sequences))
        if once != sorted(once):
            verdict.find("disordered", 1, f"{where} has {account} as {_around(once)}")
        elif once != list(range(1, len(once) + 1)):
            verdict.find("disordered", 1, f"{where} has gaps in {account}: {_around(once)}")


def _by_account(lines: list[Line]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for line in lines:
        found[line.account].append(line.sequence)
    return found


def _around(sequences: list[int]) -> str:
    """Where an order breaks first."""
    for at, (one, next_one) in enumerate(pairwise(sequences)):
        if next_one != one + 1:
            return f"... {sequences[max(0, at - 2) : at + 4]} ..."
    return str(sequences[:4])
