"""Revenue that tells somebody outside by webhooks, and what that somebody makes of a message."""

import base64
import dataclasses
import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from atoll.testing import LoopClock, running, test_world
from atoll.testing.plugin import Reached
from revenue.application import revenue
from revenue.capture.contract import LeadDetails
from revenue.playbook.contract import Playbook, Publication, TeamRules
from revenue.routing.contract import RoutingRules
from revenue.tests.hours import Jumping, until
from revenue.tests.outsider import Asked, Outsider, Says
from revenue.webhooks.contract import (
    Delivery,
    Endpoint,
    EndpointNotFound,
    Webhooks,
    WebhooksRules,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOME = ("capture", "playbook", "webhooks", "routing")
ADA = LeadDetails(email="ada@acme.de", first_name="Ada", last_name="Lovelace", title="CTO", country="DE")
WELL = Says({})


def to(it: Outsider, *events: str, **fields: Any) -> Endpoint:  # Any: an endpoint's fields
    """An endpoint at this address."""
    given: dict[str, Any] = {"name": "n8n", "url": f"{it.url}/in", "secret": "n8n"}  # Any: as above
    return Endpoint(events=events, **(given | fields))


@asynccontextmanager
async def telling(
    *endpoints: Endpoint,
    clock: Jumping | None = None,
    services: tuple[str, ...] = SOME,
    routing: RoutingRules | None = None,
    **settings: str,
) -> AsyncGenerator[Reached]:
    """Revenue, once its webhooks go by these rules. One endpoint more tells by its name that they do."""
    known = Endpoint(name="known", events=("none",), url="https://example.com", secret="n8n", is_active=False)
    given = {
        "SECRETS": msgspec.json.encode({"n8n": SECRET}).decode(),
        "ALLOWS_LOOPBACK": "true",
        "LINKS_URL": "https://front.example",
    }
    world = dataclasses.replace(test_world(), clock=clock or LoopClock())
    environment = {f"REVENUE_WEBHOOKS_{name}": value for name, value in (given | settings).items()}
    async with running(revenue, services=services, world=world, settings=environment) as it:
        rules = TeamRules(webhooks=WebhooksRules(endpoints=(*endpoints, known)), routing=routing or RoutingRules())
        await it.client(Playbook).publish(Publication(playbook=rules))
        await until(lambda: _is_known(it))
        yield it


async def _is_known(it: Reached) -> bool:
    try:
        await it.client(Webhooks).test("known")
    except EndpointNotFound:
        return False
    return True


async def delivered(it: Reached, *, after: int, endpoint: str = "n8n") -> Delivery:
    """The only message to an endpoint, after so many attempts."""
    found: list[Delivery] = []

    async def so() -> bool:
        found[:] = (await it.client(Webhooks).deliveries(endpoint=endpoint)).items
        return bool(found) and found[0].attempts >= after

    await until(so)
    (only,) = found
    return only


def is_genuine(asked: Asked) -> bool:
    """Whether a receiver that goes by the specification, and by nothing of ours, believes a message."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    said = b".".join([asked.headers["webhook-id"].encode(), asked.headers["webhook-timestamp"].encode(), asked.body])
    right = base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
    return f"v1,{right}" in asked.headers["webhook-signature"].split(" ")


async def heard(it: Outsider, count: int) -> bool:
    """Whether so many messages have come."""
    return len(it.asked) >= count


def kind_of(asked: Asked) -> str:
    """What a message says has happened."""
    kind: str = msgspec.json.decode(asked.body)["type"]
    return kind
