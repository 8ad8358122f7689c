"""What the commands that look have in common: ids and moments as people write them, and records as JSON."""

import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click
import msgspec

from atoll.cli.words import moment
from atoll.seeing import KeptLine, Span, TraceSummary, level_name

F = TypeVar("F", bound=Callable[..., Any])  # Any: commands of every signature

_SPANS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def now() -> float:
    """This moment, in seconds since 1970."""
    return time.time()  # a person's own terminal, beside no service


class Moment(click.ParamType[float]):
    """A moment: how long ago (`90s`, `15m`, `2h`, `1d`), or when (`2026-11-26T10:00`, in one's own time)."""

    name = "moment"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds since 1970."""
        if not isinstance(value, str):
            return value
        if found := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd])", value.strip()):
            return now() - float(found[1]) * _SPANS[found[2]]
        try:
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            fix = "write 90s, 15m, 2h or 1d for how long ago, or 2026-11-26T10:00"
            self.fail(f"{value!r} is no moment: {fix}", param, ctx)


class TraceId(click.ParamType[int]):
    """A trace: 32 hexadecimal digits."""

    name = "trace"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if not isinstance(value, str):
            return value
        if not re.fullmatch(r"[0-9a-fA-F]{1,32}", value.strip()):
            fix = "it has 32 hexadecimal digits, as `atoll traces` and logs show them"
            self.fail(f"{value!r} is no trace: {fix}", param, ctx)
        return int(value.strip(), 16)


def since_option(command: F) -> F:
    """Let a command take `--since`."""
    return click.option("--since", type=Moment(), metavar="WHEN", help="Not before: 15m, 2h, 1d, or a moment.")(command)


def shown_id(number: int) -> str:
    """A trace id as people see it."""
    return f"{number:032x}"


def span_facts(span: Span) -> dict[str, Any]:  # Any: values of all columns
    """A span for programs."""
    facts: dict[str, Any] = msgspec.to_builtins(span)  # Any: as above
    return facts | {
        "trace_id": shown_id(span.trace_id),
        "span_id": f"{span.span_id:016x}",
        "parent_id": f"{span.parent_id:016x}" if span.parent_id else None,
        "started_at": moment(span.started_at),
        "duration_ms": round(facts.pop("duration_s") * 1e3, 3),
    }


def trace_facts(trace: TraceSummary) -> dict[str, Any]:  # Any: as above
    """A trace for programs."""
    facts: dict[str, Any] = msgspec.to_builtins(trace)  # Any: as above
    return facts | {
        "trace_id": shown_id(trace.trace_id),
        "started_at": moment(trace.started_at),
        "duration_ms": round(facts.pop("duration_s") * 1e3, 3),
    }


def line_facts(kept: KeptLine) -> dict[str, Any]:  # Any: as above
    """A line of a log for programs."""
    line = kept.line
    return {
        "number": kept.number,
        "at": moment(line.at),
        "level": level_name(line.level),
        "process": kept.process,
        "service": line.service,
        "logger": line.logger,
        "message": line.message,
        "trace_id": shown_id(line.trace_id) if line.trace_id else None,
        "error": line.error or None,
        "more": msgspec.Raw(line.more.encode()) if line.more else None,
    }


def duration(seconds: float) -> str:
    """How long something took, for people.

    >>> duration(0.00042), duration(0.0123), duration(3.2), duration(75)
    ('0.42 ms', '12.3 ms', '3.2 s', '75 s')
    """
    if seconds < 1.0:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"  # digits enough to compare
