"""Right uses pass mypy and pyright, both strict; each wrong use is an error under both, and nothing else is.

The wrong ones are text, so that no checker, editor or linter of ours takes them for the project's own. A line that is
an error ends with `# E: ` and why. Each checker runs once, over all files, with the project's own configuration.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

GOOD = sorted(HERE.glob("good/*.py"))
BAD = sorted(HERE.glob("bad/*.txt"))

Line = tuple[str, int]
"""A file by its name, and a line in it."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the checkers read Python 3.11 in every environment"),
]

MYPY = [sys.executable, "-m", "mypy", "--output=json", "--cache-dir=.mypy_cache/typing"]
PYRIGHT = [sys.executable, "-m", "pyright", "--outputjson"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[Line, str]]:
    """What each checker says, by its name."""
    folder = tmp_path_factory.mktemp("wrong_uses")
    wrong = [folder / f"wrong_{path.stem}.py" for path in BAD]
    for source, target in zip(BAD, wrong, strict=True):
        target.write_text(source.read_text())
    files = [str(path) for path in [*GOOD, *wrong]]
    running = [
        subprocess.Popen([*command, *files], cwd=ROOT, stdout=subprocess.PIPE, text=True) for command in (MYPY, PYRIGHT)
    ]
    mypy, pyright = (process.communicate(timeout=300)[0] for process in running)
    return {"mypy": dict(said_by_mypy(mypy)), "pyright": dict(said_by_pyright(pyright))}


def said_by_mypy(output: str) -> Iterator[tuple[Line, str]]:
    """Its errors; one object a line."""
    for line in filter(None, output.splitlines()):
        said = json.loads(line)
        if said["severity"] == "error":
            yield (Path(said["file"]).name, said["line"]), said["message"]


def said_by_pyright(output: str) -> Iterator[tuple[Line, str]]:
    """Its errors; one object in all, with lines from zero."""
    for said in json.loads(output)["generalDiagnostics"]:
        if said["severity"] == "error":
            yield (Path(said["file"]).name, said["range"]["start"]["line"] + 1), said["message"]


def marked() -> set[Line]:
    """The lines that have to be errors."""
    return {
        (f"wrong_{path.stem}.py", number)
        for path in BAD
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if re.search(r"  # E: \S", line)
    }


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_right_use_is_no_error(found: dict[str, dict[Line, str]], checker: str) -> None:
    """Of values, problems, contracts, services, clients and fakes."""
    names = {path.name for path in GOOD}

    assert {line: said for line, said in found[checker].items() if line[0] in names} == {}


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_wrong_use_is_an_error_and_nothing_else_is(found: dict[str, dict[Line, str]], checker: str) -> None:
    """On the very line that is wrong."""
    errors = {line: said for line, said in found[checker].items() if line[0].startswith("wrong_")}

    assert sorted(marked() - errors.keys()) == [], "let through"
    assert {line: said for line, said in errors.items() if line not in marked()} == {}, "not marked"


def test_there_are_wrong_uses_of_everything() -> None:
    """The control: an empty folder would pass."""
    assert {path.stem for path in BAD} == {"values", "contracts", "services", "calls"}
    assert len(marked()) > 90
