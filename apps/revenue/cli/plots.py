"""Pictures: bars in a terminal, and the same as SVG or PNG where matplotlib is installed (`revenue[plots]`)."""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

T = TypeVar("T")

WIDTH = 32
PARTS = " ▏▎▍▌▋▊▉█"
SUFFIXES = (".svg", ".png")
COLOUR, PALE = "#1f5fd0", "#b9c6dd"


def with_picture(what: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Adds `--plot`, the file to draw something into; whether that can be is looked at before anything is done."""
    return click.option(
        "--plot",
        "plot",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_picture,
        help=f"Draw {what} into this file: .svg or .png.",
    )


def _picture(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix not in SUFFIXES:
        raise click.BadParameter(f"{path} is neither .svg nor .png", context, option)
    if path is not None and find_spec("matplotlib") is None:
        raise click.ClickException("pictures need matplotlib: pip install 'revenue[plots]'")
    if path is not None and not path.parent.is_dir():
        raise click.ClickException(f"{path} cannot be written: there is no folder {path.parent}")
    return path


def bars(value: float, most: float, width: int = WIDTH) -> str:
    """A bar of a value, to an eighth of a character.

    >>> bars(3, 4, width=4), bars(1, 16, width=4)
    ('███', '▎')
    """
    eighths = round(8 * width * min(value / most, 1.0)) if most > 0 and value > 0 else 0
    return PARTS[8] * (eighths // 8) + (PARTS[eighths % 8] if eighths % 8 else "")


def save_bars(path: Path, title: str, values: Mapping[str, float], form: str = "{:,.0f}") -> None:
    """Draw values as horizontal bars into a file, each with its number in this form.

    Raises:
        ClickException: the file cannot be written.
    """
    figure, (axes,) = _figure(title)
    names = list(values)
    found = axes.barh(names, [values[name] for name in names], color=COLOUR)
    axes.bar_label(found, padding=3, fmt=form)
    axes.invert_yaxis()
    _save(figure, path)


def save_pairs(path: Path, title: str, heads: tuple[str, str], values: Mapping[str, tuple[float, float]]) -> None:
    """Draw two values of each name as bars, one below the other. Raises as `save_bars` does."""
    figure, (axes,) = _figure(title, height=max(4.5, 0.5 * len(values)))
    places = range(len(values))
    for number, (head, colour) in enumerate(zip(heads, (PALE, COLOUR), strict=True)):
        shifted = [place + 0.4 * number - 0.2 for place in places]
        found = axes.barh(shifted, [each[number] for each in values.values()], height=0.4, color=colour, label=head)
        axes.bar_label(found, padding=3, fmt="{:,.0f}")
    axes.set_yticks(list(places), list(values))
    axes.invert_yaxis()
    axes.legend(frameon=False)
    _save(figure, path)


def save_quality(
    path: Path, title: str, points: Sequence[tuple[float, float]], lifts: Sequence[tuple[str, float]]
) -> None:
    """Draw what was expected against what came (`points`), and bars of lift. Raises as `save_bars` does."""
    figure, (left, right) = _figure(title, parts=2)
    left.plot([0, 1], [0, 1], color=PALE, linestyle="--", label="as good as it says")
    left.plot([x for x, _ in points], [y for _, y in points], color=COLOUR, marker="o", label="this model")
    left.set(xlabel="expected share of good leads", ylabel="share that was good", title="Calibration")
    left.legend(frameon=False)
    right.bar([name for name, _ in lifts], [lift for _, lift in lifts], color=COLOUR)
    right.axhline(1, color=PALE, linestyle="--")
    right.set(xlabel="tenth of the leads, the best first", ylabel="times the average", title="Lift")
    _save(figure, path)


def _figure(title: str, *, parts: int = 1, height: float = 4.5) -> tuple[Any, Any]:  # Any: matplotlib is an extra
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra, and slow to load

    figure: Any = Figure(figsize=(8 if parts == 1 else 11, height), layout="constrained")  # Any: as above
    figure.suptitle(title)
    several = figure.subplots(1, parts, squeeze=False)[0]
    for axes in several:
        axes.spines[["top", "right"]].set_visible(False)
    return figure, several


def _save(figure: Any, path: Path) -> None:  # Any: as above
    try:
        figure.savefig(path)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
