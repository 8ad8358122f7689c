"""The services of the bazaar that are Atoll's own."""

from atoll import Service
from tests.elsewhere.bazaar.contracts import (
    Amount,
    Asked,
    Bill,
    Checkout,
    Geo,
    Quotes,
    Rate,
    Rates,
    Tax,
    UnknownCountry,
)

PERCENT = {"GB": 20, "DE": 19}


class RatesService(Service, Rates):
    """Knows two countries."""

    async def rate(self, country: str) -> Rate:
        """The rate of one country."""
        if country not in PERCENT:
            raise UnknownCountry(country=country)
        return Rate(country=country, percent=PERCENT[country])


class CheckoutService(Service, Checkout):
    """Asks everybody, whatever they were written with."""

    quotes: Quotes
    tax: Tax
    geo: Geo

    async def bill(self, asked: Asked, city: str) -> Bill:
        """What somebody in a city pays."""
        place = await self.geo.find(city)
        quote = await self.quotes.quote(asked)
        taxed = await self.tax.tax(Amount(cents=quote.cents, country=place.country))
        assert taxed.caller == "checkout"
        return Bill(net=quote.cents, tax=taxed.cents, country=place.country)
