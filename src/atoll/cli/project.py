"""Which application a command is about, and the options that commands share."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from atoll import Application, Config, load_application, read_config
from atoll.cli.refusals import Mistaken, speak_json

F = TypeVar("F", bound=Callable[..., Any])  # Any: commands of every signature

STATE = Path(".atoll")
VARIABLE = "ATOLL_APPLICATION"
LIMIT = click.IntRange(1, 1_000_000)
"""How many rows a command may be asked for: more are nothing to read, and far more are no number to a database."""


def application_argument(command: F) -> F:
    """Let a command take `APP`."""
    return click.argument("app", required=False, metavar="[APP]")(command)


def json_option(command: F) -> F:
    """Let a command take `--json`, for its results and its refusals."""

    def noted(ctx: click.Context, _: click.Parameter, wanted: bool) -> bool:
        if wanted:
            speak_json(ctx)
        return wanted

    return click.option("--json", "as_json", is_flag=True, callback=noted, is_eager=True, help="Print JSON.")(command)


def state_option(command: F) -> F:
    """Let a command take `--state`."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        default=STATE,
        show_default=True,
        help="The folder in which the running application keeps its state.",
    )(command)


def config_option(command: F) -> F:
    """Let a command take `--config`."""
    return click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        default=Path("atoll.toml"),
        show_default=True,
        help="The file with settings: a table for each service.",
    )(command)


def config_of(ctx: click.Context, config_file: Path) -> Config:
    """The environment and the settings file; a file that was asked for has to be there.

    Raises:
        Mistaken: it is not.
    """
    given = ctx.get_parameter_source("config_file") is not click.core.ParameterSource.DEFAULT
    if given and not config_file.is_file():
        raise Mistaken(f"There is no file {config_file}.", "Name a TOML file with --config.", code="no_config")
    return read_config(config_file.parent, config_file.name)


def drain_option(command: F) -> F:
    """Let a command take `--drain`."""
    return click.option(
        "--drain",
        "drain_s",
        type=click.FloatRange(min=0),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="How long calls in progress have to end.",
    )(command)


def place_of(app: str | None) -> str:
    """Where the application is: as given, else from the environment, else from pyproject.toml.

    Raises:
        Mistaken: none of them names one.
    """
    place = app or os.environ.get(VARIABLE) or _from_project(Path("pyproject.toml"))
    if place is None:
        raise Mistaken(
            "No application is named.",
            'Name it (`atoll run shop.application:shop`), or write `application = "shop.application:shop"` under '
            f"[tool.atoll] in the pyproject.toml of this folder, or set {VARIABLE}. "
            "To make a new one: `atoll new app shop`.",
            code="no_application",
        )
    return place


def load(app: str | None) -> Application:
    """The application that the command is about, imported from the current folder.

    Raises:
        Mistaken: none is named.
        Mistakes: it cannot be imported.
    """
    return load_application(place_of(app), Path.cwd())


def _from_project(file: Path) -> str | None:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Mistaken(f"{file} cannot be read: {error}", "Mend it.", code="project_unreadable") from None
    match tables.get("tool"):
        case {"atoll": {"application": str() as place}}:
            return place
        case {"atoll": {"application": other}}:
            raise Mistaken(
                f"`application` in [tool.atoll] of {file} is not text but {other!r}.",
                'Write it as "package.module:attribute".',
                code="project_unreadable",
            )
        case _:
            return None
