"""Lines of JSON as a table: an object a row, its parts the cells, named by their paths; each row says what is wrong.

Columns stand in the order in which rows bring them. A row that has a part which others have not leaves no row behind:
their cell is empty.
"""

from collections.abc import Sequence

import msgspec

from .contract import RejectionReason
from .decoding import Line
from .payload import Json, flattened, is_object
from .table import LINE_CHARS_MAX, Rejection, Row, Table

COLUMNS_MAX = 1_000
MENDED = "import_raw"
"""In a file of rejected rows: the text of a line that was no JSON, to be mended where it stands."""


def read_json_lines(lines: Sequence[Line], rows_max: int | None = None) -> Table | None:
    """The table in a file's lines, up to so many rows; None when there is no line with anything in it."""
    header: dict[str, int] = {}
    found: list[tuple[Line, dict[str, str] | Rejection]] = []
    for line in lines:
        if not line.text.strip(" \t\ufeff"):
            continue
        if rows_max is not None and len(found) >= rows_max:
            break
        cells = _cells(line, header)
        if isinstance(cells, dict):
            for name in cells:
                header.setdefault(name, len(header))
        found.append((line, cells))
    if not found:
        return None
    return Table(tuple(header), "", tuple(_row(line, cells, header) for line, cells in found), body_line=1)


def _row(line: Line, cells: dict[str, str] | Rejection, header: dict[str, int]) -> Row:
    if isinstance(cells, Rejection):
        return Row(line.number, line.text, rejection=cells)
    return Row(line.number, line.text, tuple(cells.get(name, "") for name in header))


def _cells(line: Line, header: dict[str, int]) -> dict[str, str] | Rejection:
    if not line.is_text:
        return Rejection(RejectionReason.NOT_TEXT, "Some bytes are no text in UTF-8: save the file as UTF-8.")
    if len(line.text) > LINE_CHARS_MAX:
        return Rejection(RejectionReason.TOO_LONG, f"The row has more than {LINE_CHARS_MAX:,} characters: shorten it.")
    payload = _object(line.text)
    if isinstance(payload, Rejection):
        return payload
    cells = {name.replace("\0", ""): text for name, text in flattened(payload).items()}
    if len(header) + sum(name not in header for name in cells) > COLUMNS_MAX:
        return Rejection(RejectionReason.TOO_MANY_CELLS, f"With this row there are more than {COLUMNS_MAX:,} columns.")
    return cells


def _object(text: str) -> dict[str, Json] | Rejection:
    try:
        payload = msgspec.json.decode(text.strip(" \t\ufeff"))
        if is_object(payload) and isinstance(mended := payload.get(MENDED), str):
            payload = msgspec.json.decode(mended)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Rejection(RejectionReason.NOT_JSON, f"The row is no JSON: {error}.")
    if not is_object(payload):
        return Rejection(RejectionReason.NOT_JSON, "The row is no JSON object: write `{...}`, one a line.")
    return payload
