"""From an application to running processes: the one place that joins services to adapters."""

from atoll.topology.configured import check_settings
from atoll.topology.graph import Graph, describe
from atoll.topology.loading import Unit, load_application
from atoll.topology.process import read_config, run_process
from atoll.topology.single import Running, single
from atoll.topology.world import Network, World

__all__ = [
    "Graph",
    "Network",
    "Running",
    "Unit",
    "World",
    "check_settings",
    "describe",
    "load_application",
    "read_config",
    "run_process",
    "single",
]
