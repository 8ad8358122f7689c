"""The program as a whole: its help, its verbs, its errors, and how fast it is there."""

import errno
import json
import sys
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner, Result

from atoll import __version__
from atoll.cli import main
from atoll.cli.program import VERBS, Program
from tests.cli.programs import finished
from tests.house.checkout import ROOT


def test_help_names_every_verb_and_every_exit_code(atoll: Callable[..., Result]) -> None:
    """Whoever knows nothing types this first."""
    result = atoll("--help")

    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in VERBS)
    assert "Exit codes: 0" in result.stdout


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_summed_up_in_its_own_words(name: str) -> None:
    """The list does not import the verbs, so it could say something else."""
    command = main.get_command(click.Context(main), name)

    assert command is not None
    assert command.get_short_help_str(200) == VERBS[name].summary


def commands_in(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    """Every command below a group, by its path."""
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        found += (
            commands_in(command, *path, name)
            if isinstance(command, click.Group) and name != "call"
            else [(*path, name)]
        )
    return found


@pytest.mark.parametrize("path", commands_in(main), ids=" ".join)
def test_every_command_can_answer_in_json(atoll: Callable[..., Result], path: tuple[str, ...]) -> None:
    """Programs use the command line, too."""
    result = atoll(*path, "--help")

    assert "--json" in result.stdout


def test_the_version_is_said(atoll: Callable[..., Result]) -> None:
    """The first question under every report of a fault."""
    assert atoll("--version").stdout == f"atoll, version {__version__}\n"


def test_a_verb_that_was_mistyped_is_guessed(atoll: Callable[..., Result]) -> None:
    """The right word is nearly always near."""
    result = atoll("shwo")

    assert result.exit_code == 2
    assert "Did you mean `show`?" in result.stderr


def test_help_loads_nothing_that_only_one_verb_needs() -> None:
    """Rich and httpx take longer to load than all the rest."""
    question = (
        "import sys; from atoll.cli import main; main(['--help'], standalone_mode=False); "
        "sys.exit(', '.join({'rich', 'httpx', 'starlette', 'uvicorn'} & set(sys.modules)) or 0)"
    )

    done = finished(sys.executable, "-c", question, folder=ROOT)

    assert done.returncode == 0, done.stderr


def test_mistakes_are_told_all_at_once_with_exit_code_2(atoll: Callable[..., Result]) -> None:
    """Each comes with what to do; none hides another."""
    result = atoll("check", "tests.cli.market:broken")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "2 mistakes" in result.stderr
    assert "tests.cli.nowhere" in result.stderr
    assert "nobody answers for it" in result.stderr
    assert "Traceback" not in result.stderr


def test_refusals_are_json_where_json_is_asked_for(atoll: Callable[..., Result]) -> None:
    """A program reads the reason as it reads the result."""
    result = atoll("check", "tests.cli.market:broken", "--json")

    error = json.loads(result.stderr)["error"]
    assert error["code"] == "mistakes"
    assert {"file", "line", "what", "fix"} == set(error["mistakes"][0])


class Full(Program):
    """A program each verb of which finds the disk full."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """One that cannot write."""

        def writes() -> None:
            raise OSError(errno.ENOSPC, "No space left on device", "state/key")

        return click.Command(cmd_name, callback=writes)


def test_a_full_disk_is_told_without_a_traceback() -> None:
    """The supervisor writes its keys and addresses before any service has a database that would say so."""
    result = CliRunner().invoke(Full("atoll"), ["run"])

    assert result.exit_code == 1
    assert "the disk under state/key is full" in result.output
    assert "Make room" in result.output
