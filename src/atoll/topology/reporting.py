"""What a process says about itself: the instances that it hosts, whether they are ready, how much they do.

A contract like any other, which each process of the topology `processes` serves beside those of its services.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from atoll.calls import Dispatcher
from atoll.contract import Value, contract, contract_of, get
from atoll.kernel import Entropy


class InstanceReport(Value):
    """One instance: `calls` are those that it has answered (or made, as an edge), `active` those in progress."""

    service: str
    version: str
    owner: str
    ready: bool
    calls: int
    active: int


class ProcessReport(Value):
    """A process, and what it hosts. `peers` counts how often it has read where the others are."""

    pid: int
    instances: tuple[InstanceReport, ...]
    peers: int


@contract(version="1.0", id="atoll_process")
class Reporting(Protocol):
    """Says what one process hosts, and how it fares."""

    @get("/report", timeout_s=2)
    async def report(self) -> ProcessReport:
        """The process as it is now."""
        ...


def reporter(report: Callable[[], Awaitable[ProcessReport]], entropy: Entropy) -> Dispatcher:
    """What answers `Reporting` in a process."""
    return Dispatcher(contract_of(Reporting), {"report": report}, entropy)
