"""Where a running Revenue is, of whichever stack, and where a lead's way ends: what its programs tell each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from atoll.service import Reference
from revenue.application import revenue

CAPTURE = "capture"
"""Where its way begins."""
RULES = "playbook"
"""Who publishes the rules by which leads are routed."""


@dataclass(frozen=True, slots=True)
class End:
    """The last service of the way, and its table with a row for each lead that has come there."""

    service: str
    table: str


END = End("routing", "assignments")
"""Where a lead's way ends in all stacks. The peer starts the services up to this one."""


def service_name(reference: Reference) -> str:
    """What a service of Revenue is called: its folder."""
    return reference.service.split(".")[1]


def on_the_way() -> Sequence[str]:
    """The services through which a lead goes, up to the one where its way ends."""
    names = [service_name(each) for each in revenue.services if isinstance(each, Reference)]
    return names[: names.index(END.service) + 1]


class RevenuePlace(msgspec.Struct, frozen=True):
    """Leads are sent to `url`/leads, with a `key` where there is one; `database` is the file of the last service.

    Its rows are watched from outside, alike for every stack: so none has to tell of them.
    """

    url: str
    database: str
    key: str = ""
