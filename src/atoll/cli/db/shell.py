"""`atoll db shell`: statements by hand."""

import base64
import contextlib
import importlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from atoll import AtollError
from atoll.cli.db.choosing import app_option, databases
from atoll.cli.noted import noted
from atoll.cli.project import config_option, json_option, state_option
from atoll.cli.terminal import print_json, print_laid_out, screen, table
from atoll.databases import Answer, Shell, people_shell
from atoll.databases import shell as open_shell

EXAMPLES = """\b
Examples:
  atoll db shell capture                                    a prompt, for reading
  atoll db shell capture -- "select * from leads limit 3"   one statement
  atoll db shell capture --write -- "delete from leads where id = '7'"
"""

JSON = {type(None), bool, int, float, str, list, dict}

HELP = """.tables        the tables
.quit          the end (also Ctrl-D)
Everything else is SQL, to its semicolon."""


@click.command(epilog=EXAMPLES)
@click.argument("service")
@click.argument("statement", nargs=-1, metavar="[-- SQL]")
@click.option("--write", "writes", is_flag=True, help="Let statements change something. They are committed at once.")
@app_option
@state_option
@config_option
@json_option
@click.pass_context
def shell(
    ctx: click.Context,
    service: str,
    statement: tuple[str, ...],
    writes: bool,
    app: str | None,
    state: Path,
    config_file: Path,
    as_json: bool,
) -> None:
    """Run SQL on the database of SERVICE.

    One statement, or what is typed at a prompt or piped in.
    Nothing can be changed unless --write is given. On PostgreSQL the prompt is that of `psql`, where it is on the PATH.
    """
    (database,) = databases(ctx, app, state, config_file, [service])
    is_prompt = not statement and sys.stdin.isatty()
    if writes:  # that it was opened is written down; what is typed there may be personal
        with noted(state, "db shell", service, "with --write"):
            pass
    if is_prompt and not as_json and (program := people_shell(database, writes=writes)) is not None:
        command, environment = program
        os.execve(command[0], command, environment)  # noqa: S606  # a program of PostgreSQL's, in our place
    with open_shell(database.place, writes=writes) as opened:
        if statement:
            _print(opened.run(" ".join(statement)), as_json=as_json)
        elif is_prompt:
            _talk(opened, service, as_json=as_json)
        else:
            for each in _statements(iter(sys.stdin.readline, "")):
                _print(opened.run(each), as_json=as_json)


def _talk(opened: Shell, service: str, *, as_json: bool) -> None:
    """Ask for statements until somebody has enough."""
    with contextlib.suppress(ImportError):
        importlib.import_module("readline")  # gives `input` its history; it wants a terminal
    screen().print("[dim].help says what can be typed here; Ctrl-D ends it.[/]")
    for each in _statements(_typed(service)):
        try:
            if each == ".help":
                click.echo(HELP)
            elif each in (".quit", ".exit"):
                return
            else:
                _print(opened.tables() if each == ".tables" else opened.run(each), as_json=as_json)
        except AtollError as error:
            screen().print(f"[bold red]✗[/] {escape(str(error))}", soft_wrap=True)


class _Cancelled(str):
    """Ctrl-C: what was typed so far does not count."""

    __slots__ = ()


def _typed(service: str) -> Iterator[str]:
    prompt = f"{service}> "
    while True:
        try:
            line = input(prompt)
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            click.echo()
            line = _Cancelled()
        yield line
        prompt = f"{service}> " if not line or line.rstrip().endswith(";") or line.startswith(".") else "   ...> "


def _statements(lines: Iterator[str]) -> Iterator[str]:
    """Statements to their semicolon; the last one needs none. Lines that begin with a point stand alone."""
    whole = ""
    for line in lines:
        if isinstance(line, _Cancelled):
            whole = ""
        elif not whole and line.startswith("."):
            yield line.strip()
        else:
            whole += line if line.endswith("\n") else f"{line}\n"
            if sqlite3.complete_statement(whole):
                yield whole.strip()
                whole = ""
    if whole.strip():
        yield whole.strip()


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        rows = [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows]
        print_json({"rows": rows, "changed": max(answer.changed, 0)})
    elif answer.columns:
        made = table(*map(escape, answer.columns))
        for row in answer.rows:
            made.add_row(*(escape(_shown(value)) for value in row))
        print_laid_out(made, on=screen())
    else:
        click.echo(f"{max(answer.changed, 0)} rows changed")


def _plain(value: Any) -> object:  # Any: values of all columns
    """A value as JSON has it; bytes in base 64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if type(value) in JSON else str(value)


def _shown(value: Any) -> str:  # Any: as above
    return "-" if value is None else f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
