"""What can be seen of an application: records of its work, figures, and logs that carry the trace."""

from atoll.telemetry.arranging import Placed, arranged
from atoll.telemetry.collected import Kept, Sink
from atoll.telemetry.exporting import Exporter, OtlpTarget, otlp_target
from atoll.telemetry.exposition import FORMS, Exposition, Form, expose
from atoll.telemetry.figures import BOUNDS_S, Figure, Figures, Track
from atoll.telemetry.journal import Journal, JournalHandler
from atoll.telemetry.logs import configure_logging
from atoll.telemetry.looking import (
    KeptLine,
    KeptTrace,
    LogSearch,
    Lost,
    ProcessFigures,
    Story,
    Telemetry,
    TraceSearch,
    TraceSummary,
)
from atoll.telemetry.nothing import NothingKept
from atoll.telemetry.rates import Rate, rates, together
from atoll.telemetry.record import LEVELS, Kind, LogLine, Span, level_name, outcome_of
from atoll.telemetry.recorder import MemoryRecorder, Recorder
from atoll.telemetry.sampling import Sampler, Sampling
from atoll.telemetry.wire import Gauge, Record, Sample, decode, encode_line, encode_sample, encode_span, glance

__all__ = [
    "BOUNDS_S",
    "FORMS",
    "LEVELS",
    "Exporter",
    "Exposition",
    "Figure",
    "Figures",
    "Form",
    "Gauge",
    "Journal",
    "JournalHandler",
    "Kept",
    "KeptLine",
    "KeptTrace",
    "Kind",
    "LogLine",
    "LogSearch",
    "Lost",
    "MemoryRecorder",
    "NothingKept",
    "OtlpTarget",
    "Placed",
    "ProcessFigures",
    "Rate",
    "Record",
    "Recorder",
    "Sample",
    "Sampler",
    "Sampling",
    "Sink",
    "Span",
    "Story",
    "Telemetry",
    "TraceSearch",
    "TraceSummary",
    "Track",
    "arranged",
    "configure_logging",
    "decode",
    "encode_line",
    "encode_sample",
    "encode_span",
    "expose",
    "glance",
    "level_name",
    "otlp_target",
    "outcome_of",
    "rates",
    "together",
]
