"""The bazaar: two services of Atoll's own, and three that are not."""

import os
from pathlib import Path

from atoll import Application, Command, Mounted, Reference, Remote

NODE = os.environ.get("BAZAAR_NODE", "node")

CONTRACTS = "tests.elsewhere.bazaar.contracts"

bazaar = Application(
    "bazaar",
    owner="market",
    services=[
        Reference("tests.elsewhere.bazaar.services:RatesService", contract=f"{CONTRACTS}:Rates"),
        Reference("tests.elsewhere.bazaar.services:CheckoutService", contract=f"{CONTRACTS}:Checkout"),
        Mounted("quotes", "tests.elsewhere.bazaar.legacy:app", contract="tests/elsewhere/bazaar/quotes.json", public=True),
        Command("tax", (NODE, str(Path(__file__).with_name("tax") / "server.js")), contract=f"{CONTRACTS}:Tax"),
        Remote(
            "geo",
            os.environ.get("BAZAAR_GEO", "http://127.0.0.1:9/api"),
            contract=f"{CONTRACTS}:Geo",
            headers={"x-api-key": "${BAZAAR_GEO_KEY}"},
        ),
    ],
)
