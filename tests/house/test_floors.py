"""The control of the floors: import-linter, with the project's own contracts, refuses what it should refuse."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

LAYERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"][0][
    "layers"
]
ROOMS = [room.strip() for layer in LAYERS for room in layer.split("|")]


def test_every_room_is_on_a_floor_and_every_floor_has_its_rooms() -> None:
    """The house of the design is the house that is built."""
    built = sorted(path.parent.name for path in (ROOT / "src/atoll").glob("*/__init__.py"))

    assert built == sorted(ROOMS)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kernel", "atoll.contract"),
        ("calls", "atoll.events"),
        ("service", "atoll.adapters"),
        ("contract", "atoll"),
        ("gateway", "atoll.topology"),
        ("cli", "atoll.calls"),
        ("attic", "atoll.kernel"),
    ],
)
@pytest.mark.slow
def test_an_import_from_above_is_found(tmp_path: Path, importer: str, imported: str) -> None:
    """A higher room, a neighbour, the roof by the front door, a way past the public API, a room on no floor."""
    _build_house(tmp_path, {importer: imported})

    done = _lint(tmp_path)

    assert done.returncode == 1
    assert f"atoll.{importer}" in done.stdout


@pytest.mark.slow
def test_imports_from_below_are_let_through(tmp_path: Path) -> None:
    """The other control."""
    _build_house(tmp_path, {"topology": "atoll.service", "calls": "atoll.kernel", "gateway": "atoll"})

    done = _lint(tmp_path)

    assert done.returncode == 0, done.stdout


def _build_house(folder: Path, imports: dict[str, str]) -> None:
    (folder / "revenue").mkdir()
    (folder / "revenue/__init__.py").touch()
    for room in {*ROOMS, *imports}:
        (folder / "atoll" / room).mkdir(parents=True)
        (folder / "atoll" / room / "__init__.py").write_text(f"import {imports[room]}\n" if room in imports else "")
    (folder / "atoll/__init__.py").write_text("import atoll.topology\n")


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    lint_imports = str(Path(sys.executable).with_name("lint-imports"))
    command = [lint_imports, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
