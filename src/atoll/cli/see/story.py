"""`atoll story KEY`: everything that happened to one key, across services."""

from pathlib import Path

import click
from rich.text import Text

from atoll.cli.project import json_option, state_option
from atoll.cli.refusals import SaidNo
from atoll.cli.see.asking import duration, line_facts, span_facts
from atoll.cli.see.drawing import clock, colour_of, ended, logged, plain, said_of
from atoll.cli.terminal import print_json, screen
from atoll.cli.words import at, counted
from atoll.seeing import KeptLine, KeptTelemetry, Kind, Span, Story

PAUSE_S = 1.0
"""A longer pause is told."""


@click.command()
@click.argument("key")
@state_option
@json_option
def story(key: str, state: Path, as_json: bool) -> None:
    """Show everything that happened to one key, across services.

    A key is a lead's id, for instance. Calls, events, and what was logged are told in order. It is as long as what
    is kept: the work that was about the key, what caused that, and what it has caused.
    """
    found = KeptTelemetry(state).story(key)
    if not found.spans:
        raise SaidNo(
            f"Nothing is kept about {key!r}: keys are those of events and the first words in paths, written exactly. "
            "`atoll traces` shows which there are.",
            code="no_story",
        )
    if as_json:
        spans, lines = [span_facts(each) for each in found.spans], [line_facts(each) for each in found.lines]
        print_json({"key": key, "spans": spans, "lines": lines})
        return
    console = screen()
    for text in told(found):
        console.print(text, soft_wrap=True)


def told(found: Story) -> list[Text]:
    """A story as lines of text, one below the other as they happened."""
    first = found.spans[0].started_at
    last = max(span.started_at + span.duration_s for span in found.spans)
    services = dict.fromkeys(span.service for span in found.spans)
    head = f"  {at(first)}  {duration(last - first)}, {counted(len(services), 'service')}"
    texts = [Text.assemble(("story of ", "dim"), (plain(found.key), "bold"), head)]
    width = max(len(service) for service in services)
    moments: list[tuple[float, Span | KeptLine]] = [(span.started_at, span) for span in found.spans]
    moments += [(kept.line.at, kept) for kept in found.lines]
    before = first
    for moment, what in sorted(moments, key=lambda each: each[0]):
        if moment - before >= PAUSE_S:
            texts.append(Text(f"{'':13}… {duration(moment - before)} later", "dim"))
        before = max(before, moment)
        texts.append(_told(what, width) if isinstance(what, Span) else Text(" " * 2) + logged(what, has_trace=False))
    return texts


def _told(span: Span, width: int) -> Text:
    text = Text(f"{clock(span.started_at)} ", "dim")
    mark, style = ("✗", "bold red") if not span.is_well else ("◆", "bold") if span.kind is Kind.PUBLISHED else ("●", "")
    text.append(f"{mark} ", style or colour_of(span.service))
    text.append(f"{span.service:<{width}} ", colour_of(span.service))
    text.append(plain(said_of(span)))
    if span.kind is not Kind.PUBLISHED:
        text.append(f"  {duration(span.duration_s)}", "dim")
    text.append_text(ended(span))
    return text
