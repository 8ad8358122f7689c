"""What stands in for services that do not answer fits their contracts, however much these promise."""

from typing import Protocol

import pytest

from atoll import Application, Service, Unavailable, contract, depends, get
from atoll.testing import running
from revenue.enrichment.contract import ContactPoints
from revenue.scoring.offline import OfflineEnrichment, silent


@contract(version="1.0")
class Weather(Protocol):
    """Knows more than anybody asks for."""

    @get("/today")
    async def today(self, place: str) -> str:
        """How it is."""
        ...

    @get("/tomorrow")
    async def tomorrow(self, place: str, hours: int = 24) -> str:
        """How it will be."""
        ...


@silent(Weather)
class OfflineWeather:
    """Sees what is outside, and no more."""

    async def today(self, place: str) -> str:
        """A look out of the window."""
        return "dry"


@contract(version="1.0")
class Walks(Protocol):
    """Says whether to go."""

    @get("/walk")
    async def walk(self, is_today: bool) -> str:
        """Whether to go."""
        ...


class WalksService(Service, Walks):
    """Asks Weather."""

    weather: Weather = depends(fallback=OfflineWeather)

    async def walk(self, is_today: bool) -> str:
        """As the weather is."""
        return await (self.weather.today("here") if is_today else self.weather.tomorrow("here", hours=3))


async def test_a_fallback_answers_what_it_can_and_is_silent_otherwise() -> None:
    """It fits the contract all the same, or the application would not start."""
    async with running(Application("walks", services=[WalksService], owner="tests")) as it:
        answer = await it.client(Walks).walk(True)
        with pytest.raises(Unavailable):
            await it.client(Walks).walk(False)

    assert answer == "dry"


async def test_that_of_enrichment_knows_nothing() -> None:
    """And say so."""
    profile = await OfflineEnrichment().profile(ContactPoints(email="ada@example.com"))

    assert (profile.facts, profile.is_complete) == ((), False)
