"""The public API is what `import atoll` offers, no more and no less, and all of it says what it gives."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import atoll

LISTED = Path(__file__).with_name("public_names.txt")
HOW_TO_UPDATE = """\
If the change is meant, say so in CHANGELOG.md and write the list again:
  .venv/bin/python -c 'import atoll; print(*sorted(atoll.__all__), sep="\\n")' > tests/house/public_names.txt"""
ROOMS = sorted(room.name for room in pkgutil.iter_modules(atoll.__path__) if room.ispkg)


def difference(listed: list[str], offered: list[str]) -> list[str]:
    """What is offered and not listed (+), listed and not offered (-), and whether the list is out of order."""
    return [
        *(f"+ {name}" for name in sorted(set(offered) - set(listed))),
        *(f"- {name}" for name in sorted(set(listed) - set(offered))),
        *(["the list is not sorted, or names something twice"] if listed != sorted(set(listed)) else []),
    ]


def undocumented(public: Mapping[str, object]) -> Iterator[str]:
    """Classes and functions without a docstring of their own."""
    for name, value in public.items():
        is_documentable = inspect.isclass(value) or inspect.isroutine(value)
        doc = vars(value).get("__doc__") if inspect.isclass(value) else getattr(value, "__doc__", None)
        if is_documentable and not (doc and doc.strip()):
            yield f"{name} has no docstring"


def test_atoll_offers_exactly_the_names_listed() -> None:
    """A name that is offered once has to be kept: adding one is a decision, not an accident."""
    listed = LISTED.read_text(encoding="utf-8").split()

    found = difference(listed, atoll.__all__)

    assert not found, "\n".join([*found, HOW_TO_UPDATE])


@pytest.mark.parametrize(
    "door",
    [
        "atoll",
        "atoll.databases",
        "atoll.edge",
        "atoll.elsewhere",
        "atoll.hosting",
        "atoll.operating",
        "atoll.problems",
        "atoll.processes",
        "atoll.testing",
    ],
)
def test_every_public_name_exists_and_says_what_it_gives(door: str) -> None:
    """The first line of a docstring is what an editor shows."""
    module = importlib.import_module(door)
    public = {name: getattr(module, name) for name in module.__all__}

    findings = list(undocumented(public))

    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_front_door_that_is_documented(room: str) -> None:
    """Whoever enters a room by its door finds all names there, each with its sentence."""
    door = importlib.import_module(f"atoll.{room}")

    findings = list(undocumented({name: getattr(door, name) for name in door.__all__}))

    assert door.__doc__
    assert not findings, "\n".join(findings)


def test_a_name_too_many_or_too_few_is_found() -> None:
    """The control."""
    assert difference(["Clock", "Disk"], ["Clock", "Event"]) == ["+ Event", "- Disk"]
    assert difference(["Disk", "Clock"], ["Clock", "Disk"])
    assert not difference(["Clock", "Disk"], ["Disk", "Clock"])


def test_a_name_without_a_docstring_is_found() -> None:
    """The control: the docstring of a parent does not count."""

    class Parent:
        """Has one."""

    class Child(Parent):
        __doc__ = None

    assert list(undocumented({"Child": Child})) == ["Child has no docstring"]
    assert not list(undocumented({"Parent": Parent, "LIMIT": 3}))
