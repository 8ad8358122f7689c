"""Logs that carry the trace: a line for people on a terminal, JSON for machines elsewhere."""

import logging

import msgspec

from atoll.kernel import context


class TraceFilter(logging.Filter):
    """Writes the current trace id and the calling service on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `trace_id` and `caller`; never drops a record."""
        now = context()
        record.trace_id = now.trace.id if now.trace.trace_id else ""
        record.caller = now.caller
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, trace_id, and the error where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, object] = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace_id := getattr(record, "trace_id", ""):
            line["trace_id"] = trace_id
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class TextFormatter(logging.Formatter):
    """A line for people: time, level, message, and the first digits of the trace."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        trace_id = getattr(record, "trace_id", "")
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname.lower():<7} {record.name}: {record.getMessage()}"
        if trace_id:
            line += f"  [trace {trace_id}]"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure_logging(*, json: bool, level: int = logging.INFO) -> None:
    """Send all logs of this process to standard error, as JSON or as text."""
    handler = logging.StreamHandler()
    handler.addFilter(TraceFilter())
    handler.setFormatter(JsonFormatter() if json else TextFormatter())
    logging.basicConfig(handlers=[handler], level=level, force=True)
