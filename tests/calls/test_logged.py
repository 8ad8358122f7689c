"""Whose a line of the log is, and where it stands in the trace: the same wherever caller and callee are placed."""

import logging
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager, suppress
from typing import Protocol, cast

from atoll import Application, Problem, Service, contract, get
from atoll.telemetry import Journal, JournalHandler, LogLine, MemoryRecorder
from tests.placements import Placement, on_every_placement
from tests.simulated import simulated


@contract(version="1.0")
class Vault(Protocol):
    """Fails in every way."""

    @get("/look")
    async def look(self) -> str: ...

    @get("/list")
    def listed(self) -> AsyncIterator[str]: ...

    @get("/open", callers=("teller",))
    async def open(self) -> str: ...


@contract(version="1.0")
class Teller(Protocol):
    """May open the vault."""


@contract(version="1.0")
class Visitor(Protocol):
    """Calls the vault."""

    @get("/ask/{what}")
    async def ask(self, what: str) -> None: ...


class VaultService(Service, Vault):
    async def look(self) -> str:
        raise ValueError("it is dark")

    async def listed(self) -> AsyncIterator[str]:
        yield "gold"
        raise ValueError("it is dark")

    async def open(self) -> str:
        return "opened"


class TellerService(Service, Teller):
    vault: Vault


class VisitorService(Service, Visitor):
    vault: Vault

    async def ask(self, what: str) -> None:
        with suppress(Problem):
            if what == "listed":
                _ = [item async for item in self.vault.listed()]
            else:
                await getattr(self.vault, what)()


BANK = Application("bank", services=[VaultService, TellerService, VisitorService], owner="tests", edges=())


class Lines:
    """Keeps what a journal is given."""

    def __init__(self) -> None:
        self.all: list[LogLine] = []

    def line(self, line: LogLine) -> None:
        """Keep one line."""
        self.all.append(line)


@contextmanager
def written() -> Generator[list[LogLine]]:
    """What is logged in the block, as it would be kept."""
    lines = Lines()
    handler = JournalHandler(cast(Journal, lines))
    logging.getLogger("atoll").addHandler(handler)
    try:
        yield lines.all
    finally:
        logging.getLogger("atoll").removeHandler(handler)


@on_every_placement
@simulated
async def test_a_failure_is_logged_as_that_of_who_failed_in_its_own_span(placement: Placement) -> None:
    """In one process it was logged as its caller's, over a network as nobody's."""
    for what in ("look", "listed"):
        recorder = MemoryRecorder()
        with written() as lines:
            async with placement.running(BANK, recorder=recorder) as app:
                await app.client(Visitor).ask(what)

        (line,) = [each for each in lines if each.error]
        (span,) = [each for each in recorder.records if each.name == f"vault.{what}" and each.service == "vault"]
        assert (line.service, line.trace_id, line.span_id) == ("vault", span.trace_id, span.span_id)


@on_every_placement
@simulated
async def test_a_refusal_is_logged_as_that_of_who_refuses_in_the_span_of_who_asked(placement: Placement) -> None:
    """Nothing was begun that could have a span of its own."""
    recorder = MemoryRecorder()
    with written() as lines:
        async with placement.running(BANK, recorder=recorder) as app:
            await app.client(Visitor).ask("open")

    (line,) = [each for each in lines if each.logger == "atoll.access"]
    (span,) = [each for each in recorder.records if each.name == "visitor.ask"]
    assert (line.service, line.trace_id, line.span_id) == ("vault", span.trace_id, span.span_id)
