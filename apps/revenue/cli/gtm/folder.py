"""The folder `gtm/`: the team's rules as files that people read, change and keep in git.

Each part of `TeamRules` is a file of its name (`scoring.yaml`), a folder of its name with a file for each of its fields
(`routing/territories.yaml`), or both. A field that is a list may be a table: `routing/reps.csv`, with a column for each
field of its entries. Its entries may also have a file each, in a folder of the field's name
(`enrichment/providers/acme.yaml`): they come behind those that stand elsewhere.
"""

from pathlib import Path
from typing import Any

import msgspec

from atoll import Mistake, Mistakes, Source
from revenue.playbook.contract import TeamRules
from revenue.routing.doubts import slips

from .checking import Kind, fields_of, item_of, made, made_fields, told_by
from .documents import read_document

FOLDER = "gtm"
SUFFIXES = (".yaml", ".csv")
SCHEMAS = "schema"
"""The folder in it whose files tell editors what may be written."""


def read_folder(folder: Path) -> TeamRules:
    """The rules that a folder holds; what it does not say is what the services come with.

    Raises:
        Mistakes: everything that is wrong, in all files, each with its line.
    """
    if not folder.is_dir():
        raise Mistakes([_mistake(folder, "there is no such folder", "`revenue rules init` makes one to begin with")])
    mistakes: list[Mistake] = []
    parts: dict[str, Any] = {}  # Any: each is of its field's own kind
    kinds = fields_of(TeamRules)
    mistakes += _strangers(folder, kinds)
    for name, kind in kinds.items():
        try:
            parts[name] = _part(folder, name, kind)
        except Mistakes as found:
            mistakes += found.mistakes
    if mistakes:
        raise Mistakes(sorted(mistakes, key=lambda mistake: mistake.where or Source("")))
    rules = TeamRules(**parts)
    where = _place(folder, "routing")
    if mistakes := [_mistake(where, what, fix) for what, fix in slips(rules.routing)]:
        raise Mistakes(mistakes)
    return rules


def _part(folder: Path, name: str, kind: type[msgspec.Struct]) -> msgspec.Struct:
    """One part, out of its file and its folder."""
    whole = folder / f"{name}.yaml"
    fields: dict[str, Any] = {}  # Any: values of the part's fields
    mistakes: list[Mistake] = []
    if whole.exists():
        try:
            document = read_document(whole)
            if document.value is not None:
                fields = made_fields(document, kind)
        except Mistakes as found:
            mistakes += found.mistakes
    mistakes += _add_fields(folder / name, fields_of(kind), fields)
    if mistakes:
        raise Mistakes(mistakes)
    try:
        return msgspec.convert(msgspec.to_builtins(fields), kind)
    except msgspec.ValidationError as error:  # what only all of its files together can get wrong
        where = _place(folder, name)
        raise Mistakes([_mistake(where, each, "mend it") for each in told_by(error)]) from None


def _place(folder: Path, name: str) -> Path:
    """Where a part stands: its file, or its folder where it has no file."""
    whole = folder / f"{name}.yaml"
    return whole if whole.exists() else folder / name


def _add_fields(
    folder: Path, kinds: dict[str, Kind], fields: dict[str, Any]
) -> list[Mistake]:  # Any: values of the part's fields
    """Add what stands in the files and folders of a part to its fields; what is wrong with them."""
    name = folder.name
    mistakes: list[Mistake] = []
    for path in _files(folder):
        field = path.stem
        try:
            if field not in kinds:
                what = f"`{name}` has no field `{field}`"
                raise Mistakes([_mistake(path, what, f"name the file after one of {', '.join(kinds)}")])
            if field in fields:
                what = f"`{field}` stands here and elsewhere in `{name}`, too"
                raise Mistakes([_mistake(path, what, "keep one of both")])
            fields[field] = made(read_document(path), kinds[field])
        except Mistakes as found:
            mistakes += found.mistakes
    for path in _folders(folder):
        try:
            entries = _entries(path, kinds.get(path.name), f"`{name}` has no list `{path.name}`")
            fields[path.name] = (*fields.get(path.name, ()), *entries)
        except Mistakes as found:
            mistakes += found.mistakes
    return mistakes


def _entries(folder: Path, kind: Kind | None, what: str) -> list[Any]:  # Any: what the list holds
    """The entries of a list that have a file each."""
    item = None if kind is None else item_of(kind, tuple, list)
    if item is None:
        raise Mistakes([_mistake(folder, what, "name the folder after a list, and put its entries there")])
    mistakes: list[Mistake] = []
    entries: list[Any] = []  # Any: as above
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        try:
            if path.suffix != ".yaml":
                raise Mistakes([_mistake(path, "this is no entry", "an entry is a file of YAML: `NAME.yaml`")])
            entries.append(made(read_document(path), item))
        except Mistakes as found:
            mistakes += found.mistakes
    if mistakes:
        raise Mistakes(mistakes)
    return entries


def _strangers(folder: Path, kinds: dict[str, Kind]) -> list[Mistake]:
    """Files that nobody reads: a rule in a file with a slip in its name would not hold, and nobody would know."""
    return [
        _mistake(path, "no service reads this", f"name it after one of {', '.join(kinds)}")
        for path in sorted(folder.iterdir())
        if path.name != SCHEMAS
        and not path.name.startswith(".")
        and (path.suffix in SUFFIXES or path.is_dir() or path.suffix == ".yml")
        and (path.name if path.is_dir() else path.name.removesuffix(".yaml")) not in kinds
    ]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES) if folder.is_dir() else []


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("[!.]*") if path.is_dir()) if folder.is_dir() else []


def _mistake(path: Path, what: str, fix: str) -> Mistake:
    return Mistake(Source(str(path)), what, fix)
