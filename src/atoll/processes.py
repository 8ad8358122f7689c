"""For those who run an application as processes: what serves, what supervises, and what can be asked of it.

The command line is written with these and with what `atoll` offers, and with nothing else.
"""

from atoll.adapters.parent import Parent, supervised
from atoll.adapters.processes import NotStarted
from atoll.topology.apart import Apart
from atoll.topology.hosting import Hosting, directory_of, host, load_hosted
from atoll.topology.launching import Launch
from atoll.topology.peers import Directory, Peers
from atoll.topology.plan import Grouping, ProcessPlan, parts_of, plan
from atoll.topology.reloading import reloading, watching
from atoll.topology.serving import Serving, serving
from atoll.topology.supervising import AlreadySupervised, NotSupervised, supervising, supervision
from atoll.topology.supervision import (
    Did,
    Health,
    HostedService,
    NoSuchService,
    NotPossible,
    NotReplaced,
    ProcessStatus,
    State,
    Step,
    Supervision,
)
from atoll.topology.supervisor import Supervisor

__all__ = [
    "AlreadySupervised",
    "Apart",
    "Did",
    "Directory",
    "Grouping",
    "Health",
    "HostedService",
    "Hosting",
    "Launch",
    "NoSuchService",
    "NotPossible",
    "NotReplaced",
    "NotStarted",
    "NotSupervised",
    "Parent",
    "Peers",
    "ProcessPlan",
    "ProcessStatus",
    "Serving",
    "State",
    "Step",
    "Supervision",
    "Supervisor",
    "directory_of",
    "host",
    "load_hosted",
    "parts_of",
    "plan",
    "reloading",
    "serving",
    "supervised",
    "supervising",
    "supervision",
    "watching",
]
