"""Telemetry of an application that keeps none."""

from collections.abc import Sequence

from atoll.telemetry.looking import (
    KeptLine,
    KeptTrace,
    LogSearch,
    Lost,
    ProcessFigures,
    Story,
    TraceSearch,
    TraceSummary,
)
from atoll.telemetry.wire import Sample


class NothingKept:
    """Answers every question with nothing. Fulfils `Telemetry`."""

    def traces(self, search: TraceSearch) -> Sequence[TraceSummary]:
        """None."""
        return ()

    def trace(self, trace_id: int) -> KeptTrace:
        """An empty one."""
        return KeptTrace((), ())

    def logs(self, search: LogSearch) -> Sequence[KeptLine]:
        """None."""
        return ()

    def story(self, key: str, *, spans_max: int = 2_000) -> Story:
        """An empty one."""
        return Story(key, (), ())

    def processes(self) -> Sequence[ProcessFigures]:
        """None."""
        return ()

    def history(self, since: float) -> Sequence[tuple[str, Sample]]:
        """None."""
        return ()

    def lost(self) -> Lost:
        """Nothing."""
        return Lost()
