"""Revenue with the services that a lead goes through and their rules, and without those that listen beside the way."""

from atoll import Application
from atoll.service import Reference
from benchmarks.subjects.revenue_place import RULES, on_the_way, service_name
from revenue.application import revenue as whole

revenue = Application(
    whole.name,
    owner=whole.owner,
    services=[
        each for each in whole.services if isinstance(each, Reference) and service_name(each) in (*on_the_way(), RULES)
    ],
    edges=("atoll.gateway.service:GatewayService",),
)
