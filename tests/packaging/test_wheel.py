"""The wheels work without the checkout: what they hold, what they offer, and what they do not load."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

pytestmark = pytest.mark.slow

# What stands behind the doors: a process that only knows a contract never loads them.
HEAVY = ("httptools", "httpx", "pydantic", "rich", "sqlalchemy", "starlette", "uvicorn", "uvloop")

CONTRACT = """\
from typing import Protocol

from atoll import Value, contract, get


class Greeting(Value):
    words: str


@contract(version="1.0")
class Greeter(Protocol):
    \"\"\"Greets whoever asks.\"\"\"

    @get("/greetings/{name}")
    async def greeting(self, name: str) -> Greeting:
        \"\"\"A greeting for one person.\"\"\"
        ...
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels of the platform and of the application, by the name of their distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    for project in (ROOT, ROOT / "apps/revenue"):
        _uv(
            "build",
            "--wheel",
            "--no-build-isolation",
            "--python",
            sys.executable,
            "--out-dir",
            str(folder),
            str(project),
        )
    return {path.name.split("-")[0]: path for path in folder.glob("*.whl")}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory, wheels: dict[str, Path]) -> Path:
    """The programs of a fresh environment, which holds the wheels and what they ask for."""
    environment = tmp_path_factory.mktemp("stranger") / "venv"
    _uv("venv", "--python", sys.executable, str(environment))
    versions = ROOT / "requirements/dev.lock"
    into = ("--python", str(environment / "bin/python"), "--constraint", str(versions))
    _uv("pip", "install", *into, *map(str, wheels.values()))
    return environment / "bin"


@pytest.mark.parametrize("distribution", ["atoll", "revenue"])
def test_a_wheel_holds_the_package_and_nothing_else(wheels: dict[str, Path], distribution: str) -> None:
    """Types reach whoever installs it; tests and caches do not."""
    with zipfile.ZipFile(wheels[distribution]) as wheel:
        names = wheel.namelist()

    assert f"{distribution}/py.typed" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {distribution}
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name or name.endswith("pyproject.toml")]


def test_the_licence_travels_with_the_wheel(wheels: dict[str, Path]) -> None:
    """Whoever receives the package receives its terms."""
    with zipfile.ZipFile(wheels["atoll"]) as wheel:
        licences = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]

    assert len(licences) == 1


def test_the_package_is_imported_from_the_wheel(stranger: Path, tmp_path: Path) -> None:
    """A wheel that only works beside its checkout is no wheel."""
    said = _run(stranger / "python", "-c", "import atoll; print(atoll.__file__)", folder=tmp_path)

    assert Path(said.strip()).is_relative_to(stranger.parent)


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_the_command_line_answers(stranger: Path, tmp_path: Path, arguments: Sequence[str]) -> None:
    """The first two things that anybody types."""
    assert "atoll" in _run(stranger / "atoll", *arguments, folder=tmp_path).lower()


def test_an_application_starts_from_its_wheel(stranger: Path, tmp_path: Path) -> None:
    """Its data files and its services are in the wheel, too."""
    assert "revenue" in _run(stranger / "revenue", "--help", folder=tmp_path).lower()


def test_a_stranger_makes_an_application_with_the_wheel_alone(stranger: Path, tmp_path: Path) -> None:
    """The templates and the pages of the gateway are files of the package."""
    _run(stranger / "atoll", "new", "app", "shop", folder=tmp_path)
    _run(stranger / "atoll", "new", "service", "prices", "--calls", "hello", folder=tmp_path / "shop")

    assert "in order" in _run(stranger / "atoll", "check", folder=tmp_path / "shop")
    pages = "import atoll.gateway, pathlib; print(*pathlib.Path(atoll.gateway.__file__).parent.glob('reference/*'))"
    assert "index.html" in _run(stranger / "python", "-c", pages, folder=tmp_path)


def test_a_contract_loads_nothing_heavy(stranger: Path, tmp_path: Path) -> None:
    """Callers import contracts of services that they do not host: that must cost next to nothing."""
    (tmp_path / "greeter.py").write_text(CONTRACT, encoding="utf-8")
    question = "import json, sys, greeter; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"

    loaded = json.loads(_run(stranger / "python", "-c", question, folder=tmp_path))

    assert "greeter" in loaded
    assert not set(HEAVY) & set(loaded)


def _run(program: Path, *arguments: str, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(program), *arguments], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run([str(uv), "--quiet", *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
