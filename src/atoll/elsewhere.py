"""For programs that are not made of services: clients alone, with a loop or without, and services inside an ASGI app.

Documents that others wrote become contracts here, too.
"""

from atoll.contract import contract_from_document
from atoll.topology.connecting import Connected, ConnectedSync, NoAddress, connect, connect_sync
from atoll.topology.embedding import Embedded, embedded
from atoll.topology.joining import Operator
from atoll.topology.peers import Trust

__all__ = [
    "Connected",
    "ConnectedSync",
    "Embedded",
    "NoAddress",
    "Operator",
    "Trust",
    "connect",
    "connect_sync",
    "contract_from_document",
    "embedded",
]
