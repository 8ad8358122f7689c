"""The events of an application in the hands of its operator: its databases are reached directly, nothing is started.

Services may run meanwhile, or not: what is changed is committed in their databases, where they find it.
"""

import difflib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy
from atoll.contract import Event
from atoll.data import Database, DatabaseBusy, DatabaseUnavailable, DiskFull
from atoll.data.places import DatabasePlace, SqlitePlace, place_of
from atoll.events.auditing import By, Deed, deeds
from atoll.events.erasing import Erased, Whose, erase_published, erase_received
from atoll.events.letters import Letter, Which, count, drop, letters, replay
from atoll.events.moving import NotBehind, Rewound, furthest, hold_back, lapse, rewind
from atoll.events.operating import bounds_of, count_behind, position_before
from atoll.events.published import Published, messages_of
from atoll.kernel import AtollError, Config, Threads, refuse
from atoll.service import Application
from atoll.topology.configured import database_settings
from atoll.topology.databases import existing
from atoll.topology.graph import Graph, describe
from atoll.topology.overview import (
    LogStatus,
    SubscriptionStatus,
    declared_types,
    is_elsewhere,
    once_only,
    overview,
)


class NotMeant(AtollError):
    """A subscription or a service is asked for that is not there, or not said clearly: what, and what to do."""

    code = "not_meant"

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"

    @classmethod
    def one_of(cls, kind: str, wanted: str, known: Sequence[str]) -> "NotMeant":
        """There is no such thing among those that are known."""
        close = difflib.get_close_matches(wanted, known, n=1)
        fix = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(known) or 'none'}."
        return cls(f"There is no {kind} `{wanted}`.", fix)


class NotReplayable(AtollError):
    """Handlers of a subscription do not say that they may be told of events again."""

    code = "not_replayable"

    def __init__(self, subscriber: str, handlers: Sequence[str]) -> None:
        super().__init__(subscriber, tuple(handlers))

    def __str__(self) -> str:
        subscriber, handlers = self.args
        if not handlers:
            return f"the handlers of `{subscriber}` are not known here: nobody can say that they may be told again"
        named = ", ".join(f"`{each}`" for each in handlers)
        return (
            f"{named} of `{subscriber}` would be told twice: where that does no harm, write "
            f"`@on(..., replayable=True)`, and restart it"
        )


class NotReached(AtollError):
    """The database of a service is not there, or cannot be reached."""

    code = "not_reached"

    def __init__(self, service: str, why: str) -> None:
        super().__init__(service, why)

    def __str__(self) -> str:
        service, why = self.args
        return f"the database of `{service}` is not reached: {why}"


PASSES_MAX = 10
"""An erasure ends then, also where somebody goes on publishing about its subject."""

NOT_MADE = "there is none yet, since the service has not started so far"


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a subscription is to go back to: `position`, behind which are `messages` that it wants.

    `is_oldest` says that nothing older is kept, though it was asked for.
    """

    position: int
    messages: int
    is_oldest: bool


class Operated:
    """The databases of an application's services, open; and what can be asked of its events, and done to them.

    `unreached` says of services why theirs is not open, though there is one, or may be.
    """

    def __init__(
        self,
        graph: Graph,
        databases: Mapping[str, Database],
        places: Mapping[str, DatabasePlace],
        unreached: Mapping[str, str],
    ) -> None:
        self.graph = graph
        self.unreached = unreached
        self._databases = databases
        self._places = places
        self._clock = SystemClock()
        self.classes: dict[str, type[Event]] = {
            service.contract.event_type(event): event
            for service in graph.services
            if service.contract is not None
            for event in service.contract.publishes
        }

    @property
    def services(self) -> tuple[str, ...]:
        """Those whose databases are open."""
        return tuple(self._databases)

    @property
    def now(self) -> float:
        """This moment, in seconds since 1970."""
        return self._clock.now().timestamp()

    # --- looking -----------------------------------------------------------------------------------------------------

    async def overview(self) -> tuple[list[SubscriptionStatus], list[LogStatus]]:
        """How all subscriptions fare, and the logs that they follow."""
        return await overview(self.graph, self._databases, self.now)

    async def letters(self, which: Which, service: str | None = None, *, limit: int = 1_000) -> dict[str, list[Letter]]:
        """Messages that were put aside, by the service that could not react to them."""
        found = {
            name: await letters(database, self.classes, which, limit=limit)
            for name, database in self._of(service).items()
        }
        return {name: several for name, several in found.items() if several}

    async def messages(self, key: str, service: str | None = None, *, limit: int = 100) -> list[Published]:
        """What is kept of a key in the logs of all publishers, or of one: the last first."""
        found = [
            message
            for name, database in self._of(service).items()
            for message in await messages_of(database, name, self.classes, key, limit=limit)
        ]
        return sorted(found, key=lambda each: -each.published_at)[:limit]

    async def count(self, which: Which, service: str | None = None) -> dict[str, int]:
        """How many messages are meant, by service; those alone that have some."""
        found = {name: await count(database, which) for name, database in self._of(service).items()}
        return {name: several for name, several in found.items() if several}

    async def deeds(
        self, service: str | None = None, *, actions: Sequence[str] = (), subject: str | None = None, limit: int = 100
    ) -> list[tuple[str, Deed]]:
        """What was done to events, with the service in whose database: the last first."""
        found = [
            (name, deed)
            for name, database in self._of(service).items()
            for deed in await deeds(database, actions=actions, subject=subject, limit=limit)
        ]
        return sorted(found, key=lambda each: (-each[1].at, each[0], -each[1].number))[:limit]

    # --- dead letters ------------------------------------------------------------------------------------------------

    async def replay(self, which: Which, service: str, by: By) -> int:
        """Let messages be tried once more, at once; how many those were."""
        return await replay(self._database(service), which, by, self.now)

    async def drop(self, which: Which, service: str, by: By) -> int:
        """Take messages out for good; how many those were."""
        return await drop(self._database(service), which, by, self.now)

    # --- subscriptions -----------------------------------------------------------------------------------------------

    async def subscription(self, subscriber: str, publisher: str | None) -> SubscriptionStatus:
        """How the subscription of a service fares; `publisher` may be left out where there is one alone.

        Raises:
            NotMeant: there is none, or it has to be said to whom.
        """
        statuses, _ = await self.overview()
        own = [status for status in statuses if status.subscriber == subscriber]
        if not own:
            raise NotMeant.one_of("subscription of", subscriber, sorted({status.subscriber for status in statuses}))
        publishers = [status.publisher for status in own]
        if publisher is None and len(own) > 1:
            what = f"`{subscriber}` has subscribed to {', '.join(publishers)}."
            raise NotMeant(what, "Say which one is meant, with --publisher.")
        if publisher is not None and publisher not in publishers:
            raise NotMeant.one_of(f"subscription of `{subscriber}` to", publisher, publishers)
        return own[0 if publisher is None else publishers.index(publisher)]

    async def lapse(self, status: SubscriptionStatus, by: By) -> None:
        """Keep nothing more for a subscription, until it reads again."""
        await lapse(self._database(status.publisher), status.subscriber, status.publisher, by, self.now)

    async def goal(self, status: SubscriptionStatus, to: int | datetime | None) -> Goal:
        """Where a subscription goes back to: a position, a moment, or with None the oldest message that is kept.

        Raises:
            NotReplayable: not all of its handlers may be told of events again.
            NotBehind: it has not come that far.
        """
        types = declared_types(self.graph).get((status.subscriber, status.publisher), ())
        once = once_only(self.graph, status.subscriber, types)
        if once or not types:
            raise NotReplayable(status.subscriber, once)
        database = self._database(status.publisher)
        wanted = to if to is None or isinstance(to, int) else await position_before(database, to.timestamp())
        first = (await bounds_of(database)).oldest - 1
        position = first if wanted is None else max(first, wanted)
        was = await furthest(self._keeping(status), status.subscriber, status.publisher)
        if was <= position:
            raise NotBehind(status.subscriber, status.publisher, position, was)
        return Goal(position, await count_behind(database, types, position), wanted is not None and wanted < first)

    async def rewind(self, status: SubscriptionStatus, goal: Goal, by: By) -> Rewound:
        """Tell a subscription again what comes behind a goal, as a new generation."""
        ends = (status.subscriber, status.publisher)
        database = self._keeping(status)
        await hold_back(self._database(status.publisher), *ends, goal.position, by, self.now)
        return await rewind(database, *ends, goal.position, by, self.now)

    # --- erasure -----------------------------------------------------------------------------------------------------

    async def erase(self, whose: Whose, by: By, *, is_trial: bool = False) -> dict[str, Erased]:
        """Erase a data subject in all databases that are reached; how many rows that were, by service.

        What was published is erased everywhere before what was received: who fetches again finds what is erased. A
        handler that was under way may have told others meanwhile; so it is done again until there is nothing more.
        """
        found = dict.fromkeys(self._databases, Erased())
        for _ in range(PASSES_MAX):
            given = (whose, self.classes, by, self.now)
            count = 0
            for erase in (erase_published, erase_received):
                for name, database in self._databases.items():
                    erased = await erase(database, *given, is_trial=is_trial)
                    found[name] += erased
                    count += erased.rows
            if is_trial or not count:
                break
        return found

    async def rewrite(self) -> dict[str, str]:
        """Write all SQLite files anew, so that nothing deleted is left in them; why some could not be, by service."""
        from atoll.adapters.sqlite_rewriting import rewrite  # noqa: PLC0415  # loaded by whoever erases

        failed: dict[str, str] = {}
        threads = Threads(threads_max=1)
        try:
            for name in self._databases:
                place = self._places[name]
                if isinstance(place, SqlitePlace):
                    try:
                        await threads.run(rewrite, place.path)
                    except (DatabaseBusy, DatabaseUnavailable) as error:
                        failed[name] = str(error)
        finally:
            await threads.close()
        return failed

    def _of(self, service: str | None) -> Mapping[str, Database]:
        return self._databases if service is None else {service: self._database(service)}

    def _keeping(self, status: SubscriptionStatus) -> Database:
        """The database in which it is kept where a subscription is."""
        elsewhere = is_elsewhere(self.graph, status.subscriber)
        return self._database(status.publisher if elsewhere else status.subscriber)

    def _database(self, service: str) -> Database:
        """The database of a service.

        Raises:
            NotReached: it is not there, or cannot be reached.
            NotMeant: there is no such service.
        """
        if service in self._databases:
            return self._databases[service]
        if service in self._places:
            raise NotReached(service, self.unreached.get(service, NOT_MADE))
        raise NotMeant.one_of("service", service, list(self._places))


@asynccontextmanager
async def operated(application: Application, state: Path, config: Config) -> AsyncGenerator[Operated]:
    """The events of an application, until the block is left.

    Raises:
        Mistakes: everything that is wrong with the application, or with what was set about its databases.
    """
    from atoll.data.statements import Statements  # noqa: PLC0415  # loads SQLAlchemy

    graph = describe(application)
    settings, mistakes = database_settings(application.name, config)
    refuse(mistakes)
    entropy = SystemEntropy()
    databases: dict[str, Database] = {}
    unreached: dict[str, str] = {}
    places = {each.name: place_of(application.name, each.name, state, settings) for each in graph.services}
    has_database = {each.name: each.has_database for each in graph.services}
    async with AsyncExitStack() as stack:
        for name, place in places.items():
            try:
                driver = await existing(place, application.name, name, SystemDisk(state / name), entropy)
            except (DatabaseBusy, DatabaseUnavailable, DiskFull) as error:
                if has_database[name] or isinstance(place, SqlitePlace):
                    unreached[name] = str(error)
                continue
            if driver is not None:
                stack.push_async_callback(driver.close)
                databases[name] = Database(driver, Statements(driver.dialect))
        yield Operated(graph, databases, places, unreached)
