"""The demonstration: Revenue as processes, a sample of leads through its gateway, and what became of them."""

import asyncio
import heapq
import os
import shutil
import sys
import threading
import webbrowser
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from shlex import quote

from rich.markup import escape

from atoll.console import address as console_address
from atoll.console import login_link
from atoll.elsewhere import Connected
from atoll.gateway import Connection
from revenue.capture.contract import Capture, Lead
from revenue.front import address as front_address
from revenue.playbook.contract import Playbook, Publication
from revenue.routing.contract import Routing
from revenue.sample import sample_csv
from revenue.scoring.contract import Grade, Score, Scoring

from .connection import STATE, connection
from .funnel import funnel_now, summed
from .gtm import FOLDER as GTM
from .gtm import read_folder, start_folder
from .importing import Order, Tally, import_stream
from .options import Options
from .plots import bars
from .running import SINGLE, running_here
from .screen import Screen, graded, name_of, show_tally
from .waiting import PATIENCE_S, Counts, until_routed, until_some

FOLDER = "sample"
BEST = 5
PIECE_ROWS = 50
"""Small pieces, so that the bar moves."""

MEANINGS = {Grade.A: "call today", Grade.B: "call this week", Grade.C: "keep warm", Grade.D: "leave alone"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How Revenue is shown: with so many leads, in which topology, until when.

    It `ends` after the report, or goes on. With `has_team` it goes by an invented team's rules, unless some were
    published. With `opens`, the live page is opened in the browser of whoever sits here.
    """

    state: Path
    leads: int
    ends: bool
    topology: str
    has_team: bool
    opens: bool


async def demo(stop: asyncio.Event, wanted: Wanted) -> None:
    """Run Revenue, feed it, show what happened, and go on until `stop` is set or it ends by itself."""
    screen, state = Screen(), wanted.state
    screen.say(
        "Starting Revenue ..." if wanted.topology == SINGLE else "Starting Revenue, each service as a process ..."
    )
    rules = state / FOLDER / GTM
    start_folder(rules, sample=wanted.has_team)
    async with running_here(state, wanted.topology, sample_vendors=wanted.has_team):
        options = Options(url=None, key=None, state=state, as_json=False)
        here = connection(None, None, state)
        path = _written_sample(state / FOLDER, wanted.leads)
        async with options.reached() as it:
            if wanted.has_team:
                await _publish(it, rules)
            await _show_before(screen, it)
            tally = await _feed(screen, it, path, path.read_bytes())
            show_tally(screen, tally, is_dry_run=False)
            await _wait(screen, it)
            scores = [score async for score in it.client(Scoring).export()]
            best = heapq.nlargest(BEST, scores, key=lambda score: score.points)
            leads_of = {score.lead_id: await it.client(Capture).lead(score.lead_id) for score in best}
            _show_grades(screen, scores)
            _show_best(screen, best, leads_of)
            await _show_owners(screen, it)
        screen.say(summed(await funnel_now(options)))
        if best:
            _show_next(screen, here, leads_of[best[0].lead_id], path, state, rules)
        _show_pages(screen, here, state, opens=wanted.opens and not wanted.ends)
        if not wanted.ends:
            screen.say(f"\nRevenue is running. Ctrl-C stops it; leads and scores stay in {escape(str(state))}.")
            await stop.wait()
    screen.say("Revenue has stopped.")


async def _publish(it: Connected, rules: Path) -> None:
    """Have the services go by the sample's rules, unless a team has published its own; Routing knows its reps then."""
    playbook = it.client(Playbook)
    if (await playbook.latest()).version.version:
        return
    await playbook.publish(Publication(playbook=read_folder(rules), note="the sample's team"))
    await until_some(it.client(Routing).reps)


async def _show_before(screen: Screen, it: Connected) -> None:
    """How many leads have outlived the last time."""
    if before := (await it.client(Capture).count()).leads:
        screen.say(f"{before} leads are here from before: none of them comes in twice.")


async def _wait(screen: Screen, it: Connected) -> None:
    """Until all leads have their scores and owners, or nothing happens any more."""
    capture, scoring, routing = it.client(Capture), it.client(Scoring), it.client(Routing)

    async def counted() -> Counts:
        return await capture.count(), await scoring.count(), await routing.count()

    with screen.progress("scores and owners", 1) as bar:
        waiting = await until_routed(counted, lambda done, total: bar.reach(done, total, f"{done} of {total}"))
    if waiting:
        screen.say(
            f"[yellow]{waiting} leads still wait for their owner[/], and nothing has happened for {PATIENCE_S:.0f} s."
            " They are kept, and routed as soon as it goes on; the log says what is in the way."
        )


def _written_sample(folder: Path, leads: int) -> Path:
    """The sample as a file that can be looked at; what an earlier demonstration left there goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("leads*.csv"):
        old.unlink()
    path = folder / "leads.csv"
    path.write_text(sample_csv(leads=leads), encoding="utf-8-sig")
    return path


async def _feed(screen: Screen, it: Connected, path: Path, content: bytes) -> Tally:
    tally = Tally()
    with screen.progress("leads", len(content)) as bar:
        order = Order(path, rows=PIECE_ROWS)
        await import_stream(it.client(Capture), BytesIO(content), order, tally, lambda: bar.show(tally))
    return tally


def _show_grades(screen: Screen, scores: Sequence[Score]) -> None:
    counts = Counter(score.grade for score in scores)
    rows = [[graded(grade), str(counts[grade]), meaning] for grade, meaning in MEANINGS.items()]
    screen.table("Grades", ("grade", "leads", "meaning"), rows, numbers=(1,))


def _show_best(screen: Screen, best: Sequence[Score], leads: dict[str, Lead]) -> None:
    rows = [[str(score.points), escape(name_of(leads[score.lead_id])), "\n".join(_why(score))] for score in best]
    screen.table("Best leads", ("points", "who", "why"), rows, numbers=(0,))


def _why(score: Score, reasons: int = 3) -> list[str]:
    return [f"{reason.points:+d} {escape(reason.sentence)}" for reason in score.reasons[:reasons]]


async def _show_owners(screen: Screen, it: Connected) -> None:
    reps = await it.client(Routing).reps()
    waiting = (await it.client(Routing).count()).waiting
    most = max((rep.open_leads for rep in reps), default=0)
    rows = [
        [escape(rep.owner.name or rep.owner.id), ", ".join(rep.teams), str(rep.open_leads), bars(rep.open_leads, most)]
        for rep in reps
    ]
    if waiting:
        rows.append(["nobody yet", "", str(waiting), bars(waiting, most)])
    screen.table("Owners", ("owner", "teams", "leads", ""), rows, numbers=(2,))


def _show_next(screen: Screen, here: Connection, lead: Lead, path: Path, state: Path, rules: Path) -> None:
    key, program = quote(str(state / "gateway" / "development.key")), quote(_program())
    where = "" if state == STATE else f" --state {quote(str(state))}"
    screen.say("\n[bold]What to try next[/], in another terminal in this folder:")
    for command in (
        f"{program} lead show {quote(lead.email or lead.id)}{where}",
        f"{program} import {quote(str(path))}{where}                  # again: nobody comes in twice",
        f'{program} import YOUR.csv --dry-run --map "Kunde=company"{where}',
        f"{program} plan --rules {quote(str(rules))}{where}          # change a file there first: who gets whom?",
        f'curl -H "Authorization: Bearer $(cat {key})" {here.url}/scoring/v1/scores/{lead.id}',
    ):
        screen.out.print(f"  {command}", markup=False, soft_wrap=True)


def _show_pages(screen: Screen, here: Connection, state: Path, *, opens: bool) -> None:
    """Where to look in a browser, and the live page in one. A link that logs in is a secret: pipes are kept."""
    page = login_link(state) if screen.out.is_terminal else console_address(state)
    if page is not None:
        what = "the live page, which opens by itself" if opens else "the live page"
        screen.out.print(f"  {page}  in a browser: {what}", markup=False, soft_wrap=True)
    if (form := front_address(state)) is not None:
        text = f"  {form}/  in a browser: a form for a lead of your own, and its way to an owner"
        screen.out.print(text, markup=False, soft_wrap=True)
    screen.out.print(f"  {here.url}/  in a browser: every operation, to be tried", markup=False, soft_wrap=True)
    if opens and (link := login_link(state)) is not None:  # a link logs in once: what is shown is another one
        threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()  # some end when they are closed


def has_desktop() -> bool:
    """Whether somebody sits here, at a screen on which a browser can be opened."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _program() -> str:
    """This program as it can be typed here: its name, or its path where the shell does not find it by name."""
    beside = Path(sys.executable).with_name("revenue")
    if shutil.which("revenue") or not beside.exists():
        return "revenue"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)
