"""What stands in for a command that publishes: a service of the platform's own, which keeps the log of its events.

An application that is mounted has its own in the process in which it runs.
"""

from atoll.contract import Contract
from atoll.data import Database
from atoll.service import Command, Elsewhere, Mounted, Service
from atoll.topology.log_door import door_name


class StandIn(Service):
    """Keeps the log of a service from elsewhere. It has no operations: what it does is done at the door of the log."""


PORTS: dict[str, type] = {"db": Database}
"""What whoever publishes from elsewhere has, as any publisher: a database."""


def stand_in_name(service: str) -> str:
    """What the process is called that keeps the log of a command: as the door to that."""
    return door_name(service)


def takes_events(item: object) -> bool:
    """Whether a service may post events here. An API that others run may not: it calls a public operation instead."""
    return isinstance(item, Mounted | Command)


def is_hosted_here(item: Elsewhere, contract: Contract) -> bool:
    """Whether a process of Atoll's hosts something of it: the application itself, or a stand-in."""
    return isinstance(item, Mounted) or (isinstance(item, Command) and bool(contract.publishes))


def hosted_name(item: Elsewhere) -> str:
    """By which name a process hosts what is Atoll's of a service from elsewhere."""
    return stand_in_name(item.name) if isinstance(item, Command) else item.name
