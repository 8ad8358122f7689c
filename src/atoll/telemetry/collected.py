"""What a collector hands on, to the store and to exporters."""

from collections.abc import Callable, Sequence

import msgspec

from atoll.telemetry.record import LogLine, Span
from atoll.telemetry.wire import Sample


class Kept(msgspec.Struct, frozen=True):
    """What was collected of one process and is kept: its spans, its lines, its last sample if there is a new one.

    Spans of one trace may come in several of these, and in any order.
    """

    process: str
    spans: Sequence[Span] = ()
    lines: Sequence[LogLine] = ()
    sample: Sample | None = None


Sink = Callable[[Sequence[Kept]], None]
"""Takes what is kept, on the thread of whoever collects. Promises to be quick and never to raise.

Spans may be handed over again after a collector was killed: whoever must not double them looks at their ids.
"""
