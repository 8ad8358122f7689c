"""Rates, which say since their next version who says so, too."""

from atoll import Service
from tests.independent.market.rates_1_1 import Rate, Rates, RateUnknown

HUNDREDTHS = {"CHF": 94, "SEK": 1_130, "USD": 108}


class RatesService(Service, Rates, owner="market team"):
    """Knows three currencies."""

    async def rate(self, currency: str) -> Rate:
        """The rate, as it stands in the table."""
        if currency not in HUNDREDTHS:
            raise RateUnknown(currency=currency)
        return Rate(currency=currency, hundredths=HUNDREDTHS[currency], source="the bank")

    async def currencies(self) -> list[str]:
        """The currencies in the table."""
        return sorted(HUNDREDTHS)
