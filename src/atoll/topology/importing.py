"""Import what an application names by its place, `package.module:name`; whatever fails is a mistake with its line."""

import importlib
import importlib.util
from types import ModuleType, TracebackType
from typing import Any

from atoll.adapters.opentelemetry_joining import opentelemetry_awaited
from atoll.kernel import Mistake, Source


def imported(place: str, what: str) -> tuple[Any, list[Mistake]]:  # Any: whatever stands at the place
    """What stands at a place, or None and why there is nothing; `what` is what was expected there."""
    module_name, attribute, mistakes = parsed(place, what)
    if mistakes:
        return None, mistakes
    module, mistakes = imported_module(module_name, place)
    if module is None:
        return None, mistakes
    if not hasattr(module, attribute):
        fix = f"check the name of the {what}"
        return None, [Mistake(source_of_module(module), f"{module_name} has no `{attribute}`", fix)]
    return getattr(module, attribute), []


def parsed(place: str, what: str) -> tuple[str, str, list[Mistake]]:
    """The module and the name in a place, or why it is none."""
    module_name, _, attribute = place.partition(":")
    if all(name.isidentifier() for name in (*module_name.split("."), attribute)):
        return module_name, attribute, []
    return "", "", [Mistake(None, f"`{place}` does not name a place", f'write "package.module:{what}"')]


def imported_module(name: str, place: str) -> tuple[ModuleType | None, list[Mistake]]:
    """The module of this name, or None and why it cannot be imported for the sake of `place`."""
    try:
        with opentelemetry_awaited():
            return importlib.import_module(name), []
    except Exception as error:  # noqa: BLE001  # foreign code: a module of the application
        return None, [_failure(place, name, error)]


def neighbour(module_name: str, name: str, place: str) -> tuple[ModuleType | None, list[Mistake]]:
    """The module `name` beside another, without importing that one; None also where there is none."""
    package = module_name.rpartition(".")[0]
    if not package:
        return imported_module(name, place) if importlib.util.find_spec(name) else (None, [])
    holder, mistakes = imported_module(package, place)
    if holder is None or not importlib.util.find_spec(f".{name}", package):
        return None, mistakes
    return imported_module(f"{package}.{name}", place)


def source_of_module(module: ModuleType) -> Source:
    """The file of a module; its name where it has none."""
    return Source(module.__file__ or module.__name__)


def _failure(place: str, module_name: str, error: Exception) -> Mistake:
    """Told of the module that is broken, so that many who import it tell of one mistake."""
    if isinstance(error, ModuleNotFoundError) and f"{module_name}.".startswith(f"{error.name}."):
        fix = "check the name, and that it is installed or lies below the current folder"
        return Mistake(None, f"{place} cannot be imported: {error}", fix)
    where, broken = _origin(error.__traceback__, module_name.partition(".")[0])
    if isinstance(error, SyntaxError) and error.filename:
        where, broken = Source(error.filename, error.lineno or 0), "the module"
    fix = "install it, or mend the import" if isinstance(error, ModuleNotFoundError) else "mend the module"
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return Mistake(where, f"{broken or place} cannot be imported: {said}", fix)


def _origin(traceback: TracebackType | None, package: str) -> tuple[Source | None, str]:
    """The innermost line of the application's own package, and its module: what it calls is rarely what is broken."""
    where, module = None, ""
    while traceback is not None:
        frame = traceback.tb_frame
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] == package:
            where, module = Source(frame.f_code.co_filename, traceback.tb_lineno), name
        traceback = traceback.tb_next
    return where, module
