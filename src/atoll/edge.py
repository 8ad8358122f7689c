"""For those who write an edge: a service that lets the outside in, and calls public operations in users' names.

The platform's gateway is written with these and with what `atoll` offers, and with nothing else.
"""

from atoll.calls import Catalog, Lines, Listing, Response
from atoll.contract import Operation, to_wire
from atoll.identity import Keys
from atoll.kernel import Cut, Tasks, Trace

__all__ = [
    "Catalog",
    "Cut",
    "Keys",
    "Lines",
    "Listing",
    "Operation",
    "Response",
    "Tasks",
    "Trace",
    "to_wire",
]
