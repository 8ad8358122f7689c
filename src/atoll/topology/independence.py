"""Services that are distributions of their own: what keeps them from sharing one environment, told by name.

The topology `single` has one environment: what each service requires has to be installed in it. Where it is not, every
reason is told at once, before anything is imported.
"""

import platform
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Protocol

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from atoll.adapters.distributions import Declared, asked, declared, installed
from atoll.kernel import Mistake, Mistakes, Source

APART = "run them with --topology processes, where each has an environment of its own"

Installed = Callable[[str], Declared | None]
"""What is installed under a name, or None."""


class Independent(Protocol):
    """What names a distribution of its own; a `Reference` does."""

    @property
    def requirement(self) -> str | None:
        """A folder, a wheel or a requirement; None where the service is part of the application."""
        ...

    @property
    def python(self) -> str | None:
        """The version or the path of its Python; None or empty for the running one."""
        ...


@dataclass(frozen=True, slots=True)
class Need:
    """That a service needs a distribution, and which versions of it will do. `via` is who requires it."""

    service: str
    name: str
    specifier: SpecifierSet
    text: str
    via: tuple[str, ...] = ()
    where: Source | None = None
    is_itself: bool = False

    def __str__(self) -> str:
        if self.is_itself:
            return f"`{self.service}` is {self.text}"
        chain = f" (by {', '.join(self.via)})" if self.via else ""
        return f"`{self.service}` needs {self.text}{chain}"


def conflicts(
    services: Iterable[tuple[str, Independent]],
    folder: Path,
    *,
    here: Installed = installed,
    python: str = platform.python_version(),
) -> list[Mistake]:
    """Everything that keeps these services from running together in this environment; nothing where they can.

    Paths in requirements are read from `folder`. Extras and environment markers count as an installer counts them;
    what a required distribution itself requires is followed as far as it is installed.
    """
    mistakes: list[Mistake] = []
    needs: list[Need] = []
    for service, reference in services:
        if reference.requirement is None:
            continue
        try:
            own, found = _needs_of(service, reference.requirement, folder, here)
        except Mistakes as unreadable:
            mistakes += [Mistake(each.where, f"`{service}`: {each.what}", each.fix) for each in unreadable.mistakes]
            continue
        needs += found
        mistakes += _wrong_python(service, reference, own, python)
        mistakes += _not_here(service, reference.requirement, own, here)
    apart = list(_pairs(needs))
    told = {(need.service, need.name) for pair in apart for need in pair}
    mistakes += [_cannot_have_both(one, other) for one, other in apart]
    absent = {need.service for need in needs if need.is_itself and here(need.name) is None}
    mistakes += _unmet([need for need in needs if (need.service, need.name) not in told], absent, here)
    return list(dict.fromkeys(mistakes))


def can_both_hold(one: SpecifierSet, other: SpecifierSet) -> bool:
    """Whether some version fits both.

    An intersection of ranges that is not empty holds one of their borders, or a version just beside one.

    >>> can_both_hold(SpecifierSet(">=1.4"), SpecifierSet("~=1.4.2"))
    True
    >>> can_both_hold(SpecifierSet(">=2"), SpecifierSet("<2"))
    False
    """
    both = one & other
    return one == other or any(both.contains(version, prereleases=True) for version in _candidates(both))


def _needs_of(service: str, requirement: str, folder: Path, here: Installed) -> tuple[Declared, list[Need]]:
    """What the service's distribution says of itself, and everything that it needs.

    Raises:
        Mistakes: it cannot be read.
    """
    what = asked(requirement, folder)
    own = _named_here(what.named, here) if what.named is not None else declared(what)
    needs: list[Need] = []
    if what.named is not None:
        needs.append(Need(service, own.name, what.named.specifier, str(what.named)))
    elif own.version is not None:
        pinned = SpecifierSet(f"=={own.version}")
        needs.append(Need(service, own.name, pinned, f"{own.name} {own.version}", where=own.where, is_itself=True))
    if own.requires is None:
        installed_one = here(own.name)
        if installed_one is None:
            fix = f"write them into [project], name a wheel instead, or {APART}"
            what_is_wrong = f"{requirement} says only when it is built what it requires"
            raise Mistakes([Mistake(own.where, what_is_wrong, fix)])
        own = installed_one
    return own, needs + list(_required(service, own, what.extras, here))


def _named_here(named: Requirement, here: Installed) -> Declared:
    found = here(named.name)
    if found is None:
        raise Mistakes([Mistake(None, f"{named} is not installed here", f"install it, or {APART}")])
    return found


def _required(service: str, own: Declared, extras: Iterable[str], here: Installed) -> Iterator[Need]:
    """What a distribution requires, and what that requires, as far as it is installed."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting: list[tuple[Declared, frozenset[str], tuple[str, ...]]] = [(own, frozenset(extras), ())]
    while waiting:
        distribution, wanted, via = waiting.pop(0)
        for each in distribution.requires or ():
            if not _counts(each, wanted):
                continue
            name = canonicalize_name(each.name)
            text = f"{each.name}{each.specifier}"
            yield Need(service, name, each.specifier, text, via, _place(distribution, each))
            found, key = here(name), (name, frozenset(each.extras))
            if found is not None and key not in seen:
                seen.add(key)
                waiting.append((found, frozenset(each.extras), (*via, name)))


def _counts(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Whether it is asked for on this machine, with these extras."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": canonicalize_name(extra)}) for extra in ("", *extras))


def _place(distribution: Declared, requirement: Requirement) -> Source | None:
    if distribution.where is None:
        return None
    return Source(distribution.where.file, distribution.lines.get(str(requirement), 0))


def _wrong_python(service: str, reference: Independent, own: Declared, python: str) -> Iterator[Mistake]:
    wanted = reference.python or ""
    if wanted and "/" not in wanted and not f"{python}.".startswith(f"{wanted}."):
        what = f"`{service}` asks for Python {wanted}, and this is Python {python}"
        yield Mistake(own.where, what, f"take its `python` away, or {APART}")
    if not own.python.contains(python, prereleases=True):
        what = f"`{service}` requires Python {own.python}, and this is Python {python}"
        yield Mistake(own.where, what, f"start the application with that Python, or {APART}")


def _not_here(service: str, requirement: str, own: Declared, here: Installed) -> Iterator[Mistake]:
    if here(own.name) is None:
        named = "" if requirement == own.name else f" ({requirement})"
        fix = f"install it (`pip install {requirement}`), or {APART}"
        yield Mistake(own.where, f"`{service}`{named} is not installed here", fix)


def _pairs(needs: Sequence[Need]) -> Iterator[tuple[Need, Need]]:
    """Needs of two services that no version of a distribution can meet; the first of each two services."""
    told: set[tuple[str, str, str]] = set()
    for one, other in combinations(needs, 2):
        key = (one.service, other.service, one.name)
        if one.name != other.name or one.service == other.service or key in told:
            continue
        if not can_both_hold(one.specifier, other.specifier):
            told.add(key)
            yield one, other


def _cannot_have_both(one: Need, other: Need) -> Mistake:
    return Mistake(one.where, f"{one}, and {other}: one environment cannot have both", APART)


def _unmet(needs: Sequence[Need], absent: Collection[str], here: Installed) -> Iterator[Mistake]:
    """Needs that what is installed here does not meet. A service that is absent itself brings what is not here yet."""
    for need in needs:
        found = here(need.name)
        if found is None:
            if need.service not in absent:
                yield Mistake(need.where, f"{need}, which is not installed here", f"install it, or {APART}")
        elif found.version is not None and not need.specifier.contains(found.version, prereleases=True):
            what = f"{need}, but {found.version} is installed here"
            yield Mistake(need.where, what, f"install the version that it needs, or {APART}")


def _candidates(specifiers: SpecifierSet) -> Iterator[Version]:
    """Every border of the ranges, what lies just beside it, and both ends."""
    yield from (Version("0"), Version("999999999"))
    for specifier in specifiers:
        try:
            version = Version(specifier.version.removesuffix(".*"))
        except InvalidVersion:  # `===` with something that is no version: equal to itself alone
            continue
        yield version
        epoch = f"{version.epoch}!" if version.epoch else ""
        release = version.release
        yield Version(f"{epoch}{'.'.join(map(str, (*release, 0, 0, 1)))}")
        for at, number in enumerate(release):
            yield Version(f"{epoch}{'.'.join(map(str, (*release[:at], number + 1)))}")
            if number:
                yield Version(f"{epoch}{'.'.join(map(str, (*release[:at], number - 1, 999999999)))}")
