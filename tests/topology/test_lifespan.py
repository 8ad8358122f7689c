"""The life of an application: start, readiness, drain, stop; whatever goes wrong, everything ends."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from atoll import Application, Service, Unavailable, contract, get
from atoll.service import State
from atoll.testing import running
from atoll.topology import Running
from tests.placements import SINGLE, Placement, on_every_placement
from tests.simulated import simulated


@contract(version="1.0")
class Cellar(Protocol):
    """Depends on nobody."""

    @get("/wine", timeout_s=60)
    async def wine(self, after_s: float = 0) -> str:
        """A bottle, after a while."""
        ...

    @get("/bottles")
    def bottles(self) -> AsyncIterator[str]:
        """One bottle a second."""
        ...


@contract(version="1.0")
class Kitchen(Protocol):
    """Depends on the cellar."""

    @get("/meal", timeout_s=60)
    async def meal(self, after_s: float = 0) -> str:
        """A meal with wine, after a while."""
        ...


@contract(version="1.0")
class Hall(Protocol):
    """Depends on both."""

    @get("/evening", timeout_s=60)
    async def evening(self) -> str:
        """All of it."""
        ...


seen: list[str] = []


class Told(Service):
    """Writes down what happens to it."""

    async def _step(self, step: str) -> None:
        name = type(self).__name__.lower().removeprefix("_").removesuffix("service")
        seen.append(f"{name} {step}")
        fault = faults.get(f"{name} {step}", 0.0)
        if isinstance(fault, Exception):
            raise fault
        await asyncio.sleep(fault)

    async def start(self) -> None:
        """As a service does."""
        await self._step("start")

    async def ready(self) -> bool:
        """As a service does."""
        await self._step("ready")
        return True

    async def drain(self) -> None:
        """As a service does."""
        await self._step("drain")

    async def stop(self) -> None:
        """As a service does."""
        await self._step("stop")


faults: dict[str, Exception | float] = {}
"""What goes wrong in which step: an error, or how long it takes."""


@pytest.fixture(autouse=True)
def _forget() -> None:
    seen.clear()
    faults.clear()


class _HallService(Told, Hall, owner="tests"):
    kitchen: Kitchen
    cellar: Cellar

    async def evening(self) -> str:
        return f"{await self.kitchen.meal()}, {await self.cellar.wine()}"


class _KitchenService(Told, Kitchen, owner="tests"):
    cellar: Cellar

    async def meal(self, after_s: float = 0) -> str:
        await asyncio.sleep(after_s)
        return f"a meal with {await self.cellar.wine()}"


class _CellarService(Told, Cellar, owner="tests"):
    async def wine(self, after_s: float = 0) -> str:
        await asyncio.sleep(after_s)
        return "wine"

    async def bottles(self) -> AsyncIterator[str]:
        while True:
            yield "bottle"
            await asyncio.sleep(1)


HOUSE = Application("house", services=[_HallService, _KitchenService, _CellarService])


@on_every_placement
@simulated
async def test_callees_start_first_and_stop_last(placement: Placement) -> None:
    """So that whoever starts or drains can call whom it declares."""
    async with placement.running(HOUSE) as app:
        assert await app.client(Hall).evening() == "a meal with wine, wine"
        started = list(seen)

    assert started == ["cellar start", "kitchen start", "hall start"]
    assert seen[3:] == ["hall drain", "hall stop", "kitchen drain", "kitchen stop", "cellar drain", "cellar stop"]


@simulated
async def test_a_service_that_does_not_start_stops_what_was_started() -> None:
    """In reverse, and itself first: its start may have taken something."""
    faults["hall start"] = OSError("no chairs")

    with pytest.raises(OSError, match="no chairs") as caught:
        async with running(HOUSE):
            pass

    assert caught.value.__notes__ == ["The service `hall` did not start."]
    assert seen[3:] == ["hall stop", "kitchen drain", "kitchen stop", "cellar drain", "cellar stop"]


@simulated
async def test_the_error_of_a_start_is_told_whatever_the_stops_say(caplog: pytest.LogCaptureFixture) -> None:
    """The first error is the cause; the others are in the log."""
    faults["hall start"] = OSError("no chairs")
    faults["hall stop"] = ValueError("a")
    faults["kitchen stop"] = ValueError("b")

    with pytest.raises(OSError, match="no chairs"):
        async with running(HOUSE):
            pass

    assert seen[-1] == "cellar stop"
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["a", "b"]


@simulated
async def test_a_service_that_takes_for_ever_to_start_is_given_up() -> None:
    """Every wait has a deadline."""
    faults["kitchen start"] = 1e6

    with pytest.raises(TimeoutError, match=r"the service `kitchen` took longer than 60 s to start"):
        async with running(HOUSE):
            pass

    assert seen[-1] == "cellar stop"


@simulated
async def test_an_error_of_one_stop_does_not_keep_the_others_from_stopping() -> None:
    """And is told when all have ended."""
    faults["hall drain"] = ValueError("first")
    faults["kitchen stop"] = ValueError("second")

    with pytest.raises(ValueError, match="first"):
        async with running(HOUSE):
            pass

    assert seen[3:] == ["hall drain", "hall stop", "kitchen drain", "kitchen stop", "cellar drain", "cellar stop"]


@simulated
async def test_an_error_in_the_block_goes_on_whatever_the_stops_say() -> None:
    """Who ran the application wants to know its own error."""
    faults["kitchen stop"] = ValueError("second")

    with pytest.raises(KeyError):
        async with running(HOUSE):
            raise KeyError

    assert seen[-1] == "cellar stop"


@simulated
async def test_a_stop_that_takes_for_ever_is_given_up() -> None:
    """The others have to end all the same."""
    faults["kitchen stop"] = 1e6

    with pytest.raises(TimeoutError, match=r"the service `kitchen` took longer than 10 s to stop"):
        async with running(HOUSE):
            pass

    assert seen[-1] == "cellar stop"


@simulated
async def test_a_drain_that_is_not_through_in_time_is_cut_off_and_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As a call is that does not end: an edge with an open stream at Ctrl-C ended one process with a traceback."""
    faults["kitchen drain"] = 1e6

    async with running(HOUSE):
        pass

    assert seen[-1] == "cellar stop"
    assert "the service `kitchen` took longer than" in caplog.text


@simulated
async def test_a_cancelled_stop_stops_everything_before_it_goes_on() -> None:
    """Somebody is in a hurry: no more draining, but still an orderly end."""
    faults["hall drain"] = 5.0

    async def work() -> None:
        async with running(HOUSE):
            entered.set()

    entered = asyncio.Event()
    working = asyncio.ensure_future(work())
    await entered.wait()
    await asyncio.sleep(1)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert seen[-1] == "cellar stop"
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)


@on_every_placement
@simulated
async def test_calls_in_progress_are_waited_for_and_new_ones_refused(placement: Placement) -> None:
    """Draining: what was begun is finished."""
    async with placement.running(HOUSE) as app:
        kitchen = app.client(Kitchen)
        begun = asyncio.ensure_future(kitchen.meal(after_s=4))
        await asyncio.sleep(1)
        draining = asyncio.ensure_future(app.instances["kitchen"].drain(60))
        await asyncio.sleep(1)
        with pytest.raises(Unavailable, match="it is stopping"):
            await kitchen.meal()
        await draining
        drained_at = asyncio.get_running_loop().time()
        answer = await begun

    assert answer == "a meal with wine"
    assert drained_at == pytest.approx(4.0)


@on_every_placement
@simulated
async def test_an_application_that_ends_finishes_what_it_has_begun(placement: Placement) -> None:
    """Callers drain first, so that their callees are still there."""
    async with placement.running(HOUSE) as app:
        begun = asyncio.ensure_future(app.client(Kitchen).meal(after_s=4))
        await asyncio.sleep(1)

    assert await begun == "a meal with wine"


@on_every_placement
@simulated
async def test_draining_gives_up_after_its_limit(placement: Placement, caplog: pytest.LogCaptureFixture) -> None:
    """One limit for the whole application, not one for each service."""
    async with placement.running(HOUSE) as app:
        begun = asyncio.ensure_future(app.client(Kitchen).meal(after_s=50))
        also = asyncio.ensure_future(app.client(Cellar).wine(after_s=50))
        await asyncio.sleep(1)
    ended_at = asyncio.get_running_loop().time()
    outcomes = await asyncio.gather(begun, also, return_exceptions=True)

    assert ended_at == pytest.approx(11.0, abs=0.1)
    assert [record.message for record in caplog.records if "did not end" in record.message] == [
        "kitchen: 1 calls did not end within 10.0 s",
        "cellar: 1 calls did not end within 0.0 s",
    ]
    assert isinstance(outcomes[0], Unavailable), "it still wanted the cellar"
    if placement is SINGLE:  # it runs on, as nothing in the process has ended it
        assert outcomes[1] == "wine"
    else:
        assert isinstance(outcomes[1], Unavailable), "the connection ended with the server"


@on_every_placement
@simulated
async def test_an_open_stream_is_a_call_in_progress(placement: Placement) -> None:
    """Draining waits for it, and gives up on it, too; then its reader is told that there would have been more."""
    async with placement.running(HOUSE) as app:
        reading = asyncio.ensure_future(_read(app))
        await asyncio.sleep(3.5)
        assert app.instances["cellar"].dispatcher is not None
        assert app.instances["cellar"].dispatcher.active == 1
    ended_at = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable, match="before the stream had ended"):
        await reading

    assert ended_at == pytest.approx(13.5, abs=0.1)


async def _read(app: Running) -> None:
    async for _ in app.client(Cellar).bottles():
        pass


@simulated
async def test_readiness_is_one_s_own_state() -> None:
    """Before the start, after it, while draining."""
    async with running(HOUSE) as app:
        started = await app.ready()
        await app.instances["hall"].drain(1)
        draining = await app.ready()

    assert started == {"cellar": True, "kitchen": True, "hall": True}
    assert draining == {"cellar": True, "kitchen": True, "hall": False}
    assert await app.ready() == {}


@pytest.mark.parametrize("fault", [ValueError("no"), 1e6], ids=["error", "hangs"])
@simulated
async def test_an_instance_that_cannot_say_that_it_is_ready_is_not(
    fault: Exception | float, caplog: pytest.LogCaptureFixture
) -> None:
    """A probe is answered in time, whatever the service does."""
    async with running(HOUSE) as app:
        faults["kitchen ready"] = fault
        answers = await app.ready()

    assert answers == {"cellar": True, "kitchen": False, "hall": True}
    assert "kitchen could not say whether it is ready" in caplog.text


@simulated
async def test_a_service_can_call_its_dependencies_while_it_starts() -> None:
    """They are there already."""

    class _EarlyService(Service, Hall, owner="tests"):
        kitchen: Kitchen

        async def start(self) -> None:
            seen.append(await self.kitchen.meal())

        async def evening(self) -> str:
            return "early"

    async with running(Application("early", services=[_EarlyService, _KitchenService, _CellarService])):
        pass

    assert "a meal with wine" in seen


@simulated
async def test_a_call_to_an_application_that_has_ended_is_unavailable() -> None:
    """A client may outlive it."""
    async with running(HOUSE) as app:
        cellar = app.client(Cellar)

    with pytest.raises(Unavailable):
        await cellar.wine()


@simulated
async def test_the_state_of_an_instance_says_where_it_is() -> None:
    """From start to stop."""
    async with running(HOUSE) as app:
        instance = app.instances["hall"]
        states = [instance.state]
        await instance.drain(1)
        states.append(instance.state)

    assert [*states, instance.state] == [State.STARTED, State.DRAINING, State.STOPPED]


@simulated
async def test_nothing_is_logged_by_a_life_without_trouble(caplog: pytest.LogCaptureFixture) -> None:
    """The control of all of the above."""
    with caplog.at_level(logging.INFO):
        async with running(HOUSE) as app:
            await app.client(Hall).evening()

    assert not caplog.records
