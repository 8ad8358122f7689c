"""What Capture promises: leads come in by API or from a file, none twice, and every rejected row says why."""

from datetime import datetime
from typing import Protocol

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, get, post


class LeadDetails(Value):
    """What is said about a lead, in Salesforce's field names. Everything may be absent, but somebody must be named.

    `external_id` is the record's id in the system it came from, `external_source` that system's name; together they
    recognise the lead again. `consent` is the text that was agreed to, word for word. `attributes` keeps what no field
    fits, by the name it came under.
    """

    email: Personal[str] | None = None
    salutation: Personal[str] | None = None
    first_name: Personal[str] | None = None
    last_name: Personal[str] | None = None
    title: Personal[str] | None = None
    phone: Personal[str] | None = None
    mobile_phone: Personal[str] | None = None
    company: str | None = None
    website: str | None = None
    industry: str | None = None
    number_of_employees: int | None = None
    street: Personal[str] | None = None
    city: Personal[str] | None = None
    state: str | None = None
    postal_code: Personal[str] | None = None
    country: str | None = None
    description: Personal[str] | None = None
    lead_source: str | None = None
    campaign: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    landing_page: str | None = None
    consent: str | None = None
    external_id: str | None = None
    external_source: str | None = None
    attributes: Personal[dict[str, str]] = {}


class Lead(LeadDetails):
    """A lead that was accepted: its details, under an id that never changes. Times are UTC.

    `revision` counts the submissions, and pieces of files, that have changed it: it is 1 when the lead has come in.
    """

    id: str
    captured_at: datetime
    updated_at: datetime
    revision: int = 1


class Outcome(Choice):
    """What became of a lead that came in: new, or known already and changed by it or not."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


class Receipt(Value):
    """The lead as it is kept now, and what the submission did to it."""

    lead: Lead
    outcome: Outcome


class LeadQuery(Value):
    """Whom to look for. At least one is given: an e-mail address in any case, or a record's id in another system."""

    email: Personal[str] | None = None
    external_id: str | None = None


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
    """Why a column goes where it goes: the caller asked, its header says so, its content looks so, or nothing did."""

    ASKED = "asked"
    HEADER = "header"
    CONTENT = "content"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class Column(Value):
    """One column of a file and its `target`: a field's name, or one of `Target`."""

    name: str
    target: str
    mapped_by: MappedBy
    example: Personal[str] = ""


LINES_MAX = 1_000_000_000
"""No file has more."""


class LeadFile(Value):
    """A CSV file, or a piece of a big one: the header line again and some hundred rows.

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
    mapping: dict[str, str] = {}
    first_row_line: int | None = None
    source: str | None = None
    import_id: str | None = None

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
    TOO_LONG = "too_long"
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


class ImportPreview(Value):
    """How a file would be read, and what would become of its rows; nothing is kept."""

    columns: tuple[Column, ...]
    delimiter: str
    encoding: str
    source: str
    report: ImportReport


class LeadCount(Value):
    """How many leads there are, and the sum of their revisions: so many events tell of them."""

    leads: int
    revisions: int


class LeadCaptured(Event, key="lead_id"):
    """A lead came in for the first time."""

    lead_id: str
    lead: Lead


class LeadUpdated(Event, key="lead_id"):
    """A lead that was here has changed: `lead` is how it is now."""

    lead_id: str
    lead: Lead


class LeadNotFound(Problem, status=404, detail="no lead has the id {lead_id}: look for it with POST /leads/find"):
    """There is no such lead."""

    lead_id: str


class LeadRejected(Problem, status=422, detail="{explanation}"):
    """This lead cannot be taken as it is."""

    reason: RejectionReason
    explanation: str


class FileRejectionReason(Choice):
    """What is wrong with a file as a whole."""

    EMPTY = "empty"
    NOT_CSV = "not_csv"
    NO_HEADER = "no_header"
    NOBODY_NAMED = "nobody_named"
    MAPPING = "mapping"
    TOO_MANY_ROWS = "too_many_rows"
    UNKNOWN = "unknown"


class FileRejected(Problem, status=422, detail="{file_name}: {explanation}"):
    """This file cannot be read as a list of leads; no row was taken."""

    file_name: str
    reason: FileRejectionReason
    explanation: str


@contract(version="1.0", publishes=(LeadCaptured, LeadUpdated))
class Capture(Protocol):
    """Takes leads in, by API and from files; no lead comes in twice."""

    @post("/leads", public=True, raises=(LeadRejected,))
    async def accept(self, details: LeadDetails) -> Receipt:
        """Take one lead in. One that is known, by e-mail or by record id, is brought up to date instead."""
        ...

    @get("/leads/{lead_id}", public=True, raises=(LeadNotFound,))
    async def lead(self, lead_id: str) -> Lead:
        """One lead by its id."""
        ...

    @get("/leads", public=True)
    async def leads(self, cursor: str | None = None, limit: int = 100) -> Page[Lead]:
        """All leads, oldest first, a page at a time (at most 1,000 each)."""
        ...

    @get("/leads/count", public=True)
    async def count(self) -> LeadCount:
        """How many leads there are."""
        ...

    @post("/leads/find", public=True)
    async def find(self, query: LeadQuery) -> list[Lead]:
        """The leads that fit. A POST, because an address in a URL would stay behind in logs."""
        ...

    @post("/imports", public=True, raises=(FileRejected,))
    async def import_file(self, file: LeadFile) -> ImportReport:
        """Take the rows of a CSV file in, or of a piece of one (at most 5,000 rows), all at once or none."""
        ...

    @post("/imports/preview", public=True, raises=(FileRejected,))
    async def preview(self, file: LeadFile) -> ImportPreview:
        """Say how a file's columns would be mapped and what would become of its rows, and keep nothing."""
        ...
