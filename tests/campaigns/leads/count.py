"""The count afterwards: what each service says and keeps of the leads of a file, and what is wrong with that. Pure."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from revenue.capture.contract import Lead
from revenue.routing.contract import Assignment

from .team import FEW, ROTA

SERVICES = ("capture", "identity", "enrichment", "scoring", "routing", "playbook", "webhooks", "crm")
TOLD = {
    "capture": "capture.lead_captured.v1",
    "identity": "identity.lead_resolved.v1",
    "enrichment": "enrichment.lead_enriched.v1",
}
"""What is told exactly once of each lead."""


@dataclass(frozen=True)
class Books:
    """What was found in the end. `told` are events by service and lead, `received` message ids by lead."""

    file: Sequence[str]
    leads: Sequence[Lead]
    assignments: Sequence[Assignment]
    turns: Mapping[str, int]
    told: Mapping[str, Counter[str]]
    routed: Counter[str]
    received: Mapping[str, Counter[str]]
    in_crm: int
    parked: int

    @property
    def waiting(self) -> int:
        """How many leads have a queue as their owner."""
        return sum(each.is_waiting for each in self.assignments)

    @property
    def owned(self) -> Counter[str]:
        """How many leads each rep has."""
        return Counter(each.owner for each in self.assignments if not each.is_waiting)

    @property
    def apart(self) -> int:
        """By how many leads two of those who take turns differ."""
        got = [self.owned[rep] for rep in ROTA]
        return max(got) - min(got)

    @property
    def again(self) -> int:
        """How many messages came once more, under their own ids."""
        return sum(count - 1 for ids in self.received.values() for count in ids.values())


def wrong_with(books: Books) -> list[str]:
    """What is not as it has to be; nothing where the count is whole."""
    return list(_wrong(books))


def _wrong(books: Books) -> Iterator[str]:
    ids = [lead.id for lead in books.leads]
    yield from _compared("capture", books.file, (lead.email or "" for lead in books.leads))
    yield from _compared("routing", ids, (each.lead_id for each in books.assignments))
    for service, told in books.told.items():
        yield from _compared(f"events of {service}", ids, told.elements())
    for lead_id, ids_received in books.received.items():
        if len(ids_received) != books.routed[lead_id]:
            yield f"webhooks: lead {lead_id} was routed {books.routed[lead_id]} times, told of {len(ids_received)}"
    if missing := set(ids) - set(books.received):
        yield f"webhooks: {len(missing)} leads were never told of"
    if books.in_crm != len(books.file):
        yield f"crm: {books.in_crm} records of {len(books.file)} leads"
    if books.parked:
        yield f"{books.parked} events are parked"
    accounted = books.owned.total() + books.waiting + books.parked
    if accounted != len(books.file):
        yield f"{len(books.file)} were accepted, and {accounted} are routed, waiting or parked"
    if books.apart > 1:
        yield f"turns are unfair: {dict(books.owned)}"
    if books.turns != {rep: books.owned[rep] for rep in (*ROTA, FEW)}:
        yield f"turns that were counted are {books.turns}, leads that are owned {dict(books.owned)}"


def _compared(where: str, expected: Iterable[str], found: Iterable[str]) -> Iterator[str]:
    """What is missing, and what is there too often."""
    wanted, there = Counter(expected), Counter(found)
    if missing := wanted - there:
        yield f"{where}: {missing.total()} are missing, such as {next(iter(missing))}"
    if too_many := there - wanted:
        yield f"{where}: {too_many.total()} are too many, such as {next(iter(too_many))}"


def events(state: Path, service: str, kind: str) -> Counter[str]:
    """How many events of a kind a service has published of each lead; nobody runs any more."""
    with closing(sqlite3.connect(state / service / f"{service}.db")) as database:
        rows = database.execute("SELECT subject FROM atoll_outbox WHERE type = ?", (kind,))
        return Counter(subject for (subject,) in rows)


def parked(state: Path) -> int:
    """How many events were put aside and not taken up again, in all services."""
    found = 0
    for service in SERVICES:
        with closing(sqlite3.connect(state / service / f"{service}.db")) as database:
            found += database.execute("SELECT count(*) FROM atoll_parked").fetchone()[0]
    return found
