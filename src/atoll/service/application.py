"""Applications: a list of services with a name. It describes; `topology` runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from atoll.service.service import Service

GATEWAY = "atoll.gateway.service:GatewayService"
"""The platform's own edge, which an application trusts unless it names others."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A service by the place of its class, `package.module:Class`, so that only who hosts it imports it.

    `contract` is the place of its contract; by default the only contract in the module `contract` beside the class's
    own module.
    """

    service: str
    contract: str | None = None


Listed = Reference | type[Service]
"""A service as an application lists it."""


@dataclass(frozen=True, slots=True, init=False)
class Application:
    """A whole product: its services, who owns it, and which edges it trusts with its catalog.

    A service is its class or a reference to it (text, or `Reference`). `edges` are services that may call whatever is
    public in the name of users: by default the platform's gateway. Nothing is checked here: whoever runs or describes
    the application is told everything that is wrong with it, at once.

    >>> from atoll import Application
    >>> Application("shop", services=["shop.pricing.service:PricingService"], owner="shop team").services
    (Reference(service='shop.pricing.service:PricingService', contract=None),)
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
        services: Sequence[str | Reference | Callable[..., Service]],
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


def _listed(service: str | Reference | Callable[..., Service]) -> Listed:
    # `Callable` stands for the class: a class that fulfils a protocol is no `type[Service]` to the checkers.
    return Reference(service) if isinstance(service, str) else cast(Listed, service)
