"""What is killed in which run: the seed says. The first ten have something of everything."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """What is killed, on which database, with how many instances of the till and of the ledger."""

    victim: str
    database: str
    instances: int

    def __str__(self) -> str:
        return f"{self.victim}, {self.database}, {self.instances}"


SCENARIOS = (
    Scenario("points", "sqlite", 1),
    Scenario("points", "postgresql", 3),
    Scenario("till", "sqlite", 3),
    Scenario("ledger", "sqlite", 1),
    Scenario("postgresql", "postgresql", 1),
    Scenario("all at once", "sqlite", 3),
    Scenario("paused", "sqlite", 3),
    Scenario("supervisor", "sqlite", 3),
    Scenario("points", "postgresql", 1),
    Scenario("any", "postgresql", 3),
    # from here on it takes more than ten runs
    Scenario("till", "postgresql", 1),
    Scenario("ledger", "postgresql", 3),
    Scenario("points", "sqlite", 1),
    Scenario("any", "sqlite", 1),
    Scenario("paused", "postgresql", 3),
    Scenario("postgresql", "postgresql", 3),
    Scenario("till", "sqlite", 1),
    Scenario("points", "sqlite", 3),
    Scenario("ledger", "sqlite", 3),
    Scenario("all at once", "sqlite", 1),
    Scenario("points", "postgresql", 1),
    Scenario("supervisor", "postgresql", 1),
    Scenario("all at once", "postgresql", 3),
    Scenario("any", "sqlite", 3),
    Scenario("till", "postgresql", 3),
    Scenario("points", "postgresql", 3),
    Scenario("ledger", "postgresql", 1),
    Scenario("all at once", "postgresql", 1),
    Scenario("any", "postgresql", 1),
    Scenario("supervisor", "sqlite", 1),
    Scenario("supervisor", "postgresql", 3),
)


def scenario_of(seed: int, only: str = "") -> Scenario:
    """The scenario of a run."""
    known = [each for each in SCENARIOS if str(each).startswith(only)]
    return known[seed % len(known)]
