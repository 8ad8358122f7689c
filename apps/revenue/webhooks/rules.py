"""What a team writes down about its webhooks: who is told of what, and in which form."""

from typing import TypeAlias
from urllib.parse import urlsplit

from atoll import Choice, Value


class Format(Choice):
    """How an event is written."""

    STANDARD = "standard"
    """JSON with `type`, `timestamp` and `data`, signed as Standard Webhooks say: for n8n, Clay, and one's own code."""
    SLACK = "slack"
    """A message for an incoming webhook of Slack. It is not signed: its address is the secret."""
    UNKNOWN = "unknown"


class Equals(Value, tag="one_of"):
    """Fits when the value at a path is one of these, in any case."""

    path: str
    values: tuple[str, ...]


class AtLeast(Value, tag="at_least"):
    """Fits when the value at a path is a number and not below this."""

    path: str
    number: float


class Present(Value, tag="present"):
    """Fits when there is a value at a path."""

    path: str


Condition: TypeAlias = Equals | AtLeast | Present
"""`path` leads into the event by names with dots: `score.grade`, `lead.country`, `assignment.owner`."""


class Endpoint(Value):
    """Somebody who is told: of the `events` named here (`lead_routed`; `*` is all), where all conditions hold.

    `url` is where; `url_secret` names a secret that is the address, where that should not stand in a file. `secret`
    names the one that messages are signed with. Secrets are settings of the service: `REVENUE_WEBHOOKS_SECRETS`.
    """

    name: str
    events: tuple[str, ...]
    url: str = ""
    url_secret: str = ""
    secret: str = ""
    format: Format = Format.STANDARD
    where: tuple[Condition, ...] = ()
    is_active: bool = True

    def __post_init__(self) -> None:
        """Refuse what can never be sent."""
        if bool(self.url) == bool(self.url_secret):
            raise ValueError(f"endpoint `{self.name}` needs either `url` or `url_secret`")
        if self.url and (urlsplit(self.url).scheme not in ("https", "http") or not urlsplit(self.url).hostname):
            raise ValueError(f"endpoint `{self.name}`: `{self.url}` is no address: begin it with https://")
        if not self.events:
            raise ValueError(f'endpoint `{self.name}` names no events: write some, or "*"')
        if self.format is Format.STANDARD and not self.secret:
            raise ValueError(f"endpoint `{self.name}` names no `secret` to sign with")


class WebhooksRules(Value):
    """The team's rules of who is told what happens."""

    endpoints: tuple[Endpoint, ...] = ()

    def __post_init__(self) -> None:
        """Names are what deliveries are found by."""
        names = [endpoint.name for endpoint in self.endpoints]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two endpoints are called `{min(twice)}`: rename one")
