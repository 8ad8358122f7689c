"""What can be seen of an application: records of calls and logs that carry the trace."""

from atoll.telemetry.logs import configure_logging
from atoll.telemetry.record import CallRecord, MemoryRecorder, Recorder

__all__ = ["CallRecord", "MemoryRecorder", "Recorder", "configure_logging"]
