"""For those who run an application as processes: what supervises them, and what can be asked of it.

The command line is written with these, with `atoll.hosting` and with what `atoll` offers, and with nothing else.
"""

from atoll.adapters.processes import NotStarted
from atoll.topology.apart import Apart
from atoll.topology.contract_wheels import ContractWheel, contract_wheel
from atoll.topology.launching import Launch
from atoll.topology.plan import Grouping, ProcessPlan, parts_of, plan
from atoll.topology.reloading import reloading, watching
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
    "ContractWheel",
    "Did",
    "Grouping",
    "Health",
    "HostedService",
    "Launch",
    "NoSuchService",
    "NotPossible",
    "NotReplaced",
    "NotStarted",
    "NotSupervised",
    "ProcessPlan",
    "ProcessStatus",
    "State",
    "Step",
    "Supervision",
    "Supervisor",
    "contract_wheel",
    "parts_of",
    "plan",
    "reloading",
    "supervising",
    "supervision",
    "watching",
]
