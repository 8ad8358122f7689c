"""Traces, logs and stories as the pages are told of them."""

import math
import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.requests import Request

from atoll.console.guarding import Facts, Refused
from atoll.console.sessions import Session
from atoll.edge import Threads
from atoll.seeing import LEVELS, KeptLine, LogSearch, Span, Telemetry, TraceSearch, level_name

LIMIT_MAX = 1_000
NUMBER_MAX = 2**62


class SeenApi:
    """What is asked of the telemetry. It is read in threads: a search may take its time."""

    def __init__(self, telemetry: Telemetry, threads: Threads) -> None:
        self._telemetry = telemetry
        self._threads = threads

    async def traces(self, request: Request, _: Session) -> Facts:
        """Traces that fit a search, the last first."""
        asked = request.query_params
        search = TraceSearch(
            service=asked.get("service", ""),
            name=asked.get("name", ""),
            key=asked.get("key", ""),
            outcome=asked.get("outcome", ""),
            is_failed=asked.get("failed", "") not in ("", "0"),
            duration_min_s=number(asked, "min_ms", 0.0) / 1e3,
            since=number(asked, "since", 0.0),
            until=number(asked, "until", float("inf")),
            limit=limit(asked, 50),
            with_turns=asked.get("turns", "") not in ("", "0"),
        )
        found = await self._threads.run(self._telemetry.traces, search)
        lost = await self._threads.run(self._telemetry.lost)
        return {
            "traces": [
                {
                    "trace_id": f"{each.trace_id:032x}",
                    "started_at": each.started_at,
                    "duration_ms": each.duration_s * 1e3,
                    "service": each.service,
                    "name": each.name,
                    "key": each.key,
                    "outcome": each.outcome,
                    "spans": each.spans,
                    "errors": each.errors,
                    "services": each.services,
                }
                for each in found
            ],
            "lost": {"traces": lost.traces, "missed_bytes": lost.missed_bytes},
        }

    async def trace(self, request: Request, _: Session) -> Facts:
        """One trace, with what was logged in it."""
        trace_id = trace_of(request.path_params["trace_id"])
        found = await self._threads.run(self._telemetry.trace, trace_id)
        if not found.spans and not found.lines:
            detail = "nothing is kept of this trace: it was never here, was left out, or is too old"
            raise Refused(HTTPStatus.NOT_FOUND, "no_such_trace", detail)
        spans, lines = [span_facts(each) for each in found.spans], [line_facts(each) for each in found.lines]
        return {"trace_id": f"{trace_id:032x}", "spans": spans, "lines": lines}

    async def logs(self, request: Request, _: Session) -> Facts:
        """Lines of all logs that fit a search."""
        asked = request.query_params
        level = asked.get("level", "")
        search = LogSearch(
            service=asked.get("service", ""),
            level=_level(level),
            trace_id=trace_of(asked["trace"]) if asked.get("trace") else 0,
            text=asked.get("text", ""),
            since=number(asked, "since", 0.0),
            until=number(asked, "until", float("inf")),
            after=_after(asked),
            limit=limit(asked, 200),
        )
        found = list(await self._threads.run(self._telemetry.logs, search))
        found.sort(key=lambda kept: (kept.line.at, kept.number), reverse=search.after is None)  # as they were written
        return {"lines": [line_facts(each) for each in found]}

    async def story(self, key: str) -> Facts:
        """What happened to a key."""
        found = await self._threads.run(self._telemetry.story, key)
        spans = [span_facts(each) for each in found.spans]
        return {"key": key, "spans": spans, "lines": [line_facts(each) for each in found.lines]}


def span_facts(span: Span) -> Facts:
    """A span for the pages."""
    return {
        "trace_id": f"{span.trace_id:032x}",
        "span_id": f"{span.span_id:016x}",
        "parent_id": f"{span.parent_id:016x}" if span.parent_id else "",
        "kind": span.kind,
        "service": span.service,
        "name": span.name,
        "caller": span.caller,
        "started_at": span.started_at,
        "duration_ms": span.duration_s * 1e3,
        "outcome": span.outcome,
        "attempt": span.attempt,
        "degraded": span.degraded,
        "met": span.met,
        "key": span.key,
        "tenant": span.tenant,
    }


def line_facts(kept: KeptLine) -> Facts:
    """A line of a log for the pages."""
    line = kept.line
    return {
        "number": kept.number,
        "process": kept.process,
        "at": line.at,
        "level": level_name(line.level),
        "logger": line.logger,
        "message": line.message,
        "service": line.service,
        "trace_id": f"{line.trace_id:032x}" if line.trace_id else "",
        "span_id": f"{line.span_id:016x}" if line.span_id else "",
        "error": line.error,
        "more": msgspec.json.decode(line.more) if line.more else {},
    }


def number(asked: Mapping[str, str], name: str, usual: float) -> float:
    """A number in a query.

    Raises:
        Refused: it is none.
    """
    given = asked.get(name, "")
    if not given:
        return usual
    try:
        said = float(given)
    except ValueError:
        said = math.nan
    if math.isnan(said):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", f"{name} is no number: {given!r}")
    return said


def _level(name: str) -> int:
    """The least level of lines; all where none is named."""
    if name and name not in LEVELS:
        detail = f"there is no level {name!r}: {', '.join(LEVELS)}"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail)
    return LEVELS.get(name, 0)


def limit(asked: Mapping[str, str], usual: int) -> int:
    """How many are asked for, at most `LIMIT_MAX`."""
    return int(max(1, min(LIMIT_MAX, number(asked, "limit", usual))))


def _after(asked: Mapping[str, str]) -> int | None:
    """The number of the line that was seen last, within what a database can count to."""
    return int(max(0, min(NUMBER_MAX, number(asked, "after", 0)))) if asked.get("after") else None


def trace_of(text: str) -> int:
    """A trace id as it is written.

    Raises:
        Refused: it is none.
    """
    if re.fullmatch("[0-9a-fA-F]{1,32}", text) is None:
        detail = f"{text!r} is no trace: it has 32 hexadecimal digits"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", detail)
    return int(text, 16)
