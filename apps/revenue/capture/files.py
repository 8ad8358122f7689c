"""Files of leads: what is sent, how its columns are understood, and what becomes of its rows."""

from atoll import Choice, Personal, Value

from .submission import Outcome


class Target(Choice):
    """Where a column goes that fills no single field of a lead."""

    NAME = "name"
    """A whole name, parted into first and last name."""
    ATTRIBUTE = "attribute"
    """Kept in `attributes`, under the column's own name."""
    IGNORE = "ignore"
    """Not kept."""
    UNKNOWN = "unknown"


class MappedBy(Choice):
    """Why a column goes where it goes: the caller asked, or the team's rules, its header or its content say so."""

    ASKED = "asked"
    RULES = "rules"
    HEADER = "header"
    CONTENT = "content"
    NOTHING = "nothing"
    """Nothing says so: it is kept as it is."""
    UNKNOWN = "unknown"


class Column(Value):
    """One column of a file and its `target`: a field's name, or one of `Target`."""

    name: str
    target: str
    mapped_by: MappedBy
    example: Personal[str] = ""


LINES_MAX = 1_000_000_000
"""No file has more."""


class FileFormat(Choice):
    """How a file's rows are written. Sheets (XLSX) become CSV where they are read, on the command line."""

    CSV = "csv"
    """A header and rows of cells."""
    JSONL = "jsonl"
    """A JSON object a line; what is nested is named by its path, `address.city`."""
    UNKNOWN = "unknown"


class LeadFile(Value):
    """A CSV file, or a piece of a big one: the header line again and some hundred rows. Or one of JSON lines.

    `content` is the file's bytes as they are (base64 in JSON). UTF-8 and UTF-16, with a mark or without, are
    understood, line by line also Windows-1252; delimiters are comma, semicolon, tab or bar. `mapping` says where a
    column goes, by the column's name; columns it does not name are mapped by themselves. `first_row_line` is the
    line of the whole file on which this piece's rows begin, so that rejected rows name the right line. `source` names
    the system whose record ids the file carries; without it, the export's own marks decide, or the file's name.

    A row that was taken under the same `import_id` and line is not taken again. With a digest of the whole file there,
    a piece can be sent twice, and importing the same file once more changes nothing.
    """

    file_name: str
    content: Personal[bytes]
    mapping: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults
    first_row_line: int | None = None
    source: str | None = None
    import_id: str | None = None
    format: FileFormat = FileFormat.CSV

    def __post_init__(self) -> None:
        """Refuse lines that no file has."""
        if self.first_row_line is not None and not 0 < self.first_row_line <= LINES_MAX:
            raise ValueError(f"first_row_line has to be between 1 and {LINES_MAX:,}")


class RejectionReason(Choice):
    """Why a lead or a row is not taken; stable, so that programs can count and branch on it."""

    EMAIL_INVALID = "email_invalid"
    NOBODY_NAMED = "nobody_named"
    TWO_LEADS = "two_leads"
    TOO_FEW_CELLS = "too_few_cells"
    TOO_MANY_CELLS = "too_many_cells"
    QUOTES_BROKEN = "quotes_broken"
    NOT_TEXT = "not_text"
    NOT_JSON = "not_json"
    NOT_FORM = "not_form"
    TOO_LONG = "too_long"
    DELETED = "deleted"
    """It is a record that the system it comes from has deleted."""
    UNKNOWN = "unknown"


class RejectedRow(Value):
    """A row that was not taken: its line in the file (the header is line 1), why, and the row as it came."""

    line: int
    reason: RejectionReason
    explanation: str
    raw: Personal[str]


class ImportReport(Value):
    """What became of the rows. Always `rows == accepted + updated + unchanged + len(rejected)`."""

    rows: int
    accepted: int
    updated: int
    unchanged: int
    rejected: tuple[RejectedRow, ...] = ()

    @property
    def known(self) -> int:
        """Rows of leads that were here already."""
        return self.updated + self.unchanged


class FieldChange(Value):
    """A field of a lead as it is and as it would be; of an attribute, `attributes.` and its name."""

    field: str
    old: Personal[str] | None
    new: Personal[str] | None


class RowChange(Value):
    """What a row would do: make a new lead, or change fields of one that is there."""

    line: int
    outcome: Outcome
    who: Personal[str]
    lead_id: str | None
    changes: tuple[FieldChange, ...] = ()


class ImportPreview(Value):
    """How a file would be read, and what would become of its rows; nothing is kept.

    `changes` are those of all rows that would change anything, in their order.
    """

    columns: tuple[Column, ...]
    delimiter: str
    encoding: str
    source: str
    report: ImportReport
    changes: tuple[RowChange, ...] = ()
