"""The world that services live in: the ports that are injected into them, and the way between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy
from atoll.adapters.telemetry_reading import KeptTelemetry
from atoll.calls import LocalTransport, Resolver, Transport
from atoll.contract import Contract
from atoll.data import Driver
from atoll.events import Kept, Pace
from atoll.kernel import Clock, Disk, Entropy
from atoll.resilience import Doorkeeper, Policies
from atoll.telemetry import NothingKept, Telemetry


class Carrier(Transport, Protocol):
    """A transport that holds something, and releases it when it is closed."""

    async def close(self) -> None:
        """Release everything; calls under way are lost."""
        ...


Network = Callable[[LocalTransport, Sequence[Contract]], Carrier]
"""What carries calls to those who answer them: made from the transport at their end, and all contracts."""


Outward = Callable[[Resolver], Carrier]
"""What carries calls out of this process, to where a resolver says."""


def direct(answering: LocalTransport, contracts: Sequence[Contract]) -> LocalTransport:  # noqa: ARG001  # the shape of a Network
    """No network: calls go straight to who answers them."""
    return answering


Storage = Callable[[str, Driver], Driver]
"""What stands between a service, by its name, and its database: made from the driver at its end."""


def bare(service: str, driver: Driver) -> Driver:  # noqa: ARG001  # the shape of a Storage
    """Nothing: statements go straight to the driver."""
    return driver


_PACE, _KEPT, _POLICIES, _NOTHING = Pace(), Kept(), Policies(), NothingKept()


@dataclass(frozen=True, slots=True)
class Watch:
    """How what a process does is recorded: its name among those of its application, and whether it collects.

    One process of those that share a state folder keeps what all have recorded; whoever collects tries to be it.
    """

    process: str = ""
    is_collector: bool = True


_WATCH = Watch()


@dataclass(frozen=True, slots=True)
class World:
    """Time, chance, disk and network. `disk` gives each service the folder that is its own.

    `outward` leads to other processes; None where there is no outside. `watchdog_s` is for how long a handler may hold
    up the loop before it is named in the log; None where nobody looks, as in a world whose time is not the machine's.
    """

    clock: Clock
    entropy: Entropy
    disk: Callable[[str], Disk]
    network: Network = direct
    outward: Outward | None = None
    watchdog_s: float | None = None
    state: Path | None = None
    """Where databases are, unless they are elsewhere; with None they are in memory, and end with the run."""
    storage: Storage = bare
    pace: Pace = _PACE
    kept: Kept = _KEPT
    policies: Policies = _POLICIES
    telemetry: Telemetry = _NOTHING
    """What was recorded of the application, for those of its services that ask."""
    doorkeeper: Doorkeeper | None = None
    """Who lets work into the process; None for that of production."""
    watch: Watch | None = None
    """How its work is recorded; None where nobody is to know of it, and without a `state`."""

    @classmethod
    def real(cls, state: Path, *, watchdog_s: float | None = 0.25, watch: Watch | None = _WATCH) -> "World":
        """The machine's own, with each service's folder below `state`."""
        entropy = SystemEntropy()
        return cls(
            SystemClock(),
            entropy,
            lambda name: SystemDisk(state / name),
            outward=lambda resolver: _http(resolver, entropy),
            watchdog_s=watchdog_s,
            state=state,
            watch=watch,
            telemetry=KeptTelemetry(state),
        )


def _http(resolver: Resolver, entropy: Entropy) -> Carrier:
    from atoll.adapters.http_client import HttpClient  # noqa: PLC0415  # loaded by those alone who call others

    return HttpClient(resolver, entropy)
