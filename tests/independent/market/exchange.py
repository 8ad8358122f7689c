"""What Exchange promises."""

from typing import Protocol

from atoll import Value, contract, get


class Amount(Value):
    """So much of a currency."""

    currency: str
    hundredths: int


@contract(version="1.0")
class Exchange(Protocol):
    """Changes money."""

    @get("/amounts/{currency}", public=True)
    async def exchanged(self, currency: str, euros: int) -> Amount:
        """What so many euros are worth in another currency."""
        ...
