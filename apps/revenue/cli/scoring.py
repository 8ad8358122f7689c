"""The verbs of learnt models: train, look, compare, promote, take back."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from atoll.elsewhere import Connected
from revenue.paging import items_of
from revenue.scoring.contract import (
    Comparison,
    ComparisonReport,
    ModelReport,
    ModelSummary,
    Promoted,
    Promotion,
    Scoring,
    Training,
)

from .answers import to_json
from .examples import outcomes_here, outcomes_in, send_outcomes, send_table, table_name
from .options import Options, with_options
from .pieces import LineTooLong
from .plots import save_bars, with_picture
from .quality import save_model, show_comparison, show_model, show_models
from .screen import Bar, Screen

T = TypeVar("T")

HERE = "leads-here"
"""The table of leads that are here, by their status."""
OUTCOME = "outcome"
CAPTURED_AT = "captured_at"
"""Columns of tables that Scoring makes of outcomes."""

GOOD = Training(name="", table="", outcome="").good

with_good = click.option("--good", multiple=True, metavar="VALUE", help="A good outcome: won. Several may be given.")


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to learn from, and what to learn."""

    file: Path | None
    table: str | None
    lead: str | None
    outcome: str | None
    time: str | None
    name: str | None
    good: tuple[str, ...]
    leave_out: tuple[str, ...]
    allow: tuple[str, ...]

    @property
    def is_of_leads(self) -> bool:
        """Whether it is learnt from leads that are here, with what is known of them."""
        return self.lead is not None or (self.file is None and self.table is None)

    @property
    def table_name(self) -> str:
        """The table that is learnt from."""
        return self.table or (HERE if self.file is None else table_name(self.file))

    def training(self) -> Training:
        """What is asked of Scoring."""
        return Training(
            name=self.name or self.table_name,
            table=self.table_name,
            outcome=OUTCOME if self.is_of_leads else self.outcome or OUTCOME,
            good=self.good or GOOD,
            leave_out=self.leave_out,
            allow=self.allow,
            time=CAPTURED_AT if self.is_of_leads else self.time,
        )


@click.group("score")
def score_group() -> None:
    """Learn how leads are scored, by what became of them."""


@score_group.command("train")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--outcome", metavar="COLUMN", help="The column that says what became of a lead.")
@click.option("--lead", metavar="COLUMN", help="The column of ids or e-mail addresses of leads that are here.")
@click.option("--table", help="A table of examples that is there; with a file, what it is to be called.")
@click.option("--time", metavar="COLUMN", help="When a row was to be judged; in the order of the file by default.")
@click.option("--name", help="What the model is called; as its table by default.")
@with_good
@click.option("--leave-out", multiple=True, metavar="COLUMN", help="A column that is not to be used.")
@click.option("--allow", multiple=True, metavar="COLUMN", help="A column that may be used though it is suspected.")
@with_picture("calibration and lift")
@with_options
def train_command(
    options: Options,
    *,
    file: Path | None,
    outcome: str | None,
    lead: str | None,
    table: str | None,
    time: str | None,
    name: str | None,
    good: tuple[str, ...],
    leave_out: tuple[str, ...],
    allow: tuple[str, ...],
    plot: Path | None,
) -> None:
    """Learn a model from leads whose outcome is known, and show how good it is. Nothing is scored by it yet.

    FILE is CSV with a row for each lead; it takes the place of the table of its name. With --lead it says only which
    lead and what became of it: what is learnt from is what is known of these leads here. Without a file it is learnt
    from the leads that are here and were qualified or disqualified.
    """
    if outcome is None and (file is not None or table is not None):
        raise click.UsageError("Say with --outcome which column tells what became of a lead.")
    if lead is not None and file is None:
        raise click.UsageError("--lead is a column of a file: name the file.")
    lesson = Lesson(file, table, lead, outcome, time, name, good, leave_out, allow)
    report = asyncio.run(_trained(options, lesson))
    if plot is not None:
        save_model(plot, report)
    if options.as_json:
        click.echo(to_json(report))
        return
    screen = Screen()
    show_model(screen, report)
    if not report.refused and not report.is_promoted:
        screen.say(f"`revenue score promote {report.version}` has leads scored by it.")


@score_group.command("models")
@with_options
def models_command(options: Options) -> None:
    """Show all versions of models, oldest first."""

    async def work(scoring: Scoring) -> list[ModelSummary]:
        return [model async for model in items_of(scoring.models)]

    found = _of_scoring(options, work)
    if options.as_json:
        click.echo(to_json(found))
    elif found:
        show_models(Screen(), found)
    else:
        click.echo("No model was learnt yet: `revenue score train` learns one. Leads are scored by rules.")


@score_group.command("show")
@click.argument("version", type=int)
@with_picture("calibration and lift")
@with_options
def show_command(options: Options, version: int, plot: Path | None) -> None:
    """Show how good a version is, what it looks at, and which columns seem to know the outcome."""
    report = _of_scoring(options, lambda scoring: scoring.model(version))
    if plot is not None:
        save_model(plot, report)
    if options.as_json:
        click.echo(to_json(report))
    else:
        show_model(Screen(), report)


@score_group.command("compare")
@click.argument("versions", nargs=-1, required=True, type=int)
@click.option("--table", help="The table of examples; that of the first version by default.")
@click.option("--outcome", metavar="COLUMN", help="What became of a lead; as in the first version by default.")
@with_good
@with_picture("the AUC of each")
@with_options
def compare_command(
    options: Options,
    *,
    versions: tuple[int, ...],
    table: str | None,
    outcome: str | None,
    good: tuple[str, ...],
    plot: Path | None,
) -> None:
    """Show how versions do on the same rows, which none of them was taught."""

    async def work(scoring: Scoring) -> ComparisonReport:
        first = await scoring.model(versions[0])
        comparison = Comparison(
            versions=versions, table=table or first.table, outcome=outcome or first.outcome, good=good or GOOD
        )
        return await scoring.compare(comparison)

    report = _of_scoring(options, work)
    if plot is not None:
        values = {f"{each.version} {each.name}": each.auc for each in report.versions}
        save_bars(plot, "AUC on rows that none was taught", values, "{:.3f}")
    if options.as_json:
        click.echo(to_json(report))
    else:
        show_comparison(Screen(), report)


@score_group.command("promote")
@click.argument("version", type=int)
@click.option("--allow", multiple=True, metavar="COLUMN", help="A suspected column that is known in time after all.")
@with_options
def promote_command(options: Options, version: int, allow: tuple[str, ...]) -> None:
    """Have all leads scored by a version from now on, in the part that the rules give to models."""
    promoted = _of_scoring(options, lambda scoring: scoring.promote(version, Promotion(allow=allow)))
    if options.as_json:
        click.echo(to_json(promoted))
    elif promoted.before == version:
        click.echo(f"Version {version} is in use already.")
    else:
        click.echo(f"{_used(promoted)} `revenue score rollback` takes it back.")
    if promoted.unknown and not options.as_json:
        names = ", ".join(f"`{column}`" for column in promoted.unknown)
        some = f"{len(promoted.unknown)} of its {len(promoted.columns)} columns"
        which = "any of its columns" if promoted.unknown == promoted.columns else some
        click.echo(
            f"The latest leads do not have {which}: {names}. These tell no lead from another: learn from columns that"
            " leads have (`lead.title`, `fact.country`, `attribute.Sites`), or import these as attributes."
        )


@score_group.command("rollback")
@with_options
def rollback_command(options: Options) -> None:
    """Have leads scored by the version before, or by rules alone where there was none."""
    promoted = _of_scoring(options, lambda scoring: scoring.roll_back())
    click.echo(to_json(promoted) if options.as_json else _used(promoted))


def _used(promoted: Promoted) -> str:
    now = "No model is in use" if promoted.version is None else f"Version {promoted.version} is in use"
    before = "none" if promoted.before is None else f"version {promoted.before}"
    return f"{now} from now on, before it was {before}: leads are scored again, some hundred a second."


def _of_scoring(options: Options, ask: Callable[[Scoring], Awaitable[T]]) -> T:
    async def work() -> T:
        async with options.reached() as it:
            return await ask(it.client(Scoring))

    return asyncio.run(work())


async def _trained(options: Options, lesson: Lesson) -> ModelReport:
    screen = Screen()
    async with options.reached() as it:
        with screen.progress(lesson.table_name, 1) as bar:
            try:
                await _taught(it, lesson, bar)
            except LineTooLong as error:
                raise click.ClickException(str(error)) from None
        return await it.client(Scoring).train(lesson.training())


async def _taught(it: Connected, lesson: Lesson, bar: Bar) -> None:
    """Send what is to be learnt from, where it is not there yet."""
    scoring, file, table = it.client(Scoring), lesson.file, lesson.table_name
    if file is not None and lesson.lead is None:
        with file.open("rb") as stream:
            await send_table(scoring, table, stream, bar, file.stat().st_size)
        return
    if not lesson.is_of_leads:
        return
    if file is None:
        outcomes = outcomes_here(it)
    else:
        assert lesson.lead is not None
        outcomes = outcomes_in(it, _text(file), lesson.lead, lesson.outcome or OUTCOME)
    if not await send_outcomes(scoring, table, outcomes, bar):
        where = f"{file} names none" if file is not None else "none was qualified or disqualified yet"
        raise click.ClickException(f"There is nothing to learn from: of the leads that are here, {where}.")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8: convert it first.") from None
