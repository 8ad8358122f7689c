"""How to reach a gateway that runs on this machine: what it writes when it starts, and who reads it."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from atoll import Disk, World

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
    url, key = url_on(disk), disk.read(KEY)
    if url is None or key is None:
        return None
    return Connection(url=url, key=key.decode(errors="replace").strip())


def url_on(disk: Disk) -> str | None:
    """The address that a gateway has left on its disk; None where there is none, or nothing that can be read."""
    try:
        return msgspec.json.decode(disk.read(ADDRESS) or b"{}", type=dict[str, str]).get("url")
    except msgspec.DecodeError:
        return None
