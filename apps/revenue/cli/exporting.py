"""The verb that tells a CRM what has changed: a file to import there, and word that it was imported."""

import asyncio
import csv
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import click
from rich.markup import escape

from revenue.crm.contract import (
    Crm,
    Export,
    ExportBegin,
    ExportRow,
    ExportState,
    Refusal,
    RefusalReport,
    Refusals,
    RowState,
    Target,
)
from revenue.crm.writing import body_lines, head_line, heads_of

from .answers import to_json
from .options import Options, with_options
from .screen import Screen

PAGE = 1_000
POLL_S = 0.1
STUCK_S = 60.0
"""So long an export may be at the same place before it is given up to wait for it."""
SAMPLES = 5
CELLS_SHOWN = 4

Show = Callable[[int, int, str], None]
"""Shows how far something is: so much of so much, and some words."""


@dataclass
class Written:
    """A file that was written. Owns it until it is whole: then it has its name."""

    path: Path
    heads: list[str]
    by_record_id: bool
    rows: int = 0
    stream: TextIO | None = None

    @property
    def part(self) -> Path:
        """Where it is until it is whole."""
        return _part_of(self.path)


@dataclass
class Outcome:
    """What was done."""

    export: Export
    files: list[Written] = field(default_factory=list[Written])
    by_column: Counter[str] = field(default_factory=Counter[str])
    samples: list[ExportRow] = field(default_factory=list[ExportRow])


@click.command("export")
@click.argument("target", type=click.Choice([Target.SALESFORCE.value, Target.HUBSPOT.value]))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file to write; it must not be there.")
@click.option("--confirm", "confirms", is_flag=True, help="Count it as told right away, before it was imported.")
@click.option("--all", "is_all", is_flag=True, help="Write records whole, as if the CRM knew nothing.")
@click.option("--dry-run", is_flag=True, help="Show what would be in the file, and write none.")
@click.option("--told", type=click.IntRange(1), metavar="NUMBER", help="Say that this export was imported.")
@click.option("--refused", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="With --told: the file of records that the CRM has not taken.")  # fmt: skip
@click.option("--although-overtaken", is_flag=True, help="With --told: it was imported after one that began later.")
@with_options
def export_command(
    options: Options,
    *,
    target: str,
    out: Path | None,
    confirms: bool,
    is_all: bool,
    dry_run: bool,
    told: int | None,
    refused: Path | None,
    although_overtaken: bool,
) -> None:
    """Write a file for a CRM with what has changed since it was told last.

    Nothing counts as told before `--told NUMBER` says that the file was imported: if it is lost, the next one has
    everything again.
    """
    if told is None and out is None and not dry_run:
        raise click.UsageError("Name the file with --out, or look first with --dry-run.")
    if told is None and (refused is not None or although_overtaken):
        raise click.UsageError(
            "--refused and --although-overtaken are about an export that was imported: name it with --told."
        )
    if told is not None:
        _tell(options, Target(target), told, refused, although_overtaken=although_overtaken)
        return
    screen = Screen()

    async def work() -> Outcome:
        async with options.reached() as it:
            with screen.progress(target, 1) as bar:
                crm = it.client(Crm)
                if dry_run or out is None:
                    return await previewed(crm, Target(target), is_all=is_all, show=bar.reach)
                outcome = await exported(crm, Target(target), out, is_all=is_all, show=bar.reach)
                if confirms and outcome.files:
                    outcome.export = await confirmed(crm, outcome.export, show=bar.reach)
                return outcome

    outcome = asyncio.run(work())
    if options.as_json:
        click.echo(to_json(_summary(outcome)))
    else:
        _show(screen, outcome, is_dry_run=dry_run)


async def previewed(crm: Crm, target: Target, *, is_all: bool, show: Show) -> Outcome:
    """What would be in a file: an export that is looked at and dropped."""
    outcome = Outcome(await _ready(crm, target, is_all=is_all, show=show))
    async for rows in _pages(crm, outcome.export, show):
        for row in rows:
            outcome.by_column.update(row.cells.keys())
        outcome.samples += rows[: SAMPLES - len(outcome.samples)]
    await crm.drop(target, outcome.export.number)
    return outcome


async def exported(crm: Crm, target: Target, out: Path, *, is_all: bool, show: Show) -> Outcome:
    """Files of an export, written whole or not at all; none where there is nothing to tell.

    Raises:
        ClickException: a file of that name is there already, or cannot be written.
    """
    paths = {False: out, True: out.with_name(f"{out.stem}.by-id{out.suffix}")}
    for path in paths.values():
        _refuse_what_is_there(path)
    outcome = Outcome(await _ready(crm, target, is_all=is_all, show=show))
    export = outcome.export
    if not export.new + export.changed:
        await crm.drop(target, export.number)
        return outcome
    files = {by_id: Written(path, heads_of(export, by_record_id=by_id), by_id) for by_id, path in paths.items()}
    try:
        with ExitStack() as stack:
            async for rows in _pages(crm, export, show):
                for by_id, file in files.items():
                    mine = (row for row in rows if row.by_record_id is by_id and row.state is RowState.WRITTEN)
                    _write(stack, file, list(mine))
        outcome.files = [file for file in files.values() if file.rows]
        for file in outcome.files:
            file.part.replace(file.path)
    except OSError as error:
        raise click.ClickException(f"{error.filename or out} cannot be written: {error.strerror}.") from None
    finally:
        for file in files.values():
            if file.stream is not None:  # else it is somebody else's who writes at the same time
                file.part.unlink(missing_ok=True)
    return outcome


async def confirmed(crm: Crm, export: Export, *, show: Show, although_overtaken: bool = False) -> Export:
    """An export that counts as told from now on."""
    begun = await crm.confirm(export.target, export.number, although_overtaken)
    return await _until(crm, begun, ExportState.CONFIRMING, "told", show)


async def refused_in(crm: Crm, export: Export, rows: Iterator[Mapping[str, str]]) -> RefusalReport:
    """What became of the rows of a file of errors: it has the columns that were sent, and one that says why."""
    count, unknown, waiting = 0, list[str](), list[Refusal]()
    for row in rows:
        key = row.get(export.record_id_column) or row.get(export.key_column) or ""
        reason = next((text for name, text in row.items() if "error" in name.casefold() and text), "")
        waiting.append(Refusal(key=key, reason=reason))
        if len(waiting) == PAGE:
            report = await crm.refuse(export.target, export.number, Refusals(refusals=tuple(waiting)))
            count, unknown, waiting = count + report.refused, unknown + list(report.unknown), []
    if waiting:
        report = await crm.refuse(export.target, export.number, Refusals(refusals=tuple(waiting)))
        count, unknown = count + report.refused, unknown + list(report.unknown)
    return RefusalReport(refused=count, unknown=tuple(unknown))


def _tell(options: Options, target: Target, number: int, refused: Path | None, *, although_overtaken: bool) -> None:
    screen = Screen()

    async def work() -> tuple[Export, RefusalReport]:
        async with options.reached() as it:
            crm = it.client(Crm)
            export, report = await crm.export(target, number), RefusalReport(refused=0)
            if refused is not None:
                with refused.open(encoding="utf-8-sig", newline="") as stream:
                    report = await refused_in(crm, export, _errors(refused, stream, export))
                if report.unknown and not report.refused:
                    raise click.ClickException(
                        f"None of the {len(report.unknown)} rows of {refused} is of export {number}, the first of them"
                        f" is `{report.unknown[0]}`: give the file of errors of this one. Nothing counts as told yet."
                    )
            with screen.progress(target, 1) as bar:
                done = await confirmed(crm, export, show=bar.reach, although_overtaken=although_overtaken)
            return done, report

    done, report = asyncio.run(work())
    if options.as_json:
        click.echo(to_json({"export": done, "refused": report.refused, "unknown": report.unknown}))
        return
    screen.say(f"Export {done.number} counts as told: {done.new} new, {done.changed} changed.")
    if refused is not None:
        screen.say(f"{report.refused} were refused, and are in the next export again.")
    if report.unknown:
        screen.say(f"{len(report.unknown)} are none of its records, the first of them `{escape(report.unknown[0])}`.")


def _errors(path: Path, stream: TextIO, export: Export) -> Iterator[Mapping[str, str]]:
    reader = csv.DictReader(stream, restval="", restkey="")
    try:
        heads = reader.fieldnames or ()
        if not {export.record_id_column, export.key_column}.intersection(heads):
            raise click.ClickException(
                f"{path} has no column `{export.key_column}` or `{export.record_id_column}`: is it the file of errors?"
            )
        for row in reader:
            yield {name: text for name, text in row.items() if name and isinstance(text, str)}
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{path} cannot be read ({error}): save it as CSV in UTF-8.") from None


async def _ready(crm: Crm, target: Target, *, is_all: bool, show: Show) -> Export:
    begun = await crm.begin(target, ExportBegin(is_all=is_all))
    return await _until(crm, begun, ExportState.BUILDING, "found", show)


async def _until(crm: Crm, export: Export, state: ExportState, word: str, show: Show) -> Export:
    """The export, when it is in another state than this one."""
    waited, place = 0.0, export.done
    while export.state is state:
        show(export.done, max(export.total, 1), f"{export.new + export.changed} {word}")
        await asyncio.sleep(POLL_S)
        export = await crm.export(export.target, export.number)
        waited = waited + POLL_S if export.done == place else 0.0
        place = export.done
        if waited > STUCK_S:
            raise click.ClickException(
                f"Export {export.number} does not get on: look with"
                " `atoll events dead revenue.application:revenue` what keeps it up."
            )
    return export


async def _pages(crm: Crm, export: Export, show: Show) -> AsyncIterator[list[ExportRow]]:
    cursor: str | None = None
    done, total = 0, export.new + export.changed
    while True:
        page = await crm.rows(export.target, export.number, cursor, PAGE)
        done += len(page.items)
        show(done, max(total, 1), f"{done} rows")
        yield list(page.items)
        if (cursor := page.next) is None:
            return


def _refuse_what_is_there(path: Path) -> None:
    """Leave alone what may not have been imported yet, and what somebody else may be writing."""
    if path.exists():
        raise click.ClickException(f"{path} is there already, and may not have been imported yet: name another one.")
    if (part := _part_of(path)).exists():
        raise click.ClickException(
            f"{part} is there already: another export writes it, or one was interrupted. Remove it where none runs:"
            " what was interrupted does not count as told."
        )


def _part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _write(stack: ExitStack, file: Written, rows: list[ExportRow]) -> None:
    if not rows:
        return
    if file.stream is None:
        file.stream = stack.enter_context(file.part.open("x", encoding="utf-8", newline=""))
        stack.callback(_sync, file.stream)
        file.stream.write(head_line(file.heads))
    file.stream.write(body_lines(file.heads, rows))
    file.rows += len(rows)


def _sync(stream: TextIO) -> None:
    """Have it on the disk before anybody is told that it is there."""
    stream.flush()
    os.fsync(stream.fileno())


def _summary(outcome: Outcome) -> dict[str, object]:
    files = [
        {"path": str(file.path), "rows": file.rows, "known_by": file.heads[0], "columns": file.heads}
        for file in outcome.files
    ]
    return {"export": outcome.export, "files": files, "cells_by_column": dict(outcome.by_column)}


def _show(screen: Screen, outcome: Outcome, *, is_dry_run: bool) -> None:
    export = outcome.export
    would = "would be " if is_dry_run else ""
    screen.say(f"{export.new} {would}new, {export.changed} {would}changed, {export.cells} cells.")
    if outcome.by_column:
        rows = [[escape(name), str(count)] for name, count in outcome.by_column.most_common()]
        screen.table("Cells by column", ("column", "cells"), rows, numbers=(1,))
    if outcome.samples:
        rows = [[escape(row.key), "new" if row.is_new else "changed", _cells(row)] for row in outcome.samples]
        screen.table("For example", ("record", "is", "says"), rows)
    if export.withheld:
        screen.say(
            f"{export.withheld} leads are withheld: `GET /exports/{export.target}/{export.number}/withheld` says why."
        )
    if export.left_out:
        rows = [[escape(what), str(count)] for what, count in sorted(export.left_out.items())]
        screen.table("Left out, so that the CRM keeps what it has", ("column: why", "cells"), rows, numbers=(1,))
    for file in outcome.files:
        how = "update by record id" if file.by_record_id else "upsert"
        screen.say(f"{file.rows} rows in {escape(str(file.path))}: {how}, known by {escape(file.heads[0])}.")
    if outcome.files and export.state is ExportState.READY:
        screen.say(f"Once they are imported: `revenue export {export.target} --told {export.number}`.")
    elif outcome.files:
        screen.say(f"Export {export.number} counts as told.")
    elif not is_dry_run:
        screen.say("There is nothing to tell: no file was written.")


def _cells(row: ExportRow) -> str:
    said = [f"{name}: {' '.join(text.split())[:30]}" for name, text in list(row.cells.items())[:CELLS_SHOWN]]
    return escape(", ".join(said)) + (", …" if len(row.cells) > CELLS_SHOWN else "")
