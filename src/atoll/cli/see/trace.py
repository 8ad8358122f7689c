"""`atoll trace ID`: one trace as a waterfall, with what was logged in it."""

from pathlib import Path

import click
from rich.text import Text

from atoll.cli.project import json_option, state_option
from atoll.cli.refusals import SaidNo
from atoll.cli.see.asking import TraceId, duration, line_facts, shown_id, span_facts
from atoll.cli.see.drawing import clock, colour_of, ended, logged, plain, said_of
from atoll.cli.terminal import print_json, screen
from atoll.cli.words import counted
from atoll.seeing import KeptLine, KeptTelemetry, KeptTrace, Kind, Placed, Span, arranged

BAR = 32
"""Columns of the bars."""
DEPTH_MAX = 12
"""Deeper work is not indented further."""


@click.command()
@click.argument("trace_id", type=TraceId(), metavar="ID")
@state_option
@json_option
def trace(trace_id: int, state: Path, as_json: bool) -> None:
    """Show one trace as a waterfall, with what was logged in it.

    Its work stands as bars over time, each below what has caused it.
    """
    found = KeptTelemetry(state).trace(trace_id)
    if not found.spans and not found.lines:
        raise SaidNo(
            f"Nothing is kept of the trace {shown_id(trace_id)}: it was never here, was left out, or is too old. "
            "`atoll traces` shows those that are kept.",
            code="no_such_trace",
        )
    if as_json:
        spans, lines = [span_facts(each) for each in found.spans], [line_facts(each) for each in found.lines]
        print_json({"trace_id": shown_id(trace_id), "spans": spans, "lines": lines})
        return
    console = screen()
    for text in drawn(trace_id, found):
        console.print(text, soft_wrap=True)


def drawn(trace_id: int, found: KeptTrace) -> list[Text]:
    """A trace as lines of text."""
    begins_at = min((span.started_at for span in found.spans), default=0.0)
    whole_s = max((span.started_at + span.duration_s for span in found.spans), default=0.0) - begins_at
    services = dict.fromkeys(span.service for span in found.spans)
    head = f"{clock(begins_at)}  {duration(whole_s)}  {counted(len(found.spans), 'span')}, {', '.join(services)}"
    texts = [Text.assemble(("trace ", "dim"), (shown_id(trace_id), "bold"), f"  {plain(head)}")]
    of_span: dict[int, list[KeptLine]] = {}
    for line in found.lines:
        of_span.setdefault(line.line.span_id, []).append(line)
    width = max((len(service) for service in services), default=0)
    for placed in arranged(found.spans):
        texts.append(_row(placed, begins_at, whole_s, width))
        indent = Text(" " * (BAR + 2 + width + 3))
        texts += [indent + logged(line, has_trace=False) for line in of_span.pop(placed.span.span_id, [])]
    texts += [logged(line, has_trace=False) for lines in of_span.values() for line in lines]
    return texts


def _row(placed: Placed, begins_at: float, whole_s: float, width: int) -> Text:
    span = placed.span
    colour = colour_of(span.service)
    text = Text(_bar(span, begins_at, whole_s), "bold red" if not span.is_well else colour)
    text.append(f"  {span.service:<{width}} ", colour)
    text.append("  " * min(placed.depth, DEPTH_MAX))
    text.append(plain(said_of(span)), "dim" if span.kind is Kind.PUBLISHED else "")
    if span.key:
        text.append(f" {plain(span.key)}", "dim")
    if span.kind is not Kind.PUBLISHED:
        text.append(f"  {duration(span.duration_s)}", "bold")
    text.append_text(ended(span))
    return text


def _bar(span: Span, begins_at: float, whole_s: float) -> str:
    """When it was, within the whole: at least one column."""
    if whole_s <= 0:
        return "█" * BAR
    start = min(BAR - 1, int((span.started_at - begins_at) / whole_s * BAR))
    if span.kind is Kind.PUBLISHED:
        return f"{' ' * start}◆{' ' * (BAR - start - 1)}"
    length = max(1, round(span.duration_s / whole_s * BAR))
    length = min(length, BAR - start)
    return f"{' ' * start}{'█' * length}{' ' * (BAR - start - length)}"
