"""What every benchmark shares: how to measure beside peers, and how to show and keep what was found."""

from benchmarks.measuring.command import run
from benchmarks.measuring.cost import Cost, Effort, Subject, Work, interleaved, paired
from benchmarks.measuring.flow import Figures, Flow, flowing
from benchmarks.measuring.launch import Launch, Start, launched
from benchmarks.measuring.load import Batch
from benchmarks.measuring.plot import Panel
from benchmarks.measuring.processor import cores
from benchmarks.measuring.programs import Program, Programs
from benchmarks.measuring.report import Findings, Rate, Ratio, Row
from benchmarks.measuring.screen import Screen
from benchmarks.measuring.stacks import Stack, rates

__all__ = [
    "Batch",
    "Cost",
    "Effort",
    "Figures",
    "Findings",
    "Flow",
    "Launch",
    "Panel",
    "Program",
    "Programs",
    "Rate",
    "Ratio",
    "Row",
    "Screen",
    "Stack",
    "Start",
    "Subject",
    "Work",
    "cores",
    "flowing",
    "interleaved",
    "launched",
    "paired",
    "rates",
    "run",
]
