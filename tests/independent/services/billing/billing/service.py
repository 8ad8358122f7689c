"""Billing draws its lines with a newer version of the library that Pricing uses, too."""

import importlib
from typing import Any

from atoll import Service, depends
from tests.independent.market.billing import Bill, Billing
from tests.independent.market.pricing import Pricing


class BillingService(Service, Billing, owner="market team"):
    """Multiplies."""

    pricing: Pricing = depends()

    async def bill(self, product: str, count: int = 1) -> Bill:
        """So many times the price."""
        tabulate: Any = importlib.import_module("tabulate")  # Any: not installed where the checkers run
        price = await self.pricing.price(product)
        return Bill(price=price, count=count, cents=count * price.cents, drawn_with=tabulate.__version__)
