"""How a console that runs on this machine is reached: what it writes when it starts, and who reads it."""

from pathlib import Path

import msgspec

from atoll import Disk, World
from atoll.console.sessions import Role, link_token, signing_key

SERVICE = "console"
ADDRESS = "address.json"


def address(state: Path) -> str | None:
    """Where the console answers that was started with this state folder; None when none was, or it has stopped."""
    return address_on(World.real(state).disk(SERVICE))


def login_link(state: Path, *, role: Role = "operator") -> str | None:
    """A link that logs in once, within ten minutes; None where no console runs. Whoever has it is let in."""
    world = World.real(state)
    disk = world.disk(SERVICE)
    url = address_on(disk)
    if url is None:
        return None
    token = link_token(signing_key(disk, world.entropy), world.clock, world.entropy, role)
    return f"{url}/login?token={token}"


def address_on(disk: Disk) -> str | None:
    """The address that a console has left on its disk."""
    try:
        return msgspec.json.decode(disk.read(ADDRESS) or b"{}", type=dict[str, str]).get("url")
    except msgspec.DecodeError:
        return None
