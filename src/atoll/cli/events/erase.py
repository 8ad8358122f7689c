"""`atoll events erase`: what is personal of somebody goes."""

from collections.abc import Mapping

import click
import msgspec
from rich.markup import escape

from atoll.cli.events.reaching import Change, Reaching, app_option, changing, reaching, warn_of_unreached
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.cli.words import counted
from atoll.operating import Erased, Operated, Whose

EXAMPLES = """\b
Examples:
  atoll events erase lead-7 --dry-run
  atoll events erase lead-7 --reason "asked for on Monday"
"""


@click.command(epilog=EXAMPLES)
@click.argument("subject")
@click.option("--tenant", default="main", show_default=True, metavar="NAME", help="Whose subject it is.")
@click.option("--dry-run", "is_trial", is_flag=True, help="Count, and change nothing.")
@click.option(
    "--keep-files", is_flag=True, help="Do not write SQLite files anew; deleted pages may then hold what was in them."
)
@app_option
@reaching
@changing()
def erase(where: Reaching, *, subject: str, tenant: str, is_trial: bool, keep_files: bool, change: Change) -> None:
    """Erase a data subject from what the platform keeps, in the databases of all services.

    SUBJECT is the key of its events, or what a transaction has said with `tx.concerns(...)`. Personal fields go from
    events in logs, scheduled and parked ones; answers to calls with an idempotency key go as a whole. Positions and
    identifiers stay, so that subscribers go on. What services keep in tables of their own is theirs to erase.

    SQLite files are written anew afterwards, for which writers wait. Backups are left as they are.
    """

    async def work(found: Operated) -> tuple[dict[str, Erased], dict[str, str]]:
        whose = Whose(subject, tenant)
        trial = await found.erase(whose, change.by, is_trial=True)
        rows = sum(each.rows for each in trial.values())
        if is_trial:
            failed: dict[str, str] = {}
            done = trial
        else:
            what = f"{counted(rows, 'row')} of {subject} (tenant {tenant}) would be erased for good."
            if rows:
                change.confirm(what)
            done = await found.erase(whose, change.by)
            failed = {} if keep_files else await found.rewrite()
        if where.as_json:
            print_json(_facts(subject, tenant, done, found, failed, is_trial=is_trial))
        else:
            _print(subject, tenant, done, is_trial=is_trial)
            warn_of_unreached(found)
        return done, dict(found.unreached) | failed

    _, failed = where.run(work)
    if failed and not where.as_json:
        for service, why in failed.items():
            screen().print(f"[bold red]✗[/] {service}: {escape(why)}", soft_wrap=True)
        screen().print("Erase again when that is mended: what is erased stays so.")
    if failed:
        where.ctx.exit(1)


def _facts(
    subject: str, tenant: str, done: Mapping[str, Erased], found: Operated, failed: Mapping[str, str], *, is_trial: bool
) -> dict[str, object]:
    return {
        "subject": subject,
        "tenant": tenant,
        "dry_run": is_trial,
        "services": msgspec.to_builtins(done),
        "unreached": dict(found.unreached),
        "not_rewritten": dict(failed),
    }


def _print(subject: str, tenant: str, done: Mapping[str, Erased], *, is_trial: bool) -> None:
    console = screen()
    rows = sum(each.rows for each in done.values())
    if not rows:
        what = f"Nothing personal is kept of {subject} (tenant {tenant})."
        console.print(f"{what} A subject is the key of its events.", markup=False, soft_wrap=True)
        return
    made = table("service", "events", "scheduled", "parked", "answers", "without data")
    for column in made.columns[1:]:
        column.justify = "right"
    for service, each in done.items():
        if each.rows:
            counts = (each.outbox, each.scheduled, each.parked, each.requests, each.whole)
            made.add_row(f"[bold]{service}[/]", *(str(count or "-") for count in counts))
    print_laid_out(made, on=console)
    if is_trial:
        console.print(f"[dim]{counted(rows, 'row')} would be erased. Without --dry-run they are.[/]")
    else:
        console.print(f"[bold green]✓[/] {counted(rows, 'row')} of {escape(subject)} erased.")
