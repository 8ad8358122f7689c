"""For those who look at an application: its traces, logs and figures, from all of its processes, as they are kept.

The verbs `top`, `traces`, `trace`, `logs` and `story` are written with these, and with nothing else. Processes may run
meanwhile, or not: what they have recorded is in the state folder.
"""

from pathlib import Path

from atoll.telemetry import (
    Figure,
    Gauge,
    KeptLine,
    KeptTrace,
    Kind,
    LogLine,
    LogSearch,
    Lost,
    Placed,
    ProcessFigures,
    Rate,
    Sample,
    Span,
    Story,
    Telemetry,
    TraceSearch,
    TraceSummary,
    arranged,
    rates,
)

__all__ = [
    "Figure",
    "Gauge",
    "KeptLine",
    "KeptTrace",
    "Kind",
    "LogLine",
    "LogSearch",
    "Lost",
    "Placed",
    "ProcessFigures",
    "Rate",
    "Sample",
    "Span",
    "Story",
    "Telemetry",
    "TraceSearch",
    "TraceSummary",
    "arranged",
    "kept_telemetry",
    "rates",
]


def kept_telemetry(state: Path) -> Telemetry:
    """What is kept in a state folder; nothing is, until something has run there."""
    from atoll.adapters.telemetry_store import KeptTelemetry  # noqa: PLC0415  # loads SQLite, for those who look alone

    return KeptTelemetry(state)
