"""An application with a service that was not written with Atoll."""

import sys
from pathlib import Path
from typing import Protocol

from atoll import Application, Command, Value, contract, get
from tests.topology.busy import StockService


class Told(Value):
    """What the teller says."""

    path: str
    pid: int
    stock_pid: int


@contract(version="1.0")
class Teller(Protocol):
    """Tells what it was asked."""

    @get("/told/{word}")
    async def tell(self, word: str) -> Told:
        """Tell."""
        ...


mixed = Application(
    "mixed",
    services=[
        StockService,
        Command(
            "teller",
            (sys.executable, str(Path(__file__).with_name("teller.py"))),
            contract="tests.topology.mixed:Teller",
            root="/api",
            owner="elsewhere",
        ),
    ],
    edges=(),
)
