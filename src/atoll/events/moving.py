"""Where subscriptions are, changed by people: let go of one that is gone, go back to what one was told before."""

from dataclasses import dataclass

from atoll.data import Database
from atoll.events.auditing import By, Doing, record
from atoll.events.operating_statements import changing
from atoll.kernel import AtollError


class NoSuchSubscription(AtollError):
    """There is no subscription of this name."""

    code = "no_such_subscription"

    def __init__(self, name: str, publisher: str) -> None:
        super().__init__(name, publisher)

    def __str__(self) -> str:
        name, publisher = self.args
        return f"`{name}` has not subscribed to {publisher} so far"


class NotBehind(AtollError):
    """A subscription cannot go back to where it has not been."""

    code = "not_behind"

    def __init__(self, name: str, publisher: str, position: int, current: int) -> None:
        super().__init__(name, publisher, position, current)

    def __str__(self) -> str:
        name, publisher, position, current = self.args
        where = f"`{name}` is at {current} of the log of {publisher}"
        return f"{where}, and what comes behind {position} is still before it: nothing is to be told again"


@dataclass(frozen=True, slots=True)
class Rewound:
    """What became of a subscription: it is told again what comes behind `position`, as its `generation`.

    It was as far as `was`. `unparked` messages that were put aside are told with the others.
    """

    position: int
    was: int
    generation: int
    unparked: int


async def lapse(database: Database, name: str, publisher: str, by: By, now: float) -> None:
    """Let go of a subscription, in its publisher's database: what it lacks is kept for it no longer.

    When it reads again, it is live again by itself; what was removed meanwhile it has missed.

    Raises:
        NoSuchSubscription: nobody of this name has read here.
    """
    async with database.transaction() as tx:
        if not (await tx.execute(changing().lapse, {"which": name, "at": now})).changed:
            raise NoSuchSubscription(name, publisher)
        await record(tx, by, now, Doing("lapse", {"subscription": name, "publisher": publisher}))


async def furthest(database: Database, name: str, publisher: str) -> int:
    """How far a subscription has come, in its own database.

    Raises:
        NoSuchSubscription: it has not begun.
    """
    cursors = await database.read(changing().position, {"of": name, "from_": publisher})
    if not cursors:
        raise NoSuchSubscription(name, publisher)
    return int(max(row.position for row in cursors))


async def hold_back(database: Database, name: str, publisher: str, position: int, by: By, now: float) -> None:
    """Keep everything behind a position for a subscription that is about to go back, in its publisher's database."""
    async with database.transaction() as tx:
        if (await tx.execute(changing().hold_back, {"which": name, "to": position})).changed:
            details = {"subscription": name, "publisher": publisher, "position": position}
            await record(tx, by, now, Doing("hold_back", details))


async def rewind(database: Database, name: str, publisher: str, position: int, by: By, now: float) -> Rewound:
    """Tell a subscription again everything behind a position, in its own database; its handlers allow it.

    It begins a new generation. Whoever delivers for the one before is fenced, so that nothing of it counts any more,
    and an instance that runs takes up the new one within seconds. Parked messages from behind the position are taken
    out, dead ones too: the log brings them again, in their order. Those from before it stay where they are.

    Raises:
        NoSuchSubscription: it has not begun.
        NotBehind: it is not that far.
    """
    of = {"of": name, "from_": publisher}
    async with database.transaction() as tx:
        cursors = await tx.execute(changing().position, of)
        if not cursors:
            raise NoSuchSubscription(name, publisher)
        was = max(row.position for row in cursors)
        if was <= position:
            raise NotBehind(name, publisher, position, was)
        await tx.execute(changing().rewind, of | {"to": position})
        unparked = (await tx.execute(changing().unpark_behind, of | {"to": position})).changed
        found = Rewound(position, was, max(row.generation for row in cursors) + 1, unparked)
        details = {"subscription": name, "publisher": publisher, "position": position, "was": was}
        more = {"generation": found.generation, "unparked": unparked}
        await record(tx, by, now, Doing("rewind", details | more))
    return found
