"""Events from a producer to a subscriber: how many a second, and how long from a commit to its committed effect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from benchmarks.measuring.load import LATE_S, quantile
from benchmarks.measuring.programs import Program
from benchmarks.measuring.stamps import Collect, Produce, Stamps


@dataclass(frozen=True, slots=True)
class Figures:
    """What one batch of events was like. Every event has had its effect, once.

    `seconds` pass from the first commit to the last effect; an event takes from its own commit to its own committed
    effect, of which `p50_s` and `p99_s` are quantiles. `cpu_s` is the processor time of each process that takes part,
    by its name, over the same time.
    """

    events: int
    seconds: float
    p50_s: float
    p99_s: float
    cpu_s: Mapping[str, float]

    @property
    def per_s(self) -> float:
        """Events in a second, up to their effects."""
        return self.events / self.seconds

    @property
    def cpu_each_s(self) -> float:
        """Processor time of all processes together, for one event."""
        return sum(self.cpu_s.values()) / self.events

    @classmethod
    def of(cls, committed: Stamps, effects: Stamps, cpu_s: Mapping[str, float]) -> "Figures":
        """What both sides have noted, put together; `total` is how many effects there are and should be, ever.

        Raises:
            RuntimeError: an event had no effect, or more than one, or none was committed.
        """
        if not committed.numbers:
            raise RuntimeError("no event was committed in the time of a batch")
        if sorted(committed.numbers) != sorted(effects.numbers) or committed.total != effects.total:
            raise RuntimeError(
                f"{len(committed.numbers)} events had {len(effects.numbers)} effects, {len(set(effects.numbers))} of "
                f"them different ones; of all {committed.total} events, {effects.total} effects are in the database"
            )
        at_s = dict(zip(committed.numbers, committed.at_s, strict=True))
        taken_s = sorted(at - at_s[number] for number, at in zip(effects.numbers, effects.at_s, strict=True))
        seconds = max(effects.at_s) - min(committed.at_s)
        return cls(len(taken_s), seconds, quantile(taken_s, 0.5), quantile(taken_s, 0.99), cpu_s)


@dataclass(slots=True)
class Flow:
    """A running stack of events: its programs, and who else works for it. Owns the numbers of its events.

    The producer and the subscriber may be one program, which is called `both` then.

    Where it is saturated, its producer has `in_flight` transactions at once, and is at most `ahead_max` events ahead of
    their effects. `others` are the processor times, up to now, of what takes part beside the two programs: servers, a
    relay.
    """

    name: str
    producer: Program
    subscriber: Program
    in_flight: int
    ahead_max: int
    others: Mapping[str, Callable[[], float]] = field(default_factory=dict[str, Callable[[], float]])
    _events: int = field(default=0, init=False)

    def measure(self, seconds: float, rate: float | None = None) -> Figures:
        """Produce for so long, at a rate or as quickly as it goes, and wait for the effect of every event.

        The first two seconds warm caches, pools and plans up: measure once before what counts. The wait for what is
        still on its way is part of the time, so that events a second are those of the slowest part.

        Raises:
            RuntimeError: an event had no effect, or more than one, or a program failed.
        """
        before = self._cpu_s()
        asked = Produce(self._events, seconds, rate, self.in_flight, self.ahead_max)
        committed = self.producer.ask(asked, Stamps, seconds)
        self._events += len(committed.numbers)
        effects = self.subscriber.ask(Collect(len(committed.numbers)), Stamps, LATE_S)
        cpu_s = {name: after - before[name] for name, after in self._cpu_s().items()}
        try:
            return Figures.of(msgspec.structs.replace(committed, total=self._events), effects, cpu_s)
        except RuntimeError as error:
            raise RuntimeError(f"{self.name}: {error}") from None

    def _cpu_s(self) -> dict[str, float]:
        sides = {"producer": self.producer, "subscriber": self.subscriber}
        if self.producer is self.subscriber:
            sides = {"both": self.producer}
        parts = {**{name: side.cpu_s for name, side in sides.items()}, **self.others}
        return {name: cpu_s() for name, cpu_s in parts.items()}


def flowing(
    flows: Sequence[Flow],
    seconds: float,
    rounds: int,
    on_batch: Callable[[], None],
    rates: Mapping[str, float] | None = None,
) -> dict[str, list[Figures]]:
    """What each stack did in each round, by its name. All run side by side and take turns; another one begins each.

    As quickly as it goes, or each at a rate of its own.
    """
    found: dict[str, list[Figures]] = {flow.name: [] for flow in flows}
    for number in range(rounds):
        first = number % len(flows)
        for flow in (*flows[first:], *flows[:first]):
            found[flow.name].append(flow.measure(seconds, None if rates is None else rates[flow.name]))
            on_batch()
    return found
