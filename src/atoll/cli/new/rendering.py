"""The files of a new application or service, made from the templates in `atoll/cli/templates`."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from atoll.cli.files import write
from atoll.cli.new.names import title_of
from atoll.cli.refusals import Mistaken


@dataclass(frozen=True, slots=True)
class Callee:
    """The service that a new service calls. `is_greeting`: it has the operations that a new service begins with."""

    name: str
    title: str
    module: str
    is_greeting: bool
    operations: tuple[str, ...]


def application_files(name: str) -> dict[Path, str]:
    """The files of a new application with one service, by their place in its folder."""
    values = {"name": name, "title": title_of(name)}
    package = Path(name)
    return {
        Path("pyproject.toml"): _rendered("app/pyproject.toml", values),
        Path("README.md"): _rendered("app/README.md", values),
        Path(".gitignore"): _rendered("app/gitignore", values),
        package / "__init__.py": _rendered("app/package.py", values),
        package / "application.py": _rendered("app/application.py", values),
        Path("tests/test_application.py"): _rendered("app/test_application.py", values),
    } | {package / place: text for place, text in service_files("hello", f"{name}.", None).items()}


def service_files(name: str, prefix: str, callee: Callee | None) -> dict[Path, str]:
    """The files of a new service, by their place in its package.

    `prefix` is the package's name with a dot; empty where the application is a single module.
    """
    title = title_of(name)
    values = {"name": name, "title": title, "prefix": prefix, "imports": "", "fields": "", "testing": "", "fakes": ""}
    values["own_names"] = ", ".join(sorted(["Greeting", "Guest", "GuestUnknown", title]))
    own_imports = [
        (f"{prefix}{name}.contract", "Guest, GuestUnknown"),
        (f"{prefix}{name}.service", f"{title}Service"),
    ]
    kind = ""
    if callee is not None:
        imports = [(callee.module, callee.title)]
        test_imports = [(callee.module, callee.title)]
        values |= {"callee": callee.name, "callee_title": callee.title}
        values |= {"fields": f"    {callee.name}: {callee.title}\n", "fakes": f"{callee.name}=fake({callee.title})"}
        values["testing"] = "from atoll.testing import fake\n"
        if callee.is_greeting:
            kind = "_calling"
            imports.append((callee.module, f"Guest as {callee.title}Guest"))
            test_imports.append((callee.module, f"Greeting as {callee.title}Greeting"))
        values["imports"] = f"\n{_imports(imports)}\n"
        own_imports += test_imports
    values["test_imports"] = _imports(own_imports)
    folder = Path(name)
    return {
        folder / "__init__.py": _rendered("service/package.py", values),
        folder / "contract.py": _rendered("service/contract.py", values),
        folder / "service.py": _rendered(f"service/service{kind}.py", values),
        folder / "tests" / "__init__.py": _rendered("service/tests.py", values),
        folder / "tests" / f"test_{name}.py": _rendered(f"service/test_service{kind}.py", values),
    }


def write_all(folder: Path, made: Mapping[Path, str]) -> list[Path]:
    """Write files into a folder; their paths.

    Raises:
        Mistaken: one of them is there already (then none was written), or cannot be written.
    """
    places = {folder / place: text for place, text in made.items()}
    for place in places:
        if place.exists():
            raise Mistaken(f"{place} is there already.", "Choose another name, or remove it first.", code="exists")
    for place, text in places.items():
        write(place, text)
    return list(places)


def _imports(wanted: list[tuple[str, str]]) -> str:
    """Import lines in the order that linters ask for."""
    return "\n".join(f"from {module} import {names}" for module, names in sorted(wanted))


def _rendered(template: str, values: Mapping[str, str]) -> str:
    text = (files("atoll.cli") / "templates" / f"{template}.tmpl").read_text(encoding="utf-8")
    return Template(text).substitute(values)
