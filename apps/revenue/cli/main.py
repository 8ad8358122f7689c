"""The verbs of `revenue`."""

import asyncio
from pathlib import Path

import click
from rich.markup import escape

from revenue.capture.contract import Capture, Outcome, RowChange

from .answers import ProblemAnswer, to_json
from .connection import STATE
from .duplicates import duplicates_group
from .exporting import export_command
from .funnel import funnel_command
from .importing import Order, Tally, import_stream
from .lead import lead_group
from .options import FOLDER, Options, with_options
from .pieces import LineTooLong
from .providers import provider_group
from .routing import route_group
from .rules import apply_command, plan_command, rollback_command, rules_group
from .scoring import score_group
from .screen import Screen, show_mapping, show_tally
from .sheets import SheetRejected


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="revenue")
def main() -> None:
    """Leads in, reasons out."""


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--map", "asked", multiple=True, metavar="COLUMN=FIELD",
              help="Send a column to a field of a lead, or to `name`, `attribute` or `ignore`.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would change, field by field, and keep nothing.")
@click.option("--header-line", type=click.IntRange(1, 1000), default=1, metavar="N",
              help="The line, or row of a sheet, with the columns' names; what is above is passed over.")  # fmt: skip
@click.option("--sheet", help="The sheet of a workbook; the first one that is not hidden by default.")
@click.option("--diff", type=click.Path(dir_okay=False, writable=True, path_type=Path),
              help="Write all that a dry run would change to a file, as lines of JSON.")  # fmt: skip
@with_options
def import_command(
    options: Options,
    file: Path,
    asked: tuple[str, ...],
    dry_run: bool,
    header_line: int,
    sheet: str | None,
    diff: Path | None,
) -> None:
    """Take in the leads of a file: CSV, lines of JSON, or XLSX.

    Columns are mapped by themselves; exports of Salesforce and HubSpot are known, and keep their record ids. Rows that
    cannot be taken are written to a file beside it, with the reason, to be mended and imported again; importing the
    same file twice makes no lead twice.
    """
    if diff is not None and not dry_run:
        raise click.BadParameter("it is what a dry run would change: add --dry-run", param_hint="--diff")
    screen = Screen()
    order = Order(file, _mapping(asked), dry_run, sheet=sheet, diff=diff, header_line=header_line)
    tally = Tally()
    with file.open("rb") as stream, screen.progress(file.name, file.stat().st_size) as bar:

        async def work() -> None:
            async with options.reached() as it:
                await import_stream(it.client(Capture), stream, order, tally, lambda: bar.show(tally))

        try:
            asyncio.run(work())
        except (click.ClickException, LineTooLong, SheetRejected, OSError, KeyboardInterrupt) as error:
            raise _stopped(error, tally) from None
    if options.as_json:
        click.echo(to_json(_summary(file, tally, dry_run)))
    else:
        show_mapping(screen, tally)
        show_tally(screen, tally, is_dry_run=dry_run)
        if tally.changes:
            _show_changes(screen, tally, diff)


def _stopped(error: BaseException, tally: Tally) -> click.ClickException:
    """Why an import ended early, by the name of its problem, and how to go on."""
    why = str(error) or "Stopped."
    if isinstance(error, OSError):
        why = f"{error.filename or 'A file'} cannot be written or read: {error.strerror or error}."
    if tally.rows:
        why += f" {tally.rows} rows were done until then; import the file again: what is there already is known."
    return ProblemAnswer(error.code, why) if isinstance(error, ProblemAnswer) else click.ClickException(why)


def _show_changes(screen: Screen, tally: Tally, diff: Path | None) -> None:
    """What a dry run would change: the first rows of it, and where the others are."""
    rows = [[str(change.line), *_told(change)] for change in tally.changes]
    screen.table("What would change", ("line", "lead", "change"), rows, numbers=(0,))
    more = tally.accepted + tally.updated - len(tally.changes)
    where = f"in {escape(str(diff))}" if diff is not None else "with --diff FILE"
    if more > 0 or diff is not None:
        screen.say(f"{more} more rows would change something: all of them {where}.")


def _told(change: RowChange) -> tuple[str, str]:
    if change.outcome is Outcome.ACCEPTED:
        return escape(change.who), "new"
    changes = (f"{each.field}: {each.old or '-'} -> {each.new or '-'}" for each in change.changes)
    return escape(change.who), escape("\n".join(changes))


def _mapping(asked: tuple[str, ...]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for wish in asked:
        column, equals, target = wish.rpartition("=")
        if not equals or not column or not target:
            raise click.BadParameter(f'`{wish}` is not of the form "Column=field"', param_hint="--map")
        mapping[column] = target.strip()
    return mapping


def _summary(file: Path, tally: Tally, is_dry_run: bool) -> dict[str, object]:
    return {
        "file": str(file),
        "dry_run": is_dry_run,
        "encoding": tally.encoding,
        "delimiter": tally.delimiter,
        "uncomputed": tally.uncomputed,
        "columns": tally.columns,
        "rows": tally.rows,
        "accepted": tally.accepted,
        "updated": tally.updated,
        "unchanged": tally.unchanged,
        "rejected": tally.rejected.total(),
        "rejected_by_reason": dict(tally.rejected),
        "rejected_file": str(tally.rejected_path) if tally.rejected_path else None,
        "changes": tally.changes,
    }


@main.command("demo")
@click.option("--leads", default=400, show_default=True, type=click.IntRange(10, 100_000), help="How many to invent.")
@click.option("--exit", "ends", is_flag=True, help="Stop after the report.")
@click.option("--state", type=FOLDER, default=STATE, show_default=True, help="Where to keep leads, scores and the key.")
@click.option("--topology", type=click.Choice(("processes", "single")), default="processes", show_default=True,
              help="Each service as a process of its own, or all of them in this one.")  # fmt: skip
@click.option("--team/--no-team", "has_team", default=True, show_default=True,
              help="Go by the rules of an invented team; without, no lead has an owner.")  # fmt: skip
@click.option("--open/--no-open", "opens", default=None,
              help="Open the live page in a browser; by default where there is a desktop.")  # fmt: skip
def demo_command(leads: int, ends: bool, state: Path, topology: str, has_team: bool, opens: bool | None) -> None:
    """Run Revenue here, feed it a sample of leads and show what became of them."""
    from atoll import AtollError, run_process  # noqa: PLC0415  # only this verb runs the application itself

    from .demo import Wanted, demo, has_desktop  # noqa: PLC0415  # as above

    opens = has_desktop() if opens is None else opens
    wanted = Wanted(state=state, leads=leads, ends=ends, topology=topology, has_team=has_team, opens=opens)
    try:
        run_process(lambda stop: demo(stop, wanted))
    except AtollError as error:
        raise click.ClickException(str(error)) from None


for command in (
    lead_group,
    rules_group,
    plan_command,
    apply_command,
    rollback_command,
    provider_group,
    route_group,
    score_group,
    duplicates_group,
    funnel_command,
    export_command,
):
    main.add_command(command)
