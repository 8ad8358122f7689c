"""Takes the dependencies of an application away, one after the other, and sees whether the rest keeps its promise.

The promise is declared: what has a fallback is answered from it, and says so; what has none is `Unavailable` or
`DeadlineExceeded`, in time. All of it in virtual time, so that a dependency that hangs costs the test nothing.
"""

import asyncio
import dataclasses
import enum
from collections.abc import Awaitable, Callable, Sequence

from atoll.calls import TIMEOUT_S, Again, LocalTransport, Request, Response
from atoll.contract import Contract, DeadlineExceeded, InternalError, Problem, Unavailable, to_wire
from atoll.service import Application, Dependency
from atoll.telemetry import MemoryRecorder, Span
from atoll.testing.running import running, test_world
from atoll.testing.simulation import simulate
from atoll.topology import Running
from atoll.topology.loading import load_units

Exercise = Callable[[Running], Awaitable[object]]
"""Calls the application as its users do."""

SLOW_S = 3_600.0
"""How much later a slow dependency answers: long after everybody's deadline."""

LATE_S = 0.05
"""How much later than the deadline an answer may be there."""


class Loss(enum.StrEnum):
    """How a dependency can be lost."""

    DEAD = "dead"
    """Nobody listens."""
    HUNG = "hung"
    """It takes the request, and never answers."""
    SLOW = "slow"
    """It answers, when nobody waits any more."""
    WRONG = "wrong"
    """It answers at once, with what is not in its contract."""


@dataclasses.dataclass(frozen=True, slots=True)
class Lost:
    """What became of one exercise while a service could not reach one of its dependencies.

    `outcome` is `ok` or the code of the problem, `after_s` how long it took, `degraded` whether the records say so.
    """

    caller: str
    target: str
    how: Loss
    outcome: str
    after_s: float
    degraded: bool


class PromiseBroken(AssertionError):
    """The application does not keep what it promises for the loss of a dependency; each case is a line."""


def check_degradation(
    application: Application, exercise: Exercise, *, within_s: float = TIMEOUT_S, seed: int = 0
) -> tuple[Lost, ...]:
    """What becomes of `exercise` without each dependency that a service of the application declares.

    Each case runs in a simulated world of its own: the dependency is dead, hung, slow, and wrong. `exercise` calls what
    needs the dependencies, and must use each of them. It has to come to its end `within_s` (virtual seconds):

    - with a fallback it ends well, and the records say that it was degraded;
    - without one it ends well or with `Unavailable` or `DeadlineExceeded`;
    - where the dependency answers wrongly, it ends well or with any problem;
    - and nobody works on any call any more.

    Raises:
        PromiseBroken: something else happened; it names each case.
    """
    units, _ = load_units(application, None)
    broken: list[str] = []
    lost: list[Lost] = []
    for unit in units:
        for dependency in unit.declaration.dependencies if unit.declaration else ():
            for how in Loss:
                case = _Case(application, exercise, unit.name, dependency, how, within_s)
                found, wrong = simulate(case.run, seed)
                lost.append(found)
                place = f"{unit.name} without {dependency.contract.id} ({how}): "
                broken += [place + each for each in wrong]
    if broken:
        raise PromiseBroken("\n".join(["the application does not keep its promise:", *broken]))
    return tuple(lost)


@dataclasses.dataclass(frozen=True, slots=True)
class _Case:
    application: Application
    exercise: Exercise
    caller: str
    dependency: Dependency
    how: Loss
    within_s: float

    async def run(self) -> tuple[Lost, list[str]]:
        """What became of it, and what is wrong with that."""
        taken: list[_Taken] = []

        def network(answering: LocalTransport, contracts: Sequence[Contract]) -> "_Taken":
            del contracts
            taken.append(_Taken(answering, self.caller, self.dependency.contract.id, self.how))
            return taken[0]

        recorder = MemoryRecorder()
        world = dataclasses.replace(test_world(), network=network)
        async with running(self.application, world=world, recorder=recorder) as app:
            loop = asyncio.get_running_loop()
            begun_at = loop.time()
            problem: Problem | None = None
            try:
                await self.exercise(app)
            except Problem as met:
                problem = met
            after_s = loop.time() - begun_at
            await asyncio.sleep(LATE_S)
            active = [name for name, instance in app.instances.items() if instance.active]
        degraded = any(self._is_about(each) for each in recorder.records)
        outcome = "ok" if problem is None else problem.code
        found = Lost(self.caller, self.dependency.contract.id, self.how, outcome, after_s, degraded)
        wrong = [f"{name} still worked on a call afterwards" for name in active]
        if not taken[0].met:
            wrong.append("the exercise never uses this dependency: call what needs it")
        else:
            wrong += self._wrong(found, problem)
        return found, wrong

    def _is_about(self, record: Span) -> bool:
        return any(operation.startswith(f"{self.dependency.contract.id}.") for operation in record.degraded)

    def _wrong(self, found: Lost, problem: Problem | None) -> list[str]:
        wrong: list[str] = []
        if found.after_s > self.within_s + LATE_S:
            wrong.append(f"it took {found.after_s:g} s, not {self.within_s:g}")
        if self.how is Loss.WRONG:
            return wrong
        if self.dependency.fallback is not None:
            if problem is not None:
                wrong.append(f"its fallback should have answered, and it came to `{problem.code}`: {problem}")
            elif not found.degraded:
                wrong.append("no record says that the answer was degraded")
        elif isinstance(problem, InternalError) or not isinstance(problem, Unavailable | DeadlineExceeded | None):
            wrong.append(f"it came to `{found.outcome}`, neither `unavailable` nor `deadline_exceeded`: {problem}")
        return wrong


class _Taken:
    """A network on which one service cannot reach another one as it should."""

    def __init__(self, inner: LocalTransport, caller: str, target: str, how: Loss) -> None:
        self._inner = inner
        self._caller = caller
        self._target = target
        self._how = how
        self.met = 0

    async def send(self, request: Request) -> Response:
        """The answer, unless it is the one that was taken away."""
        if request.context.caller != self._caller or request.operation.service != self._target:
            return await self._inner.send(request)
        self.met += 1
        if self._how is Loss.DEAD:
            problem = Unavailable(service=self._target, reason="the test has taken it away")
            return Response(problem.status, to_wire(problem, request.context.trace.id), again=Again.ANYWAY)
        if self._how is Loss.HUNG:
            await asyncio.Event().wait()
        if self._how is Loss.SLOW:
            await asyncio.sleep(SLOW_S)
            return await self._inner.send(request)
        if request.operation.is_streamed:
            return Response(200, stream=_Garbage())
        return Response(200, b"garbage")

    async def close(self) -> None:
        """Nothing is held here."""


class _Garbage:
    """A stream whose first line is in no contract."""

    def __init__(self) -> None:
        self._lines = [b"garbage"]

    async def __anext__(self) -> bytes:
        if not self._lines:
            raise StopAsyncIteration
        return self._lines.pop()

    async def aclose(self) -> None:
        """Nothing is behind it."""
