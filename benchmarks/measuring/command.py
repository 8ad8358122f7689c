"""The way in of every benchmark: `python -m benchmarks.NAME [--size small|full] [--json] [--results FOLDER]`."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from benchmarks.measuring.document import write_document
from benchmarks.measuring.machine import ROOT, commit, machine, versions
from benchmarks.measuring.plot import drawn
from benchmarks.measuring.report import Findings, as_json, write
from benchmarks.measuring.screen import Screen

S = TypeVar("S")

RESULTS = ROOT / "benchmarks/results"


def run(
    name: str,
    question: str,
    sizes: Mapping[str, S],
    measure: Callable[[S, Screen], Findings],
    *,
    parts: Sequence[str],
    arguments: Sequence[str] | None = None,
) -> Findings:
    """Measure, show what was found, and keep it in `benchmarks/results/NAME.json` (and the picture, if any, beside it).

    Where the document of benchmarks has a place for it, it is written there, too; not where it is kept elsewhere.
    `parts` are the distributions that take part, whose versions are kept with the findings. A goal that is missed is
    shown and kept, and is no failure of the command: a busy machine misses goals, too.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=question)
    parser.add_argument("--size", choices=sizes, default="small", help="how much to measure (default: small)")
    parser.add_argument("--json", action="store_true", help="print the JSON and nothing else")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the JSON is kept")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that programs and folders are removed
    screen = Screen(quiet=asked.json)
    facts = {
        "benchmark": name,
        "question": question,
        "size": asked.size,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(parts),
    }
    findings = measure(sizes[asked.size], screen)
    content = as_json(facts, findings)
    path = write(asked.results, name, content)
    picture = None
    if findings.panels:
        picture = write(asked.results, name, drawn(question, findings.panels).encode(), "svg")
    if asked.results == RESULTS:
        write_document(name, facts, findings, picture)
    screen.show(findings)
    screen.say(f"kept in {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    if asked.json:
        print(content.decode(), end="")
    return findings
