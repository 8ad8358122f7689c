"""What Rates promises now: a field and an operation more than at first."""

from typing import Protocol

from atoll import Problem, Value, contract, get


class Rate(Value):
    """How many hundredths of a currency one euro buys, and who says so."""

    currency: str
    hundredths: int
    source: str = ""


class RateUnknown(Problem, status=404, detail="{currency} has no rate"):
    """There is no rate for this currency."""

    currency: str


@contract(version="1.1")
class Rates(Protocol):
    """Says what a euro buys."""

    @get("/rates/{currency}", public=True, raises=(RateUnknown,))
    async def rate(self, currency: str) -> Rate:
        """The rate of one currency."""
        ...

    @get("/currencies", public=True)
    async def currencies(self) -> list[str]:
        """The currencies that have a rate."""
        ...
