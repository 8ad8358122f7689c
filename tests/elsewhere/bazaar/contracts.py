"""What the services of the bazaar promise each other; those from elsewhere as their callers see them."""

from typing import Protocol

from atoll import Event, Problem, Value, contract, get, post


class UnknownCountry(Problem, status=404, detail="there is no rate for {country}"):
    """Nobody has told us about this country."""

    country: str


class Rate(Value):
    """What a country takes, in percent."""

    country: str
    percent: int


@contract(version="1.0")
class Rates(Protocol):
    """Knows what each country takes."""

    @get("/rates/{country}", public=True, raises=(UnknownCountry,))
    async def rate(self, country: str) -> Rate:
        """The rate of one country."""
        ...


class OrderPlaced(Event, key="order_id"):
    """Somebody has ordered something: the number counts what happened to the order."""

    order_id: str
    number: int


class OrderPaid(Event, key="order_id"):
    """It was paid."""

    order_id: str
    number: int


class OrderSent(Event, key="order_id"):
    """It is on its way."""

    order_id: str
    number: int


@contract(version="1.0", publishes=(OrderPlaced, OrderPaid, OrderSent))
class Orders(Protocol):
    """Takes orders."""

    @post("/orders/{order_id}")
    async def place(self, order_id: str, events: int = 1) -> None:
        """Place an order, pay it and send it, so often."""
        ...


class TaxRated(Event, key="order_id"):
    """The tax of an order is known. Published by a service that is not written in Python, in reply to an event."""

    order_id: str
    number: int
    heard_of: str
    form: str
    attributes: dict[str, str]


class PriceSeen(Event, key="order_id"):
    """Somebody has looked at a price. Published by an application that is older than the bazaar."""

    order_id: str
    number: int


class Entry(Value):
    """What the ledger has heard: of which order, in the order in which it came."""

    order_id: str
    number: int
    heard_of: str
    form: str
    attributes: dict[str, str]  # msgspec copies defaults


@contract(version="1.0")
class Ledger(Protocol):
    """Writes down what services from elsewhere publish."""

    @get("/entries")
    async def entries(self, heard_of: str = "") -> list[Entry]:
        """All of it, the first first; or those of one type of event."""
        ...


class Asked(Value):
    """How many of which article."""

    article: str
    count: int


class Quote(Value):
    """What that costs, in cents."""

    article: str
    cents: int


@contract(version="1.0")
class Quotes(Protocol):
    """Says what something costs. Fulfilled by an application that is older than the bazaar."""

    @post("/quotes")
    async def quote(self, asked: Asked) -> Quote:
        """A price."""
        ...

    @get("/articles/{name}")
    async def article(self, name: str) -> Quote:
        """The price of one."""
        ...


class Amount(Value):
    """What is taxed, and where."""

    cents: int
    country: str


class Taxed(Value):
    """The tax, and who was calling."""

    cents: int
    caller: str
    trace: str


@contract(version="1.0", publishes=(TaxRated,))
class Tax(Protocol):
    """Computes taxes. Fulfilled by a service that is not written in Python."""

    @post("/taxes", raises=(UnknownCountry,))
    async def tax(self, amount: Amount) -> Taxed:
        """The tax on an amount."""
        ...


class Place(Value):
    """Where an address is."""

    country: str


@contract(version="1.0")
class Geo(Protocol):
    """Knows where cities are. Fulfilled by somebody else's API."""

    @get("/cities/{city}")
    async def find(self, city: str, lang: str = "en") -> Place:
        """The country of a city."""
        ...


class Bill(Value):
    """What is to be paid, in cents."""

    net: int
    tax: int
    country: str


@contract(version="1.0")
class Checkout(Protocol):
    """Writes bills."""

    @post("/bills", public=True, raises=(UnknownCountry,))
    async def bill(self, asked: Asked, city: str) -> Bill:
        """What somebody in a city pays."""
        ...
