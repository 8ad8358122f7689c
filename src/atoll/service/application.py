"""Applications: a list of services with a name. It describes; `topology` runs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import cast

from atoll.contract import Event
from atoll.events import Form, Since
from atoll.kernel import Config
from atoll.service.service import Service


@dataclass(frozen=True, slots=True)
class Posted:
    """An event that a service from elsewhere is told of by POST at `to`, below its root.

    The `form` is one of CloudEvents': `structured` (one event as JSON), `binary` (its data as the body, the rest as
    headers `ce-...`), or `batch` (several as a JSON array). An answer 2xx says that it took effect; whoever wants to be
    left alone for a time says 429 or 503, with `Retry-After`; what is answered by another 4xx is soon a dead letter;
    everything else is tried again. It may come twice, and in the order of its key. The rest is as for `on`.

    >>> from atoll import Command, Event, Posted
    >>> class OrderPlaced(Event, key="order_id"):
    ...     order_id: str
    >>> tax = Command("tax", ("node", "tax.js"), contract="tax.json", subscribes=(Posted(OrderPlaced, to="/events"),))
    >>> tax.subscribes[0].form
    'structured'
    """

    event: type[Event]
    to: str
    _: KW_ONLY
    form: Form = "structured"
    since: Since = "oldest"
    replayable: bool = False
    attempts_max: int = 10
    timeout_s: float = 30.0


GATEWAY = "atoll.gateway.service:GatewayService"
"""The platform's own edge, which an application trusts unless it names others."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A service by the place of its class, `package.module:Class`, so that only who hosts it imports it.

    `contract` is the place of its contract, or the path of an exported document (`*.json`); by default the only
    contract in the module `contract` beside the class's own module.

    A service that is a distribution of its own names it as `requirement`: a folder, a wheel, or what pip would be given
    (`pricing==2.1`). It then lives in an environment of its own, with the Python of that version where `python` names
    one; its contract has to be named, because its modules cannot be imported here.
    """

    service: str
    contract: str | None = None
    requirement: str | None = None
    python: str | None = None

    @property
    def is_apart(self) -> bool:
        """Whether it lives in an environment of its own."""
        return self.requirement is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A service that was not written with Atoll. `contract` is the place of a contract, or the path of a document.

    A document is OpenAPI as JSON (`*.json`), found along the import path as modules are. What it describes can be
    called by the other services, and through the gateway as well where it is `public`. `subscribes` are the events that
    it is told of by POST, `publishes` those that it posts itself and a document does not tell of: a class says it.
    """

    name: str = field(kw_only=False)
    contract: str
    public: bool = False
    subscribes: tuple[Posted, ...] = ()
    publishes: tuple[type[Event], ...] = ()
    owner: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Mounted(Elsewhere):
    """An ASGI application as a service, unchanged: `app` is its place, `package.module:attribute`.

    >>> from atoll import Mounted
    >>> Mounted("quotes", "legacy.main:app", contract="legacy/openapi.json").app
    'legacy.main:app'
    """

    app: str


@dataclass(frozen=True, slots=True)
class Command(Elsewhere):
    """A service in any language, started from a command by the supervisor; it listens on the port in `PORT`.

    `root` is the path below which its operations are. In its environment stand `PORT`, `ATOLL_PEERS` (the file that
    says where all services listen) and, for each service, `ATOLL_SOCKET_...`, a Unix socket that reaches an instance.
    One that publishes posts its events to the path `ATOLL_EVENTS_PATH` at the Unix socket `ATOLL_EVENTS`.

    >>> from atoll import Command
    >>> Command("tax", ("node", "tax/server.js"), contract="tax/openapi.json").root
    ''
    """

    command: tuple[str, ...]
    root: str = ""


@dataclass(frozen=True, slots=True)
class Remote(Elsewhere):
    """An HTTP API that others run, at `url`. It is told nothing about users and tenants.

    `headers` go with every request; `${NAME}` in them is read from the environment, so that no key stands in source.

    >>> from atoll import Remote
    >>> Remote("geo", "https://geo.example.com/api", contract="geo/openapi.json").url
    'https://geo.example.com/api'
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Listed = Reference | type[Service] | Mounted | Command | Remote
"""A service as an application lists it."""

Listable = str | Reference | Callable[..., Service] | Mounted | Command | Remote
"""What may be written in the list: `Callable` stands for a class that fulfils a protocol."""


@dataclass(frozen=True, slots=True, init=False)
class Application:
    """A whole product: its services, who owns it, and which edges it trusts with its catalog.

    A service is its class, a reference to it (text, or `Reference`), or one that was not written with Atoll (`Mounted`,
    `Command`, `Remote`). `edges` are services that may call whatever is
    public in the name of users: by default the platform's gateway. Nothing is checked here: whoever runs or describes
    the application is told everything that is wrong with it, at once.

    >>> from atoll import Application
    >>> Application("shop", services=["shop.pricing.service:PricingService"], owner="shop team").services
    (Reference(service='shop.pricing.service:PricingService', contract=None, requirement=None, python=None),)
    """

    name: str
    services: tuple[Listed, ...]
    edges: tuple[Listed, ...]
    owner: str
    version: str
    description: str

    def __init__(
        self,
        name: str,
        *,
        services: Sequence[Listable],
        edges: Sequence[str | Reference | Callable[..., Service]] = (GATEWAY,),
        owner: str = "",
        version: str = "0.1.0",
        description: str = "",
    ) -> None:
        put = object.__setattr__  # the class is frozen
        put(self, "name", name)
        put(self, "services", tuple(map(_listed, services)))
        put(self, "edges", tuple(map(_listed, edges)))
        put(self, "owner", owner)
        put(self, "version", version)
        put(self, "description", description)


@dataclass(frozen=True, slots=True)
class Home:
    """Where an application lives, for a service that helps to operate it: what it is, its state folder, its settings.

    `state` is None where nothing is kept: the application lives in memory.
    """

    application: Application
    state: Path | None
    config: Config


def _listed(service: Listable) -> Listed:
    # `Callable` stands for the class: a class that fulfils a protocol is no `type[Service]` to the checkers.
    return Reference(service) if isinstance(service, str) else cast(Listed, service)
