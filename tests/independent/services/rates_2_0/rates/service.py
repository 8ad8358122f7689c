"""Rates between any two currencies."""

from atoll import Service
from tests.independent.market.rates_2_0 import PairRate, PairRates, PairUnknown

HUNDREDTHS = {"CHF": 94, "EUR": 100, "SEK": 1_130, "USD": 108}


class PairRatesService(Service, PairRates, owner="market team"):
    """Knows four currencies."""

    async def rate(self, sold: str, bought: str) -> PairRate:
        """The rate, by way of the euro."""
        if sold not in HUNDREDTHS or bought not in HUNDREDTHS:
            raise PairUnknown(sold=sold, bought=bought)
        millionths = HUNDREDTHS[bought] * 1_000_000 // HUNDREDTHS[sold]
        return PairRate(sold=sold, bought=bought, millionths=millionths)
