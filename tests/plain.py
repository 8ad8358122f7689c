"""Calls below the policies of callers: each is sent once, and nobody is left alone. For tests of transports."""

from atoll.resilience import Breaker, Budget, Chance, Link, Policies, Retry


class NeverOpen(Breaker):
    """A breaker that was taken away."""

    def failed(self, now: float) -> None:
        """Nothing is remembered."""


def unwatched(chance: Chance) -> Link:
    """A link of a caller who goes on asking."""
    return Link(NeverOpen(chance), Budget())


PLAIN = Policies(Retry(attempts_max=1), unwatched)
