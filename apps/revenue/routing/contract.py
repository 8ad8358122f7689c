"""What Routing promises: every lead has an owner, and everybody can see why it is this one."""

from datetime import datetime
from typing import Protocol

from atoll import Event, Personal, Value, contract
from revenue.capture.contract import Lead


class RoutingRules(Value):
    """The team's rules of who takes care of whom: its people, territories, named accounts, weights and clocks."""


class Assignment(Value):
    """Who takes care of a lead, by which step of the way it was found, and each step's word."""

    lead_id: str
    owner: str
    step: str
    why: tuple[Personal[str], ...]
    is_provisional: bool
    assigned_at: datetime
    rules_version: int = 0


class LeadRouted(Event, key="lead_id"):
    """A lead has an owner, for the first time or another one."""

    lead_id: str
    lead: Lead
    assignment: Assignment


@contract(version="1.0", publishes=(LeadRouted,))
class Routing(Protocol):
    """Finds an owner for every lead that was scored, and watches that somebody answers it in time."""
