"""A simulated world: an event loop whose time is virtual, so that hours pass in milliseconds and a seed repeats a run.

Nothing here waits: when nobody can go on, time jumps to the next timer. Threads are simulated too: blocking work runs
by itself, at a moment that the seed decides. There is no outside: what asks for a socket, a pipe or a process is told
so. What a seed cannot repeat is the order of a set, and `asyncio.wait` answers with sets.
"""

import asyncio
import functools
import random
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

THREAD_S = 0.01
"""Blocking work begins within this time, in virtual seconds."""
GRACE_S = 3_600.0
"""How much longer the clean-up of a run that came to no end may take, in virtual seconds."""

_OUTSIDE = """
    add_reader add_signal_handler add_writer connect_accepted_socket connect_read_pipe connect_write_pipe
    create_connection create_datagram_endpoint create_server create_unix_connection create_unix_server getaddrinfo
    getnameinfo sendfile sock_accept sock_connect sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into sock_sendall
    sock_sendfile sock_sendto start_tls subprocess_exec subprocess_shell
""".split()


class Deadlock(RuntimeError):
    """The simulated world would wait for ever: nobody can go on and no timer is set, or the time limit is reached."""


class OutsideWorld(RuntimeError):
    """Something in a simulated world reached for the real one, which no seed could repeat."""


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop with virtual time, beginning at zero. The seed decides when blocking work begins."""

    def __init__(self, seed: int = 0, limit_s: float = 86_400.0) -> None:
        self._virtual_s = 0.0
        self._limit_s = limit_s
        self._working_s = 0.0
        self._is_working = False
        self._chance = random.Random(seed)
        self._thread = threading.get_ident()
        super().__init__(_TimelessSelector(self._jump))

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._virtual_s + self._working_s

    def spend(self, seconds: float) -> None:
        """Say that the code that runs takes this long, without waiting.

        On the loop it holds up everybody; in a thread only who waits for its result.
        """
        if self._is_working:
            self._working_s += seconds
        else:
            self._virtual_s += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> "asyncio.Future[T]":  # quoted: as in typeshed
        """Run blocking work at once, begun after a moment; its result is there after the time that it spends."""
        del executor  # no thread is needed
        future: asyncio.Future[T] = self.create_future()
        self.call_later(self._chance.random() * THREAD_S, lambda: self._work(future, lambda: func(*args)))
        return future

    def _work(self, future: "asyncio.Future[T]", func: Callable[[], T]) -> None:
        if future.cancelled():
            return
        self._is_working = True
        asyncio._set_running_loop(None)  # noqa: SLF001  # made for authors of loops: a thread has none
        try:
            deliver = functools.partial(future.set_result, func())
        except BaseException as error:  # noqa: BLE001  # foreign code: whoever waits for it is told, as by an executor
            deliver = functools.partial(future.set_exception, error)
        finally:
            asyncio._set_running_loop(self)  # noqa: SLF001  # made for authors of loops: see above
            spent_s, self._working_s, self._is_working = self._working_s, 0.0, False
        self.call_later(spent_s, lambda: None if future.cancelled() else deliver())

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As `call_soon`: there are no threads here.

        Raises:
            OutsideWorld: a thread of the real world calls.
        """
        if threading.get_ident() != self._thread:
            name = threading.current_thread().name
            raise OutsideWorld(f"the thread {name} calls into a simulated world: run blocking work with @blocking")
        return self.call_soon(callback, *args, context=context)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Nothing to do: nothing ever ran in an executor."""

    def _jump(self, timeout_s: float | None) -> None:
        """Nobody can go on for `timeout_s`: let this time pass."""
        if timeout_s is None:
            raise Deadlock("\n".join(["every task waits, and no timer is set:", *self._waiting()]))
        if self._virtual_s + timeout_s > self._limit_s:
            said = f"the work has come to no end within {self._limit_s:g} virtual seconds:"
            self._limit_s += GRACE_S
            raise Deadlock("\n".join([said, *self._waiting()]))
        self._virtual_s += timeout_s

    def _waiting(self) -> Iterator[str]:
        """Each task with the line at which it waits, in the order of their names."""
        for task in sorted(asyncio.all_tasks(self), key=lambda task: task.get_name()):
            frames = task.get_stack()
            at = f" at {frames[-1].f_code.co_filename}:{frames[-1].f_lineno}" if frames else ""
            yield f"  {task.get_name()} waits{at}"


def _refusing(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OutsideWorld(f"{name}() reaches out of a simulated world: use a fake, or a transport in memory")

    return refuse


for _name in _OUTSIDE:
    setattr(SimulatedLoop, _name, _refusing(_name))


class _TimelessSelector(selectors.DefaultSelector):
    """Waits for nothing: it lets virtual time pass instead."""

    def __init__(self, jump: Callable[[float | None], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._jump(timeout)
        return []


def simulate(
    work: Callable[[], Coroutine[Any, Any, T]],  # Any: a coroutine's own send types
    seed: int = 0,
    limit_s: float = 86_400.0,
) -> T:
    """The result of `work`, run to its end in virtual time, of which it may take `limit_s`.

    >>> async def a_long_night() -> str:
    ...     await asyncio.sleep(8 * 3600)
    ...     return "good morning"
    >>> simulate(a_long_night)
    'good morning'

    Raises:
        Deadlock: everybody waits for ever.
    """
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(seed, limit_s)) as runner:
        return runner.run(work())
