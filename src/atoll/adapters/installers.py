"""What makes an environment and installs into it: uv where it is present, else Python's own venv and pip."""

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# What would lead an installer to another environment than the one it is told of.
_ASTRAY = frozenset(
    "CONDA_PREFIX PIP_PREFIX PIP_REQUIRE_VIRTUALENV PIP_ROOT PIP_TARGET PIP_USER PYTHONHOME PYTHONPATH "
    "UV_PYTHON UV_SYSTEM_PYTHON UV_TARGET VIRTUAL_ENV".split()
)
_NOISE = re.compile(
    r"using python|resolved \d|prepared \d|installed \d|downloading|building|built|collecting|looking in|using cached|"
    r"requirement already|warning:|processing |installing |getting requirements|preparing metadata|\[notice\]|hardlink",
    re.IGNORECASE,
)
_LINES_TOLD = 10

CONSTRAINTS = "constraints.txt"
"""The file in an environment that says where names are met."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an environment is to hold: arguments of an installer, where names are met, and what is built anew."""

    arguments: tuple[str, ...]
    pinned: tuple[str, ...] = ()
    """Lines like `shop-tax-contract @ file:///...whl`: what has this name, whoever requires it, comes from there.

    Whoever installs writes them into the file `CONSTRAINTS` of the environment.
    """
    changed: tuple[str, ...] = ()
    """Names of distributions whose folder or wheel may hold something else than an installer remembers."""


class Installer(Protocol):
    """Commands that make an environment. Both end with 0, or say on their output why not."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def make(self, python: Path, folder: Path) -> Sequence[str]:
        """Makes an empty environment for a Python."""
        ...

    def install(self, folder: Path, wanted: Wanted) -> Sequence[str]:
        """Installs into it, all in one run, and compiles to bytecode."""
        ...


@dataclass(frozen=True, slots=True)
class Uv:
    """uv: a second or so an environment, since it links what it has in its cache."""

    program: Path
    name: str = "uv"

    def make(self, python: Path, folder: Path) -> Sequence[str]:
        """`uv venv`; no Python is downloaded."""
        return [str(self.program), "venv", "--no-project", "--python", str(python), str(folder)]

    def install(self, folder: Path, wanted: Wanted) -> Sequence[str]:
        """`uv pip install`."""
        changed = [part for name in wanted.changed for part in ("--refresh-package", name)]
        into = ["--python", str(folder / "bin/python"), "--compile-bytecode"]
        return [str(self.program), "pip", "install", *into, *_pins(folder, wanted), *changed, *wanted.arguments]


@dataclass(frozen=True, slots=True)
class Pip:
    """Python's own `venv` and the pip that comes with it: always there, and slower."""

    name: str = "pip"

    def make(self, python: Path, folder: Path) -> Sequence[str]:
        """`python -m venv`."""
        return [str(python), "-I", "-m", "venv", str(folder)]

    def install(self, folder: Path, wanted: Wanted) -> Sequence[str]:
        """`pip install`; it remembers nothing of folders, so that nothing has to be said of what has changed."""
        pip = [str(folder / "bin/python"), "-I", "-m", "pip"]
        pins = _pins(folder, wanted)
        return [*pip, "install", "--no-input", "--compile", "--progress-bar", "off", *pins, *wanted.arguments]


def _pins(folder: Path, wanted: Wanted) -> list[str]:
    return ["--constraint", str(folder / CONSTRAINTS)] if wanted.pinned else []


def present_installer(environ: Mapping[str, str] = os.environ) -> Installer:
    """What is present: uv where it is beside the running Python or on the PATH, else pip."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("uv", path=environ.get("PATH", ""))
    return Uv(Path(found)) if found else Pip()


def clean_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of an installer: the person's own, without what leads astray, and quiet."""
    kept = {name: value for name, value in environ.items() if name not in _ASTRAY}
    quiet = {"NO_COLOR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "UV_NO_PROGRESS": "1"}
    ours = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_SOURCES_PACKAGE": "atoll",
    }  # a checkout's own word for where Atoll is
    return kept | quiet | ours


def told_by(log: str) -> list[str]:
    r"""The lines of an installer's log that say what went wrong: the last ones, without the course of its work.

    >>> told_by("Using Python 3.12.1\n\n  x No solution found\n  because of this")
    ['x No solution found', 'because of this']
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [at for at, line in enumerate(lines) if re.match(r"(error:|\u00d7 |x )", line, re.IGNORECASE)]
    said = [line for line in lines[errors[0] if errors else 0 :] if not _NOISE.match(line)]
    return said[-_LINES_TOLD:]
