"""For those who host services in a process: what serves them, where their peers are, and who has started it.

`atoll serve` is written with these and with what `atoll` offers, and with nothing else. It is a door of its own, beside
`atoll.processes`, because every process of an application imports it.
"""

from atoll.adapters.parent import Parent, supervised
from atoll.topology.hosting import Hosting, directory_of, host, load_hosted
from atoll.topology.joining import ByAuthority, BySupervisor
from atoll.topology.peers import Directory, Peers
from atoll.topology.serving import Serving, serving

__all__ = [
    "ByAuthority",
    "BySupervisor",
    "Directory",
    "Hosting",
    "Parent",
    "Peers",
    "Serving",
    "directory_of",
    "host",
    "load_hosted",
    "serving",
    "supervised",
]
