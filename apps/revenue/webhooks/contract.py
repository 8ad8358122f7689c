"""What Webhooks promises: other tools are told what happens, each message signed, tried again and accounted for."""

from datetime import datetime
from typing import Protocol

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, get, post

from .rules import AtLeast, Condition, Endpoint, Equals, Format, Present, WebhooksRules

__all__ = [
    "AcceptLink",
    "AtLeast",
    "Condition",
    "Delivery",
    "DeliveryNotFound",
    "DeliveryState",
    "Endpoint",
    "EndpointNotFound",
    "Equals",
    "Format",
    "LinkNotFound",
    "Present",
    "WebhookDue",
    "Webhooks",
    "WebhooksRules",
]


class DeliveryState(Choice):
    """How far a message has come: it waits for its next attempt, has arrived, or was given up."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    DEAD = "dead"
    UNKNOWN = "unknown"


class Delivery(Value):
    """A message to an endpoint. Its `id` is what the receiver is told as `webhook-id`, at every attempt."""

    id: str
    endpoint: str
    event: str
    subject: str
    state: DeliveryState
    attempts: int
    error: str
    made_at: datetime
    arrived_at: datetime | None = None


class AcceptLink(Value):
    """What a link in a message is about: a lead, and whose it was when the message was written."""

    lead_id: str
    owner: str
    name: Personal[str] = ""
    is_accepted: bool = False


class WebhookDue(Event, key="delivery_id"):
    """A message is to be sent now, as that attempt of it; or `sender`, an instance, has that attempt under way."""

    delivery_id: str
    attempt: int
    sender: str = ""


class DeliveryNotFound(Problem, status=404, detail="there is no delivery {delivery_id}"):
    """There is no such delivery."""

    delivery_id: str


class EndpointNotFound(
    Problem, status=404, detail="the rules that hold name no endpoint {name}: look for a slip, or add and apply it"
):
    """The team's rules name no such endpoint."""

    name: str


class LinkNotFound(Problem, status=404, detail="this link is unknown or has ended: ask for the lead in Revenue itself"):
    """A link that nobody was given, or that is too old."""


@contract(version="1.0", publishes=(WebhookDue,))
class Webhooks(Protocol):
    """Tells other tools what happens to leads."""

    @get("/deliveries", public=True)
    async def deliveries(
        self,
        endpoint: str | None = None,
        state: DeliveryState | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Delivery]:
        """Messages, oldest first, a page at a time; those of one endpoint or in one state alone where that is given."""
        ...

    @post("/deliveries/{delivery_id}/send", public=True, raises=(DeliveryNotFound,))
    async def send_again(self, delivery_id: str) -> Delivery:
        """Send a message once more, from its first attempt on, under the same `webhook-id`."""
        ...

    @post("/endpoints/{name}/test", public=True, raises=(EndpointNotFound,))
    async def test(self, name: str) -> Delivery:
        """Send an endpoint a message that says it is a test."""
        ...

    @get("/links/{token}", public=True, raises=(LinkNotFound,))
    async def link(self, token: str) -> AcceptLink:
        """What a link is about. Looking changes nothing: programs that follow links in messages do it, too."""
        ...

    @post("/links/{token}/accept", public=True, raises=(LinkNotFound,))
    async def accept(self, token: str) -> AcceptLink:
        """Accept the lead in the name of its owner; once is as good as twice."""
        ...
