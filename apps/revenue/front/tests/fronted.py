"""Revenue with its front page, at an address of its own, and somebody outside who is told of owners."""

import dataclasses
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import msgspec

from atoll import Config, Problem, single
from atoll.testing import test_world
from atoll.testing.plugin import Reached
from revenue.application import revenue
from revenue.front.service import FrontService
from revenue.playbook.contract import Playbook, Publication, TeamRules
from revenue.routing.contract import Rep, Routing, RoutingRules, Team
from revenue.tests.hours import Jumping, until
from revenue.tests.outsider import Outsider, Says, outsider
from revenue.webhooks.contract import Endpoint, EndpointNotFound, Format, Webhooks, WebhooksRules
from tests.patience import PATIENCE_S

EVERYTHING = tuple(str(each).split(".")[1] for each in revenue.services)


@dataclass(frozen=True)
class Fronted:
    """The front page as a browser reaches it, and what stands behind it."""

    http: httpx.AsyncClient
    url: str
    application: Reached
    told: Outsider
    clock: Jumping

    async def accept_path(self) -> str:
        """The path of the link in the first message about an owner."""

        async def is_told() -> bool:
            return bool(self.told.asked)

        await until(is_told)
        message = msgspec.json.decode(self.told.asked[0].body)
        url: str = message["blocks"][-1]["elements"][0]["url"]
        return url.removeprefix("https://front.example")


@asynccontextmanager
async def fronted(*, without: tuple[str, ...] = ()) -> AsyncGenerator[Fronted]:
    """All of it, but for some services, once Ann takes every lead and is told of it."""
    clock = Jumping()
    world = dataclasses.replace(test_world(), clock=clock)
    settings = {
        "REVENUE_FRONT_PORT": "0",
        "REVENUE_WEBHOOKS_ALLOWS_LOOPBACK": "true",
        "REVENUE_WEBHOOKS_LINKS_URL": "https://front.example",
    }
    application = dataclasses.replace(revenue, edges=(FrontService,))
    services = [each for each in (*EVERYTHING, "front") if each not in without]
    async with (
        outsider(Says({})) as told,
        single(application, world=world, config=Config(settings), services=services) as it,
    ):
        await _ruled(it, told)
        found = world.disk("front").read("address.json")
        assert found is not None
        url = msgspec.json.decode(found)["url"]
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
            yield Fronted(http, url, it, told, clock)


async def _ruled(it: Reached, told: Outsider) -> None:
    """Let Ann take every lead, and wait until all know it."""
    ann = Rep(id="ann", name="Ann", handle="U024BE7LH")
    routing = RoutingRules(reps=(ann,), teams=(Team(name="all", reps=("ann",)),), round_robin="all")
    slack = Endpoint(name="slack", events=("lead_routed",), url=told.url, format=Format.SLACK)
    known = Endpoint(name="known", events=("none",), url=told.url, format=Format.SLACK, is_active=False)
    rules = TeamRules(routing=routing, webhooks=WebhooksRules(endpoints=(slack, known)))
    await it.client(Playbook).publish(Publication(playbook=rules))

    async def is_known() -> bool:
        try:
            await it.client(Webhooks).test("known")
            return bool(await it.client(Routing).reps())
        except (EndpointNotFound, Problem):
            return False

    await until(is_known)
