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
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from atoll.adapters import guard
from atoll.adapters.distributions import (
    Asked,
    Declared,
    asked,
    content_digest,
    declared,
    fitting_wheels,
    newest_wheels,
)
from atoll.adapters.installers import CONSTRAINTS, Installer, Uv, Wanted, clean_environment, present_installer, told_by
from atoll.adapters.locks import locked
from atoll.adapters.origin import Origin, origin_of_atoll
from atoll.adapters.processes import Lifeline
from atoll.adapters.pythons import Python, find_python
from atoll.kernel import Mistake, Mistakes, refuse

INSTALL_S = 900.0
"""How long an installer may take: a slow line and something to compile."""

GRACE_S = 1.0
"""How long an installer may take to end when its builder is gone, before it is killed."""

BUILDS_AT_ONCE = 3
"""An installer downloads, then uses a processor or two."""

CONTRACTS = "contracts"
"""The folder beside an application in which the wheels lie that its services require: those of contracts above all.

What lies there is never looked for elsewhere, where somebody else may have taken its name, whoever requires it.
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

    Paths in requirements are read from `folder`; what is required and lies in `folder/contracts` comes from there. Any
    number of processes and threads may build at once: who comes second waits, and finds it done.
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

    def build(self, service: str, requirement: str, python: str = "") -> Path:
        """The Python of the service's environment, which holds the requirement and this Atoll; made where it is not.

        `python` is a version ("3.12") or a path; where it is empty, the running one counts.

        Raises:
            Mistakes: the requirement or the Python is not there, what lies in `contracts` does not fit, or the
                installer refused; with what it said.
        """
        self._root.mkdir(parents=True, exist_ok=True)
        plan = self._plan(service, requirement, python)
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

    def _plan(self, service: str, requirement: str, python: str) -> _Plan:
        mistakes: list[Mistake] = []
        uv = self._installer.program if isinstance(self._installer, Uv) else None
        part: Asked | None = None
        try:
            part = asked(requirement, self._folder)
        except Mistakes as found:
            mistakes += found.mistakes
        try:
            found_python = find_python(python, uv)
            origin = origin_of_atoll(self._root)
            if part is not None:
                return self._planned(service, part, found_python, origin)
        except Mistakes as found:
            mistakes += found.mistakes
        raise Mistakes(Mistake(each.where, f"{service}: {each.what}", each.fix) for each in mistakes)

    def _planned(self, service: str, part: Asked, python: Python, origin: Origin) -> _Plan:
        own = _of_path(part) if part.path is not None else _of_name(part)
        elsewhere = {"atoll", own.name} if own is not None and part.path is not None else {"atoll"}
        lying = sorted((self._folder / CONTRACTS).glob("*.whl"))
        wheels = [wheel for wheel in lying if _dist(wheel) not in elsewhere]
        chosen = fitting_wheels(own, part.extras, wheels, python.version) if own is not None else {}
        others = {name: wheel for name, wheel in newest_wheels(wheels).items() if name not in chosen}
        is_known = own is not None and own.requires is not None and (part.path is not None or bool(chosen))
        wanted = Wanted(
            (part.argument, *map(str, chosen.values()), *origin.arguments),
            tuple(f"{name} @ {wheel.as_uri()}" for name, wheel in sorted(others.items())),
            (*elsewhere, *chosen, *others),
        )
        paths = [part.path] if part.path is not None else []
        paths += [*chosen.values(), *(() if is_known else others.values())]
        contents = (origin.digest, *(content_digest(path) for path in paths))
        return _Plan(service, part.text, python, wanted, contents)

    def _make(self, plan: _Plan, place: Path, lock: int) -> None:
        began_at = time.monotonic()
        self._tell(plan, f"makes an environment with Python {plan.python.version}")
        shutil.rmtree(place, ignore_errors=True)  # what a builder that was killed has left
        log = place.with_suffix(".log")
        log.write_bytes(b"")
        try:
            self._run(plan, self._installer.make(plan.python.path, place), log, lock)
            (place / CONSTRAINTS).write_text("\n".join(plan.wanted.pinned), encoding="utf-8")
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
        """Run a command of the installer, under a guard that ends it with its builder and holds the lock until then."""
        with log.open("ab") as output, contextlib.closing(Lifeline()) as lifeline:
            guarded = [sys.executable, "-I", "-S", guard.__file__, str(lifeline.descriptor), f"{GRACE_S:g}", *command]
            process = subprocess.Popen(  # noqa: S603  # a command of installers.py
                guarded,
                cwd=self._folder,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(lock, lifeline.descriptor),
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
    """What a folder or a wheel declares; None for a folder that only its build knows."""
    try:
        return declared(part)
    except Mistakes:
        return None


def _of_name(part: Asked) -> Declared | None:
    """What asks for nothing but a name; None where it says an address, too."""
    if part.named is None or part.named.url is not None:
        return None
    return Declared("", None, (part.named,), SpecifierSet())


def _dist(wheel: Path) -> str:
    return canonicalize_name(wheel.name.partition("-")[0])
