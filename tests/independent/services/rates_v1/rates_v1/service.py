"""The first contract of Rates, for those who still call it: a small service that asks the second."""

from atoll import Service, depends
from tests.independent.market.rates_1_1 import Rate, Rates, RateUnknown
from tests.independent.market.rates_2_0 import PairRates, PairUnknown

CURRENCIES = ("CHF", "SEK", "USD")


class RatesService(Service, Rates, owner="market team"):
    """Translates."""

    pairs: PairRates = depends()

    async def rate(self, currency: str) -> Rate:
        """The rate from the euro."""
        try:
            found = await self.pairs.rate("EUR", currency)
        except PairUnknown:
            raise RateUnknown(currency=currency) from None
        return Rate(currency=currency, hundredths=found.millionths // 10_000, source="rates/v2")

    async def currencies(self) -> list[str]:
        """Those that the first contract was made for."""
        return list(CURRENCIES)
