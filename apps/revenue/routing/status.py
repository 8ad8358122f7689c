"""What a lead's status may become, and with which reasons. Pure."""

from .contract import NewStatus, Status, StatusRefused
from .rules import TRANSITIONS, RoutingRules


def check_status(rules: RoutingRules, was: Status, new: NewStatus) -> None:
    """Refuse what the rules do not let happen.

    Raises:
        StatusRefused: with what would be possible.
    """
    possible = rules.transitions.get(was, TRANSITIONS.get(was, ()))
    if new.status not in possible:
        advice = f"it can become {', '.join(possible)}" if possible else "nothing comes behind it"
        raise StatusRefused(was=was, wanted=new.status, advice=advice)
    if new.status is Status.DISQUALIFIED and new.reason not in rules.disqualify_reasons:
        advice = f"give one of the reasons {', '.join(rules.disqualify_reasons)}"
        raise StatusRefused(was=was, wanted=new.status, advice=advice)
