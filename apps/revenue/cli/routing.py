"""The verbs of routing: rules tried on the leads that are here, and how evenly they give them out."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

from revenue.routing.contract import FairnessReport, Routing, RoutingTrial, TrialReport

from .answers import to_json
from .options import Options, with_options
from .plots import bars, save_pairs, with_picture
from .reading import read_rules, with_folder
from .screen import Screen

LEADS = 1_000
LEADS_MAX = 10_000
"""Of a trial; Routing takes no more."""


@click.group("route")
def route_group() -> None:
    """Try who would get which lead."""


@route_group.command("simulate")
@with_folder
@click.option("--leads", default=LEADS, show_default=True, type=click.IntRange(1, LEADS_MAX), help="The last so many.")
@with_picture("leads by owner, now and then")
@with_options
def simulate_command(options: Options, folder: Path, leads: int, plot: Path | None) -> None:
    """Route past leads by the rules in the folder: who would have got them, and how fair that is. Nothing changes."""
    rules = read_rules(folder)

    async def work() -> TrialReport:
        async with options.reached() as it:
            return await it.client(Routing).simulate(RoutingTrial(rules=rules.routing, leads_max=leads))

    trial = asyncio.run(work())
    if plot is not None:
        save_pairs(plot, "Leads by owner", ("now", "then"), {name: (now, then) for name, now, then in _owners(trial)})
    if options.as_json:
        click.echo(to_json(trial))
        return
    screen = Screen()
    show_trial(screen, trial)
    steps = [[escape(name), str(count), bars(count, trial.leads)] for name, count in trial.by_step.items()]
    screen.table("Leads by the step that finds the owner", ("step", "leads", ""), steps, numbers=(1,))
    _show_fairness(screen, trial.fairness)


def show_trial(screen: Screen, trial: TrialReport, samples: int = 10) -> None:
    """Who would have other leads than now, and some of these."""
    screen.say(
        f"\n[bold]Owners[/]: of {trial.leads} leads, {trial.changed} would have another one, {trial.moved} of them by"
        " another step, territory or team."
    )
    if not trial.leads:
        return
    owners = _owners(trial)
    most = max(max(now, then) for _, now, then in owners)
    rows = [[escape(name), str(now), str(then), bars(then, most)] for name, now, then in owners]
    screen.table("Leads by owner", ("owner", "now", "then", ""), rows, numbers=(1, 2))
    if trial.samples:
        shown: Sequence[list[str]] = [
            [each.lead_id, f"{escape(each.was)} → {escape(each.becomes)}", escape(" ".join(each.why[-1:]))]
            for each in trial.samples[:samples]
        ]
        screen.table("For example", ("lead", "owner", "why"), shown)


def _owners(trial: TrialReport) -> list[tuple[str, int, int]]:
    """All owners, with their leads now and then; the most first."""
    names = {*trial.before, *trial.after}
    found = [(name, trial.before.get(name, 0), trial.after.get(name, 0)) for name in names]
    return sorted(found, key=lambda each: (-each[2], -each[1], each[0]))


def _show_fairness(screen: Screen, fairness: FairnessReport) -> None:
    rows = [
        [
            escape(team.team),
            escape(share.rep),
            f"{share.weight:g}",
            f"{share.expected:.1f}",
            str(share.got),
            f"{share.got - share.expected:+.1f}",
        ]
        for team in fairness.teams
        for share in team.shares
    ]
    if not rows:
        screen.say("\nNo team gives leads out in turn, so that there is no fairness to be shown.")
        return
    heads = ("team", "rep", "weight", "should get", "would get", "off by")
    screen.table("Fairness", heads, rows, numbers=(2, 3, 4, 5))
    waiting = sum(team.waiting for team in fairness.teams)
    waits = f" {waiting} leads would wait in a queue." if waiting else ""
    screen.say(f"Nobody would be further from their share than {fairness.deviation_max:.2f} leads.{waits}")
