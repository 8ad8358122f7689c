"""What each attempt at a delivery passes first: the breaker of its subscription, and the process's doorkeeper.

Nobody waits for the answer of a delivery, and it is in a log: where a call would be refused, a delivery waits. So the
breaker makes one attempt at a time out of those of all lanes, while what the handlers need is out of reach; and a
process that has too much to do does what others wait for.
"""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType

from atoll.contract import Overloaded, Problem, RateLimited
from atoll.events.delivery import Fenced, NotNow
from atoll.events.suspects import Deadly
from atoll.kernel import AtollError, Criticality
from atoll.resilience import Doorkeeper, Switch

_log = logging.getLogger("atoll.events")

BUSY_S = 0.05
"""How long a lane waits, at most, before it asks a doorkeeper again: a process that has time is not to notice."""

FINDING_OUT_S = 0.1
"""How long a lane waits, at most, while others find out whether what they need is within reach again."""


class Admission:
    """The way to the attempts of one subscription. `chance` is from 0 to 1.

    All lanes of an instance pass here; the doorkeeper is the one of the whole process.
    """

    __slots__ = ("_breaker", "_chance", "_doorkeeper", "_names", "_time")

    def __init__(
        self, names: tuple[str, str], breaker: Switch, doorkeeper: Doorkeeper, chance: Callable[[], float]
    ) -> None:
        self._names = names
        self._breaker = breaker
        self._doorkeeper = doorkeeper
        self._chance = chance
        self._time = asyncio.get_running_loop().time

    def passage(self, event_type: str | None) -> "Passage | None":
        """The way to one attempt that is made now; None where it has to wait.

        `event_type` is of what is delivered: None where how long that takes says nothing, as with several at once.
        """
        now = self._time()
        is_probe = not self._breaker.is_closed
        if is_probe and not self._breaker.admits(now):
            return None
        if not self._doorkeeper.admits(Criticality.BACKGROUND, now, is_patient=True):
            if is_probe:
                self._breaker.left()
            return None
        return Passage(self, now, event_type, is_probe)

    @property
    def openness(self) -> float:
        """How far the breaker is open: 0 where it is closed, 1 where nothing is delivered, and between where one is."""
        return 0.0 if self._breaker.is_closed else 1.0 if self._breaker.shut_s(self._time()) else 0.5

    def wait_s(self) -> float:
        """For how long to wait before one asks again, where there was no way: not all at once."""
        if self._breaker.is_closed:
            return BUSY_S * self._chance()
        shut_s = self._breaker.shut_s(self._time())
        return shut_s + FINDING_OUT_S * (0.5 + self._chance() / 2)

    def ended(self, passage: "Passage", error: BaseException | None) -> None:
        """An attempt has ended: its time is told where it went well, and what it says of what handlers need."""
        now = self._time()
        is_well = error is None and passage.is_used
        has_time = is_well and passage.event_type is not None
        self._doorkeeper.ended((self._names, passage.event_type), now - passage.begun_at if has_time else None)
        if error is not None and is_failure(error):
            self._failed(now, is_probe=passage.is_probe)
        elif not is_well and (error is None or says_nothing(error)):
            if passage.is_probe:
                self._breaker.left()
        elif passage.is_probe:
            self._proved(now)
        else:
            self._breaker.succeeded(now)

    def _failed(self, now: float, *, is_probe: bool) -> None:
        """Tell the breaker, and the log where that has opened it: not each time that it opens again."""
        breaker = self._breaker
        if is_probe:
            breaker.probed(now, is_well=False)
            return
        was_closed = breaker.is_closed
        breaker.failed(now)
        if was_closed and not breaker.is_closed:
            said = "%s: most reactions to %s found out of reach what they need; they wait %.1f s, then one finds out"
            _log.warning(said, *self._names, breaker.shut_s(now))

    def _proved(self, now: float) -> None:
        """Tell the breaker that an attempt went well which was to find out, and the log where that has closed it."""
        was_closed = self._breaker.is_closed  # another one was quicker
        self._breaker.probed(now, is_well=True)
        if self._breaker.is_closed and not was_closed:
            _log.info("%s: reactions to %s find again what they need", *self._names)


class Passage:
    """The way to one attempt, which is made inside of its `with` block."""

    __slots__ = ("_admission", "begun_at", "event_type", "is_probe", "is_used")

    def __init__(
        self, admission: Admission, begun_at: float, event_type: str | None, is_probe: bool
    ) -> None:  # made in one place, for each delivery
        self._admission = admission
        self.begun_at = begun_at
        self.event_type = event_type
        self.is_probe = is_probe
        self.is_used = True
        """False where no attempt was made after all: how it ends says nothing then."""

    def __enter__(self) -> None:
        """The attempt begins."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """The attempt has ended."""
        self._admission.ended(self, error)


def is_out_of_reach(error: BaseException) -> bool:
    """Whether what the handler needs is not there now: no fault of the message, so that its place is kept."""
    return isinstance(error, AtollError | Problem) and error.retryable


def asked_s(error: BaseException) -> float:
    """For how long whoever was told of an event asks to be left alone."""
    return error.retry_after_s if isinstance(error, NotNow) else 0.0


def is_failure(error: BaseException) -> bool:
    """Whether an error says that what the handler needs cannot answer, or not in time.

    Whoever says when to come again can answer, and has too much to do: to leave it alone altogether would be worse.
    """
    if isinstance(error, Overloaded | RateLimited) or (isinstance(error, NotNow) and error.retry_after_s):
        return False
    return is_out_of_reach(error) or isinstance(error, TimeoutError)


def says_nothing(error: BaseException) -> bool:
    """Whether an error that is no failure is no answer either: with the last two no handler has had its say."""
    return isinstance(error, Overloaded | RateLimited | NotNow | Fenced | Deadly) or not isinstance(error, Exception)
