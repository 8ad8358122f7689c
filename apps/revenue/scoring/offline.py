"""What Scoring hears of other services when they do not answer."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from atoll import Unavailable, contract_of
from revenue.enrichment.contract import ContactPoints, Enrichment, Profile

C = TypeVar("C", bound=type[object])


def silent(protocol: type[Any]) -> Callable[[C], C]:  # Any: a contract
    """Have a fallback say `Unavailable` to every operation that it has no answer to: Scoring asks for few of them."""

    def filled(fallback: C) -> C:
        promised = contract_of(protocol)
        for operation in promised.operations:
            if not hasattr(fallback, operation.name) and inspect.iscoroutinefunction(getattr(protocol, operation.name)):
                setattr(fallback, operation.name, _unavailable(promised.id))
        return fallback

    return filled


def _unavailable(service: str) -> Callable[..., Awaitable[Any]]:  # Any: no answer of any kind
    async def answer(*_: object, **_asked: object) -> Any:  # Any: as above
        raise Unavailable(service=service, reason="it does not answer, and Scoring does not stand in for it")

    return answer


@silent(Enrichment)
class OfflineEnrichment:
    """Knows nothing and says so, so that whoever asks is given a provisional score instead of none.

    Leads that come in do not need it: they are scored when Enrichment has found out about them, however late.
    """

    async def profile(self, points: ContactPoints) -> Profile:
        """No facts."""
        return Profile(is_complete=False)
