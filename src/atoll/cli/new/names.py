"""Names of applications and services: what can be one, and what cannot, with the reason."""

import builtins
import importlib.util
import keyword
import re
import sys

from atoll.cli.refusals import Mistaken

_NAME = re.compile(r"[a-z][a-z0-9]+(_[a-z][a-z0-9]+)*")

# What the templates and the platform call something else.
_TAKEN = frozenset(
    "application console drain gateway greet greeting greetings guest guest_unknown latest problem protocol ready self "
    "service start stop tests value".split()  # a dependency is an attribute of its name
)


def check_application_name(name: str) -> None:
    """Refuse what cannot be the name of an application: it becomes a package that is imported from anywhere.

    Raises:
        Mistaken: it cannot.
    """
    _check(name, "application", "shop")
    if name in sys.stdlib_module_names:
        raise _refused(name, "application", "is a module of Python itself, which the new package would hide")
    if name in ("atoll", "tests") or _is_installed(name):
        raise _refused(name, "application", "is installed already, so that importing it would be a matter of luck")


def check_service_name(name: str) -> None:
    """Refuse what cannot be the name of a service.

    Raises:
        Mistaken: it cannot.
    """
    _check(name, "service", "billing")
    if name in _TAKEN:
        raise _refused(name, "service", "is a word that the platform or the new files use for something else")


def title_of(name: str) -> str:
    """The name as a class: `lead_routing` is `LeadRouting`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _check(name: str, what: str, example: str) -> None:
    if keyword.iskeyword(name) or keyword.issoftkeyword(name):
        raise _refused(name, what, "is a word of Python's grammar")
    if hasattr(builtins, name):
        raise _refused(name, what, "is a built-in of Python, which the new code would hide")
    if not _NAME.fullmatch(name):
        proposed = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
        proposed = proposed if _NAME.fullmatch(proposed) else example
        raise Mistaken(
            f"`{name}` cannot be the name of {'an' if what[0] in 'aeiou' else 'a'} {what}: names are lower-case words "
            "of two letters or more, joined by _.",
            f"Try `atoll new {'app' if what == 'application' else what} {proposed}`.",
            code="bad_name",
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _refused(name: str, what: str, why: str) -> Mistaken:
    return Mistaken(
        f"`{name}` cannot be the name of {'an' if what[0] in 'aeiou' else 'a'} {what}: it {why}.",
        "Choose another name.",
        code="bad_name",
    )
