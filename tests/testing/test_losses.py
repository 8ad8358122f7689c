"""`check_degradation`: what keeps its promise passes, and each way to break it is found."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import pytest

from atoll import Application, Service, Unavailable, contract, depends, get
from atoll.testing import Loss, PromiseBroken, check_degradation
from atoll.topology import Running


@contract(version="1.0")
class Tides(Protocol):
    """What is lost."""

    @get("/next")
    async def next(self) -> int:
        """When the tide is high."""
        ...


@contract(version="1.0")
class Harbour(Protocol):
    """What goes on."""

    @get("/plan")
    async def plan(self) -> str:
        """When to leave."""
        ...


class TidesService(Service, Tides, owner="tests"):
    """Knows the tides."""

    async def next(self) -> int:
        return 6


class Almanac:
    """Guesses."""

    async def next(self) -> int:
        return 12


Plan = Callable[[Tides], Awaitable[str]]


async def ask(tides: Tides) -> str:
    """The usual way."""
    return f"leave at {await tides.next()}"


def harbour(plan: Plan = ask, *, with_fallback: bool = True) -> Application:
    """A harbour that plans like this."""

    class WithFallback(Service, Harbour, owner="tests"):
        tides: Tides = depends(fallback=Almanac)

        async def plan(self) -> str:
            return await plan(self.tides)

    class Without(Service, Harbour, owner="tests"):
        tides: Tides

        async def plan(self) -> str:
            return await plan(self.tides)

    return Application("port", services=[TidesService, WithFallback if with_fallback else Without])


async def exercise(app: Running) -> None:
    """What users do."""
    await app.client(Harbour).plan()


def test_a_fallback_that_answers_keeps_the_promise() -> None:
    """In time, and it is written down; what is wrong is nobody's degradation."""
    lost = check_degradation(harbour(), exercise)

    assert [(each.how, each.outcome, each.degraded) for each in lost] == [
        (Loss.DEAD, "ok", True),
        (Loss.HUNG, "ok", True),
        (Loss.SLOW, "ok", True),
        (Loss.WRONG, "internal_error", False),
    ]
    assert all(each.after_s <= 10.0 for each in lost)


def test_without_a_fallback_the_answer_is_a_plain_one_in_time() -> None:
    """Whoever asks knows that it cannot be had now."""
    lost = check_degradation(harbour(with_fallback=False), exercise)

    assert [each.outcome for each in lost] == [
        "unavailable",
        "deadline_exceeded",
        "deadline_exceeded",
        "internal_error",
    ]


async def _fail(tides: Tides) -> str:
    try:
        return await ask(tides)
    except Unavailable:
        raise KeyError("nobody has thought of that") from None


async def _wait(tides: Tides) -> str:
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(ask(tides))), 1)
    except (Unavailable, TimeoutError):
        await asyncio.sleep(20)
        return "late"


async def _forget(tides: Tides) -> str:
    del tides
    return "leave now"


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (_fail, "harbour without tides \\(dead\\): it came to `internal_error`"),
        (_wait, "harbour without tides \\(dead\\): "),
        (_forget, "the exercise never uses this dependency"),
    ],
    ids=["fails", "waits", "forgets"],
)
def test_a_broken_promise_is_found(plan: Plan, told: str) -> None:
    """The control: what does not cope, or is not asked, does not pass."""
    with pytest.raises(PromiseBroken, match=told):
        check_degradation(harbour(plan, with_fallback=False), exercise, within_s=5.0)


def test_a_fallback_that_hangs_is_found() -> None:
    """The control of the fallback itself."""

    class Never:
        async def next(self) -> int:
            await asyncio.Event().wait()
            return 0

    class Lost(Service, Harbour, owner="tests"):
        tides: Tides = depends(fallback=Never)

        async def plan(self) -> str:
            return await ask(self.tides)

    with pytest.raises(PromiseBroken, match="its fallback should have answered"):
        check_degradation(Application("port", services=[TidesService, Lost]), exercise)
