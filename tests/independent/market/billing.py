"""What Billing promises."""

from typing import Protocol

from atoll import Value, contract, get
from tests.independent.market.pricing import Price


class Bill(Value):
    """What is to be paid, and for which price."""

    price: Price
    count: int
    cents: int
    drawn_with: str


@contract(version="1.0")
class Billing(Protocol):
    """Writes bills."""

    @get("/bills/{product}", public=True)
    async def bill(self, product: str, count: int = 1) -> Bill:
        """What so many of a product cost."""
        ...
