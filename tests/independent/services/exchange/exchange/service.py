"""Exchange was written for the first version of Rates, and has never heard of a later one."""

from atoll import Service, depends
from tests.independent.market.exchange import Amount, Exchange
from tests.independent.market.rates_1_0 import Rates


class ExchangeService(Service, Exchange, owner="market team"):
    """Multiplies."""

    rates: Rates = depends()

    async def exchanged(self, currency: str, euros: int) -> Amount:
        """So many times the rate."""
        rate = await self.rates.rate(currency)
        return Amount(currency=currency, hundredths=euros * rate.hundredths)
