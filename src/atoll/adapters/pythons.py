"""Pythons on this machine: found by version or by path, never downloaded."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from atoll.kernel import Mistake, Mistakes

OLDEST = (3, 11)
_VERSION = re.compile(r"3\.\d+(\.\d+)?")
_ASKED_S = 20.0


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter and its whole version, `3.12.1`."""

    path: Path
    version: str


def find_python(wanted: str, uv: Path | None = None, environ: Mapping[str, str] = os.environ) -> Python:
    """The Python of a version (`3.12`, `3.12.1`), at a path, or the one that runs here where `wanted` is empty.

    A version is looked for here, as `python3.12` on the PATH, among pyenv's versions, and by `uv` where it is given.

    Raises:
        Mistakes: there is none; with everything that was looked at.
    """
    if not wanted:
        return _running()
    if os.sep in wanted:
        return _at(Path(wanted).expanduser())
    if not _VERSION.fullmatch(wanted):
        fix = 'write a version, python="3.12", or the path of an interpreter'
        raise Mistakes([Mistake(None, f"`{wanted}` is no version of Python", fix)])
    if _fits(_running(), wanted):
        return _running()
    looked: list[str] = [f"the running one ({_running().version})"]
    for description, candidates in _candidates(wanted, uv, environ):
        looked.append(description)
        for candidate in candidates:
            found = _asked(candidate)
            if found is not None and _fits(found, wanted):
                return _new_enough(found)
    fix = (
        f"install Python {wanted} (`uv python install {wanted}`, `pyenv install {wanted}`, or your system's packages), "
        "or name the path of its interpreter"
    )
    raise Mistakes([Mistake(None, f"there is no Python {wanted}: looked at {', '.join(looked)}", fix)])


def _running() -> Python:
    return Python(Path(sys.executable), ".".join(map(str, sys.version_info[:3])))


def _at(path: Path) -> Python:
    found = _asked(path)
    if found is None:
        fix = 'name the interpreter itself, such as /usr/bin/python3.12, or a version: python="3.12"'
        raise Mistakes([Mistake(None, f"{path} is no Python that runs", fix)])
    return _new_enough(found)


def _new_enough(found: Python) -> Python:
    if tuple(map(int, found.version.split(".")[:2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        what = f"{found.path} is Python {found.version}, and Atoll needs {oldest} or newer"
        raise Mistakes([Mistake(None, what, "name a newer one")])
    return found


def _candidates(wanted: str, uv: Path | None, environ: Mapping[str, str]) -> Iterator[tuple[str, Sequence[Path]]]:
    """Where to look, in words, and what is there."""
    minor = ".".join(wanted.split(".")[:2])
    folders = [Path(folder) for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    yield f"python{minor} on the PATH", [folder / f"python{minor}" for folder in folders]
    root = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    versions = sorted(root.glob(f"{wanted}*"), key=lambda folder: _numbers(folder.name), reverse=True)
    yield f"pyenv's versions in {root}", [folder / "bin/python" for folder in versions]
    if uv is not None:
        yield "those that uv knows", _known_to(uv, wanted)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _fits(found: Python, wanted: str) -> bool:
    return f"{found.version}.".startswith(f"{wanted}.")


def _asked(path: Path) -> Python | None:
    """What the interpreter says of itself; None where it does not run (a shim of pyenv's, for instance)."""
    if not os.access(path, os.X_OK):
        return None
    question = "import platform, sys; print(sys.executable); print(platform.python_version())"
    said = _output(str(path), "-I", "-c", question).splitlines()
    if len(said) != 2:
        return None
    return Python(Path(said[0]), re.sub(r"[^0-9.].*", "", said[1]))


def _known_to(uv: Path, wanted: str) -> list[Path]:
    said = _output(
        str(uv), "python", "find", "--system", "--no-project", "--no-python-downloads", "--quiet", wanted
    ).strip()
    return [Path(said)] if said else []


def _output(*command: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # an interpreter that is there, or uv
            command, check=False, capture_output=True, text=True, timeout=_ASKED_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout
