"""What Pricing promises."""

from typing import Protocol

from atoll import Value, contract, get


class Price(Value):
    """What a product costs, as a line that was drawn with a version of a library."""

    product: str
    cents: int
    line: str
    drawn_with: str


@contract(version="1.0")
class Pricing(Protocol):
    """Says what a product costs."""

    @get("/prices/{product}", public=True)
    async def price(self, product: str) -> Price:
        """The price of one product."""
        ...
