"""What every benchmark shares: how to measure beside peers, and how to show and keep what was found."""

from benchmarks.measuring.command import run
from benchmarks.measuring.cost import Cost, Effort, Subject, Work, interleaved, paired
from benchmarks.measuring.launch import Launch, Start, launched
from benchmarks.measuring.report import Findings, Ratio, Row
from benchmarks.measuring.screen import Screen

__all__ = [
    "Cost",
    "Effort",
    "Findings",
    "Launch",
    "Ratio",
    "Row",
    "Screen",
    "Start",
    "Subject",
    "Work",
    "interleaved",
    "launched",
    "paired",
    "run",
]
