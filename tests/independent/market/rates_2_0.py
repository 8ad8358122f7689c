"""What Rates promises in its second major version: pairs of currencies instead of the euro alone."""

from typing import Protocol

from atoll import Problem, Value, contract, get


class PairRate(Value):
    """How many millionths of one currency one unit of another buys."""

    sold: str
    bought: str
    millionths: int


class PairUnknown(Problem, status=404, detail="there is no rate from {sold} to {bought}"):
    """There is no rate between these two."""

    sold: str
    bought: str


@contract(version="2.0", id="rates")
class PairRates(Protocol):
    """Says what one currency buys of another."""

    @get("/rates/{sold}/{bought}", public=True, raises=(PairUnknown,))
    async def rate(self, sold: str, bought: str) -> PairRate:
        """The rate between two currencies."""
        ...
