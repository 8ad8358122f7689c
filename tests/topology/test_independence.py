"""What keeps services from sharing one environment is told by name, all of it at once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from atoll.adapters.distributions import Declared
from atoll.adapters.wheels import pure_wheel
from atoll.topology.independence import can_both_hold, conflicts


@dataclass(frozen=True)
class Named:
    requirement: str | None
    python: str | None = None


def installed(**distributions: str) -> Callable[[str], Declared | None]:
    """What is installed: by name a version, and after it what it requires: `"1.0 tabulate>=0.9, rich"`."""
    found: dict[str, Declared] = {}
    for name, words in distributions.items():
        version, _, requires = words.partition(" ")
        listed = tuple(Requirement(each) for each in requires.split(", ") if each)
        found[name.replace("_", "-")] = Declared(name.replace("_", "-"), version, listed, SpecifierSet())
    return found.get


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def project(folder: Path, name: str, *requires: str, more: str = 'version = "1.0"') -> str:
    """Write a project; its requirement."""
    (folder / name).mkdir()
    listed = "".join(f'    "{each}",\n' for each in requires)
    text = f'[project]\nname = "{name}"\n{more}\ndependencies = [\n{listed}]\n'
    (folder / name / "pyproject.toml").write_text(text, encoding="utf-8")
    return f"./{name}"


def wheel(folder: Path, name: str, version: str, *requires: str) -> str:
    """Write a wheel; its requirement."""
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    file, content = pure_wheel(name, version, metadata + "".join(f"Requires-Dist: {each}\n" for each in requires), {})
    (folder / file).write_bytes(content)
    return f"./{file}"


def told(folder: Path, services: dict[str, Named | str], here: Callable[[str], Declared | None]) -> list[str]:
    named = [(name, each if isinstance(each, Named) else Named(each)) for name, each in services.items()]
    return [mistake.what for mistake in conflicts(named, folder, here=here, python="3.11.7")]


def test_services_that_fit_are_let_through(folder: Path) -> None:
    """From a folder, a wheel and a name, beside one that is part of the application."""
    services: dict[str, Named | str] = {
        "pricing": project(folder, "pricing", "tabulate>=0.8"),
        "billing": wheel(folder, "billing", "1.0", "tabulate==0.9.0"),
        "tax": Named("tax~=2.1", python="3.11"),
        "hello": Named(None),
    }

    here = installed(pricing="1.0", billing="1.0", tax="2.1.4 tabulate", tabulate="0.9.0")

    assert told(folder, services, here) == []


def test_pins_that_no_version_meets_name_both_services(folder: Path) -> None:
    """What is installed does not matter then: whatever it is, one of them is wrong."""
    services: dict[str, Named | str] = {
        "pricing": project(folder, "pricing", "tabulate==0.8.10"),
        "billing": wheel(folder, "billing", "1.0", "tabulate==0.9.0"),
    }

    assert told(folder, services, installed(pricing="1.0", billing="1.0", tabulate="0.9.0")) == [
        "`pricing` needs tabulate==0.8.10, and `billing` needs tabulate==0.9.0: one environment cannot have both"
    ]


def test_another_version_than_the_installed_one_is_named(folder: Path) -> None:
    """Of one service, and the line in which it says so."""
    requirement = project(folder, "pricing", "rich", "tabulate==0.8.10")

    (mistake,) = conflicts(
        [("pricing", Named(requirement))],
        folder,
        here=installed(pricing="1.0", tabulate="0.9.0", rich="14.0"),
        python="3.11.7",
    )

    assert mistake.what == "`pricing` needs tabulate==0.8.10, but 0.9.0 is installed here"
    assert str(mistake.where) == f"{folder / 'pricing/pyproject.toml'}:6"
    assert "--topology processes" in mistake.fix


def test_what_is_not_installed_is_named(folder: Path) -> None:
    """A service, and what an installed one requires; what an absent one requires would come with it."""
    services: dict[str, Named | str] = {
        "pricing": project(folder, "pricing", "tabulate"),
        "billing": project(folder, "billing", "tabulate"),
        "tax": "tax>=1",
    }

    assert told(folder, services, installed(billing="1.0")) == [
        "`pricing` (./pricing) is not installed here",
        "`tax`: tax>=1 is not installed here",
        "`billing` needs tabulate, which is not installed here",
    ]


def test_another_version_of_a_service_is_named(folder: Path) -> None:
    """The code that would run is not the one that is named."""
    services: dict[str, Named | str] = {"pricing": wheel(folder, "pricing", "1.1"), "tax": "tax>=2"}

    assert told(folder, services, installed(pricing="1.0", tax="1.9")) == [
        "`pricing` is pricing 1.1, but 1.0 is installed here",
        "`tax` needs tax>=2, but 1.9 is installed here",
    ]


def test_what_is_required_by_what_is_required_counts(folder: Path) -> None:
    """With the chain that leads there."""
    services: dict[str, Named | str] = {
        "pricing": project(folder, "pricing", "tables"),
        "billing": project(folder, "billing", "tabulate<0.9"),
    }
    here = installed(pricing="1.0", billing="1.0", tables="3.0 tabulate>=0.9, tables", tabulate="0.9.0")

    assert told(folder, services, here) == [
        "`pricing` needs tabulate>=0.9 (by tables), and `billing` needs tabulate<0.9: one environment cannot have both"
    ]


def test_extras_count_where_they_are_asked_for(folder: Path) -> None:
    """In a path as in a name, and in what a dependency asks for."""
    extras = 'version = "1.0"\noptional-dependencies.Fast_Lane = ["tabulate==0.8"]'
    requirement = project(folder, "pricing", more=extras)
    here = installed(pricing="1.0", tabulate="0.9", tax="1.0 tabulate==0.7; extra == 'fast'")

    assert told(folder, {"pricing": requirement, "tax": "tax"}, here) == []
    assert told(folder, {"pricing": f"{requirement}[fast-lane]"}, here) == [
        "`pricing` needs tabulate==0.8, but 0.9 is installed here"
    ]
    assert told(folder, {"tax": "tax[fast]"}, here) == ["`tax` needs tabulate==0.7, but 0.9 is installed here"]


def test_a_marker_for_another_machine_does_not_count(folder: Path) -> None:
    """As for an installer."""
    requirement = project(folder, "pricing", "tabulate==0.8; sys_platform == 'never'")

    assert told(folder, {"pricing": requirement}, installed(pricing="1.0", tabulate="0.9")) == []


def test_another_python_is_named(folder: Path) -> None:
    """One that the application asks for, and one that the distribution requires."""
    services: dict[str, Named | str] = {
        "pricing": Named(project(folder, "pricing"), python="3.12"),
        "billing": project(folder, "billing", more='version = "1.0"\nrequires-python = ">=3.12"'),
    }

    assert told(folder, services, installed(pricing="1.0", billing="1.0")) == [
        "`pricing` asks for Python 3.12, and this is Python 3.11.7",
        "`billing` requires Python >=3.12, and this is Python 3.11.7",
    ]


def test_what_only_a_build_knows_is_read_from_what_is_installed(folder: Path) -> None:
    """And refused where nothing is."""
    (folder / "pricing").mkdir()
    text = '[project]\nname = "pricing"\ndynamic = ["version", "dependencies"]\n'
    (folder / "pricing/pyproject.toml").write_text(text, encoding="utf-8")

    assert told(folder, {"pricing": "./pricing"}, installed(pricing="1.0 tabulate==0.8", tabulate="0.9")) == [
        "`pricing` needs tabulate==0.8, but 0.9 is installed here"
    ]
    assert told(folder, {"pricing": "./pricing"}, installed()) == [
        "`pricing`: ./pricing says only when it is built what it requires"
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "says no name in [project]"),
        ("[project", "cannot be read"),
        ('[project]\nname = "x"', "says no version in [project]"),
        ('[project]\nname = "x"\nversion = "new"', "Invalid version"),
        ('[project]\nname = "x"\nversion = "1"\ndependencies = ["=="]', "Expected"),
        ('[project]\nname = "x"\nversion = "1"\nrequires-python = "3"', "Invalid specifier"),
    ],
)
def test_a_project_that_cannot_be_read_is_told(folder: Path, text: str, what: str) -> None:
    """As a mistake of its file."""
    (folder / "pricing").mkdir()
    (folder / "pricing/pyproject.toml").write_text(text, encoding="utf-8")

    (mistake,) = conflicts([("pricing", Named("./pricing"))], folder, here=installed())

    assert what in mistake.what
    assert mistake.what.startswith("`pricing`: ./pricing")
    assert mistake.where is not None


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        ("==1.0", "==1.0.0", True),
        ("==1.0", "!=1.0", False),
        ("~=1.4.2", "==1.4.*", True),
        ("~=1.4.2", ">=1.5", False),
        (">1", "<1.0.1", True),
        (">=1,!=1.*", "<3", True),
        (">=1.5,!=1.5.*", "<2", True),
        ("===odd", "===odd", True),
        ("===odd", "===even", False),
        ("", "==2", True),
    ],
)
def test_ranges_are_compared(one: str, other: str, fits: bool) -> None:
    """Without a list of the versions that there are."""
    assert can_both_hold(SpecifierSet(one), SpecifierSet(other)) is fits


VERSIONS = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda numbers: ".".join(map(str, numbers)))
RANGES = st.lists(
    st.tuples(st.sampled_from(["==", ">=", "<=", ">", "<", "!="]), VERSIONS).map("".join), max_size=3
).map(lambda parts: SpecifierSet(",".join(parts)))


@given(RANGES, RANGES, VERSIONS)
def test_what_some_version_meets_is_never_called_a_conflict(one: SpecifierSet, other: SpecifierSet, some: str) -> None:
    """A false alarm would keep an application from starting."""
    meets_both = Version(some) in one and Version(some) in other

    assert can_both_hold(one, other) or not meets_both
