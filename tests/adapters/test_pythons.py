"""A Python is found by its version or its path; where there is none, it is said where it was looked for."""

import os
import sys
from pathlib import Path

import pytest

from atoll import Mistakes
from atoll.adapters.pythons import Python, find_python

HERE = ".".join(map(str, sys.version_info[:2]))


def interpreter(path: Path, version: str) -> Path:
    """Something that answers like a Python of this version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {path}\necho {version}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def environ(folder: Path) -> dict[str, str]:
    return {"PATH": str(folder / "bin"), "PYENV_ROOT": str(folder / "pyenv")}


@pytest.mark.parametrize("wanted", ["", HERE, f"{HERE}.{sys.version_info[2]}"])
def test_the_running_one_is_taken_where_it_fits(tmp_path: Path, wanted: str) -> None:
    """Nothing is looked for then."""
    assert find_python(wanted, environ=environ(tmp_path)).path == Path(sys.executable)


def test_one_on_the_path_is_found(tmp_path: Path) -> None:
    """By its name, and asked for its whole version."""
    path = interpreter(tmp_path / "bin/python3.98", "3.98.4")

    assert find_python("3.98", environ=environ(tmp_path)) == Python(path, "3.98.4")


def test_a_shim_that_leads_nowhere_is_passed_over(tmp_path: Path) -> None:
    """As a `python3.98` of pyenv's, which stands on the PATH and only says which versions there are."""
    shim = interpreter(tmp_path / "bin/python3.98", "3.98.4")
    shim.write_text("#!/bin/sh\necho 'command not found' >&2\nexit 127\n", encoding="utf-8")
    path = interpreter(tmp_path / "pyenv/versions/3.98.2/bin/python", "3.98.2")

    assert find_python("3.98", environ=environ(tmp_path)).path == path


def test_the_newest_of_pyenv_is_taken(tmp_path: Path) -> None:
    """By number, not by letter; and 3.9 is not 3.98."""
    interpreter(tmp_path / "pyenv/versions/3.98.9/bin/python", "3.98.9")
    path = interpreter(tmp_path / "pyenv/versions/3.98.10/bin/python", "3.98.10")
    interpreter(tmp_path / "pyenv/versions/3.980.0/bin/python", "3.980.0")

    assert find_python("3.98", environ=environ(tmp_path)).path == path


def test_what_is_called_like_it_and_is_another_one_is_passed_over(tmp_path: Path) -> None:
    """Its own word counts."""
    interpreter(tmp_path / "bin/python3.98", "3.97.1")

    with pytest.raises(Mistakes, match=r"there is no Python 3\.98"):
        find_python("3.98", environ=environ(tmp_path))


def test_where_it_was_looked_for_is_said(tmp_path: Path) -> None:
    """And what to do."""
    with pytest.raises(Mistakes) as caught:
        find_python("3.98", environ=environ(tmp_path))

    mistake = caught.value.mistakes[0]
    assert "the running one" in mistake.what
    assert "python3.98 on the PATH" in mistake.what
    assert str(tmp_path / "pyenv/versions") in mistake.what
    assert "install Python 3.98" in mistake.fix


def test_one_at_a_path_is_taken(tmp_path: Path) -> None:
    """Wherever it is."""
    path = interpreter(tmp_path / "opt/python", "3.98.4")

    assert find_python(str(path), environ=environ(tmp_path)).version == "3.98.4"


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        (">=3.12", "no version of Python"),
        ("2.7", "no version of Python"),
        ("python3.12", "no version of Python"),
        ("/nowhere/python", "no Python that runs"),
        (os.devnull, "no Python that runs"),
    ],
)
def test_what_names_no_python_is_refused(tmp_path: Path, wanted: str, what: str) -> None:
    """With how to write it."""
    with pytest.raises(Mistakes, match=what):
        find_python(wanted, environ=environ(tmp_path))


def test_one_that_is_too_old_for_atoll_is_refused(tmp_path: Path) -> None:
    """Before anything is installed into it."""
    path = interpreter(tmp_path / "bin/python", "3.10.2")

    with pytest.raises(Mistakes, match=r"needs 3\.11 or newer"):
        find_python(str(path), environ=environ(tmp_path))
