"""How the cost of events grows: with subscribers, with events that wait, and with keys. All on SQLite."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.measuring import Cost, Figures, Findings, Flow, Panel, Program, Programs, Ratio, Row, Screen, cores
from benchmarks.measuring import flowing as flowing_in_turns
from benchmarks.measuring.load import LATE_S
from benchmarks.measuring.stamps import Collect, Stamps
from benchmarks.subjects.events_atoll import AtollPlace
from benchmarks.subjects.events_atoll_flows import atoll_flow
from benchmarks.subjects.events_backlog import Stock, Stocked

BACKLOG = "benchmarks.subjects.events_backlog"

NOBODY_WAITS = 10**9
"""The producer does not wait for its subscribers: a look at how far they are would cost as much as the slow ones do."""

AT_ONCE = 500
"""How many events a transaction has that makes the log long."""

CHUNK = 20_000
"""How many events are asked for at once, so that progress is seen."""

PUBLISHED_PER_S = 200.0
"""How often somebody publishes beside a subscriber that catches up."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How much is measured. Spans are in seconds.

    Of every number of `subscribers` and of `keys`, `rounds` batches of events that are published for so long. Of every
    number of `undelivered` events, the time that it takes to catch up with them, or with the first `caught_up_max`;
    meanwhile so many are `published`.
    """

    rounds: int
    subscribers: tuple[int, ...]
    subscribers_s: float
    keys: tuple[int, ...]
    keys_s: float
    undelivered: tuple[int, ...]
    caught_up_max: int
    published: int


def growth(size: Growth, screen: Screen, findings: Findings) -> None:
    """All three, one after the other."""
    _with_subscribers(size, screen, findings)
    _with_keys(size, screen, findings)
    _with_undelivered(size, screen, findings)


def _with_subscribers(size: Growth, screen: Screen, findings: Findings) -> None:
    """A producer in one process, and so many subscribers in another; each event is published as soon as it can be."""

    def flow(subscribers: int) -> AbstractContextManager[Flow]:
        return atoll_flow("processes", subscribers=subscribers, ahead_max=NOBODY_WAITS)

    figures = _flowing("subscribers", flow, size.subscribers, size.subscribers_s, size.rounds, screen)
    of_producer = [Cost(tuple(each.cpu_s["producer"] / each.events * 1e6 for each in found)) for found in figures]
    of_all = [_cpu(found) for found in figures]
    group = "Growth with subscribers: SQLite, processes"
    for count, producer, both in zip(size.subscribers, of_producer, of_all, strict=True):
        name = _of(count, "subscriber")
        findings.rows += [
            Row(group, name, "CPU of the producer", "µs", producer),
            Row(group, name, "CPU of all", "µs", both),
            Row(group, name, "for each subscriber", "µs", both.each(count)),
        ]
    few, many = size.subscribers[0], size.subscribers[-1]
    findings.ratios += [
        Ratio(f"CPU of the producer: {many} / {few} subscribers", of_producer[-1].median / of_producer[0].median),
        Ratio(f"CPU of all: {many} / {few} subscribers", of_all[-1].median / of_all[0].median),
    ]
    lines = {"producer": _medians(of_producer), "all": _medians(of_all)}
    findings.panels.append(Panel("CPU of an event", "µs", "subscribers", size.subscribers, lines, is_to_scale=True))


def _with_keys(size: Growth, screen: Screen, findings: Findings) -> None:
    """Both sides in one process; events are of so many keys that come in turns."""

    def flow(keys: int) -> AbstractContextManager[Flow]:
        return atoll_flow("single", keys=keys)

    figures = _flowing("keys", flow, size.keys, size.keys_s, size.rounds, screen)
    per_s = [Cost(tuple(each.per_s for each in found)) for found in figures]
    of_all = [_cpu(found) for found in figures]
    group = "Growth with keys: SQLite, single"
    for count, rate, cpu in zip(size.keys, per_s, of_all, strict=True):
        name = _of(count, "key")
        findings.rows += [Row(group, name, "events", "1/s", rate), Row(group, name, "CPU of all", "µs", cpu)]
    few, many = size.keys[0], size.keys[-1]
    findings.ratios.append(Ratio(f"CPU of all: {many:,} / {few:,} keys", of_all[-1].median / of_all[0].median))
    findings.panels.append(Panel("CPU of an event", "µs", "keys", size.keys, {"all": _medians(of_all)}))


def _with_undelivered(size: Growth, screen: Screen, findings: Findings) -> None:
    """A log that gets longer, and for each length a new subscriber that begins with its oldest event."""
    group = "Growth with the backlog: SQLite, processes"
    publishing: list[Cost] = []
    catching_up: list[Cost | None] = []
    with tempfile.TemporaryDirectory(prefix="atoll-events-") as folder, Programs() as programs:
        backlog = _Backlog(Path(folder), programs)
        steps = -(-max(size.undelivered) // CHUNK) + len(size.undelivered)
        with screen.progress(f"backlog, {_of(max(size.undelivered), 'event')}", steps) as advance:
            for undelivered in size.undelivered:
                backlog.grow(undelivered, advance)
                cpu, per_s = backlog.caught_up(undelivered, size)
                advance()
                publishing.append(cpu)
                catching_up.append(per_s)
    for count, cpu, per_s in zip(size.undelivered, publishing, catching_up, strict=True):
        name = f"{count:,} undelivered"
        findings.rows.append(Row(group, name, "CPU of publishing", "µs", cpu))
        if per_s is not None:
            findings.rows.append(Row(group, name, "events caught up with", "1/s", per_s))
    few, many = size.undelivered[0], size.undelivered[-1]
    ratio = publishing[-1].median / publishing[0].median
    findings.ratios.append(Ratio(f"CPU of publishing: {many:,} / {few:,} undelivered", ratio))
    along, counts = "undelivered", size.undelivered
    findings.panels += [
        Panel("CPU of publishing", "µs a transaction", along, counts, {"transaction": _medians(publishing)}),
        Panel("Catching up", "events/s", along, counts, {"subscriber": _medians(catching_up)}),
    ]


class _Backlog:
    """A log that grows. Owns its producer, and the numbers of its events."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self._place = AtollPlace(str(folder))
        self._core, self._other_core = cores()
        self._events = 0
        self._producer = self._started(programs, "produce", self._core)
        self._producer.ready()

    def grow(self, events: int, on_chunk: Callable[[], None]) -> None:
        """Publish until there are so many; nobody reads them."""
        while (missing := events - self._events) > 0:
            each = min(AT_ONCE, missing)
            self._stock(Stock(self._events, min(CHUNK, missing) // each, each))
            on_chunk()

    def caught_up(self, undelivered: int, size: Growth) -> tuple[Cost, Cost | None]:
        """What publishing takes beside a new subscriber, and how many events a second that has; None for no events.

        Raises:
            RuntimeError: an event had two effects, or one before another of its key, or they do not come.
        """
        shutil.rmtree(Path(self._place.folder) / "subscribers", ignore_errors=True)
        known = self._events
        wanted = min(undelivered, size.caught_up_max)
        with Programs() as programs:
            subscriber = self._started(programs, "catch-up", self._other_core)
            subscriber.ready()
            cpu_s = self._stock(Stock(self._events, size.published, rate=PUBLISHED_PER_S))
            if not wanted:  # those that were published meanwhile, so that it is seen to work
                wanted = size.published
            effects = subscriber.ask(Collect(wanted), Stamps, LATE_S + wanted / 100)
        self._check(effects, wanted)
        publishing = Cost(tuple(each * 1e6 for each in cpu_s))
        if not undelivered:
            return publishing, None
        at_s = sorted(at for number, at in zip(effects.numbers, effects.at_s, strict=True) if number < known)
        return publishing, Cost(((len(at_s) - 1) / max(at_s[-1] - at_s[0], 1e-9),))

    def _stock(self, asked: Stock) -> list[float]:
        seconds = 0.0 if asked.rate is None else asked.transactions / asked.rate
        cpu_s = self._producer.ask(asked, Stocked, seconds).cpu_s
        self._events += asked.transactions * asked.events_each
        return cpu_s

    def _check(self, effects: Stamps, wanted: int) -> None:
        """Each at most once, and those of a key in their order: it is no race who says quickest that it is done."""
        last: dict[int, int] = {}
        for number in effects.numbers:
            if last.get(number % self._place.keys, -1) >= number:
                raise RuntimeError(f"event {number} had its effect twice, or out of order")
            last[number % self._place.keys] = number
        if len(effects.numbers) < wanted:
            raise RuntimeError(f"of {wanted} events that were waited for, {len(effects.numbers)} had an effect")

    def _started(self, programs: Programs, side: str, core: int | None) -> Program:
        address = msgspec.json.encode(self._place).decode()
        followed = str(Path(self._place.folder) / f"followed-{side}")
        return programs.start(f"backlog: {side}", BACKLOG, side, address, followed, core=core)


def _flowing(
    what: str,
    flow: Callable[[int], AbstractContextManager[Flow]],
    counts: Sequence[int],
    seconds: float,
    rounds: int,
    screen: Screen,
) -> list[list[Figures]]:
    """What the stack of each count did in each round, once all are warm."""
    with ExitStack() as stack, screen.progress(f"growth with {what}", len(counts) * (rounds + 2)) as advance:
        flows: list[Flow] = []
        for count in counts:
            flows.append(stack.enter_context(flow(count)))
            flows[-1].name = _of(count, what.removesuffix("s"))
            advance()
        flowing_in_turns(flows, seconds / 2, 1, advance)
        found = flowing_in_turns(flows, seconds, rounds, advance)
    return list(found.values())


def _cpu(figures: Sequence[Figures]) -> Cost:
    return Cost(tuple(each.cpu_each_s * 1e6 for each in figures))


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _medians(costs: Sequence[Cost | None]) -> list[float | None]:
    return [None if cost is None else cost.median for cost in costs]
