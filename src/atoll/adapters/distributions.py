"""Distributions by a requirement: what a folder, a wheel or a name declares, before anything is installed."""

import hashlib
import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from atoll.adapters.wheels import metadata_of
from atoll.kernel import Mistake, Mistakes, Source

_PATH = re.compile(r"(?P<path>.*?)(?:\[(?P<extras>[\w\-., ]*)\])?")
_URL = re.compile(r"[\w.\-]+\s*(\[[^\]]*\]\s*)?@")
_NOT_SOURCE = frozenset({"__pycache__", "build", "dist", "node_modules"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a requirement asks for: a folder or a wheel (`path`), or a distribution by name (`named`)."""

    text: str
    path: Path | None
    named: Requirement | None
    extras: frozenset[str]

    @property
    def argument(self) -> str:
        """How it is said to an installer."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        return f"{self.path}{extras}" if self.path else self.text


@dataclass(frozen=True, slots=True)
class Declared:
    """What a distribution says of itself. `version` and `requires` are None where only its build knows them."""

    name: str
    version: str | None
    requires: tuple[Requirement, ...] | None
    python: SpecifierSet
    where: Source | None = None
    lines: Mapping[str, int] = field(default_factory=dict[str, int])
    """The line of each of its requirements, where it is written in a file."""


def asked(requirement: str, folder: Path) -> Asked:
    """A requirement, read as installers read it: a path has a `/` or ends with .whl, and is looked for from `folder`.

    Raises:
        Mistakes: it is neither a requirement nor the path of a folder with a project or of a wheel.
    """
    found = _PATH.fullmatch(requirement.strip())
    assert found is not None
    text = found["path"]
    if not _URL.match(text) and ("/" in text or text.startswith(".") or text.endswith(".whl")):
        path = (folder / Path(text).expanduser()).resolve()
        _refuse_no_project(text, path, folder)
        return Asked(requirement, path, None, frozenset(re.findall(r"[\w\-.]+", found["extras"] or "")))
    try:
        named = Requirement(requirement)
    except InvalidRequirement as error:
        fix = 'write "services/pricing", "dist/pricing-1.0-py3-none-any.whl" or "pricing>=1.0"'
        raise Mistakes([Mistake(None, f"`{requirement}` is no requirement: {_first_line(error)}", fix)]) from None
    return Asked(requirement, None, named, frozenset(named.extras))


def declared(what: Asked) -> Declared:
    """What the distribution says of itself; one that is named only can be asked where it is installed here.

    Raises:
        Mistakes: it cannot be read, or is not installed here.
    """
    if what.named is not None:
        found = installed(what.named.name)
        if found is None:
            fix = "install it here, or run the application with --topology processes"
            raise Mistakes([Mistake(None, f"{what.text} is not installed here", fix)])
        return found
    assert what.path is not None
    return _of_wheel(what.path) if what.path.suffix == ".whl" else _of_folder(what.path, what.text)


def installed(name: str) -> Declared | None:
    """What is installed here under a name."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    requires = tuple(map(Requirement, found.requires or ()))
    python = SpecifierSet(str(found.metadata.json.get("requires_python", "")))
    return Declared(canonicalize_name(found.name), found.version, requires, python)


def newest_wheels(wheels: Iterable[Path]) -> dict[str, Path]:
    """The newest of each distribution, by its name.

    >>> newest_wheels([Path(f"shop_tax_contract-{version}-py3-none-any.whl") for version in ("1.9", "1.10")])
    {'shop-tax-contract': PosixPath('shop_tax_contract-1.10-py3-none-any.whl')}

    Raises:
        Mistakes: one is not named like a wheel.
    """
    return {name: versions[max(versions)] for name, versions in _versions(wheels).items()}


def fitting_wheels(
    root: Declared, extras: Iterable[str], wheels: Iterable[Path], python_version: str
) -> dict[str, Path]:
    """What a distribution with these extras requires and what that requires in turn, as far as it is among the wheels.

    Of each name the newest that fits.

    Raises:
        Mistakes: a name is among the wheels, and none of them fits; or one is no wheel.
    """
    known = _versions(wheels)
    python = {
        "python_version": ".".join(python_version.split(".")[:2]),
        "python_full_version": python_version,
    }
    specifiers: dict[str, SpecifierSet] = {}
    wanted: dict[str, frozenset[str]] = {}
    chosen: dict[str, Path] = {}
    followed: set[tuple[str, str | None, frozenset[str]]] = set()
    waiting: list[tuple[Declared, frozenset[str]]] = [(root, frozenset(map(canonicalize_name, extras)))]
    while waiting:
        requirer, own = waiting.pop()
        if (requirer.name, requirer.version, own) in followed:
            continue
        followed.add((requirer.name, requirer.version, own))
        for each in requirer.requires or ():
            name = canonicalize_name(each.name)
            is_meant = each.marker is None or any(
                each.marker.evaluate({**python, "extra": extra}) for extra in ("", *own)
            )
            asked_for = frozenset(map(canonicalize_name, each.extras))
            if is_meant and name == requirer.name:  # an extra that is made of others
                waiting.append((requirer, own | asked_for))
                continue
            if not is_meant or name not in known:
                continue
            wanted[name] = wanted.get(name, frozenset()) | asked_for
            specifiers[name] = specifiers.get(name, SpecifierSet()) & each.specifier
            fitting = list(specifiers[name].filter(known[name]))
            if not fitting:
                raise Mistakes([_unfit(requirer.where, f"{name}{specifiers[name]}", known[name])])
            chosen[name] = known[name][max(fitting)]
            waiting.append((_of_wheel(chosen[name]), wanted[name]))
    return chosen


def _versions(wheels: Iterable[Path]) -> dict[str, dict[Version, Path]]:
    found: dict[str, dict[Version, Path]] = {}
    for wheel in wheels:
        name, version = _named_by(wheel)
        found.setdefault(name, {})[version] = wheel
    return found


def _unfit(where: Source | None, requirement: str, known: Mapping[Version, Path]) -> Mistake:
    folder = next(iter(known.values())).parent
    what = f"{requirement} is required, and {folder.name} has only {', '.join(map(str, sorted(known)))}"
    return Mistake(where, what, f"put a wheel that fits into {folder}, or take those away that do not")


def content_digest(path: Path) -> str:
    """A digest of a wheel, or of all files of a folder from which something could be built."""
    digest = hashlib.sha256()
    for file in _sources(path):
        with file.open("rb") as content:
            held = hashlib.file_digest(content, "sha256").hexdigest()
        digest.update(f"{file.relative_to(path) if file != path else file.name}\0{held}\n".encode())
    return digest.hexdigest()


def _sources(path: Path) -> Iterator[Path]:
    """The file itself, or those below the folder in order, without caches, results of builds and environments."""
    if path.is_file():
        yield path
        return
    for entry in sorted(path.iterdir()):
        is_other = entry.name.startswith(".") or entry.name in _NOT_SOURCE or entry.name.endswith(".egg-info")
        if entry.is_dir() and not entry.is_symlink():
            if not is_other and not (entry / "pyvenv.cfg").exists():
                yield from _sources(entry)
        elif not is_other and entry.suffix != ".pyc" and entry.is_file():
            yield entry


def _refuse_no_project(text: str, path: Path, folder: Path) -> None:
    if path.suffix == ".whl":
        if not path.is_file():
            fix = f"build it, or name another one; paths are read from {folder}"
            raise Mistakes([Mistake(None, f"there is no wheel {text}", fix)])
    elif not path.is_dir():
        fix = f"name the folder of its pyproject.toml; paths are read from {folder}"
        raise Mistakes([Mistake(None, f"there is no folder {text}", fix)])
    elif not (path / "pyproject.toml").is_file() and not (path / "setup.py").is_file():
        fix = "give it a pyproject.toml with a [project] table, or name the folder that has one"
        raise Mistakes([Mistake(Source(str(path)), f"{text} has no pyproject.toml", fix)])


def _of_wheel(path: Path) -> Declared:
    source = Source(str(path))
    try:
        metadata = metadata_of(path)
        return Declared(
            canonicalize_name(str(metadata["Name"])),
            str(metadata["Version"]),
            tuple(Requirement(str(each)) for each in metadata.get_all("Requires-Dist") or ()),
            SpecifierSet(str(metadata.get("Requires-Python") or "")),
            source,
        )
    except (ValueError, InvalidRequirement, InvalidSpecifier) as error:
        raise Mistakes([Mistake(source, f"{path.name} is no wheel: {_first_line(error)}", "build it again")]) from None


def _of_folder(folder: Path, text: str) -> Declared:
    file = folder / "pyproject.toml"
    source = Source(str(file))
    try:
        written = file.read_text(encoding="utf-8")
        project: Mapping[str, Any] = tomllib.loads(written).get("project", {})  # Any: whatever a TOML file holds
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Mistakes([Mistake(source, f"{text}: pyproject.toml cannot be read: {error}", "mend it")]) from None
    if not isinstance(project.get("name"), str):
        fix = "describe it in [project]: name, version, dependencies; or name a wheel of it"
        raise Mistakes([Mistake(source, f"{text}: pyproject.toml says no name in [project]", fix)])
    dynamic = project.get("dynamic", ())
    try:
        requires = _requires(project)
        python = SpecifierSet(str(project.get("requires-python", "")))
        version = None if "version" in dynamic else str(Version(project["version"]))
    except KeyError:
        fix = "write `version` in [project]"
        raise Mistakes([Mistake(source, f"{text}: pyproject.toml says no version in [project]", fix)]) from None
    except (ValueError, InvalidRequirement, InvalidSpecifier) as error:
        raise Mistakes([Mistake(source, f"{text}: {_first_line(error)}", "mend [project]")]) from None
    is_open = {"dependencies", "optional-dependencies"} & set(dynamic)
    return Declared(
        canonicalize_name(project["name"]),
        version,
        None if is_open else tuple(requires),
        python,
        source,
        dict(_lines(requires, written)),
    )


def _requires(project: Mapping[str, Any]) -> list[Requirement]:  # Any: a TOML table
    """Its dependencies, those of its extras marked as the metadata of a wheel marks them."""
    found = [Requirement(each) for each in project.get("dependencies", ())]
    for extra, several in project.get("optional-dependencies", {}).items():
        for each in several:
            requirement = Requirement(each)
            own = f"({requirement.marker}) and " if requirement.marker else ""
            requirement.marker = Marker(f'{own}extra == "{canonicalize_name(extra)}"')
            found.append(requirement)
    return found


def _lines(requires: list[Requirement], written: str) -> Iterator[tuple[str, int]]:
    lines = written.splitlines()
    for each in requires:
        quoted = re.compile(rf"""["']{re.escape(each.name)}(?![\w-])""")
        start = next((at for at, line in enumerate(lines) if "dependencies" in line.partition("#")[0]), 0)
        found = next((at for at in range(start, len(lines)) if quoted.search(lines[at])), None)
        if found is not None:
            yield str(each), found + 1


def _named_by(wheel: Path) -> tuple[str, Version]:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        fix = "give it the name that its build gave it, or take it away"
        raise Mistakes([Mistake(Source(str(wheel)), str(error), fix)]) from None
    return name, version


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
