"""An application whose events go in a circle, as its calls may not."""

from typing import Protocol

from atoll import Application, Database, Event, Service, contract, on
from atoll.data import Transaction


class Called(Event, key="place"):
    """Somebody has called."""

    place: str


class Answered(Event, key="place"):
    """Somebody was answered."""

    place: str


@contract(version="1.0", publishes=(Called,))
class Valley(Protocol):
    """Calls."""


@contract(version="1.0", publishes=(Answered,))
class Mountain(Protocol):
    """Answers."""


class ValleyService(Service, Valley, owner="alps"):
    db: Database

    @on(Answered)
    async def listen(self, event: Answered, tx: Transaction) -> None: ...


class MountainService(Service, Mountain, owner="alps"):
    db: Database

    @on(Called)
    async def answer(self, event: Called, tx: Transaction) -> None: ...


echo = Application("echo", owner="alps", services=[ValleyService, MountainService], edges=())
