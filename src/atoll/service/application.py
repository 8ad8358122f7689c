"""Applications: a list of services with a name. It describes; `topology` runs it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from atoll.service.service import Service


@dataclass(frozen=True, slots=True)
class Reference:
    """A service by the place of its class, `package.module:Class`, so that only who hosts it imports it.

    `contract` is the place of its contract; by default the only contract in the module `contract` beside the class's
    own module.
    """

    service: str
    contract: str | None = None


@dataclass(frozen=True, slots=True, init=False)
class Application:
    """A whole product: its services, who owns it, and which edges it trusts with its catalog.

    A service is its class or a reference to it (text, or `Reference`). `edges` are services that may call whatever is
    public in the name of users: by default the platform's gateway.

    >>> from atoll import Application
    >>> Application("shop", services=["shop.pricing.service:PricingService"], owner="shop team").name
    'shop'
    """

    name: str
    services: tuple[Reference | type[Service], ...]
    edges: tuple[Reference | type[Service], ...]
    owner: str
    version: str
    description: str = field(default="")

    def __init__(
        self,
        name: str,
        *,
        services: Sequence[str | Reference | Callable[..., Service]],
        edges: Sequence[str | Reference | Callable[..., Service]] = ("atoll.gateway.service:GatewayService",),
        owner: str = "",
        version: str = "0.1.0",
        description: str = "",
    ) -> None:
        for attribute, value in (
            ("name", name), ("services", _listed(services)), ("edges", _listed(edges)),
            ("owner", owner), ("version", version), ("description", description),
        ):
            object.__setattr__(self, attribute, value)


def _listed(services: Sequence[Any]) -> tuple[Reference | type[Service], ...]:  # Any: classes of services, or references
    return tuple(Reference(service) if isinstance(service, str) else service for service in services)
