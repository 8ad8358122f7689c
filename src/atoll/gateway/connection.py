"""How to reach a gateway that runs on this machine: what it writes when it starts, and who reads it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from atoll import World

SERVICE = "gateway"
ADDRESS = "address.json"
KEY = "development.key"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a gateway answers, and a key that opens it."""

    url: str
    key: str


def connection(state: Path) -> Connection | None:
    """The gateway that was started with this state folder; None when none was, or it has stopped.

    A gateway that was killed leaves its address behind: then nothing answers at `url`.
    """
    disk = World.real(state).disk(SERVICE)
    address, key = disk.read(ADDRESS), disk.read(KEY)
    if address is None or key is None:
        return None
    return Connection(url=msgspec.json.decode(address, type=dict[str, str])["url"], key=key.decode().strip())
