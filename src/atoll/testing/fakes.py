"""Fakes: of another service through its contract, and of the ports."""

import asyncio
import base64
import random
import types
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from atoll.adapters.system import uuid_7
from atoll.contract import ResultForm, contract_of

T = TypeVar("T")


def fake(protocol: Callable[..., T], **answers: Any) -> T:  # Any: results, problems, or functions that give them
    """Something that fulfils a contract with given answers: `fake(Enrichment, company="Acme")`.

    An answer is a result, an exception to raise, a function of the operation's arguments, or for a stream a list of
    items. An operation without an answer fails the test that calls it.

    Raises:
        Mistakes: the class is no contract.
        TypeError: an answer is for an operation that the contract does not have.
    """
    contract = contract_of(protocol)
    unknown = answers.keys() - {operation.name for operation in contract.operations}
    if unknown:
        raise TypeError(f"{contract.name} has no operation {', '.join(sorted(unknown))}")

    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        for operation in contract.operations:
            answer = answers.get(operation.name, _missing(operation.id))
            streams = operation.form is ResultForm.STREAM
            namespace[operation.name] = _stream(answer) if streams else _handler(answer)

    return cast(T, types.new_class(f"Fake{contract.protocol.__name__}", (contract.protocol,), exec_body=fill)())


def _missing(operation: str) -> AssertionError:
    return AssertionError(f"{operation} was called, but the fake has no answer for it")


def _handler(answer: Any) -> Callable[..., Any]:  # Any: see fake
    async def handler(_: object, *args: object, **kwargs: object) -> Any:  # Any: see fake
        return _given(answer, args, kwargs)

    return handler


def _stream(answer: Any) -> Callable[..., Any]:  # Any: see fake
    async def handler(_: object, *args: object, **kwargs: object) -> AsyncIterator[Any]:  # Any: see fake
        for item in _given(answer, args, kwargs):
            yield item

    return handler


def _given(answer: Any, args: tuple[object, ...], kwargs: dict[str, object]) -> Any:  # Any: see fake
    if isinstance(answer, BaseException):
        raise answer
    return answer(*args, **kwargs) if isinstance(answer, types.FunctionType | types.MethodType) else answer


class SettableClock:
    """A clock that stands still until it is set, or follows the running loop's time from a fixed beginning."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        """The moment that was set."""
        return self._now

    def monotonic(self) -> float:
        """The running loop's time; zero outside of one."""
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return 0.0

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by


class LoopClock:
    """A clock whose wall time is the loop's time since a fixed beginning: virtual where the loop's time is."""

    def __init__(self, beginning: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._beginning = beginning

    def now(self) -> datetime:
        """The beginning and the loop's time after it."""
        return self._beginning + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """The running loop's time."""
        return asyncio.get_running_loop().time()


class SeededEntropy:
    """Chance that a seed repeats. Not for secrets, and says so in its tokens."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def bits(self, count: int) -> int:
        """A number of `count` bits."""
        return self._random.getrandbits(count)

    def uuid(self) -> uuid.UUID:
        """A UUID of version 7 from a fixed moment; later ones sort later."""
        return uuid_7(1_700_000_000_000 + self._count(), self.bits(74))

    def token(self) -> str:
        """A token from the seed."""
        return "test-" + base64.urlsafe_b64encode(self._random.randbytes(24)).decode()

    def random(self) -> random.Random:
        """A generator seeded from here."""
        return random.Random(self.bits(64))

    def _count(self) -> int:
        self._counted = getattr(self, "_counted", 0) + 1
        return self._counted


class MemoryDisk:
    """A disk in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.private: set[str] = set()

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None."""
        return self.files.get(name)

    def write(self, name: str, content: bytes, *, private: bool = False) -> None:
        """Replace a file's content."""
        self.files[name] = content
        (self.private.add if private else self.private.discard)(name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        self.files.pop(name, None)

    def location(self, name: str) -> str:
        """A name for messages."""
        return f"memory:{name}"
