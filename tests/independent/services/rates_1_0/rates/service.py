"""Rates, as they were first."""

from atoll import Service
from tests.independent.market.rates_1_0 import Rate, Rates, RateUnknown

HUNDREDTHS = {"CHF": 95, "USD": 110}


class RatesService(Service, Rates, owner="market team"):
    """Knows two currencies."""

    async def rate(self, currency: str) -> Rate:
        """The rate, as it stands in the table."""
        if currency not in HUNDREDTHS:
            raise RateUnknown(currency=currency)
        return Rate(currency=currency, hundredths=HUNDREDTHS[currency])
