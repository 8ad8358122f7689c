"""Spans and lines of logs as lines of text: what a thing is in words, when it was, how it ended."""

import re
from datetime import UTC, datetime

from rich.text import Text

from atoll.seeing import KeptLine, Kind, Span, level_name

LEVEL_STYLES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red", "critical": "bold red"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

PALETTE = ("cyan", "magenta", "blue", "green", "yellow", "bright_cyan", "bright_magenta", "bright_blue")


def plain(text: str) -> str:
    """Text on one line, that gives a terminal no orders."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def colour_of(service: str) -> str:
    """The colour of a service: always the same one."""
    return PALETTE[sum(service.encode()) % len(PALETTE)]


def clock(seconds: float) -> str:
    """The time of day, in one's own time, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]


def said_of(span: Span) -> str:
    """What a span is, in words."""
    match span.kind:
        case Kind.PUBLISHED:
            return f"published {span.name}"
        case Kind.DELIVERY:
            return f"reacted to {span.name}"
        case Kind.ASKED:
            return f"asked for {span.name}"
        case Kind.TURN:
            return f"did {span.name}, as it does again and again"
        case Kind.CALL if span.name.partition(".")[0] != span.service:
            return f"let in {span.name}"
        case Kind.CALL:
            return f"answered {span.name}" + (f" for {span.caller}" if span.caller else "")
        case Kind.INNER:
            return span.name


def ended(span: Span) -> Text:
    """How it ended, and what else there is to say; nothing where all went as usual."""
    text = Text()
    if not span.is_well:
        text.append(f"  {plain(span.outcome)}", "bold red")
    if span.attempt > 1:
        text.append(f"  attempt {span.attempt}", "yellow")
    if span.degraded:
        text.append(f"  degraded: {plain(', '.join(span.degraded))}", "yellow")
    if span.met:
        text.append(f"  ({plain('; '.join(span.met))})", "yellow")
    return text


def logged(kept: KeptLine, *, has_trace: bool = True) -> Text:
    """A line of a log."""
    line, level = kept.line, level_name(kept.line.level)
    text = Text(f"{clock(line.at)} ", "dim")
    text.append(f"{level:<8} ", LEVEL_STYLES[level])
    who = line.service or kept.process
    text.append(f"{plain(who)} ", colour_of(who))
    text.append(plain(line.message), LEVEL_STYLES[level] if level != "info" else "")
    if line.more:
        text.append(f" {plain(line.more)}", "dim")
    if has_trace and line.trace_id:
        text.append(f"  [{line.trace_id:032x}]", "dim")
    for each in line.error.splitlines():
        text.append(f"\n    {plain(each)}", "red")
    return text
