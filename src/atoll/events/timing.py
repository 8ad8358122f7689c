"""Durable time: events that are published later, and work that is done again and again, by one instance at a time.

What is due stands in the database, and is taken from there in the transaction that does it: a process that dies in the
middle has done nothing, and two that come at once do it once.
"""

import asyncio
import contextvars
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from atoll.data import Database, Once, Transaction, once
from atoll.events.admission import is_out_of_reach
from atoll.events.delivery import Work
from atoll.events.outbox import Outbox, append_due
from atoll.events.pace import CLOCKS_APART_S
from atoll.events.parking import said
from atoll.events.statements import publishing
from atoll.kernel import AtollError, Clock, Context, Criticality, Entropy, Tasks, Trace, current, isolated
from atoll.resilience import within
from atoll.telemetry import Kind, Recorder, Span, outcome_of

_log = logging.getLogger("atoll.events")

LOOK_S = 1.0
"""How often a schedule is looked at, for what other instances have put there."""
TIMEOUT_S = 60.0
"""How long a repeated handler may take."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Work that is done again and again: under which name, how often, and what it is."""

    name: str
    every_s: float
    run: Callable[[Transaction], Work]


class Timing:
    """Publishes what was scheduled, and does what is due again. Owns the tasks that wait for it."""

    def __init__(
        self,
        service: str,
        database: Database,
        outbox: Outbox | None,
        turns: Sequence[Turn],
        clock: Clock,
        entropy: Entropy,
        recorder: Recorder | None = None,
    ) -> None:
        self._service = service
        self._recorder = recorder
        self._database = database
        self._outbox = outbox
        self._turns = turns
        self._clock = clock
        self._entropy = entropy
        self._chance = entropy.random().random
        self._tasks = Tasks(f"timing/{service}")
        self._running: Mapping[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begin to wait."""
        loops = {turn.name: self._tasks.spawn(self._repeat(turn), turn.name) for turn in self._turns}
        if self._outbox is not None:
            loops["schedule"] = self._tasks.keep(self._publish_scheduled, "schedule")
        self._running = loops

    async def close(self) -> None:
        """Wait no more; what is in progress is undone, and is due again."""
        await self._tasks.close()

    # --- again and again ---------------------------------------------------------------------------------------------

    async def _repeat(self, turn: Turn) -> None:
        failures = 0
        while True:
            try:
                due_at = await self._due_at(turn)
                now = self._clock.now().timestamp()
                if now < due_at <= now + turn.every_s + CLOCKS_APART_S:
                    await asyncio.sleep(min(due_at - now, 60.0))
                    continue
                await self._do(turn, due_at, now)
                failures = 0
            except Exception as error:  # noqa: BLE001  # foreign code: the service's own handler
                failures += 1
                if not is_out_of_reach(error):
                    _log.error("%s: `%s` failed and is due again", self._service, turn.name, exc_info=error)
                elif failures in (1, 10):
                    _log.warning("%s: `%s` waits: %s", self._service, turn.name, said(error))
                await asyncio.sleep(min(60.0, 0.5 * 2.0 ** min(failures, 10)) * (0.5 + self._chance() / 2))

    async def _due_at(self, turn: Turn) -> float:
        rows = await self._database.read(publishing().timer, {"which": turn.name})
        due_at: float | None = rows.scalar()
        if due_at is None:
            first = self._clock.now().timestamp() + turn.every_s
            async with self._database.transaction() as tx:
                await tx.execute(publishing().add_timer, {"name": turn.name, "due_at": first})
            return await self._due_at(turn)
        return due_at

    async def _do(self, turn: Turn, due_at: float, now: float) -> None:
        """One turn, unless another instance has taken it. Moments that were missed are made good by this one."""
        missed = math.floor((now - due_at) / turn.every_s)
        claim = {"which": turn.name, "seen": due_at, "next": due_at + (missed + 1) * turn.every_s}
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        started_at = 0.0 if self._recorder is None else self._recorder.now()
        deadline_at = loop.time() + TIMEOUT_S
        trace = Trace(self._entropy.bits(128) or 1, self._entropy.bits(64) or 1, 0, True)
        key = f"{self._service}:{turn.name}:{due_at}"
        background = Criticality.BACKGROUND
        context = Context(
            trace, deadline_at, self._service, criticality=background, idempotency_key=key, service=self._service
        )
        current.set(context)
        transaction = Transaction(self._database, 5.0)
        variables = contextvars.Context()
        variables.run(current.set, context)
        variables.run(once.set, Once(transaction))
        try:
            work = isolated(variables, turn.run(transaction), task)
            await within(deadline_at, work, f"{self._service}.{turn.name}")
            if (await transaction.execute(publishing().claim_timer, claim)).changed != 1:
                return
            await self._database.durable(await transaction.commit())
        except BaseException as error:
            self._done(turn, trace, started_at, outcome_of(error))
            raise
        else:
            self._done(turn, trace, started_at, "ok")
        finally:
            await transaction.rollback()

    def _done(self, turn: Turn, trace: Trace, started_at: float, outcome: str) -> None:
        """Record one turn."""
        if self._recorder is None:
            return
        duration_s = self._recorder.now() - started_at
        ids = (trace.trace_id, trace.span_id, 0)
        self._recorder.record(
            Span(turn.name, "", *ids, started_at, duration_s, outcome, kind=Kind.TURN, service=self._service)
        )

    # --- later -------------------------------------------------------------------------------------------------------

    async def _publish_scheduled(self) -> None:
        while True:
            try:
                count = await self._publish_due()
                await asyncio.sleep(0 if count else LOOK_S * (0.5 + self._chance() / 2))
            except AtollError as error:
                _log.warning("%s: scheduled events wait: %s", self._service, error)
                await asyncio.sleep(LOOK_S)

    async def _publish_due(self) -> int:
        """Put what is due into the log; how many those were."""
        assert self._outbox is not None
        now = self._clock.now()
        due = await self._database.read(publishing().due, {"now": now.timestamp()})
        if not due:
            return 0
        async with self._database.transaction() as tx:
            for row in due:
                taken = (await tx.execute(publishing().unschedule, {"which": row.number})).first()
                if taken is not None:  # as it is now: it may have been erased since
                    await append_due(tx, bytes(taken.envelope), now)
        self._outbox.committed(())
        return len(due)
