"""Who asks from outside: a user, how he has proved that he is one, and what his proof opens."""

from dataclasses import dataclass

from atoll.contract import Operation, service_of


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody from outside. `proof` says how he has proved who he is, for the log; it is no secret.

    `operations` are those that the proof opens: `scoring.score`, `scoring.*` or `*`; None means whatever is public.
    """

    user: str
    proof: str
    operations: frozenset[str] | None = None

    def may(self, operation: Operation) -> bool:
        """Whether the proof opens an operation."""
        if self.operations is None or "*" in self.operations:
            return True
        service = service_of(operation.service, operation.major)
        return self.names(service, operation.name)

    def names(self, service: str, name: str) -> bool:
        """Whether the proof names this, or all of its service: what is no public operation opens to nothing else."""
        return not (self.operations or frozenset()).isdisjoint((f"{service}.{name}", f"{service}.*"))
