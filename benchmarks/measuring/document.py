"""Findings in the document for people: what is between two marks there is written anew by each run that is kept."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.measuring.machine import ROOT
from benchmarks.measuring.plot import read_as
from benchmarks.measuring.report import Findings, Rate, Ratio, Row

DOCUMENT = ROOT / "docs/benchmarks.md"


def documented(text: str, name: str, facts: Mapping[str, object], findings: Findings, picture: str | None) -> str:
    """The document with the findings of one benchmark between its marks; as it is where it has no such marks.

    `picture` is the address of the picture, as the document says it.
    """
    begin = f"<!-- figures of {name}: begin (written by the benchmark) -->\n"
    end = f"<!-- figures of {name}: end -->\n"
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        return text
    return before + begin + "\n".join(_lines(name, facts, findings, picture)) + "\n" + end + after


def write_document(name: str, facts: Mapping[str, object], findings: Findings, picture: Path | None) -> None:
    """Write the findings into the document, where it has a place for them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    address = None if picture is None else f"../{picture.relative_to(ROOT)}"
    DOCUMENT.write_text(documented(text, name, facts, findings, address), encoding="utf-8")


def _lines(name: str, facts: Mapping[str, object], findings: Findings, picture: str | None) -> Iterator[str]:
    day, commit, size = str(facts["measured_at"])[:10], facts["commit"], facts["size"]
    yield f"Measured on {day} with `make bench NAME={name}` (size `{size}`), commit `{commit}`."
    if picture is not None:
        yield from ("", f"![how it grows, as the tables say]({picture})")
    for group, rows in groupby(findings.rows, key=lambda row: row.group):
        yield ""
        yield from _table(group, list(rows))
    for (case, in_flight), rates in groupby(findings.rates, key=lambda rate: (rate.case, rate.in_flight)):
        yield ""
        yield from _rates(f"{case}, {in_flight} in flight", list(rates))
    yield from ("", "| goals and ratios | value | goal | holds |", "|---|---|---|---|")
    yield from map(_ratio, findings.ratios)


def _table(group: str, rows: Sequence[Row]) -> Iterator[str]:
    """A line for each name, with the median of each metric; a cell is empty where a name has none."""
    metrics = list(dict.fromkeys((row.metric, row.unit) for row in rows))
    yield f"| {group} | " + " | ".join(f"{metric}, {unit}" for metric, unit in metrics) + " |"
    yield "|---" * (len(metrics) + 1) + "|"
    for name, found in groupby(rows, key=lambda row: row.name):
        cells = {(row.metric, row.unit): read_as(row.cost.median) for row in found}
        yield f"| {name} | " + " | ".join(cells.get(metric, "") for metric in metrics) + " |"


def _rates(group: str, rates: Sequence[Rate]) -> Iterator[str]:
    """A line for each stack."""
    yield f"| {group} | calls/s | p50, µs | p99, µs | client CPU, µs | server CPU, µs |"
    yield "|---" * 6 + "|"
    for rate in rates:
        spans = (rate.p50, rate.p99, rate.client_cpu, rate.server_cpu)
        cells = (read_as(rate.per_s.median), *(read_as(span.median * 1e6) for span in spans))
        yield f"| {rate.stack} | {' | '.join(cells)} |"


def _ratio(ratio: Ratio) -> str:
    goal = "" if ratio.goal is None else f"{ratio.bound} {read_as(ratio.goal)} {ratio.unit}".rstrip()
    holds = {True: "yes", False: "**no**", None: ""}[ratio.holds]
    return f"| {ratio.name} | {read_as(ratio.value)} {ratio.unit}".rstrip() + f" | {goal} | {holds} |"
