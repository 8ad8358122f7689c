"""Who collects: one thread of one process for each state folder, for as long as it holds a lock."""

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from atoll.adapters.draining import Draining
from atoll.adapters.locks import locked
from atoll.adapters.telemetry_schema import telemetry_folder
from atoll.adapters.telemetry_store import SIZE_BYTES_MAX
from atoll.telemetry import Sampling, Sink

AGAIN_S = 2.0
"""How often one who waits looks whether the other is gone."""
BUSY_S, USUAL_S, IDLE_S = 0.1, 0.25, 1.0
_BUSY = 500
CLOSE_S = 10.0

_log = logging.getLogger("atoll.telemetry")


class Collector:
    """Collects the telemetry of all processes of a state folder, where nobody else does; owns its thread.

    `sinks` get what is kept as well, on that thread.
    """

    def __init__(
        self,
        state: Path,
        *,
        sinks: Sequence[Sink] = (),
        sampling: Sampling | None = None,
        size_bytes_max: int = SIZE_BYTES_MAX,
        again_s: float = AGAIN_S,
    ) -> None:
        self._state = state
        self._sinks = sinks
        self._sampling = sampling
        self._size_bytes_max = size_bytes_max
        self._again_s = again_s
        self._lock: ExitStack | None = None
        self._is_told = False
        self._ends = threading.Event()
        self._collects = threading.Event()
        self._thread = threading.Thread(target=self._run, name="atoll-collector", daemon=True)

    def start(self) -> bool:
        """Collect from now on; whether nobody else does. It takes over when the other is gone."""
        is_first = self._take()
        self._thread.start()
        return is_first

    @property
    def collects(self) -> bool:
        """Whether it is the one that collects, now."""
        return self._lock is not None

    def wait_until_it_collects(self, timeout_s: float) -> bool:
        """Wait until it is the one that collects; whether it is."""
        return self._collects.wait(timeout_s)

    def close(self) -> None:
        """Collect once more, and end; waits at most `CLOSE_S` for that."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)
        elif self._lock is not None:  # it was never started
            self._release()

    def _run(self) -> None:
        while not self._ends.is_set() and not self._take():
            self._ends.wait(self._again_s)
        if self._lock is None:
            return
        try:
            self._collect()
        finally:
            self._release()

    def _collect(self) -> None:
        draining = Draining(
            self._state, sinks=self._sinks, sampling=self._sampling, size_bytes_max=self._size_bytes_max
        )
        self._collects.set()
        wait_s = USUAL_S
        while not self._ends.wait(0.0 if draining.is_behind else wait_s):
            count = draining.collect()
            wait_s = BUSY_S if count > _BUSY else USUAL_S if count else min(wait_s * 1.5, IDLE_S)
        draining.close()

    def _take(self) -> bool:
        """Take the lock, if nobody has it."""
        if self._lock is not None:
            return True
        lock = ExitStack()
        try:
            path = telemetry_folder(self._state) / "collector.lock"
            path.touch(mode=0o600)
            lock.enter_context(locked(path, 0))
        except TimeoutError:
            return False
        except OSError as error:
            if not self._is_told:
                self._is_told = True
                _log.error("telemetry cannot be collected: %s; it is tried again, see to the folder", error)
            return False
        self._lock = lock
        return True

    def _release(self) -> None:
        lock, self._lock = self._lock, None
        self._collects.clear()
        if lock is not None:
            lock.close()
