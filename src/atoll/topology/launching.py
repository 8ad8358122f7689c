"""How a process of the plan is started: its command line, and its environment. Pure."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from atoll.adapters import guard
from atoll.adapters.parent import CALLERS
from atoll.adapters.parent import VARIABLE as SUPERVISED
from atoll.identity import Manifest
from atoll.topology.apart import Apart
from atoll.topology.log_door import door_path, source_of
from atoll.topology.peers import VARIABLE as PEERS
from atoll.topology.plan import ProcessPlan
from atoll.topology.standing_in import stand_in_name

EVENTS = "ATOLL_EVENTS"
"""The environment variable that names the socket for a command's events; beside it stand `_PATH` and `_SOURCE`."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What all processes of a run have in common.

    `place` is the application's, `manifest` what its services declare as the code is now, `pythons` are the
    interpreters of services that have one of their own, by service; `apart` makes these again.
    """

    place: str
    manifest: Manifest
    state: Path
    folder: Path
    config: Path | None = None
    drain_s: float = 10.0
    as_json: bool = False
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    pythons: Mapping[str, Path] = field(default_factory=dict[str, Path])
    apart: Apart | None = None

    @property
    def application(self) -> str:
        """The name of the application."""
        return self.manifest.application

    def command(self, plan: ProcessPlan, name: str, address: str, peers: str, lifeline: int) -> list[str]:
        """The command line of one process of a plan."""
        if plan.kind.command:
            return [
                sys.executable,
                "-I",
                "-S",
                guard.__file__,
                str(lifeline),
                f"{self.drain_s:g}",
                *plan.kind.command,
            ]
        python = self.pythons.get(plan.names[0], Path(sys.executable))
        return [
            str(python),
            "-P",
            "-m",
            "atoll.cli",
            "serve",
            plan.kind.place or self.place,
            *(["--application", self.application] if plan.kind.place else []),
            "--services",
            ",".join(plan.names),
            "--listen",
            address,
            "--peers",
            peers,
            "--state",
            str(self.state),
            *(["--config", str(self.config)] if self.config is not None else []),
            "--name",
            name,
            "--drain",
            f"{self.drain_s:g}",
            *(["--json"] if self.as_json else []),
        ]

    def variables(
        self,
        plan: ProcessPlan,
        peers: str,
        lifeline: int,
        *,
        port: int,
        sockets: Mapping[str, str],
        callers: Sequence[str],
        identity: Mapping[str, str],
    ) -> dict[str, str]:
        """The environment of one process of a plan.

        `sockets` are those that always lead to an instance, by service; `callers` the services that call its own, and
        `identity` how it proves who it is. A command is told the sockets of services, its port, and where its events
        go.
        """
        variables = dict(self.environment) | {PEERS: peers} | dict(identity)
        if plan.kind.command:
            own = {name: path for name, path in sockets.items() if "." not in name}
            variables |= {f"ATOLL_SOCKET_{service.upper()}": path for service, path in own.items()}
            return variables | self._events(plan.names[0], sockets) | {"PORT": str(port)}
        return variables | {SUPERVISED: str(lifeline), CALLERS: ",".join(callers)}

    def _events(self, service: str, sockets: Mapping[str, str]) -> dict[str, str]:
        """Where a command posts its events, and who they are from; nothing where it publishes none."""
        socket = sockets.get(stand_in_name(service))
        if socket is None:
            return {}
        source = source_of(self.application, service)
        return {EVENTS: socket, f"{EVENTS}_PATH": door_path(service), f"{EVENTS}_SOURCE": source}
