"""Pricing draws its lines with an old version of a library."""

import importlib
from typing import Any

from atoll import Service
from tests.independent.market.pricing import Price, Pricing


class PricingService(Service, Pricing, owner="market team"):
    """Knows one price."""

    async def price(self, product: str) -> Price:
        """The price, and the version that drew it."""
        tabulate: Any = importlib.import_module("tabulate")  # Any: not installed where the checkers run
        line = tabulate.tabulate([[product, 250]], tablefmt="plain")
        return Price(product=product, cents=250, line=line, drawn_with=tabulate.__version__)
