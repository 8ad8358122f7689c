"""Applications of the market's services, each of which is a distribution of its own."""

from atoll import Application, Reference

_HERE = "tests.independent.market"

_exchange = Reference(
    "exchange.service:ExchangeService", contract=f"{_HERE}.exchange:Exchange", requirement="services/exchange"
)

shop = Application(
    "shop",
    services=[
        Reference(
            "pricing.service:PricingService", contract=f"{_HERE}.pricing:Pricing", requirement="services/pricing"
        ),
        Reference(
            "billing.service:BillingService", contract=f"{_HERE}.billing:Billing", requirement="services/billing"
        ),
    ],
)
"""Two services whose pins no environment can meet."""

bank = Application(
    "bank",
    services=[
        Reference("rates.service:RatesService", contract=f"{_HERE}.rates_1_0:Rates", requirement="services/rates_1_0"),
        _exchange,
    ],
)
"""A caller, and the service for which it was written."""

bank_next = Application(
    "bank",
    services=[
        Reference("rates.service:RatesService", contract=f"{_HERE}.rates_1_1:Rates", requirement="services/rates_1_1"),
        _exchange,
    ],
)
"""The same caller, and the next version of the service."""

bank_both = Application(
    "bank",
    services=[
        Reference(
            "rates_v1.service:RatesService", contract=f"{_HERE}.rates_1_1:Rates", requirement="services/rates_v1"
        ),
        Reference(
            "rates.service:PairRatesService", contract=f"{_HERE}.rates_2_0:PairRates", requirement="services/rates_2_0"
        ),
        _exchange,
    ],
)
"""The same caller, the old major that it calls, and the new one behind that."""
