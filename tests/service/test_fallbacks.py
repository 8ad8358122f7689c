"""A fallback answers when the service cannot, and only then."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import pytest

from atoll import (
    Application,
    Context,
    DeadlineExceeded,
    Forbidden,
    Problem,
    Service,
    Unavailable,
    blocking,
    context,
    contract,
    depends,
    get,
)
from atoll.kernel import current
from atoll.problems import InternalError
from atoll.testing import running
from tests.placements import Placement, Topology, on_every_placement, on_every_topology
from tests.simulated import simulated


class SoldOut(Problem, status=503):
    """A declared problem, which only looks like an outage."""


@contract(version="1.0")
class Weather(Protocol):
    """What has a fallback."""

    @get("/today", raises=(SoldOut,), timeout_s=5)
    async def today(self) -> str:
        """The weather."""
        ...

    @get("/days", timeout_s=5)
    def days(self) -> AsyncIterator[str]:
        """The weather of some days."""
        ...


@contract(version="1.0")
class Picnic(Protocol):
    """Who falls back."""

    @get("/plan", timeout_s=60)
    async def plan(self) -> str:
        """What to do today."""
        ...

    @get("/plans", timeout_s=60)
    async def plans(self) -> list[str]:
        """What to do on some days."""
        ...


class Almanac:
    """Knows the weather of all years."""

    async def today(self) -> str:
        """A guess, and who asked."""
        return f"a guess for {context().caller}, {context().user}"

    async def days(self) -> AsyncIterator[str]:
        """A guess for each."""
        for _ in range(2):
            yield "a guess"


class _PicnicService(Service, Picnic, owner="tests"):
    weather: Weather = depends(fallback=Almanac, timeout_s=2)

    async def plan(self) -> str:
        return await self.weather.today()

    async def plans(self) -> list[str]:
        return [day async for day in self.weather.days()]


Today = Callable[[], Awaitable[str]]


async def shine() -> str:
    """An answer."""
    return "sun"


async def hang() -> str:
    """No answer."""
    await asyncio.Event().wait()
    return ""


def raising(error: Exception) -> Today:
    """Another answer."""

    async def today() -> str:
        raise error

    return today


def picnic(today: Today | None = shine) -> Application:
    """The picnic, with a weather service that answers like this; without one for None."""

    class _WeatherService(Service, Weather, owner="tests"):
        async def today(self) -> str:
            assert today is not None
            return await today()

        async def days(self) -> AsyncIterator[str]:
            assert today is not None
            yield await today()

    return Application("picnic", services=[_PicnicService] if today is None else [_WeatherService, _PicnicService])


GUESS = "a guess for picnic, ada"


async def plan(placement: Topology, application: Application) -> str:
    """The plan of an application, asked for by a user."""
    async with placement.running(application) as app:
        current.set(Context(user="ada"))
        return await app.client(Picnic).plan()


@on_every_topology
@simulated
async def test_a_service_that_answers_needs_no_fallback(placement: Topology) -> None:
    """The control."""
    assert await plan(placement, picnic()) == "sun"


@on_every_topology
@simulated
async def test_a_service_that_is_missing_is_answered_for(placement: Topology) -> None:
    """An application without it is a smaller application, not a mistake."""
    assert await plan(placement, picnic(None)) == GUESS


@simulated
async def test_a_service_that_another_process_should_host_is_answered_for() -> None:
    """It may come later."""
    async with running(picnic(), services=["picnic"]) as app:
        assert await app.client(Picnic).plan() == "a guess for picnic, None"


@on_every_topology
@simulated
async def test_a_service_that_is_unavailable_is_answered_for(placement: Topology) -> None:
    """As it says itself."""
    assert await plan(placement, picnic(raising(Unavailable(service="sky", reason="clouds")))) == GUESS


@on_every_placement
@simulated
async def test_a_service_that_is_too_slow_is_answered_for(placement: Placement) -> None:
    """After the time that the dependency gives it."""
    answer = await plan(placement, picnic(hang))

    assert answer == GUESS
    assert asyncio.get_running_loop().time() == pytest.approx(2.0)


@on_every_placement
@simulated
async def test_a_service_that_drains_is_answered_for(placement: Placement) -> None:
    """It takes no new calls."""
    async with placement.running(picnic()) as app:
        await app.instances["weather"].drain(1)
        answer = await app.client(Picnic).plan()

    assert answer == "a guess for picnic, None"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SoldOut(), InternalError),
        (Forbidden(reason="no"), InternalError),
        (KeyError("a bug"), InternalError),
    ],
    ids=["declared", "platform", "failure"],
)
@on_every_topology
@simulated
async def test_every_other_answer_of_the_service_stands(
    placement: Topology, error: Exception, told: type[Problem]
) -> None:
    """A fallback hides an outage, not a bug or a refusal (which the picnic does not declare, so it fails)."""
    with pytest.raises(told):
        await plan(placement, picnic(raising(error)))


@on_every_topology
@simulated
async def test_a_stream_that_does_not_begin_is_answered_for(placement: Topology) -> None:
    """Before the first item everything is still open."""
    async with placement.running(picnic(hang)) as app:
        assert await app.client(Picnic).plans() == ["a guess", "a guess"]


@on_every_placement
@simulated
async def test_a_fallback_has_the_last_of_the_caller_s_time(placement: Placement) -> None:
    """A fifth of it is kept, but no more than a second: whoever hangs does not take all of it."""
    async with placement.running(picnic(hang)) as app:
        current.set(Context(deadline_at=1.0))
        answer = await app.client(Picnic).plan()

    assert answer == "a guess for picnic, None"
    assert asyncio.get_running_loop().time() == pytest.approx(0.8)


@simulated
async def test_a_fallback_that_hangs_is_answered_in_time() -> None:
    """It has a deadline like everything else."""

    class Fog(Almanac):
        async def today(self) -> str:
            return await hang()

    class _LostService(Service, Picnic, owner="tests"):
        weather: Weather = depends(fallback=Fog, timeout_s=2)

        async def plan(self) -> str:
            return await self.weather.today()

        async def plans(self) -> list[str]:
            return []

    async with running(Application("lost", services=[_LostService])) as app:
        with pytest.raises(DeadlineExceeded):
            await app.client(Picnic).plan()


async def test_a_blocking_fallback_runs_in_the_threads_of_the_service() -> None:
    """And ends with them."""

    class Archive(Almanac):
        @blocking
        def today(self) -> str:
            return threading.current_thread().name

    class _ReaderService(Service, Picnic, owner="tests"):
        weather: Weather = depends(fallback=Archive)

        async def plan(self) -> str:
            return await self.weather.today()

        async def plans(self) -> list[str]:
            return []

    async with running(Application("reader", services=[_ReaderService])) as app:
        name = await app.client(Picnic).plan()

    assert name.startswith("atoll-blocking")


@simulated
async def test_a_fallback_has_the_default_time_where_nobody_has_set_any() -> None:
    """A call from outside, without a deadline, through a fallback that never answers: ten seconds, not for ever."""

    class Never:
        """Hangs."""

        async def today(self) -> str:
            await asyncio.Event().wait()
            return "never"

        async def days(self) -> AsyncIterator[str]:
            await asyncio.Event().wait()
            yield "never"

    class AloneService(Service, Picnic, owner="tests"):
        weather: Weather = depends(fallback=Never)

        async def plan(self) -> str:
            return await self.weather.today()

        async def plans(self) -> list[str]:
            return [day async for day in self.weather.days()]

    async with running(Application("alone", services=[AloneService])) as app:
        service = app.instances["picnic"].service
        assert isinstance(service, AloneService)
        for asked in (service.plan, service.plans):
            begun_at = asyncio.get_running_loop().time()
            with pytest.raises(DeadlineExceeded):
                await asked()
            assert asyncio.get_running_loop().time() - begun_at == pytest.approx(10)
