"""Pictures: bars in a terminal, and the same as SVG or PNG where matplotlib is installed (`revenue[plots]`)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

WIDTH = 32
PARTS = " ▏▎▍▌▋▊▉█"


def bars(value: float, most: float, width: int = WIDTH) -> str:
    """A bar of a value, to an eighth of a character.

    >>> bars(3, 4, width=4), bars(1, 16, width=4)
    ('███', '▎')
    """
    eighths = round(8 * width * min(value / most, 1.0)) if most > 0 and value > 0 else 0
    return PARTS[8] * (eighths // 8) + (PARTS[eighths % 8] if eighths % 8 else "")


def save_bars(path: Path, title: str, values: Mapping[str, float]) -> None:
    """Draw values as horizontal bars into a file.

    Raises:
        ClickException: matplotlib is not installed, or the file cannot be written.
    """
    figure, axes = _figure(title)
    names = list(values)
    found = axes.barh(names, [values[name] for name in names], color="#1f5fd0")
    axes.bar_label(found, padding=3, fmt="{:,.0f}")
    axes.invert_yaxis()
    _save(figure, path)


def _figure(title: str) -> tuple[Any, Any]:  # Any: matplotlib is an extra, whose figure and axes these are
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  # an extra, and slow to load
    except ImportError:
        raise click.ClickException("pictures need matplotlib: pip install 'revenue[plots]'") from None
    figure: Any = Figure(figsize=(8, 4.5), layout="constrained")  # Any: as above
    axes = figure.add_subplot()
    axes.set_title(title)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:  # Any: as above
    if path.suffix not in (".svg", ".png"):
        raise click.ClickException(f"{path} is neither .svg nor .png")
    try:
        figure.savefig(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
