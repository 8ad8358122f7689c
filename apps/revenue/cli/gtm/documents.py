"""One file of rules as plain values, and the line on which each of them stands."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from atoll import Mistake, Mistakes, Source

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys, and positions in lists."""

Plain: TypeAlias = Any  # Any: what a file holds: mappings, lists, text, numbers, dates

FILE_BYTES_MAX = 5_000_000
VALUES_MAX = 200_000
"""In one file of YAML, what aliases repeat included."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. `lines` counts from 1; `cells` says that all values are text, as in CSV."""

    path: Path
    value: Plain
    lines: Mapping[Place, int] = field(default_factory=dict[Place, int])
    cells: bool = False

    def source(self, place: Place) -> Source:
        """Where a value stands: on its own line, or on that of what it is a part of."""
        while place and place not in self.lines:
            place = place[:-1]
        return Source(str(self.path), self.lines.get(place, 1))


def read_document(path: Path) -> Document:
    """The file as it is: YAML 1.2, or CSV with a header line.

    Raises:
        Mistakes: it cannot be read as what its name says.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise Mistakes([_mistake(path, 1, f"it has more than {FILE_BYTES_MAX:,} bytes", "part it into several")])
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Mistakes([_mistake(path, 1, f"cannot be read: {error.strerror}", "look at its permissions")]) from None
    except UnicodeDecodeError:
        raise Mistakes([_mistake(path, 1, "is not in UTF-8", "save it in that encoding")]) from None
    return _read_csv(path, text) if path.suffix == ".csv" else _read_yaml(path, text)


def _read_yaml(path: Path, text: str) -> Document:
    try:
        loaded: Plain = _yaml().load(text)
    except MarkedYAMLError as found:
        error: Plain = found
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = f"is no YAML: {error.problem or error.context}"
        raise Mistakes([_mistake(path, line, what, "mend this line; the mistake may stand just before it")]) from None
    except YAMLError as error:
        raise Mistakes([_mistake(path, 1, f"is no YAML: {error}", "mend it")]) from None
    lines: dict[Place, int] = {}
    try:
        return Document(path, _plain(loaded, (), lines), lines)
    except _NotPlain as found:
        raise Mistakes([_mistake(path, found.line, found.what, found.fix)]) from None


def _yaml() -> Any:  # Any: ruamel's own class, whose methods have no types
    return YAML(typ="rt")


class _NotPlain(Exception):  # says what a value is not
    def __init__(self, line: int, what: str, fix: str) -> None:
        super().__init__(what)
        self.line, self.what, self.fix = line, what, fix


def _plain(node: Plain, place: Place, lines: dict[Place, int]) -> Plain:
    """The value without YAML's own classes; where its parts stand goes into `lines`."""
    if len(lines) > VALUES_MAX:
        raise _NotPlain(1, f"it holds more than {VALUES_MAX:,} values", "write long lists as tables (CSV)")
    if is_a(node, CommentedMap):
        for key in node:
            lines[*place, str(key)] = node.lc.key(key)[0] + 1
        return {str(key): _plain(value, (*place, str(key)), lines) for key, value in node.items()}
    if is_a(node, CommentedSeq):
        for index in range(len(node)):
            lines[*place, index] = node.lc.item(index)[0] + 1
        return [_plain(value, (*place, index), lines) for index, value in enumerate(node)]
    for kind in (bool, int, float, str):
        if is_a(node, kind):
            return kind(node)
    if is_a(node, TaggedScalar):
        what = f"the tag `{node.tag.value}` means nothing here"
        raise _NotPlain(lines.get(place, 1), what, "write the value without it")
    return node


def is_a(value: Plain, kind: type[object]) -> bool:
    """`isinstance`, which leaves the value's type open for checkers: what it holds is known to nobody before."""
    return isinstance(value, kind)


def _read_csv(path: Path, text: str) -> Document:
    reader = csv.reader(StringIO(text), strict=True)
    lines: dict[Place, int] = {}
    rows: list[dict[str, str]] = []
    mistakes: list[Mistake] = []
    try:
        header = [name.strip() for name in next(reader, list[str]())]
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                what = f"the row has {len(cells)} cells where the header has {len(header)}"
                mistakes.append(_mistake(path, reader.line_num, what, "give each column a cell"))
                continue
            lines[len(rows),] = reader.line_num
            rows.append({name: cell.strip() for name, cell in zip(header, cells, strict=True) if cell.strip()})
    except csv.Error as error:
        mistakes.append(_mistake(path, reader.line_num, f"is no CSV: {error}", "mend this line"))
    if mistakes:
        raise Mistakes(mistakes)
    return Document(path, rows, lines, cells=True)


def _mistake(path: Path, line: int, what: str, fix: str) -> Mistake:
    return Mistake(Source(str(path), line), what, fix)
