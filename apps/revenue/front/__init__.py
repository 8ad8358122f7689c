"""The front page: a form for a lead of one's own, its way to an owner, and the links in messages."""

from pathlib import Path

import msgspec

from atoll import World

SERVICE = "front"
ADDRESS = "address.json"
"""Where the page leaves its address while it runs, among its own files."""


def address(state: Path) -> str | None:
    """Where the front page of the application with this state folder is; None where none runs."""
    content = World.real(state).disk(SERVICE).read(ADDRESS)
    try:
        return msgspec.json.decode(content or b"{}", type=dict[str, str]).get("url")
    except msgspec.DecodeError:
        return None
