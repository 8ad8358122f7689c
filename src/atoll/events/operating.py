"""How subscriptions fare: what a publisher knows of those who follow its log, and where a subscriber is by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from atoll.data import Database, Row
from atoll.events.operating_statements import RECENT_MAX, looking
from atoll.events.parking import BEHIND, DEAD, WAITING
from atoll.events.ports import PARTITIONS
from atoll.events.statements import publishing

RECENT_S = 60.0
"""A rate is that of this span."""


@dataclass(frozen=True, slots=True)
class Follower:
    """A subscription as the publisher sees it. Moments are seconds since 1970.

    `done` is up to where everything has taken effect, `lag` counts the messages of its `types` that have not;
    `oldest_at` is when the first of those was published. `per_s` counts the messages that were published for it, each
    second, in the last minute.
    """

    name: str
    types: tuple[str, ...]
    done: int
    head: int
    lag: int
    oldest_at: float | None
    per_s: float
    seen_at: float
    lapsed_at: float | None


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a subscription is in one partition, and which instance holds that until when."""

    partition: int
    incarnation: str
    generation: int
    position: int
    holder: str | None
    held_until: float


@dataclass(frozen=True, slots=True)
class Following:
    """A subscription as the subscriber sees it, with how many messages are parked in which state."""

    name: str
    publisher: str
    stands: tuple[Stand, ...]
    waiting: int
    behind: int
    dead: int

    @property
    def generation(self) -> int:
        """How often it was rewound."""
        return max((stand.generation for stand in self.stands), default=0)

    def instances(self, now: float) -> int:
        """How many instances share its partitions."""
        return len({stand.holder for stand in self.stands if stand.holder and stand.held_until > now})


@dataclass(frozen=True, slots=True)
class Bounds:
    """A log: its incarnation, the oldest position that is kept (the next one where none is), and the last one.

    `oldest_at` is when the oldest one that is kept was published; None where none is.
    """

    incarnation: str
    oldest: int
    head: int
    oldest_at: float | None


async def bounds_of(database: Database) -> Bounds:
    """The log in a publisher's database; nothing is written, so that the last messages may have no position yet."""
    said, look = publishing(), looking(database.dialect)
    meta = {row.name: row.value for row in await database.read(said.meta)}
    is_numbered = database.dialect == "sqlite"
    if is_numbered:
        head = (await database.read(said.last_number)).scalar() or 0
    else:
        head = int(meta.get("last_position", "0")) + (await database.read(look.unplaced)).scalar()
    oldest = (await database.read(said.oldest_number if is_numbered else said.oldest_position)).scalar()
    oldest = head + 1 if oldest is None else oldest
    oldest_at = (await database.read(look.oldest_at, {"at": oldest})).scalar()
    return Bounds(meta.get("incarnation", ""), oldest, head, oldest_at)


async def position_before(database: Database, moment: float) -> int:
    """The position behind which everything is that was published from a moment on (seconds since 1970).

    Instances' clocks differ, so that some of what follows may be older.
    """
    if database.dialect == "postgresql":  # the last ones have no position while nobody reads
        async with database.transaction() as tx:
            await tx.execute(publishing().lock_positions)
            await tx.execute(publishing().give_positions)
    first = (await database.read(looking(database.dialect).first_since, {"since": moment})).scalar()
    return (await bounds_of(database)).head if first is None else first - 1


async def count_behind(database: Database, types: Sequence[str], position: int) -> int:
    """How many messages of some types are in the log behind a position."""
    return (await _undelivered(database, types, dict.fromkeys(range(PARTITIONS), position)))[0]


async def followers_of(database: Database, now: float, followings: Sequence[Following] = ()) -> list[Follower]:
    """Those who follow the log in a publisher's database, as it has heard of them.

    It hears with each batch, and writes down every few seconds. `followings` are subscriptions to this publisher as
    their own databases know them: they are more exact, and count where they are given.
    """
    bounds = await bounds_of(database)
    rates = await _rates(database, now)
    by_name: dict[str, list[Row]] = {}
    for row in await database.read(looking(database.dialect).followers):
        by_name.setdefault(row.name, []).append(row)
    found: list[Follower] = []
    for name, rows in by_name.items():
        types: tuple[str, ...] = msgspec.json.decode(rows[-1].types, type=tuple[str, ...])
        done = {row.partition: row.done for row in rows}
        for following in followings:
            if following.name == name:
                done |= dict(_positions(following, bounds.incarnation, done))
        lag, oldest_at = await _undelivered(database, types, done)
        found.append(
            Follower(
                name,
                types,
                bounds.head if not lag else min(done.get(each, 0) for each in range(PARTITIONS)),
                bounds.head,
                lag,
                oldest_at,
                sum(rates.get(each, 0.0) for each in types),
                max(row.seen_at for row in rows),
                max((row.lapsed_at for row in rows if row.lapsed_at is not None), default=None),
            )
        )
    return found


async def waiting_for(
    database: Database, types: Sequence[str], following: Following | None
) -> tuple[int, float | None]:
    """How many messages wait for a subscription of which its publisher has not heard; and when the first was published.

    It reads from the oldest on, or from where its own database says that it is. Moments are seconds since 1970.
    """
    done = dict(_positions(following, (await bounds_of(database)).incarnation, {})) if following else {}
    return await _undelivered(database, types, done)


async def followings_of(database: Database) -> list[Following]:
    """The subscriptions in a subscriber's database."""
    look = looking(database.dialect)
    stands: dict[tuple[str, str], list[Stand]] = {}
    for row in await database.read(look.cursors):
        stand = Stand(row.partition, row.incarnation, row.generation, row.position, row.holder, row.held_until)
        stands.setdefault((row.subscription, row.publisher), []).append(stand)
    counts: dict[tuple[str, str], dict[str, int]] = {key: {} for key in stands}
    for row in await database.read(look.parked):
        counts.setdefault((row.subscription, row.publisher), {})[row.state] = row.messages
    return [
        Following(*key, tuple(stands.get(key, ())), *(states.get(each, 0) for each in (WAITING, BEHIND, DEAD)))
        for key, states in counts.items()
    ]


def _positions(following: Following, incarnation: str, done: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Where it is by its own word, by partition.

    A cursor moves with messages alone. What the publisher has heard moves with all that was passed over, too, so that
    less has to be counted; but of a subscription that was rewound it may have heard that before.
    """
    for stand in following.stands:
        if stand.incarnation == incarnation:
            heard = 0 if stand.generation else done.get(stand.partition, 0)
            yield stand.partition, max(stand.position, heard)


async def _undelivered(database: Database, types: Sequence[str], done: dict[int, int]) -> tuple[int, float | None]:
    cursors = {f"p{partition}": done.get(partition, 0) for partition in range(PARTITIONS)}
    rows = await database.read(looking(database.dialect).undelivered, cursors | {"floor": min(cursors.values())})
    wanted = [row for row in rows if row.type in types]
    return sum(row.messages for row in wanted), min((row.oldest_at for row in wanted), default=None)


async def _rates(database: Database, now: float) -> dict[str, float]:
    """How many messages of each type were published each second in the last minute."""
    rows = await database.read(looking(database.dialect).recent, {"since": now - RECENT_S})
    is_all = sum(row.messages for row in rows) < RECENT_MAX
    span = RECENT_S if is_all else max(0.001, now - min(row.oldest_at for row in rows))
    return {row.type: row.messages / span for row in rows}
