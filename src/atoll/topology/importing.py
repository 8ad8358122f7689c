"""Import what an application names by its place, `package.module:name`; whatever fails is a mistake with its line."""

import importlib
from types import ModuleType, TracebackType
from typing import Any

from atoll.kernel import Mistake, Source


def imported(place: str, what: str) -> tuple[Any, list[Mistake]]:  # Any: whatever stands at the place
    """What stands at a place, or None and why there is nothing; `what` is what was expected there."""
    module_name, _, attribute = place.partition(":")
    if not all(name.isidentifier() for name in (*module_name.split("."), attribute)):
        return None, [Mistake(None, f"`{place}` does not name a place", f'write "package.module:{what}"')]
    module, mistakes = imported_module(module_name, place)
    if module is None:
        return None, mistakes
    if not hasattr(module, attribute):
        fix = f"check the name of the {what}"
        return None, [Mistake(source_of_module(module), f"{module_name} has no `{attribute}`", fix)]
    return getattr(module, attribute), []


def imported_module(name: str, place: str) -> tuple[ModuleType | None, list[Mistake]]:
    """The module of this name, or None and why it cannot be imported for the sake of `place`."""
    try:
        return importlib.import_module(name), []
    except Exception as error:  # noqa: BLE001  # foreign code: a module of the application
        return None, [_failure(place, name, error)]


def source_of_module(module: ModuleType) -> Source:
    """The file of a module; its name where it has none."""
    return Source(module.__file__ or module.__name__)


def is_missing(name: str, error: BaseException | None) -> bool:
    """Whether an import failed because there is no module of this name, or no package that could hold it."""
    return isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")


def _failure(place: str, module_name: str, error: Exception) -> Mistake:
    if is_missing(module_name, error):
        fix = "check the name, and that it is installed or lies below the current folder"
        return Mistake(None, f"{place} cannot be imported: {error}", fix)
    if isinstance(error, SyntaxError) and error.filename:
        where: Source | None = Source(error.filename, error.lineno or 0)
    else:
        where = _origin(error.__traceback__, module_name.partition(".")[0])
    fix = "install it, or mend the import" if isinstance(error, ModuleNotFoundError) else "mend the module"
    said = f"{type(error).__name__}: {error}".splitlines()[0]
    return Mistake(where, f"{place} cannot be imported: {said}", fix)


def _origin(traceback: TracebackType | None, package: str) -> Source | None:
    """The innermost line of the application's own package: what it called is rarely what has to be mended."""
    where: Source | None = None
    while traceback is not None:
        frame = traceback.tb_frame
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == package:
            where = Source(frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return where
