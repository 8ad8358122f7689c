"""Figures as Prometheus and its kin read them: the text format 0.0.4, or OpenMetrics 1.0 for who prefers that.

Every series has the label `process`. A counter falls when its process begins anew, and readers know that a counter
which falls has begun at zero; of a sum over processes one part would fall, and readers would count the rest again.
A process that has ended is shown as long as it is known, so that what it counted last is not missed; without gauges.

Sources: Prometheus, exposition formats; OpenMetrics 1.0.0.
"""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from atoll.telemetry.figures import BOUNDS_S, Figure
from atoll.telemetry.looking import ProcessFigures
from atoll.telemetry.record import Kind

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Exposition(msgspec.Struct, frozen=True):
    """Figures, written in one of the formats."""

    media_type: str
    body: bytes


class Form(msgspec.Struct, frozen=True):
    """How figures of one kind are called: the counter and the histogram, with what these are for people.

    `name` and `caller` are the labels for these two of a figure; an empty one is left out.
    """

    counter: str
    histogram: str
    counted: str
    lasted: str
    name: str
    caller: str


FORMS: Mapping[Kind, Form] = {
    Kind.CALL: Form(
        "atoll_requests",
        "atoll_request_duration_seconds",
        "Calls of operations, as the service saw that answered them.",
        "How long they took.",
        "operation",
        "caller",
    ),
    Kind.ASKED: Form(
        "atoll_unanswered_requests",
        "atoll_unanswered_request_duration_seconds",
        "Calls that were not answered as they should be, as the service saw that made them.",
        "How long it waited.",
        "operation",
        "",
    ),
    Kind.DELIVERY: Form(
        "atoll_deliveries",
        "atoll_delivery_duration_seconds",
        "Attempts to react to an event.",
        "How long they took.",
        "event",
        "publisher",
    ),
    Kind.TURN: Form(
        "atoll_turns",
        "atoll_turn_duration_seconds",
        "Work that a service does again and again.",
        "How long it took.",
        "handler",
        "",
    ),
    Kind.PUBLISHED: Form("atoll_published_events", "", "Events that were written.", "", "event", ""),
    Kind.INNER: Form(
        "atoll_inner_work",
        "atoll_inner_work_duration_seconds",
        "Parts of other work that the code of a service has named.",
        "How long they took.",
        "name",
        "",
    ),
}

_Labels = tuple[tuple[str, str], ...]


class _Sample(msgspec.Struct, frozen=True):
    suffix: str
    labels: _Labels
    value: float


class _Family(msgspec.Struct, frozen=True):
    """Series of one name. A counter's `name` is without `_total`."""

    name: str
    type: str
    help: str
    samples: Sequence[_Sample]


def media_type_for(accept: str) -> str:
    """The format that a reader is given who accepts this (RFC 9110, 12.5.1): the text format, unless he says otherwise.

    >>> media_type_for("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
    'application/openmetrics-text; version=1.0.0; charset=utf-8'
    """
    text, openmetrics = -1.0, 0.0
    for each in accept.lower().split(","):
        media_type, *given = (part.strip() for part in each.split(";"))
        words = {name.strip(): value.strip().strip('"') for name, _, value in (part.partition("=") for part in given)}
        weight = _weight(words.get("q", "1"))
        if media_type == "application/openmetrics-text" and words.get("version", "1.0.0") == "1.0.0":
            openmetrics = max(openmetrics, weight)
        elif media_type == "text/plain" and words.get("version", "0.0.4") == "0.0.4":
            text = max(text, weight)
    return OPENMETRICS if openmetrics > 0 and openmetrics >= text else TEXT


def expose(processes: Iterable[ProcessFigures], accept: str = "") -> Exposition:
    """The figures of all processes, in the format that `accept` asks for. In the same order each time."""
    media_type = media_type_for(accept)
    is_open = media_type == OPENMETRICS
    lines: list[str] = []
    for family in _families(_latest(processes)):
        total = "_total" if family.type == "counter" else ""
        name = family.name if is_open else family.name + total
        lines += (f"# HELP {name} {_help(family.help)}", f"# TYPE {name} {family.type}")
        if is_open and family.name.endswith("_seconds"):
            lines.append(f"# UNIT {name} seconds")
        if is_open and family.name.endswith("_bytes"):
            lines.append(f"# UNIT {name} bytes")
        lines += (f"{family.name}{total or sample.suffix}{{{_written(sample.labels)}}} {_number(sample.value)}"
                  for sample in family.samples)  # fmt: skip
    if is_open:
        lines.append("# EOF")
    return Exposition(media_type, ("\n".join(lines) + "\n").encode(errors="replace"))


def _latest(processes: Iterable[ProcessFigures]) -> list[ProcessFigures]:
    """One of each name: that which runs, or has run last, since a series may be there only once."""
    latest: dict[str, ProcessFigures] = {}
    for each in sorted(processes, key=lambda it: (it.is_alive, it.sample.at)):
        latest[each.name] = each
    return [latest[name] for name in sorted(latest)]


def _families(processes: Sequence[ProcessFigures]) -> Iterator[_Family]:
    up = [_Sample("", (("process", each.name),), float(each.is_alive)) for each in processes]
    seen_at = [_Sample("", (("process", each.name),), each.sample.at) for each in processes]
    yield _Family("atoll_process_up", "gauge", "Whether a process runs.", up)
    yield _Family("atoll_process_sampled_timestamp_seconds", "gauge", "When a process was heard of last.", seen_at)
    taken = {"atoll_process_up", "atoll_process_sampled_timestamp_seconds"}
    for kind, form in FORMS.items():
        found = [
            (_labels(form, figure, process.name), figure)
            for process in processes
            for figure in process.sample.figures
            if figure.kind is kind
        ]
        taken |= {form.counter, f"{form.counter}_total", form.histogram}
        if found:
            found.sort(key=lambda each: each[0])
            yield _Family(form.counter, "counter", form.counted, list(_counted(found)))
            if form.histogram:
                yield _Family(form.histogram, "histogram", form.lasted, list(_lasted(found)))
    yield from _gauges(processes, taken)


def _labels(form: Form, figure: Figure, process: str) -> _Labels:
    named = [("service", figure.service), (form.name, figure.name), (form.caller, figure.caller), ("process", process)]
    return tuple((name, value) for name, value in named if name)


def _counted(found: Iterable[tuple[_Labels, Figure]]) -> Iterator[_Sample]:
    """One series for each outcome; that all went well is said from the beginning, so that its rate is known."""
    for labels, figure in found:
        outcomes = {"ok": figure.count - figure.failed} | figure.errors
        for outcome in sorted(outcomes):
            yield _Sample("", (*labels[:-1], ("outcome", outcome), labels[-1]), outcomes[outcome])


def _lasted(found: Iterable[tuple[_Labels, Figure]]) -> Iterator[_Sample]:
    for labels, figure in found:
        for bound_s, count in zip((*BOUNDS_S, math.inf), itertools.accumulate(figure.buckets), strict=True):
            yield _Sample("_bucket", (*labels, ("le", _number(bound_s))), count)
        yield _Sample("_sum", labels, figure.duration_s)
        yield _Sample("_count", labels, sum(figure.buckets))


def _gauges(processes: Sequence[ProcessFigures], taken: set[str]) -> Iterator[_Family]:
    families: dict[str, dict[_Labels, float]] = {}
    for process in processes:
        if not process.is_alive:
            continue
        for gauge in process.sample.gauges:
            name = "atoll_" + re.sub(r"[^a-zA-Z0-9_]", "_", gauge.name)
            if name in taken:
                name += "_gauge"
            of = (("of", gauge.of),) if gauge.of else ()
            families.setdefault(name, {})[(*of, ("process", process.name))] = gauge.value
    for name, series in sorted(families.items()):
        samples = [_Sample("", labels, series[labels]) for labels in sorted(series)]
        yield _Family(name, "gauge", "How a process, or what `of` names in it, fares now.", samples)


def _written(labels: _Labels) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    """A number as both formats write it.

    >>> _number(3), _number(0.25), _number(math.inf)
    ('3', '0.25', '+Inf')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


def _weight(written: str) -> float:
    try:
        weight = float(written)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
