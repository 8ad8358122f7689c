"""The verbs of the team's rules: the folder `gtm/`, what it would change, and its versions."""

import asyncio
from pathlib import Path

import click
from rich.markup import escape

from revenue.enrichment.contract import Enrichment, EnrichmentPlan
from revenue.paging import items_of
from revenue.playbook.contract import Playbook, PlaybookVersion, Publication, TeamRules
from revenue.routing.contract import Routing, RoutingTrial, TrialReport
from revenue.scoring.contract import Plan, PlanRequest, Scoring

from .answers import to_json
from .gtm import start_folder, write_schemas
from .money import about
from .options import Options, with_json, with_options
from .reading import read_rules, with_folder
from .routing import show_trial
from .screen import Screen, graded

SAMPLES = 10


@click.group("rules")
def rules_group() -> None:
    """Begin, check and describe the folder of the team's rules."""


@rules_group.command("init")
@with_folder
@click.option("--sample", is_flag=True, help="An invented team: its people, territories and vendors.")
@with_json
def init_command(*, as_json: bool, folder: Path, sample: bool) -> None:
    """Write the rules that hold by default into the folder, where they are not there yet, and schemas for editors."""
    _tell_written(start_folder(folder, sample=sample), as_json=as_json)


@rules_group.command("check")
@with_folder
@with_json
def check_command(*, as_json: bool, folder: Path) -> None:
    """Read the folder, and say everything that is wrong with it; nothing has to run for that."""
    rules = read_rules(folder)
    click.echo(to_json(rules) if as_json else f"{folder} is right.")


@rules_group.command("schema")
@with_folder
@with_json
def schema_command(*, as_json: bool, folder: Path) -> None:
    """Write the JSON Schemas of the files again: editors complete and check by them."""
    _tell_written(write_schemas(folder), as_json=as_json)


@rules_group.command("versions")
@with_options
def versions_command(options: Options) -> None:
    """Show the versions that were published, latest last."""

    async def work() -> list[PlaybookVersion]:
        async with options.reached() as it:
            return [version async for version in items_of(it.client(Playbook).versions)]

    found = asyncio.run(work())
    if options.as_json:
        click.echo(to_json(found))
        return
    rows = [_row(version) for version in found] or [["0", "-", "-", "what the services come with"]]
    Screen().table("Versions of the rules", ("version", "published", "by", "why"), rows, numbers=(0,))


@click.command("plan")
@with_folder
@with_options
def plan_command(options: Options, folder: Path) -> None:
    """Show which leads would change score, owner or cost by the rules in the folder; nothing changes."""
    rules = read_rules(folder)

    async def work() -> tuple[TeamRules, Plan, TrialReport, EnrichmentPlan]:
        async with options.reached() as it:
            kept = await it.client(Playbook).latest()
            return (
                kept.playbook,
                await it.client(Scoring).plan(PlanRequest(rules=rules.scoring, samples=SAMPLES)),
                await it.client(Routing).simulate(RoutingTrial(rules=rules.routing)),
                await it.client(Enrichment).plan(rules.enrichment),
            )

    holding, scores, owners, costs = asyncio.run(work())
    changed = [name for name in TeamRules.__struct_fields__ if getattr(rules, name) != getattr(holding, name)]
    if options.as_json:
        click.echo(to_json({"changed": changed, "scores": scores, "owners": owners, "costs": costs}))
        return
    screen = Screen()
    screen.say(f"Rules that differ from those that hold: {escape(', '.join(changed) or 'none')}.")
    _show_scores(screen, scores)
    show_trial(screen, owners, SAMPLES)
    _show_costs(screen, costs)
    if changed:
        screen.say("\nNothing has changed yet: `revenue apply` publishes these rules.")


@click.command("apply")
@with_folder
@click.option("--note", "-m", default="", help="Why, for those who look at the versions later.")
@with_options
def apply_command(options: Options, folder: Path, note: str) -> None:
    """Publish the rules in the folder: all services go by them from then on, each as soon as it is there."""
    rules = read_rules(folder)

    async def work() -> tuple[PlaybookVersion, PlaybookVersion]:
        async with options.reached() as it:
            playbook = it.client(Playbook)
            before = (await playbook.latest()).version
            return before, await playbook.publish(Publication(playbook=rules, note=note, expected=before.version))

    before, version = asyncio.run(work())
    if options.as_json:
        click.echo(to_json(version))
    elif version.version == before.version:
        click.echo(f"Version {version.version} holds already, with these very rules.")
    else:
        click.echo(f"Version {version.version} holds from now on. `revenue rollback` brings the one before back.")


@click.command("rollback")
@click.option("--to", type=click.IntRange(0), help="The version to bring back; by default the one before the latest.")
@click.option("--note", "-m", default="", help="Why.")
@with_options
def rollback_command(options: Options, to: int | None, note: str) -> None:
    """Publish an earlier version of the rules again, under a new number."""

    async def work() -> PlaybookVersion:
        async with options.reached() as it:
            playbook = it.client(Playbook)
            latest = (await playbook.latest()).version
            if to is None and not latest.version:
                raise click.ClickException("No rules were published: there is nothing to take back.")
            return await playbook.restore(_before(latest) if to is None else to, note)

    version = asyncio.run(work())
    if options.as_json:
        click.echo(to_json(version))
    else:
        click.echo(f"Version {version.version} holds from now on: the rules of version {version.restores}.")


def _tell_written(paths: list[Path], *, as_json: bool) -> None:
    """Which files were written."""
    if as_json:
        click.echo(to_json({"written": [str(path) for path in paths]}))
        return
    for path in paths:
        click.echo(f"wrote {path}")


def _before(latest: PlaybookVersion) -> int:
    """The version that held before; of one that was brought back, the one before that."""
    return max((latest.version if latest.restores is None else latest.restores) - 1, 0)


def _row(version: PlaybookVersion) -> list[str]:
    at = f"{version.published_at:%Y-%m-%d %H:%M}" if version.published_at else "-"
    return [str(version.version), at, escape(version.published_by), escape(version.note)]


def _show_scores(screen: Screen, plan: Plan) -> None:
    screen.say(
        f"\n[bold]Scores[/]: of {plan.leads} leads, {plan.points_change} change points, {plan.grade_change} grade."
    )
    if plan.moves:
        rows = [[graded(move.before), graded(move.after), str(move.leads)] for move in plan.moves]
        screen.table("Grades", ("from", "to", "leads"), rows, numbers=(2,))
    if plan.samples:
        rows = [
            [each.lead_id, f"{each.before.points} → {each.after.points}", graded(each.after.grade)]
            for each in plan.samples
        ]
        screen.table("Leads", ("lead", "points", "grade"), rows)


def _show_costs(screen: Screen, plan: EnrichmentPlan) -> None:
    screen.say(
        f"\n[bold]Cost[/]: of {plan.leads} leads, providers would be asked about {plan.leads_to_ask_about}: "
        f"{about(plan.cost_expected_micros, escape(plan.currency))} expected, {about(plan.cost_most_micros)} at most."
    )
    if plan.providers:
        rows = [[escape(each.provider), str(each.leads), about(each.cost_expected_micros)] for each in plan.providers]
        screen.table("Providers", ("provider", "leads", f"cost, {plan.currency}"), rows, numbers=(1, 2))
