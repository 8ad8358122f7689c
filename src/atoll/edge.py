"""For those who write an edge: a service that lets the outside in, and calls public operations in users' names.

The platform's gateway is written with these and with what `atoll` offers, and with nothing else.
"""

from atoll.adapters.edge_guard import Guard, Refusal, hosts_of
from atoll.adapters.edge_server import AddressTaken, Listening, Server, is_answered, served_nearby
from atoll.adapters.key_sets import NoKeySet, is_safe_url, is_url, key_set
from atoll.calls import Catalog, Lines, Listing, Response
from atoll.contract import Operation, to_wire
from atoll.identity import ApiKeys, Issuer, IssuerKeys, Keys, Principal, Refused, bearer_in, issuer_keys
from atoll.kernel import Criticality, Cut, Tasks, Threads, Trace
from atoll.resilience import Doorkeeper, Rate, Rates, Verdict
from atoll.service import Home
from atoll.telemetry import Exposition, Telemetry, expose

__all__ = [
    "AddressTaken",
    "ApiKeys",
    "Catalog",
    "Criticality",
    "Cut",
    "Doorkeeper",
    "Exposition",
    "Guard",
    "Home",
    "Issuer",
    "IssuerKeys",
    "Keys",
    "Lines",
    "Listening",
    "Listing",
    "NoKeySet",
    "Operation",
    "Principal",
    "Rate",
    "Rates",
    "Refusal",
    "Refused",
    "Response",
    "Server",
    "Tasks",
    "Telemetry",
    "Threads",
    "Trace",
    "Verdict",
    "bearer_in",
    "expose",
    "hosts_of",
    "is_answered",
    "is_safe_url",
    "is_url",
    "issuer_keys",
    "key_set",
    "served_nearby",
    "to_wire",
]
