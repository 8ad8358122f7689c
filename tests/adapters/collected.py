"""Processes that write rings, and others that collect them: real ones, forked, which can be killed anywhere."""

import itertools
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from atoll.adapters.draining import Draining
from atoll.adapters.rings import RingWriter
from atoll.adapters.telemetry_schema import ring_paths
from atoll.telemetry import LogLine, Sample, Sampling, Span, encode_line, encode_sample, encode_span

KEEPS_ALL = Sampling(traces_per_s=1e9, traces_at_once=1e9)
PATIENT = Sampling(traces_per_s=0, traces_at_once=0, idle_s=1e6)
"""What tells nothing waits until it is closed."""


class Rings:
    """The two rings of a process. Owned by the test."""

    def __init__(self, state: Path, name: str = "scoring-1", blocks: int = 8) -> None:
        self.paths = ring_paths(state, name, os.getpid())
        self._spans, self._lines = (RingWriter(path, name, blocks) for path in self.paths)
        self.why_not = self._spans.why_not or self._lines.why_not

    def span(self, span: Span) -> None:
        """Write a span."""
        self._spans.write(encode_span(span, 0.0))

    def line(self, line: LogLine) -> None:
        """Write a line."""
        self._lines.write(encode_line(line))

    def line_among_spans(self, line: LogLine) -> None:
        """Write a line into the ring of spans: a ring may hold anything."""
        self._spans.write(encode_line(line))

    def sample(self, sample: Sample) -> None:
        """Write a sample."""
        self._lines.write(encode_sample(sample))

    def raw(self, content: bytes) -> None:
        """Write anything."""
        self._spans.write(content)
        self._lines.write(content)

    def close(self) -> None:
        """End as a process does."""
        self._spans.close()
        self._lines.close()


def span(trace_id: int, span_id: int = 1, outcome: str = "ok") -> Span:
    """A span."""
    return Span("scoring.score", "capture", trace_id, span_id, 0, float(span_id), 0.001, outcome, service="scoring")


def line(number: int) -> LogLine:
    """A line that says its number."""
    return LogLine(float(number), 20, "scoring", str(number), "scoring")


def forked(work: Callable[[], object]) -> int:
    """A process of its own that does some work, and ends."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the test runner stay behind: none is needed
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def killed(child: int) -> None:
    """End a process as the kernel does when there is no memory."""
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def collected_and_killed(state: Path, calls: int) -> None:
    """Collect in a process of its own, which is killed when it has called so many functions, or at its end."""
    child = forked(lambda: _collect_and_die(state, calls))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _collect_and_die(state: Path, calls: int) -> None:
    counted = itertools.count()

    def count(frame: FrameType, event: str, arg: object) -> None:
        if next(counted) >= calls:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.setprofile(count)
        draining = Draining(state, sampling=PATIENT)
        draining.collect()
        draining.collect()
    finally:
        os.kill(os.getpid(), signal.SIGKILL)
