"""Streamed answers: a handler's generator as lines of JSON, closed once, however the stream ends."""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from atoll.calls.isolation import isolated
from atoll.calls.ports import Lines
from atoll.contract import BrokenContract, Invalid, Operation, Problem, arrived, to_wire

_log = logging.getLogger("atoll.calls")

_PREFIX = b'{"$problem":'


class Stream:
    """The lines of one streamed answer. Owns the handler's generator.

    `told` turns an error into what the reader is told of it, and logs it; `ended` is called once, with the outcome.
    """

    def __init__(
        self,
        items: AsyncGenerator[Any, None],  # Any: items of any type
        variables: contextvars.Context,
        encode: Callable[[Any], bytes],  # Any: see above
        told: Callable[[Exception], tuple[Problem, bytes]],
        ended: Callable[[str], None],
    ) -> None:
        self._items = items
        self._variables = variables
        self._encode = encode
        self._told = told
        self._ended = ended
        self._outcome: str | None = None
        self._first: bytes | None = None

    async def begin(self) -> None:
        """Wait for the first item; what is raised before it is raised here, and the generator is closed."""
        try:
            self._first = await self._encoded()
        except BaseException:
            await self._release()
            raise

    async def __anext__(self) -> bytes:
        """The next line; the last one tells of a problem where there was one."""
        if self._outcome is not None:
            raise StopAsyncIteration
        line, self._first = self._first, None
        if line is None:
            try:
                line = await self._encoded()
            except Exception as error:  # noqa: BLE001  # foreign code: whatever a handler raises ends its stream
                problem, body = self._told(error)
                await self._close(problem.code)
                return _PREFIX + body + b"}"
        if line is None:
            await self._close("ok")
            raise StopAsyncIteration
        return line

    async def aclose(self) -> None:
        """End the work behind the stream; nothing happens the second time."""
        await self._close("closed")

    async def _encoded(self) -> bytes | None:
        """The next item as JSON; None when there is none."""
        try:
            return self._encode(await isolated(self._variables, self._items.__anext__(), _task()))
        except StopAsyncIteration:
            return None

    async def _close(self, outcome: str) -> None:
        if self._outcome is not None:
            return
        self._outcome = outcome
        try:
            await self._release()
        except Exception as error:  # noqa: BLE001  # foreign code: the handler's own clean-up
            self._told(error)  # logged; the reader has its lines, or has gone
        finally:
            self._ended(outcome)

    async def _release(self) -> None:
        await isolated(self._variables, self._items.aclose(), _task())


class CheckedLines:
    """The lines of another stream, for a reader that cannot check them itself: each fits the contract, or is the last.

    The last one tells of `BrokenContract` then, and the other stream is closed.
    """

    def __init__(self, lines: Lines, operation: Operation, trace_id: str) -> None:
        self._lines = lines
        self._operation = operation
        self._trace_id = trace_id
        self._broken = False

    async def __anext__(self) -> bytes:
        """The next line."""
        if self._broken:
            raise StopAsyncIteration
        line = await self._lines.__anext__()
        if problem_in(line) is None:
            try:
                check(self._operation, line)
            except BrokenContract as problem:
                self._broken = True
                await self._lines.aclose()
                return _PREFIX + to_wire(problem, self._trace_id) + b"}"
        return line

    async def aclose(self) -> None:
        """Close the other stream."""
        await self._lines.aclose()


def check(operation: Operation, body: bytes) -> None:
    """Read an answer only to see whether it fits.

    Raises:
        BrokenContract: it does not.
    """
    assert operation.codec is not None
    try:
        operation.codec.decode(body)
    except Invalid as invalid:
        raise broken(operation, invalid) from None


def broken(operation: Operation, invalid: Invalid) -> BrokenContract:
    """What to raise about an answer that does not fit; logged here, where it is noticed."""
    problem = arrived(BrokenContract(operation=operation.id, errors=invalid.faults))
    _log.error("%s", problem)
    return problem


def problem_in(line: bytes) -> bytes | None:
    """The problem that a stream's last line tells of, as JSON; None for the line of an item.

    >>> problem_in(b'{"$problem":{"code":"gone"}}')
    b'{"code":"gone"}'
    """
    return line[len(_PREFIX) : -1] if line.startswith(_PREFIX) else None


def _task() -> asyncio.Task[Any]:  # Any: a task of any result
    task = asyncio.current_task()
    assert task is not None
    return task
