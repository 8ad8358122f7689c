"""What a supervisor says about its processes, and what it can be told to do with them.

A contract like any other, served on a socket in the folder of the run, which nobody but its owner can reach.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from atoll.contract import Choice, Problem, Value, contract, get, post


class State(Choice):
    """Where a process is in its life."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    BACKING_OFF = "backing_off"
    FAILED = "failed"
    REMOTE = "remote"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Health(Choice):
    """What a process says of itself; one that is silent does not answer."""

    WELL = "well"
    NOT_READY = "not_ready"
    SILENT = "silent"
    NONE = "none"
    UNKNOWN = "unknown"


class HostedService(Value):
    """A service in a process. `version` is its contract's; empty where it has none."""

    name: str
    version: str
    owner: str


class ProcessStatus(Value):
    """One process as it is now. What is not known, because none runs, is empty, zero or null."""

    name: str
    services: tuple[HostedService, ...]
    state: State
    health: Health
    address: str = ""
    pid: int = 0
    restarts: int = 0
    memory_bytes: int = 0
    calls_per_s: float = 0.0
    started_at: datetime | None = None
    last_exit: str = ""


class Did(Choice):
    """What happened to a process."""

    STARTED = "started"
    READY = "ready"
    DRAINING = "draining"
    ENDED = "ended"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Step(Value):
    """One step of a restart or of a change of scale."""

    process: str
    did: Did
    said: str = ""


class NoSuchService(Problem, status=404, detail="no service is called {service}: {advice}"):
    """The application has no such service."""

    service: str
    advice: str


class NotPossible(Problem, status=409, detail="{reason}"):
    """It cannot be done with this service."""

    reason: str


class NotReplaced(Problem, status=503, code="not_replaced", detail="{process} did not become ready: {reason}"):
    """A new process did not become ready, so that the old one was kept where it could be."""

    process: str
    reason: str


BUILT_S = 300.0
"""So long a first step may take: the service's environment may have to be made before it."""


@contract(version="1.0", id="atoll_supervisor")
class Supervision(Protocol):
    """Says what runs, restarts, stops and starts services, and changes how many instances they have."""

    @get("/processes")
    async def processes(self) -> list[ProcessStatus]:
        """All processes, in the order of the application."""
        ...

    @post("/restarts", timeout_s=BUILT_S, raises=(NoSuchService, NotPossible, NotReplaced))
    def restart(self, service: str) -> AsyncIterator[Step]:
        """Replace the instances of a service one by one, step by step as they happen."""
        ...

    @post("/scales", raises=(NoSuchService, NotPossible, NotReplaced))
    def scale(self, service: str, instances: int) -> AsyncIterator[Step]:
        """Run so many instances of a service, step by step as they start or end."""
        ...

    @post("/stops", raises=(NoSuchService, NotPossible, NotReplaced))
    def stop_service(self, service: str) -> AsyncIterator[Step]:
        """End all instances of a service, step by step; none is started until it is started again."""
        ...

    @post("/starts", timeout_s=BUILT_S, raises=(NoSuchService, NotPossible, NotReplaced))
    def start_service(self, service: str) -> AsyncIterator[Step]:
        """Start a service that was stopped, with as many instances as it had."""
        ...

    @post("/rotations")
    async def rotate(self) -> str:
        """Let the authority of the application sign with a new key from now on; its id."""
        ...
