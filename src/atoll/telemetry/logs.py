"""Logs that carry the trace: a line for people on a terminal, JSON for machines elsewhere."""

import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from atoll.kernel import context

_STANDARD = frozenset({*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"})
"""What every record has; anything beside it was given as `extra`."""


class TraceFilter(logging.Filter):
    """Writes the current trace id and the calling service on each record that does not bring its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add `trace_id` and `caller`; never drops a record."""
        now = context()
        if "trace_id" not in record.__dict__:
            record.trace_id = now.trace.id if now.trace.trace_id else ""
        if "caller" not in record.__dict__:
            record.caller = now.caller
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC, RFC 3339), level, logger, message, what else there is to say of it.

    That is `trace_id`, `caller`, what was given as `extra` under its own names, and `error` with its traceback.
    Whatever is no plain value is written as its `repr`, so that a record masks what is personal and no line is ever
    lost. `name` is the process's, where several write to one place: it stands under `process`.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._name = name

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._name:
            line["process"] = self._name
        for name, value in _extra(record):
            line.setdefault(name, value)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return _json(line)


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""Line ends and what terminals obey; a tab is harmless."""


class TextFormatter(logging.Formatter):
    """A line for people: time, level, the process's name where it has one, logger, message, and the trace."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._label = f"{name} " if name else ""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        time, level = self.formatTime(record, "%H:%M:%S"), record.levelname.lower()
        message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], record.getMessage())  # one line, and no orders to it
        line = f"{time} {level:<7} {self._label}{record.name}: {message}"
        if trace_id := getattr(record, "trace_id", ""):
            line += f"  [trace {trace_id}]"
        if record.exc_info:
            line += f"\n{self.formatException(record.exc_info)}"
        if record.stack_info:
            line += f"\n{self.formatStack(record.stack_info)}"
        return line


def configure_logging(*, json: bool, level: int = logging.INFO, name: str = "") -> None:
    """Send all logs of this process to standard error, as JSON or as text; each line says its `name`, if it has one."""
    handler = logging.StreamHandler()
    handler.addFilter(TraceFilter())
    handler.setFormatter(JsonFormatter(name) if json else TextFormatter(name))
    logging.basicConfig(handlers=[handler], level=level, force=True)


def extra_json(record: logging.LogRecord) -> str:
    """What was given as `extra`, as a JSON object; empty where nothing was. The trace is not among it."""
    given = {name: value for name, value in _extra(record) if name not in ("trace_id", "caller", "service")}
    return _json(given) if given else ""


def _extra(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    for name, value in record.__dict__.items():
        if name not in _STANDARD and value is not None and not (isinstance(value, str) and not value):
            yield name, value


def _json(line: dict[str, object]) -> str:
    return msgspec.json.encode({_text(name): _plain(value) for name, value in line.items()}).decode()


def _plain(value: object) -> object:
    """A value that JSON has a word for; a record as its `repr`, which masks what is personal."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if value.bit_length() < 64 else hex(value)
    if isinstance(value, float):
        return float(value)
    return _text(value if isinstance(value, str | UUID | date) else repr(value))


def _text(value: object) -> str:
    """Text without lone surrogates, which UTF-8 has no bytes for."""
    return str(value).encode(errors="backslashreplace").decode()
