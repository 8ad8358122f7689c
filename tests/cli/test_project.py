"""Which application a command is about."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from atoll.cli.project import place_of
from atoll.cli.refusals import Mistaken

PROJECT = '[tool.atoll]\napplication = "shop.application:shop"\n'


@pytest.fixture(autouse=True)
def _no_application_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATOLL_APPLICATION", raising=False)


def test_the_project_of_the_folder_names_its_application(folder: Path) -> None:
    """Inside a project nobody types it."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")

    assert place_of(None) == "shop.application:shop"


def test_the_environment_goes_before_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container says what it runs."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    monkeypatch.setenv("ATOLL_APPLICATION", "other.application:other")

    assert place_of(None) == "other.application:other"


def test_the_argument_goes_before_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed is what was meant."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    monkeypatch.setenv("ATOLL_APPLICATION", "other.application:other")

    assert place_of("third.application:third") == "third.application:third"


@pytest.mark.usefixtures("folder")
def test_without_any_the_three_ways_to_name_one_are_told(atoll: Callable[..., Result]) -> None:
    """Somebody who has no application yet learns how to make one."""
    result = atoll("show")

    assert result.exit_code == 2
    assert all(way in result.stderr for way in ("atoll run shop", "[tool.atoll]", "ATOLL_APPLICATION", "atoll new app"))


@pytest.mark.parametrize("text", ["[tool.atoll]\napplication = 3\n", "[tool"])
def test_a_project_that_cannot_be_read_is_told(folder: Path, text: str) -> None:
    """The file is named; a traceback of the parser would help nobody."""
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")

    with pytest.raises(Mistaken, match=r"pyproject\.toml"):
        place_of(None)


def test_an_application_that_is_not_there_is_told(folder: Path, atoll: Callable[..., Result]) -> None:
    """Most often the folder is the wrong one."""
    result = atoll("show", "nowhere.application:nowhere")

    assert result.exit_code == 2
    assert "nowhere.application:nowhere cannot be imported" in result.stderr
