"""`atoll new app` and `atoll new service`."""

import difflib
from pathlib import Path

import click

from atoll import Contract, describe, load_application
from atoll.cli.files import write
from atoll.cli.new.listing import with_service
from atoll.cli.new.names import check_application_name, check_service_name, title_of
from atoll.cli.new.rendering import Callee, application_files, service_files, write_all
from atoll.cli.project import json_option, place_of
from atoll.cli.refusals import Mistaken
from atoll.cli.terminal import print_json, screen

APP_EXAMPLES = """\b
Examples:
  atoll new app shop && cd shop
  atoll run
"""

SERVICE_EXAMPLES = """\b
Examples:
  atoll new service billing
  atoll new service billing --calls hello
"""


@click.group()
def new() -> None:
    """Make an application, or a service in one."""


@new.command("app", epilog=APP_EXAMPLES)
@click.argument("name")
@json_option
def new_app(name: str, as_json: bool) -> None:
    """Make the application NAME, with one service and its tests, in a folder of that name.

    What is made passes its tests, and the type checkers at their strictest.
    """
    check_application_name(name)
    folder = Path(name)
    if folder.exists():
        raise Mistaken(f"{folder} is there already.", "Choose another name, or remove it first.", code="exists")
    made = write_all(folder, application_files(name))
    _say(made, [f"cd {name}", "atoll run", "pytest"], as_json=as_json)


@new.command("service", epilog=SERVICE_EXAMPLES)
@click.argument("name")
@click.option("--calls", metavar="SERVICE", help="Let it call this service of the application.")
@click.option("--app", metavar="APP", help="The application; by default that of this folder.")
@json_option
def new_service(name: str, calls: str | None, app: str | None, as_json: bool) -> None:
    """Make the service NAME, with its contract and its tests, and add it to the application.

    It goes into the package in which the application is written, and its reference to the end of the application's
    list of services. With --calls it asks another service first, as a dependency that its tests replace by a fake.
    """
    check_service_name(name)
    place = place_of(app)
    module, colon, attribute = place.partition(":")
    source = _source_of(module) if colon else None
    if source is None:
        raise Mistaken(
            f"{place} is not a file below this folder.",
            "Go to the folder of the application, which holds its "
            "pyproject.toml, or name another one with --app package.module:attribute.",
            code="no_application",
        )
    package = module.rpartition(".")[0]
    prefix = f"{package}." if package else ""
    folder = Path(*package.split(".")) if package else Path()
    if (folder / name).exists() or (folder / f"{name}.py").exists():
        raise Mistaken(f"{folder / name} is there already.", "Choose another name.", code="exists")
    callee = _callee(place, calls) if calls else None
    changed = with_service(
        source.read_text(encoding="utf-8"), attribute, f"{prefix}{name}.service:{title_of(name)}Service", str(source)
    )
    made = write_all(folder, service_files(name, prefix, callee))
    write(source, changed)
    next_steps = ["pytest", "atoll show", "atoll run"]
    if callee is not None and not callee.is_greeting:
        next_steps.insert(
            0, f"call self.{callee.name} in {folder / name / 'service.py'}: it offers {', '.join(callee.operations)}"
        )
    _say([*made, source], next_steps, as_json=as_json)


def _source_of(module: str) -> Path | None:
    """The file of a module below the current folder."""
    path = Path(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _callee(place: str, name: str) -> Callee:
    """What a new service has to know of the one that it calls.

    Raises:
        Mistaken: there is none of this name, or it has no contract.
        Mistakes: the application is not in order.
    """
    graph = describe(load_application(place, Path.cwd()))
    offered = {service.name: service.contract for service in graph.services if service.contract}
    contract = offered.get(name)
    if contract is None:
        close = difflib.get_close_matches(name, offered, n=1)
        fix = f"Did you mean `{close[0]}`?" if close else f"There are {', '.join(offered) or 'none with a contract'}."
        raise Mistaken(f"The application has no service `{name}` that can be called.", fix, code="no_such_service")
    return Callee(
        name=contract.id,
        title=contract.protocol.__name__,
        module=contract.protocol.__module__,
        is_greeting=_is_greeting(contract),
        operations=tuple(operation.name for operation in contract.operations),
    )


def _is_greeting(contract: Contract) -> bool:
    """Whether it still has the operation that a new service begins with, so that it can be called as it stands."""
    greet = next((operation for operation in contract.operations if operation.name == "greet"), None)
    module = contract.protocol.__module__
    if greet is None or len(greet.arguments) != 1:
        return False
    taken, given = greet.arguments[0].kind, greet.result
    return all(
        getattr(kind, "__module__", "") == module
        and getattr(kind, "__name__", "") == wanted
        and set(fields) <= set(getattr(kind, "__struct_fields__", ()))
        for kind, wanted, fields in ((taken, "Guest", ("name",)), (given, "Greeting", ("words",)))
    )


def _say(made: list[Path], next_steps: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"files": [str(file) for file in made], "next": next_steps})
        return
    console = screen()
    for file in made:
        console.print(f"[green]+[/] {file}", soft_wrap=True)
    console.print("\nNext:")
    for step in next_steps:
        console.print(f"  {step}", markup=False, soft_wrap=True)
