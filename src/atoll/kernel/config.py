"""Settings: one typed value a service, read at start from a TOML file and the environment, all mistakes at once.

A setting `batch_max` of the service `scoring` in the application `revenue` is, in order of precedence:

    REVENUE_SCORING_BATCH_MAX=50            environment
    [scoring]                               file
    batch_max = 50

Lists and nested values are JSON in the environment. A name that nobody asked for is a mistake: it is a typing error
more often than not.
"""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from atoll.kernel.errors import Mistake, Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Config:
    """What the outside says: the environment and, when there is one, a TOML file's text."""

    environment: Mapping[str, str]
    file: str = "atoll.toml"
    text: str = ""

    def sections(self) -> tuple[Mapping[str, Any], list[Mistake]]:  # Any: TOML's own values
        """The file's tables by name, and what is wrong with the file as a whole."""
        try:
            return tomllib.loads(self.text), []
        except tomllib.TOMLDecodeError as error:
            fix = "mend the file: https://toml.io shows how TOML is written"
            return {}, [Mistake(Source(self.file), f"not a TOML file: {error}", fix)]


def read_settings(
    wanted: Mapping[str, type[T]], application: str, config: Config
) -> tuple[dict[str, T], list[Mistake]]:
    """One settings value for each section (a service's name), and everything that is wrong with what was given."""
    sections, mistakes = config.sections()
    mistakes += _unknown_sections(sections, wanted, config)
    values: dict[str, T] = {}
    for section, kind in wanted.items():
        names = [field.encode_name for field in msgspec.structs.fields(kind)]
        prefix = _prefix(application, section)
        given: dict[str, tuple[Any, Source | None, str]] = {}  # Any: TOML values or text
        table = sections.get(section, {})
        for name, raw in table.items() if isinstance(table, dict) else ():
            where = Source(config.file, _line_of(config.text, section, name))
            given[name] = (raw, where, f"`{name}` in [{section}]")
        longer = [_prefix(application, other) for other in wanted if _prefix(application, other) != prefix]
        for variable, text in config.environment.items():
            if variable.startswith(prefix) and not any(
                other.startswith(prefix) and variable.startswith(other) for other in longer
            ):
                name = variable.removeprefix(prefix).lower()
                given[name] = (text, None, f"environment variable {variable}")
        found, wrong = _convert(kind, names, given, section, prefix)
        mistakes += wrong
        if found is not None:
            values[section] = found
    return values, mistakes


def _prefix(application: str, section: str) -> str:
    return f"{application}_{section}_".upper().replace("-", "_")


def _unknown_sections(
    sections: Mapping[str, Any], wanted: Mapping[str, Any], config: Config  # Any: only the names matter
) -> Iterator[Mistake]:
    for section in sections:
        if section not in wanted:
            where = Source(config.file, _line_of(config.text, section, None))
            yield Mistake(where, f"no service `{section}` takes settings", _did_you_mean(section, list(wanted)))


def _convert(
    kind: type[T],
    names: list[str],
    given: Mapping[str, tuple[Any, Source | None, str]],  # Any: TOML values or text
    section: str,
    prefix: str,
) -> tuple[T | None, list[Mistake]]:
    """Each field by itself, so that all mistakes are found; then the whole, so that its own checks run."""
    mistakes: list[Mistake] = []
    ready: dict[str, object] = {}
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, (raw, where, label) in given.items():
        if name not in fields:
            mistakes.append(Mistake(where, f"{label}: the service `{section}` has no such setting",
                                    _did_you_mean(name, names)))
            continue
        try:
            ready[name] = _value(raw, fields[name].type, text=where is None)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            mistakes.append(Mistake(where, f"{label}: {str(error).lower()}", f"give a value of {_kind(fields[name].type)}"))
    for name, field in fields.items():
        if field.required and name not in given:
            mistakes.append(Mistake(None, f"the service `{section}` lacks its setting `{name}`",
                                    f"set {prefix}{name.upper()} or `{name}` in [{section}]"))
    if mistakes:
        return None, mistakes
    try:
        return kind(**{fields[name].name: value for name, value in ready.items()}), []
    except (TypeError, ValueError) as error:
        return None, [Mistake(None, f"the settings of `{section}` are refused: {error}", "change them together")]


def _value(raw: Any, kind: Any, *, text: bool) -> object:  # Any: a TOML value or text; a type expression
    if text and raw[:1] in ("[", "{"):
        return msgspec.json.decode(raw.encode(), type=kind)
    return msgspec.convert(raw, kind, strict=not text)


def _line_of(text: str, section: str, name: str | None) -> int:
    """The line on which a table, or a name in it, stands; 0 when it is not written plainly."""
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("["):
            inside = bare.strip("[] ") == section
            if inside and name is None:
                return number
        elif inside and name is not None and bare.split("=", 1)[0].strip().strip("\"'") == name:
            return number
    return 0


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known are: {', '.join(sorted(known))}" if known else "remove it: nothing can be set here"


def _kind(kind: Any) -> str:  # Any: a type expression
    return f"type `{getattr(kind, '__name__', str(kind))}`"
