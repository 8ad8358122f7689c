"""How good a model is, as tables and pictures: what somebody looks at before it is promoted."""

import shlex
from pathlib import Path

from rich.markup import escape

from revenue.scoring.contract import ComparisonReport, ModelReport, ModelSummary

from .plots import bars, save_quality
from .screen import Screen

COLUMNS_SHOWN = 15


def show_model(screen: Screen, report: ModelReport) -> None:
    """A version: how well it tells good leads from others, whether its probabilities hold, what it may have peeped."""
    quality = report.quality
    used = "  [green]in use[/]" if report.is_promoted else ""
    screen.say(f"[bold]Version {report.version}[/]: {escape(report.name)}{used}")
    screen.say(
        f"{report.rows} rows of {escape(report.table)}, {report.good} of them good by `{escape(report.outcome)}`;"
        f" {report.holdout_rows} more were never taught."
    )
    folds = f"{min(quality.auc_folds):.3f} to {max(quality.auc_folds):.3f} in its folds" if quality.auc_folds else ""
    rows = [
        ["cross-validated", f"{quality.auc_cross_validated:.3f}", _over_chance(quality.auc_cross_validated), folds],
        ["last fifth in time", _figure(quality.auc_time_split), _over_chance(quality.auc_time_split), ""],
        ["never taught", _figure(quality.auc_holdout), _over_chance(quality.auc_holdout), ""],
    ]
    screen.table("AUC: 0.5 is chance, 1 tells all", ("rows", "auc", "", ""), rows, numbers=(1,))
    _show_calibration(screen, report)
    most = max((row.lift for row in quality.lift), default=1.0)
    rows = [
        [str(row.decile), str(row.rows), str(row.good), f"{row.rate:.0%}", f"{row.lift:.2f}", f"{row.gained_share:.0%}",
         bars(row.lift, most)]
        for row in quality.lift
    ]  # fmt: skip
    heads = ("tenth", "leads", "good", "rate", "lift", "found so far", "")
    screen.table("Lift, the best tenth first", heads, rows, numbers=(0, 1, 2, 3, 4, 5))
    _show_columns(screen, report)
    _show_leaks(screen, report)
    for note in report.notes:
        screen.say(escape(note))


def show_comparison(screen: Screen, report: ComparisonReport) -> None:
    """Versions on the same rows, the best first."""
    rows = [
        [str(each.version), escape(each.name), f"{each.auc:.3f}", f"{each.brier:.4f}", f"{each.top_decile_lift:.2f}",
         _over_chance(each.auc)]
        for each in report.versions
    ]  # fmt: skip
    which = "are held out" if any(each.may_know_rows for each in report.versions) else "none was taught"
    title = f"On {report.rows} rows that {which}, {report.good} of them good"
    heads = ("version", "name", "auc", "brier", "lift of the best tenth", "")
    screen.table(title, heads, rows, numbers=(0, 2, 3, 4))
    for each in report.versions:
        if each.may_know_rows:
            screen.say(
                f"Version {each.version} learnt from a table with other columns, where other rows were held out: it "
                "may have been taught some of these, and look better than it is. Train it again on this table."
            )
        if each.absent:
            names = ", ".join(f"`{escape(column)}`" for column in each.absent)
            screen.say(f"Version {each.version} goes by columns that this table does not have: {names}.")


def show_models(screen: Screen, models: list[ModelSummary]) -> None:
    """All versions."""
    rows = [
        [
            str(each.version),
            escape(each.name),
            str(each.rows),
            f"{each.auc_cross_validated:.3f}",
            _figure(each.auc_time_split),
            _figure(each.auc_holdout),
            f"{each.trained_at:%Y-%m-%d %H:%M}",
            "[green]in use[/]" if each.is_promoted else f"[red]refused: {escape(', '.join(each.refused))}[/]"
            if each.refused else "",
        ]
        for each in models
    ]  # fmt: skip
    heads = ("version", "name", "rows", "auc", "in time", "never taught", "learnt", "")
    screen.table("Models", heads, rows, numbers=(0, 2, 3, 4, 5))


def save_model(path: Path, report: ModelReport) -> None:
    """Draw calibration and lift into a file.

    Raises:
        ClickException: the file cannot be written.
    """
    points = [(each.predicted, each.observed) for each in report.quality.reliability]
    lifts = [(str(row.decile), row.lift) for row in report.quality.lift]
    title = f"Version {report.version}, {report.name}: AUC {report.quality.auc_cross_validated:.3f}"
    save_quality(path, title, points, lifts)


def _show_calibration(screen: Screen, report: ModelReport) -> None:
    quality = report.quality
    rows = [
        [f"{each.predicted:.0%}", f"{each.observed:.0%}", str(each.rows), bars(each.observed, 1.0)]
        for each in quality.reliability
    ]
    screen.table("Calibration", ("expected", "was good", "leads", ""), rows, numbers=(0, 1, 2))
    screen.say(f"Brier {quality.brier:.4f}; whoever says the average of everybody has {quality.brier_of_average:.4f}.")


def _show_columns(screen: Screen, report: ModelReport) -> None:
    rows = [
        [escape(each.column), f"{each.auc:.3f}", f"{each.points:.1f}" if each.kind is not None else "",
         escape(each.left_out or each.kind or "")]
        for each in report.columns[:COLUMNS_SHOWN]
    ]  # fmt: skip
    screen.table("Columns", ("column", "auc alone", "points", "is"), rows, numbers=(1, 2))
    if len(report.columns) > COLUMNS_SHOWN:
        screen.say(f"{len(report.columns) - COLUMNS_SHOWN} more columns: --json has all.")


def _show_leaks(screen: Screen, report: ModelReport) -> None:
    if not report.leaks:
        screen.say("No column seems to know the outcome.")
        return
    rows = [
        [escape(leak.column), "[bold red]yes[/]" if leak.column in report.refused else "no", escape(leak.sentence)]
        for leak in report.leaks
    ]
    screen.table("Columns that seem to know the outcome", ("column", "keeps it back", "why"), rows)
    if report.refused:
        columns = " ".join(f"--leave-out {escape(shlex.quote(each))}" for each in report.refused)
        screen.say(f"[bold red]It cannot be promoted[/]: train it again with {columns}, or --allow them.")


def _figure(auc: float | None) -> str:
    return "-" if auc is None else f"{auc:.3f}"


def _over_chance(auc: float | None) -> str:
    """A bar from chance to certainty."""
    return "" if auc is None else bars(max(auc - 0.5, 0.0), 0.5)
