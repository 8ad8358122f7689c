"""The world that services live in: the ports that are injected into them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from atoll.adapters.system import SystemClock, SystemDisk, SystemEntropy
from atoll.kernel import Clock, Disk, Entropy


@dataclass(frozen=True, slots=True)
class World:
    """Time, chance and disk. `disk` gives each service the folder that is its own."""

    clock: Clock
    entropy: Entropy
    disk: Callable[[str], Disk]

    @classmethod
    def real(cls, state: Path) -> "World":
        """The machine's own, with each service's folder below `state`."""
        return cls(SystemClock(), SystemEntropy(), lambda name: SystemDisk(state / name))
