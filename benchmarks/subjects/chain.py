"""A chain of five Atoll services: each passes the lead on to the next, the fifth answers."""

from typing import Protocol

from atoll import Application, Service, contract, post
from benchmarks.subjects.leads import Lead, Score, score_of


@contract(version="1.0")
class First(Protocol):
    """Calls Second."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...


@contract(version="1.0")
class Second(Protocol):
    """Calls Third."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...


@contract(version="1.0")
class Third(Protocol):
    """Calls Fourth."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...


@contract(version="1.0")
class Fourth(Protocol):
    """Calls Fifth."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...


@contract(version="1.0")
class Fifth(Protocol):
    """Answers."""

    @post("/scores")
    async def score(self, lead: Lead) -> Score:
        """Score one lead."""
        ...


class FirstService(Service, First, owner="benchmarks"):
    """Passes it on."""

    then: Second

    async def score(self, lead: Lead) -> Score:
        """Pass it on."""
        return await self.then.score(lead)


class SecondService(Service, Second, owner="benchmarks"):
    """Passes it on."""

    then: Third

    async def score(self, lead: Lead) -> Score:
        """Pass it on."""
        return await self.then.score(lead)


class ThirdService(Service, Third, owner="benchmarks"):
    """Passes it on."""

    then: Fourth

    async def score(self, lead: Lead) -> Score:
        """Pass it on."""
        return await self.then.score(lead)


class FourthService(Service, Fourth, owner="benchmarks"):
    """Passes it on."""

    then: Fifth

    async def score(self, lead: Lead) -> Score:
        """Pass it on."""
        return await self.then.score(lead)


class FifthService(Service, Fifth, owner="benchmarks"):
    """Answers at once."""

    async def score(self, lead: Lead) -> Score:
        """Answer at once."""
        return score_of(lead.id)


CHAIN = Application(
    "chain", services=[FirstService, SecondService, ThirdService, FourthService, FifthService], edges=()
)
LINKS = ("first", "second", "third", "fourth", "fifth")
"""The services by name, in the order of calls."""
