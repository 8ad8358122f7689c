"""For those who look at an application: its traces, logs and figures, from all of its processes, as they are kept.

The verbs `top`, `traces`, `trace`, `logs` and `story` are written with these, and with nothing else. Processes may run
meanwhile, or not: what they have recorded is in the state folder.
"""

from atoll.adapters.telemetry_reading import KeptTelemetry
from atoll.telemetry import (
    LEVELS,
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
    level_name,
    rates,
    together,
)

__all__ = [
    "LEVELS",
    "Figure",
    "Gauge",
    "KeptLine",
    "KeptTelemetry",
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
    "level_name",
    "rates",
    "together",
]
