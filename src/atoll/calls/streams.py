"""Streamed answers: a handler's generator as lines of JSON, closed once, however the stream ends."""

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

from atoll.calls.ports import Lines
from atoll.contract import BrokenContract, Invalid, Operation, Problem, arrived, to_wire
from atoll.kernel import Tasks

_log = logging.getLogger("atoll.calls")

_PREFIX = b'{"$problem":'

CLOSE_S = 5.0
"""How long a handler may take to clean up after its stream, before its reader goes on without it."""

Asked = asyncio.Future[bytes | None]
"""One wish for a line; None says that there are no more."""


class Stream:
    """The lines of one streamed answer. Owns the handler's generator, and the task in which it runs.

    A generator that stops at `yield` inside `asyncio.timeout` or a `TaskGroup` can be cancelled at any time by what it
    has left behind: its task must not be its reader's. An item is made when it is asked for, not before.

    `told` turns an error into what the reader is told of it, and logs it; `ended` is called once, with the outcome;
    `cut` says why the generator's task may have been cancelled.
    """

    def __init__(
        self,
        items: AsyncGenerator[Any, None],  # Any: items of any type
        encode: Callable[[Any], bytes],  # Any: see above
        told: Callable[[Exception], tuple[Problem, bytes]],
        ended: Callable[[str], None],
        cut: Callable[[], Exception],
    ) -> None:
        self._items = items
        self._encode = encode
        self._told = told
        self._ended = ended
        self._cut = cut
        self._asked: asyncio.Queue[Asked] = asyncio.Queue(1)
        self._task: asyncio.Task[None] | None = None
        self._ready: list[bytes | None] = []
        self._is_closing = False
        self._outcome: str | None = None

    async def begin(self, tasks: Tasks, variables: contextvars.Context, name: str) -> None:
        """Wait for the first item; what is raised before it is raised here, and the generator is closed."""
        self._task = tasks.spawn(self._produce(), name, awaited=True, variables=variables)
        try:
            self._ready.append(await self._next())
        except BaseException:
            await self._release()
            raise

    async def __anext__(self) -> bytes:
        """The next line; the last one tells of a problem where there was one."""
        if self._outcome is not None:
            raise StopAsyncIteration
        try:
            line = self._ready.pop() if self._ready else await self._next()
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

    async def _next(self) -> bytes | None:
        asked: Asked = asyncio.get_running_loop().create_future()
        self._asked.put_nowait(asked)
        return await asked

    async def _produce(self) -> None:
        """Make an item for each wish, in the generator's own task and context."""
        asked: Asked | None = None
        try:
            while True:
                asked = None
                try:
                    asked = await self._asked.get()
                except asyncio.CancelledError as cancelled:
                    if self._is_closing:
                        raise
                    # It is meant for the generator, which left a timeout or a group of tasks open at its `yield`.
                    line = self._encode(await self._items.athrow(cancelled))
                else:
                    line = self._encode(await self._items.__anext__())
                await self._tell(asked, line)
        except StopAsyncIteration:
            await self._tell(asked, None)
        except asyncio.CancelledError:
            if self._is_closing:
                raise
            await self._tell(asked, self._cut())
        except (Exception, BaseExceptionGroup, SystemExit) as error:  # noqa: BLE001  # foreign code, see __anext__
            await self._tell(asked, error if isinstance(error, Exception) else RuntimeError(repr(error)))
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await self._clean_up()

    async def _tell(self, asked: Asked | None, made: bytes | Exception | None) -> None:
        """Fulfil a wish, or the next one where none is open; whoever wished may have gone."""
        asked = asked or await self._asked.get()
        if asked.done():
            return
        if isinstance(made, Exception):
            asked.set_exception(made)
        else:
            asked.set_result(made)

    async def _clean_up(self) -> None:
        try:
            await self._items.aclose()
        except (Exception, BaseExceptionGroup, SystemExit) as error:  # noqa: BLE001  # foreign code: the handler's own clean-up
            self._told(RuntimeError(f"while its stream was closed: {error!r}"))  # logged; the reader has its lines

    async def _close(self, outcome: str) -> None:
        if self._outcome is not None:
            return
        self._outcome = outcome
        try:
            await self._release()
        finally:
            self._ended(outcome)

    async def _release(self) -> None:
        assert self._task is not None
        self._is_closing = True
        self._task.cancel()
        _, pending = await asyncio.wait({self._task}, timeout=CLOSE_S)
        if pending:
            _log.warning("%s did not end within %.1f s after its stream was closed", self._task.get_name(), CLOSE_S)


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
        if problem_in(line) is not None:
            return line
        try:
            return checked(self._operation, line)
        except BrokenContract as problem:
            self._broken = True
            await self._lines.aclose()
            return told_in_stream(problem, self._trace_id)

    async def aclose(self) -> None:
        """Close the other stream."""
        await self._lines.aclose()


def checked(operation: Operation, body: bytes) -> bytes:
    """An answer as its contract has it: read, and written again without what the contract does not declare.

    That of an open operation stays as it came.

    Raises:
        BrokenContract: it does not fit.
    """
    assert operation.codec is not None
    try:
        result = operation.codec.decode(body)
        return body if operation.is_open else operation.codec.encode(result)
    except Invalid as invalid:
        raise broken(operation, invalid) from None


def broken(operation: Operation, invalid: Invalid) -> BrokenContract:
    """What to raise about an answer that does not fit; logged here, where it is noticed."""
    problem = arrived(BrokenContract(operation=operation.id, errors=invalid.faults))
    _log.error("%s", problem)
    return problem


def told_in_stream(problem: Problem, trace_id: str | None) -> bytes:
    """The last line of a stream that ends with a problem."""
    return _PREFIX + to_wire(problem, trace_id) + b"}"


def problem_in(line: bytes) -> bytes | None:
    """The problem that a stream's last line tells of, as JSON; None for the line of an item.

    >>> problem_in(b'{"$problem":{"code":"gone"}}')
    b'{"code":"gone"}'
    """
    return line[len(_PREFIX) : -1] if line.startswith(_PREFIX) else None
