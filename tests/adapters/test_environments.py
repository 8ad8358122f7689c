"""Environments are made once, again when something has changed, and whole or not at all."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from atoll import Mistakes
from atoll.adapters.environments import Environments, Step
from atoll.adapters.installers import Installer, Pip, Uv, Wanted, clean_environment, present_installer
from tests.amount import amount
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "tiny-sums"
version = "1.0"
dependencies = ["atoll"]

[tool.hatch.build.targets.wheel]
packages = ["sums"]
"""

BUILDER = """\
import sys
from pathlib import Path
from atoll.adapters.environments import Environments
from tests.adapters.test_environments import Quick
Environments(Path("state"), Path.cwd(), installer=Quick(Path("built"), wait_s=60)).build("sums", "./sums")
"""


@dataclass(frozen=True)
class Quick:
    """An installer that installs nothing, and notes in a file that it was called, by its process."""

    notes: Path
    wait_s: float = 0
    name: str = "quick"

    def make(self, python: Path, folder: Path) -> Sequence[str]:
        script = (
            "import os, sys; os.makedirs(sys.argv[2] + '/bin'); os.symlink(sys.argv[1], sys.argv[2] + '/bin/python')"
        )
        return [sys.executable, "-c", script, str(python), str(folder)]

    def install(self, folder: Path, wanted: Wanted) -> Sequence[str]:
        script = (
            "import os, sys, time\n"
            "with open(sys.argv[1], 'a') as notes: print(os.getpid(), *sys.argv[3:], file=notes)\n"
            "time.sleep(float(sys.argv[2]))"
        )
        return [sys.executable, "-c", script, str(self.notes.absolute()), str(self.wait_s), *wanted.arguments]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the project of one service, `sums`."""
    (tmp_path / "sums/sums").mkdir(parents=True)
    (tmp_path / "sums/pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "sums/sums/service.py").write_text("WORD = 'first'\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def built(folder: Path) -> Callable[[], list[str]]:
    """What the quick installer has noted, a line a build."""

    def read() -> list[str]:
        notes = folder / "built"
        return notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []

    return read


def quick(folder: Path, told: Callable[[Step], object] = str) -> Environments:
    return Environments(folder / "state", folder, told=told, installer=Quick(folder / "built"))


def test_what_has_not_changed_is_not_built_again(folder: Path, built: Callable[[], list[str]]) -> None:
    """An application starts at once the second time."""
    first = quick(folder).build("sums", "./sums")
    second = quick(folder).build("sums", "./sums")

    assert first == second
    assert first.exists()
    assert len(built()) == 1


def test_everything_is_installed_in_one_run(folder: Path, built: Callable[[], list[str]]) -> None:
    """Then a dependency on `atoll` is met by this one, and nothing is resolved twice."""
    quick(folder).build("sums", "./sums[fast]")

    words = built()[0].split()[1:]
    assert words[0] == f"{folder / 'sums'}[fast]"
    assert any("atoll" in word or word == str(ROOT) for word in words[1:])


@pytest.mark.parametrize("requirement", ["sums @ file:///sums.zip", "sums[fast]@ file:///a/sums.zip", "sums>=1"])
def test_a_requirement_with_an_address_is_no_path(
    folder: Path, built: Callable[[], list[str]], requirement: str
) -> None:
    """It is handed on as it is written."""
    quick(folder).build("sums", requirement)

    assert built()[0].partition(" ")[2].startswith(f"{requirement} ")


def test_a_path_may_hold_what_addresses_hold(folder: Path, built: Callable[[], list[str]]) -> None:
    """Folders are called as people call them."""
    (folder / "sums").rename(folder / "sums @ home")

    quick(folder).build("sums", "./sums @ home")

    assert built()[0].partition(" ")[2].startswith(f"{folder}/sums @ home ")


def touched_source(folder: Path) -> None:
    (folder / "sums/sums/service.py").write_text("WORD = 'second'\n", encoding="utf-8")


def new_file(folder: Path) -> None:
    (folder / "sums/sums/table.csv").write_text("1", encoding="utf-8")


def renamed_file(folder: Path) -> None:
    (folder / "sums/sums/service.py").rename(folder / "sums/sums/services.py")


@pytest.mark.parametrize("change", [touched_source, new_file, renamed_file])
def test_what_has_changed_is_built_beside(
    folder: Path, built: Callable[[], list[str]], change: Callable[[Path], None]
) -> None:
    """Instances that still run keep the environment that they were started in."""
    before = quick(folder).build("sums", "./sums")

    change(folder)
    after = quick(folder).build("sums", "./sums")

    assert before != after
    assert before.exists()
    assert len(built()) == 2


def test_what_is_no_source_changes_nothing(folder: Path, built: Callable[[], list[str]]) -> None:
    """Caches, results of builds and environments come and go."""
    quick(folder).build("sums", "./sums")

    for name in ("sums/__pycache__/service.pyc", ".git/HEAD", "dist/x.whl", "venv/pyvenv.cfg", "venv/bin/x"):
        file = folder / "sums" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x", encoding="utf-8")
    quick(folder).build("sums", "./sums")

    assert len(built()) == 1


def test_an_environment_whose_python_is_gone_is_made_again(folder: Path, built: Callable[[], list[str]]) -> None:
    """As when a Python of pyenv's is uninstalled: the link in the environment leads nowhere."""
    python = quick(folder).build("sums", "./sums")
    python.unlink()
    python.symlink_to(folder / "gone")

    again = quick(folder).build("sums", "./sums")

    assert again == python
    assert again.exists()
    assert len(built()) == 2


def test_two_builders_at_once_build_once(folder: Path, built: Callable[[], list[str]]) -> None:
    """The second waits, says so, and finds it done."""
    steps: list[Step] = []
    environments = Environments(
        folder / "state", folder, told=steps.append, installer=Quick(folder / "built", wait_s=0.3)
    )

    with ThreadPoolExecutor(4) as pool:
        pythons = set(pool.map(environments.build, ["sums"] * 4, ["./sums"] * 4))

    assert len(pythons) == 1
    assert len(built()) == 1
    assert sum("waits for another build" in step.what for step in steps) == 3


def test_a_build_that_was_killed_is_made_again(folder: Path, built: Callable[[], list[str]]) -> None:
    """Its installer, which might still write, ends with the one that has started it, whatever has ended that one."""
    builder = subprocess.Popen([sys.executable, "-c", BUILDER], cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)})
    until(lambda: bool(built()))
    installer = int(built()[0].split()[0])
    builder.kill()
    builder.wait(PATIENCE_S)

    until(lambda: has_ended(installer))
    python = quick(folder).build("sums", "./sums")

    assert (python.parent.parent / "complete.json").exists()
    assert len(built()) == 2


def test_others_of_the_same_service_are_removed(folder: Path) -> None:
    """And none of a service whose name only begins like it."""
    environments = quick(folder)
    old = environments.build("sums", "./sums")
    neighbour = environments.build("sums_v2", "./sums")
    touched_source(folder)
    new = environments.build("sums", "./sums")

    removed = environments.remove_others("sums", [new])

    assert removed == [old.parent.parent]
    assert not old.exists()
    assert new.exists()
    assert neighbour.exists()


@pytest.mark.parametrize(
    ("requirement", "what", "fix"),
    [
        ("./nowhere", "there is no folder ./nowhere", "paths are read from"),
        ("./state", "no pyproject.toml", "[project]"),
        ("dist/sums-1.0-py3-none-any.whl", "there is no wheel", "build it"),
        ("sums>>1", "is no requirement", '"services/pricing"'),
    ],
)
def test_a_wrong_requirement_is_told_before_anything_is_made(
    folder: Path, built: Callable[[], list[str]], requirement: str, what: str, fix: str
) -> None:
    """With the service, and what to do."""
    (folder / "state").mkdir()

    with pytest.raises(Mistakes) as caught:
        quick(folder).build("sums", requirement)

    mistake = caught.value.mistakes[0]
    assert mistake.what.startswith("sums: ")
    assert what in mistake.what
    assert fix in mistake.fix
    assert not built()


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    """The requirement and the Python."""
    with pytest.raises(Mistakes) as caught:
        quick(folder).build("sums", "./nowhere", "3.99")

    assert len(caught.value.mistakes) == 2


def test_several_are_built_at_once(folder: Path, built: Callable[[], list[str]]) -> None:
    """As at the first start of an application."""
    pythons = quick(folder).build_all({"sums": ("./sums", ""), "sums_v2": ("./sums", "")})

    assert set(pythons) == {"sums", "sums_v2"}
    assert len(set(pythons.values())) == len(built()) == 2


def test_what_is_wrong_with_several_is_told_at_once(folder: Path) -> None:
    """Whoever mends one sees the others, too."""
    with pytest.raises(Mistakes) as caught:
        quick(folder).build_all({"sums": ("./nowhere", ""), "tax": ("./neither", ""), "well": ("./sums", "")})

    assert [mistake.what.partition(":")[0] for mistake in caught.value.mistakes] == ["sums", "tax"]


def test_a_build_that_is_stopped_leaves_no_installer_behind(folder: Path, built: Callable[[], list[str]]) -> None:
    """Ctrl-C at a first start ends at once; the next start builds what was not finished."""
    environments = Environments(folder / "state", folder, installer=Quick(folder / "built", wait_s=60))

    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(environments.build_all, {"sums": ("./sums", "")})
        until(lambda: bool(built()))
        environments.stop()
        error = building.exception(PATIENCE_S)

    assert isinstance(error, Mistakes)
    until(lambda: has_ended(int(built()[0].split()[0])))
    assert quick(folder).build("sums", "./sums").exists()


def test_what_the_installer_refuses_is_told_with_its_words(folder: Path) -> None:
    """The name is free of any distribution; what is left of the build is its log."""
    with pytest.raises(Mistakes) as caught:
        Environments(folder / "state", folder).build("sums", "atoll-sums-that-nobody-wrote==1")

    mistake = caught.value.mistakes[0]
    assert mistake.what.startswith("sums: atoll-sums-that-nobody-wrote==1 could not be installed with Python 3.")
    assert "atoll-sums-that-nobody-wrote" in mistake.what.partition("\n")[2]
    assert "atoll-sums-that-nobody-wrote" in Path(mistake.fix.rpartition(" ")[2]).read_text(encoding="utf-8")
    assert not list((folder / "state/environments").glob("*/"))


def test_a_folder_that_is_written_like_a_name_is_guessed(folder: Path) -> None:
    """Installers take a word without a `/` for a name, and look for it elsewhere."""
    (folder / "atoll-sums-that-nobody-wrote").mkdir()
    (folder / "atoll-sums-that-nobody-wrote/pyproject.toml").write_text(PROJECT, encoding="utf-8")

    with pytest.raises(Mistakes) as caught:
        Environments(folder / "state", folder).build("sums", "atoll-sums-that-nobody-wrote")

    assert 'write "./atoll-sums-that-nobody-wrote"' in caught.value.mistakes[0].fix


INSTALLERS = [present_installer(), *amount([], [Pip()])]
"""pip takes most of a minute: `make test-all` tries it, too."""


@pytest.mark.slow
@pytest.mark.parametrize("installer", INSTALLERS, ids=lambda installer: installer.name)
def test_changed_code_is_what_runs(folder: Path, installer: Installer) -> None:
    """Installers remember what they have built of a folder: they are told that it may be something else."""
    environments = Environments(folder / "state", folder, installer=installer)

    words = [word_of(environments.build("sums", "./sums"))]
    if isinstance(installer, Uv):  # pip remembers nothing, and takes its time
        touched_source(folder)
        words.append(word_of(environments.build("sums", "./sums")))

    assert words == ["first", "second"][: len(words)]


def test_nothing_leads_an_installer_astray() -> None:
    """A variable of the person's own shell would have it install somewhere else."""
    environment = clean_environment({"VIRTUAL_ENV": "x", "PYTHONPATH": "x", "PIP_TARGET": "x", "PIP_CERT": "kept"})

    assert {"VIRTUAL_ENV", "PYTHONPATH", "PIP_TARGET"}.isdisjoint(environment)
    assert environment["PIP_CERT"] == "kept"


def word_of(python: Path) -> str:
    question = "import sums.service, atoll, sys, pathlib; print(sums.service.WORD)"
    done = subprocess.run([str(python), "-I", "-c", question], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    compiled = python.parent.parent.glob("lib/python3*/site-packages/sums/__pycache__/service.*.pyc")
    assert list(compiled)
    return done.stdout.strip()


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # nobody may see out what has lost its parent
    except psutil.NoSuchProcess:
        return True


def until(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
