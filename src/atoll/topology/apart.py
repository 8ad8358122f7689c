"""Services that live apart: their environments are made before their processes start, and again when code changes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from atoll.adapters.environments import Environments, Step
from atoll.topology.plan import ProcessPlan


class Apart:
    """The environments of an application's services that are distributions of their own.

    Owns `pythons`: which Python each of them is started with from now on, by service. Paths in requirements are read
    from `folder`. `told` is called, from several threads, with a service and what is done for it.
    """

    def __init__(
        self, plans: Sequence[ProcessPlan], state: Path, folder: Path, told: Callable[[str, str], object]
    ) -> None:
        self.pythons: dict[str, Path] = {}
        self._wanted = {
            plan.names[0]: (plan.kind.requirement, plan.kind.python) for plan in plans if plan.kind.requirement
        }

        def step(each: Step) -> None:
            told(each.service, each.what)

        self._environments = Environments(state, folder, told=step)

    def build(self) -> None:
        """Make those that are not there.

        Raises:
            Mistakes: requirements or Pythons that are not there, and whatever the installer refused, of all services.
        """
        if self._wanted:
            self.pythons |= self._environments.build_all(self._wanted)

    def renew(self, plan: ProcessPlan) -> None:
        """Make the environment of one of them again where its code, its contracts or Atoll have changed.

        Raises:
            Mistakes: as above; processes that start go on with the one before.
        """
        for service in self._wanted.keys() & set(plan.names):
            self.pythons[service] = self._environments.build(service, *self._wanted[service])

    def tidy(self, plan: ProcessPlan) -> None:
        """Remove those that a service no longer uses, once all its processes have been replaced."""
        for service in self._wanted.keys() & set(plan.names):
            self._environments.remove_others(service, [self.pythons[service]])

    def stop(self) -> None:
        """End what is being made."""
        self._environments.stop()
