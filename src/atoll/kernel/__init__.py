"""The ground floor: errors, context, clock, entropy, disk, tasks and configuration. It knows nothing of services."""

from atoll.kernel.clock import Clock
from atoll.kernel.config import Config
from atoll.kernel.context import Context, Criticality, Trace, context, current, working_for, working_in
from atoll.kernel.disk import Disk
from atoll.kernel.entropy import Entropy
from atoll.kernel.errors import AtollError, Mistake, Mistakes, Source, refuse
from atoll.kernel.exclusive import Exclusive, exclusive, refuse_waiting
from atoll.kernel.isolation import SelfCancelled, isolated
from atoll.kernel.lane import Lane
from atoll.kernel.pooled import Connections, Pooled
from atoll.kernel.settings import read_settings
from atoll.kernel.spelling import spelled
from atoll.kernel.stepping import resumed
from atoll.kernel.tasks import Cut, Tasks, Threads, ThreadsBusy

__all__ = [
    "AtollError",
    "Clock",
    "Config",
    "Connections",
    "Context",
    "Criticality",
    "Cut",
    "Disk",
    "Entropy",
    "Exclusive",
    "Lane",
    "Mistake",
    "Mistakes",
    "Pooled",
    "SelfCancelled",
    "Source",
    "Tasks",
    "Threads",
    "ThreadsBusy",
    "Trace",
    "context",
    "current",
    "exclusive",
    "isolated",
    "read_settings",
    "refuse",
    "refuse_waiting",
    "resumed",
    "spelled",
    "working_for",
    "working_in",
]
