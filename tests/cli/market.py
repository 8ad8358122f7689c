"""A small application that has one of everything that the command line has to deal with."""

import asyncio
import datetime
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Protocol

from atoll import (
    Application,
    Choice,
    Deprecation,
    Event,
    Page,
    Problem,
    Service,
    Value,
    contract,
    delete,
    depends,
    get,
    post,
    private,
    put,
)


class Colour(Choice):
    """What a thing looks like."""

    RED = "red"
    BLUE = "blue"
    UNKNOWN = "unknown"


class Maker(Value):
    """Who makes it."""

    name: str


class Thing(Value):
    """Something that is sold."""

    id: str
    price: Decimal
    colour: Colour = Colour.RED
    in_stock: bool = True
    tags: tuple[str, ...] = ()
    maker: Maker | None = None
    made_on: datetime.date | None = None


class Note(Value):
    """A note whose fields are called as the program's own options are."""

    body: str
    json: str = ""
    all: bool = False


class Card(Value, tag="card"):
    """A way to pay."""

    number: str


class Cash(Value, tag="cash"):
    """Another way to pay."""

    amount: int


class ThingNotFound(Problem, status=404, detail="there is no thing {thing_id}: put it first"):
    """There is no such thing."""

    thing_id: str


class ThingPut(Event, key="thing_id"):
    """A thing is sold from now on, or differently than before."""

    thing_id: str


@contract(version="1.2", publishes=(ThingPut,))
class Goods(Protocol):
    """Knows what is sold."""

    @get("/things", public=True)
    async def things(self, cursor: str | None = None, limit: int = 2) -> Page[Thing]:
        """All things, a page at a time."""
        ...

    @put("/things/{thing_id}", public=True)
    async def put(self, thing_id: str, thing: Thing) -> Thing:
        """Sell a thing."""
        ...

    @get("/things/{thing_id}", public=True, raises=(ThingNotFound,))
    async def thing(self, thing_id: str) -> Thing:
        """One thing."""
        ...

    @delete("/things/{thing_id}", public=True)
    async def remove(self, thing_id: str) -> None:
        """Sell a thing no longer."""
        ...

    @get("/things/export", public=True, raises=(ThingNotFound,))
    def export(self, count: int, broken_at: int | None = None) -> AsyncIterator[Thing]:
        """As many things as are asked for, one after the other."""
        ...

    @get("/search", public=True)
    async def search(self, colours: tuple[Colour, ...] = (), cheap: bool = False) -> list[str]:
        """What was asked for, as it arrived."""
        ...

    @get(
        "/search/old",
        public=True,
        deprecated=Deprecation(
            since=datetime.date(2026, 1, 1), sunset=datetime.date(2027, 1, 1), instead="goods.search"
        ),
    )
    async def old_search(self) -> str:
        """What nobody should call any more."""
        ...

    @post("/notes", public=True)
    async def note(self, note: Note) -> Note:
        """A note, as it arrived."""
        ...

    @post("/payments", public=True)
    async def pay(self, means: Card | Cash) -> str:
        """How it was paid."""
        ...

    @post("/wait/{seconds}", public=True)
    async def wait(self, seconds: float) -> None:
        """Wait that long."""
        ...

    @get("/stock", public=False)
    async def stock(self) -> int:
        """How many there are; not for the outside."""
        ...


@contract(version="1.0")
class Rates(Protocol):
    """Knows what money is worth."""

    @get("/rates/{currency}")
    async def rate(self, currency: str) -> Decimal:
        """What one unit is worth."""
        ...


class FixedRates:
    """Every currency is worth the same."""

    async def rate(self, currency: str) -> Decimal:
        """One."""
        return Decimal(1)


class RatesService(Service, Rates, owner="finance"):
    """Knows what money is worth, by heart."""

    async def rate(self, currency: str) -> Decimal:
        """One, too."""
        return Decimal(1)


class GoodsService(Service, Goods):
    """Keeps what is sold, in memory."""

    rates: Rates = depends(fallback=FixedRates)
    sold: dict[str, Thing] = private(default_factory=dict[str, Thing])

    async def things(self, cursor: str | None = None, limit: int = 2) -> Page[Thing]:
        """By position."""
        start = int(cursor or 0)
        more = start + limit < len(self.sold)
        return Page(items=tuple(self.sold.values())[start : start + limit], next=str(start + limit) if more else None)

    async def put(self, thing_id: str, thing: Thing) -> Thing:
        """Under its id."""
        self.sold[thing_id] = thing
        return thing

    async def thing(self, thing_id: str) -> Thing:
        """From memory."""
        if thing_id not in self.sold:
            raise ThingNotFound(thing_id=thing_id)
        return self.sold[thing_id]

    async def remove(self, thing_id: str) -> None:
        """From memory."""
        self.sold.pop(thing_id, None)

    async def export(self, count: int, broken_at: int | None = None) -> AsyncIterator[Thing]:
        """Made up."""
        for number in range(count):
            if number == broken_at:
                raise ThingNotFound(thing_id=str(number))
            yield Thing(id=str(number), price=Decimal(number))
            await asyncio.sleep(0)

    async def search(self, colours: tuple[Colour, ...] = (), cheap: bool = False) -> list[str]:
        """An echo."""
        return [*colours, str(cheap)]

    async def old_search(self) -> str:
        """An echo of older days."""
        return "old"

    async def note(self, note: Note) -> Note:
        """An echo."""
        return note

    async def pay(self, means: Card | Cash) -> str:
        """An echo."""
        return type(means).__name__

    async def wait(self, seconds: float) -> None:
        """Asleep."""
        await asyncio.sleep(seconds)

    async def stock(self) -> int:
        """All of them."""
        return len(self.sold)


class StubbornService(Service):
    """Does not end by itself."""

    async def drain(self) -> None:
        """Never done."""
        await asyncio.Event().wait()


class FailingService(Service):
    """Does not start."""

    async def start(self) -> None:
        """Without what it needs."""
        raise ConnectionError("no database here")


market = Application(
    "market", owner="sales", description="Sells things.", version="2.1.0", services=[GoodsService, RatesService]
)
stubborn = Application("stubborn", owner="nobody", services=[StubbornService], edges=())
broken = Application("broken", services=[GoodsService, "tests.cli.nowhere:NobodyService"], edges=())
failing = Application("failing", owner="nobody", services=[FailingService], edges=())
