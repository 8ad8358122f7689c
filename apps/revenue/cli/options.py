"""What every verb takes: where Revenue answers, what opens it, and how answers are written."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from atoll import Problem, Unavailable
from atoll.elsewhere import Connected, NoAddress, connect
from atoll.problems import BrokenContract, UnknownProblem

from .answers import ProblemAnswer, to_json
from .connection import STATE, connection

T = TypeVar("T")

FOLDER = click.Path(file_okay=False, path_type=Path)
TIMEOUT_S = 60.0
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


@dataclass(frozen=True, slots=True)
class Options:
    """What every verb takes."""

    url: str | None
    key: str | None
    state: Path
    as_json: bool

    @asynccontextmanager
    async def reached(self) -> AsyncGenerator[Connected]:
        """Clients of the application's services, through its gateway.

        Raises:
            BadParameter: nobody can be called at that URL.
            ClickException: nothing answers there, or what it answers is a problem.
        """
        here = connection(self.url, self.key, self.state)
        try:
            async with connect(here.url, key=here.key, timeout_s=TIMEOUT_S) as connected:
                yield connected
        except NoAddress as error:
            raise click.BadParameter(f"{error}.", param_hint="--url") from None
        except Unavailable as problem:
            hint = "Is all of Revenue running? `atoll ps` shows it."
            raise ProblemAnswer(problem.code, f"{problem} (asked at {here.url}). {hint}") from None
        except (BrokenContract, UnknownProblem) as problem:
            there = f"What answers at {here.url} is not Revenue, or another version of it"
            raise ProblemAnswer(problem.code, f"{there}: {problem}") from None
        except Problem as problem:
            raise ProblemAnswer(problem.code, str(problem)) from None


def with_options(command: Callable[..., T]) -> Callable[..., T]:
    """Adds the options that every verb takes, as one `options` argument."""

    def run(url: str | None, key: str | None, state: Path, as_json: bool, **rest: Any) -> T:  # Any: the verb's own
        with _refusals(as_json=as_json):
            return command(options=Options(url, key, state, as_json), **rest)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    for option in (
        AS_JSON,
        click.option(
            "--state", type=FOLDER, default=STATE, show_default=True, help="Where the one that runs here keeps it."
        ),
        click.option("--key", envvar="REVENUE_KEY", help="The key that opens it."),
        click.option("--url", envvar="REVENUE_URL", help="Where Revenue answers; the one that runs here by default."),
    ):
        run = option(run)
    return run


def with_json(command: Callable[..., T]) -> Callable[..., T]:
    """Adds `--json` alone, for verbs that ask nobody, as `as_json`."""

    def run(as_json: bool, **rest: Any) -> T:  # Any: the verb's own
        with _refusals(as_json=as_json):
            return command(as_json=as_json, **rest)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return AS_JSON(run)


@contextmanager
def _refusals(*, as_json: bool) -> Generator[None]:
    """Refusals as JSON where the answer would have been."""
    try:
        yield
    except click.ClickException as error:
        if not as_json:
            raise
        code = error.code if isinstance(error, ProblemAnswer) else "error"
        click.echo(to_json({"code": code, "message": error.format_message()}), err=True)
        raise SystemExit(error.exit_code) from None
