"""Environments of services that are distributions of their own: made once, and again when something has changed.

STATE/environments/pricing-5b0c1f9a2e47/        the environment; `complete.json` in it is written last
STATE/environments/pricing-5b0c1f9a2e47.lock    held while somebody makes it
STATE/environments/pricing-5b0c1f9a2e47.log     what the installer said
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

from atoll.adapters.distributions import Asked, Declared, asked, content_digest, declared, fitting_wheels
from atoll.adapters.installers import Installer, Uv, Wanted, clean_environment, present_installer, told_by
from atoll.adapters.locks import locked
from atoll.adapters.origin import Origin, origin_of_atoll
from atoll.adapters.pythons import Python, find_python
from atoll.kernel import Mistake, Mistakes, refuse

INSTALL_S = 900.0
"""How long an installer may take: a slow line and something to compile."""

BUILDS_AT_ONCE = 3
"""An installer downloads, then uses a processor or two."""

CONTRACTS = "contracts"
"""The folder beside an application in which the wheels lie that its services require: those of contracts above all.

What is required and lies there is never looked for elsewhere, where somebody else may have taken its name.
"""

_COMPLETE = "complete.json"


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to an environment, for whoever waits: `pricing`, `installs services/pricing with uv`."""

    service: str
    what: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that decides what an environment holds."""

    service: str
    requirement: str
    python: Python
    wanted: Wanted
    contents: tuple[str, ...]

    @property
    def digest(self) -> str:
        facts = [self.python.version, str(self.python.path.resolve()), *self.wanted.arguments, *self.contents]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]


class Environments:
    """Makes environments below `STATE/environments`, which it owns together with others of its kind.

    Paths in requirements are read from `folder`; wheels that are required and lie in `folder/contracts` come from
    there. Any number of processes and threads may build at once: who comes second waits, and finds it done.
    """

    def __init__(
        self,
        state: Path,
        folder: Path,
        *,
        told: Callable[[Step], object] = str,  # by default nobody is told
        installer: Installer | None = None,
    ) -> None:
        self._root = state.absolute() / "environments"
        self._folder = folder.absolute()
        self._told = told
        self._installer = installer or present_installer()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_stopped = False

    def build_all(self, wanted: Mapping[str, tuple[str, str]]) -> dict[str, Path]:
        """The Pythons of several services, by name; `wanted` says of each its requirement and its Python.

        When it is interrupted, no installer goes on.

        Raises:
            Mistakes: of all of them.
        """
        with ThreadPoolExecutor(BUILDS_AT_ONCE, "atoll-environments") as pool:
            building = {service: pool.submit(self.build, service, *each) for service, each in wanted.items()}
            try:
                wait(building.values())
            except BaseException:
                self.stop()
                raise
        failures = [future.exception() for future in building.values()]
        refuse(mistake for failure in failures if isinstance(failure, Mistakes) for mistake in failure.mistakes)
        return {service: future.result() for service, future in building.items()}

    def stop(self) -> None:
        """End what is being built, from any thread; nothing more is built afterwards."""
        self._is_stopped = True
        for process in tuple(self._running):
            _kill(process)

    def build(
        self, service: str, requirement: str, python: str = "", *, extra_requirements: Sequence[str] = ()
    ) -> Path:
        """The Python of the service's environment, which holds the requirement and this Atoll; made where it is not.

        `python` is a version ("3.12") or a path; where it is empty, the running one counts.

        Raises:
            Mistakes: the requirement or the Python is not there, or the installer refused; with what it said.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        plan = self._plan(service, requirement, python, extra_requirements)
        place = self._root / f"{service}-{plan.digest}"
        if _is_complete(place):
            return place / "bin/python"
        waits = Step(service, "waits for another build of the same environment")
        try:
            with locked(place.with_suffix(".lock"), INSTALL_S, lambda: self._told(waits)) as lock:
                if not _is_complete(place):
                    self._make(plan, place, lock)
        except TimeoutError as error:
            fix = "see what that process does, and end it"
            raise Mistakes([Mistake(None, f"{service}: {error}", fix)]) from None
        return place / "bin/python"

    def remove_others(self, service: str, kept: Sequence[Path]) -> list[Path]:
        """Remove all environments of a service but those of the given Pythons; those that were removed.

        One that is being made is left alone. Whether one is still in use is known to who started it.
        """
        staying = {python.parent.parent for python in kept}
        removed: list[Path] = []
        for place in sorted(self._root.glob(f"{service}-*")):
            if place in staying or not re.fullmatch(rf"{re.escape(service)}-[0-9a-f]{{12}}", place.name):
                continue
            with contextlib.suppress(TimeoutError), locked(place.with_suffix(".lock"), 0):
                shutil.rmtree(place)
                place.with_suffix(".log").unlink(missing_ok=True)
                place.with_suffix(".lock").unlink()
                removed.append(place)
        return removed

    def _plan(self, service: str, requirement: str, python: str, extra: Sequence[str]) -> _Plan:
        mistakes: list[Mistake] = []
        parts: list[Asked] = []
        for each in (requirement, *extra):
            try:
                parts.append(asked(each, self._folder))
            except Mistakes as found:
                mistakes += found.mistakes
        uv = self._installer.program if isinstance(self._installer, Uv) else None
        try:
            found_python = find_python(python, uv)
            origin = origin_of_atoll(self._root)
        except Mistakes as found:
            mistakes += found.mistakes
        else:
            if not mistakes:
                return self._planned(service, parts, found_python, origin)
        raise Mistakes(Mistake(each.where, f"{service}: {each.what}", each.fix) for each in mistakes)

    def _planned(self, service: str, parts: Sequence[Asked], python: Python, origin: Origin) -> _Plan:
        links = self._folder / CONTRACTS
        wheels = sorted(links.glob("*.whl"))
        own = [_of_path(part) for part in parts]
        is_known = all(each is not None and each.requires is not None for each in own)
        required = [requirement for each in own if each is not None for requirement in each.requires or ()]
        chosen = fitting_wheels(required, wheels)
        wanted = Wanted(
            (*(part.argument for part in parts), *map(str, chosen), *origin.arguments),
            (links,) if wheels and not is_known else (),
            ("atoll", *(each.name for each in own if each is not None), *(_dist(wheel) for wheel in chosen)),
        )
        paths = [*(part.path for part in parts if part.path), *(chosen if is_known else wheels)]
        contents = (origin.digest, *(content_digest(path) for path in paths))
        return _Plan(service, parts[0].text, python, wanted, contents)

    def _make(self, plan: _Plan, place: Path, lock: int) -> None:
        began_at = time.monotonic()
        self._tell(plan, f"makes an environment with Python {plan.python.version}")
        shutil.rmtree(place, ignore_errors=True)  # what a builder that was killed has left
        log = place.with_suffix(".log")
        log.write_bytes(b"")
        try:
            self._run(plan, self._installer.make(plan.python.path, place), log, lock)
            self._tell(plan, f"installs {plan.requirement} with {self._installer.name}")
            self._run(plan, self._installer.install(place, plan.wanted), log, lock)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        _complete(place, plan)
        self._tell(plan, f"has its environment after {time.monotonic() - began_at:.1f} s")

    def _tell(self, plan: _Plan, what: str) -> None:
        self._told(Step(plan.service, what))

    def _run(self, plan: _Plan, command: Sequence[str], log: Path, lock: int) -> None:
        """Run a command of the installer, which shares the lock: it may outlive a builder that is killed."""
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  # a command of installers.py
                command,
                cwd=self._folder,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                start_new_session=True,
            )
            self._running.add(process)
            try:
                if self._is_stopped:
                    _kill(process)
                code = process.wait(INSTALL_S)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self._running.discard(process)
                if process.poll() is None:
                    _kill(process)
                    process.wait()
        if self._is_stopped:
            raise Mistakes([Mistake(None, f"{plan.service}: its environment was not finished", "start again")])
        if code != 0:
            raise Mistakes([self._failure(plan, code, log)])

    def _failure(self, plan: _Plan, code: int | None, log: Path) -> Mistake:
        what = f"{plan.service}: {plan.requirement} could not be installed with Python {plan.python.version}:"
        ended = f"{self._installer.name} ended with {code}" if code is not None else f"no end after {INSTALL_S:g} s"
        said = told_by(log.read_text(encoding="utf-8", errors="replace"))
        fix = f"mend the requirement, or what it requires; all that {self._installer.name} said is in {log}"
        if (self._folder / plan.requirement / "pyproject.toml").is_file() and "/" not in plan.requirement:
            fix = f'for the folder beside the application write "./{plan.requirement}"; {fix}'
        return Mistake(None, what + "".join(f"\n       {line}" for line in [ended, *said]), fix)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a command with all that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _is_complete(place: Path) -> bool:
    """Whether it was finished, and its Python is still there: an environment points to the one it was made with."""
    return (place / _COMPLETE).exists() and (place / "bin/python").exists()


def _complete(place: Path, plan: _Plan) -> None:
    facts = {"service": plan.service, "requirement": plan.requirement, "python": asdict(plan.python)}
    beside = place / f".{_COMPLETE}"
    beside.write_text(json.dumps(facts, indent=2, default=str), encoding="utf-8")
    beside.replace(place / _COMPLETE)


def _of_path(part: Asked) -> Declared | None:
    """What a folder or a wheel declares; None for a name, and for a folder that only its build knows."""
    if part.path is None:
        return None
    try:
        return declared(part)
    except Mistakes:
        return None


def _dist(wheel: Path) -> str:
    return wheel.name.partition("-")[0].replace("_", "-")
