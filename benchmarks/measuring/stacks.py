"""Stacks whose programs run side by side: each takes its turn in each round, and what it did becomes a rate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measuring.cost import Cost
from benchmarks.measuring.load import Batch, Load
from benchmarks.measuring.programs import Program
from benchmarks.measuring.report import Rate

WARM_UP = 0.5
"""Of a batch: how much of one every stack does before the first round."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: the program that makes the load, and all that answer it."""

    name: str
    client: Program
    servers: Sequence[Program]

    def loaded(self, batch: Batch) -> tuple[Load, float]:
        """What a batch was like for the client, and the processor time that the servers took for it."""
        before_s = self._cpu_s()
        load = self.client.ask(batch, Load, batch.seconds)
        return load, self._cpu_s() - before_s

    def _cpu_s(self) -> float:
        return sum(server.cpu_s() for server in self.servers)


def rates(
    case: str, stacks: Sequence[Stack], batch: Batch, rounds: int, on_round: Callable[[], None]
) -> Mapping[str, Rate]:
    """The rate of each stack, by its name. In each round another stack begins."""
    loads: dict[str, list[tuple[Load, float]]] = {stack.name: [] for stack in stacks}
    for stack in stacks:
        stack.loaded(Batch(batch.in_flight, batch.seconds * WARM_UP))
    for number in range(rounds):
        first = number % len(stacks)
        for stack in (*stacks[first:], *stacks[:first]):
            loads[stack.name].append(stack.loaded(batch))
        on_round()
    return {name: _rate(name, case, batch.in_flight, found) for name, found in loads.items()}


def _rate(stack: str, case: str, in_flight: int, loads: Sequence[tuple[Load, float]]) -> Rate:
    return Rate(
        stack=stack,
        case=case,
        in_flight=in_flight,
        per_s=Cost(tuple(load.calls / load.seconds for load, _ in loads)),
        p50=Cost(tuple(load.p50_s for load, _ in loads)),
        p99=Cost(tuple(load.p99_s for load, _ in loads)),
        client_cpu=Cost(tuple(load.cpu_s / load.calls for load, _ in loads)),
        server_cpu=Cost(tuple(cpu_s / load.calls for load, cpu_s in loads)),
    )
