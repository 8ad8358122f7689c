"""What an instance owns beside its handlers: its database, the log of its events, and what it subscribes to."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from atoll.contract import Contract, codec_of
from atoll.data import Announcing, Database, Driver, Keeper, Transaction
from atoll.events import (
    Effect,
    Inbox,
    Keeping,
    Kept,
    Log,
    Outbox,
    OutboxLog,
    Pace,
    Subscribed,
    Subscription,
    Timing,
    Turn,
    effect_of,
    publishing,
)
from atoll.kernel import Clock, Entropy
from atoll.resilience import Doorkeeper
from atoll.service import Declaration, Service
from atoll.telemetry import Recorder
from atoll.topology.log_door import source_of

FORGET_EVERY_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Publishing:
    """A service whose events can be subscribed to: its name, and its contract."""

    service: str
    contract: Contract


class Owned:
    """The data of one instance, and all that works on it in the background. Owns all of it."""

    def __init__(
        self,
        application: str,
        declaration: Declaration,
        driver: Driver,
        clock: Clock,
        entropy: Entropy,
        kept: Kept,
        recorder: Recorder | None = None,
        doorkeeper: Doorkeeper | None = None,
    ) -> None:
        from atoll.data.statements import Statements  # noqa: PLC0415  # loaded by those alone who have a database

        self.declaration = declaration
        self._clock = clock
        self._entropy = entropy
        source = source_of(application, declaration.name)
        self._recorder = recorder
        self._doorkeeper = doorkeeper
        self.outbox = Outbox(source, declaration.contract, clock, entropy, recorder=recorder)
        self.database = Database(driver, Statements(driver.dialect), self.outbox)
        self.keeper = Keeper(self.database, clock)
        self.log = OutboxLog(declaration.name, self.database, clock, entropy)
        self.outbox.when_committed(self.log.committed)
        if isinstance(driver, Announcing):
            self.outbox.when_committed(driver.announce)
            driver.on_change(self.log.committed)
        self._keeping = Keeping(declaration.name, self.database, self.log, self.outbox, clock, kept)
        self._kept = kept
        self._source = source
        self._timing: Timing | None = None
        self.subscriptions: list[Subscription] = []

    @property
    def publishes(self) -> bool:
        """Whether its contract declares events."""
        return self.declaration.contract is not None and bool(self.declaration.contract.publishes)

    def inbox(self) -> Inbox:
        """What takes the events of a service that was not written with Atoll, and posts them."""
        assert self.declaration.contract is not None
        return Inbox(self._source, self.declaration.contract, self.database, self.outbox, self._clock)

    async def prepare(self) -> None:
        """Read what the database knows of its log."""
        await self.log.prepare()

    def begin(
        self,
        service: Service,
        publishers: Sequence[Publishing],
        log_of: Callable[[str], Log],
        pace: Pace,
        posted: Sequence[Subscribed] = (),
    ) -> None:
        """Subscribe, and do what is due: the service has started.

        `posted` are subscriptions of services from elsewhere to this one's events: they are run here, for them.
        """
        declaration = self.declaration
        since = {each.since for each in declaration.reactions}
        own = [
            (Subscribed(declaration.name, publisher, effects, is_from_now=since == {"now"}), log_of(publisher))
            for publisher, effects in self._effects(service, publishers).items()
        ]
        for subscribed, log in (*own, *((each, self.log) for each in posted)):
            given = (subscribed, log, self.database, self._clock, self._entropy, pace)
            subscription = Subscription(*given, recorder=self._recorder, doorkeeper=self._doorkeeper)
            subscription.start()
            self.subscriptions.append(subscription)
        turns = [Turn(each.name, each.every_s, getattr(service, each.name)) for each in declaration.repeated]
        turns.append(Turn("atoll: forget", FORGET_EVERY_S, self._forget))
        outbox = self.outbox if self.publishes else None
        timed = (declaration.name, self.database, outbox, turns, self._clock, self._entropy)
        self._timing = Timing(*timed, recorder=self._recorder)
        self._timing.start()
        if self.publishes:
            self._keeping.start()

    async def _forget(self, tx: Transaction) -> None:
        """Answers that were kept, and what came from elsewhere, are known for a time."""
        now = self._clock.now().timestamp()
        await self.keeper.forget(tx, now - self._kept.answers_s)
        await tx.execute(publishing().forget_inbox, {"before": now - self._kept.inbox_s})

    async def drain(self, timeout_s: float) -> None:
        """Begin nothing new; deliveries in progress have `timeout_s` to end."""
        self.log.close()
        if self._timing is not None:
            await self._timing.close()
        await asyncio.gather(*(each.drain(timeout_s) for each in self.subscriptions))

    async def close(self) -> None:
        """Keep what is known of readers, and let go of the database."""
        await self._keeping.close()
        await self.database.close()

    def _effects(self, service: Service, publishers: Sequence[Publishing]) -> Mapping[str, dict[str, Effect]]:
        """What is done with which types of events, by publisher."""
        found: dict[str, dict[str, Effect]] = {}
        for reaction in self.declaration.reactions:
            for publisher in publishers:
                if reaction.event in publisher.contract.publishes:
                    event_type = publisher.contract.event_type(reaction.event)
                    found.setdefault(publisher.service, {})[event_type] = effect_of(
                        event_type,
                        codec_of(reaction.event),
                        getattr(service, reaction.name),
                        reaction.attempts_max,
                        reaction.timeout_s,
                    )
        return found
