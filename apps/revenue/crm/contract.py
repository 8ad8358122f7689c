"""What the CRM's beside promises: a CRM is told what has changed since it was told last, and nothing is told twice."""

from datetime import datetime
from typing import Annotated, Protocol

from msgspec import Meta

from atoll import Choice, Event, Page, Personal, Problem, Value, contract, delete, get, post

from .fields import Authority, Country, CrmField, TooLong
from .rules import CrmRules, CrmTarget, Formulas, Hubspot, Salesforce

__all__ = [
    "Authority", "Country", "Crm", "CrmField", "CrmRules", "CrmTarget", "Export", "ExportBegin", "ExportDue",
    "ExportGone", "ExportNotFound", "ExportNotReady", "ExportOvertaken", "ExportRow", "ExportState", "Formulas",
    "Hubspot", "LeftOut", "Pending", "RecordNotFound", "Refusal", "RefusalReport", "Refusals", "Refused", "RowState",
    "Salesforce", "Standing", "Step", "Target", "TooLong", "Withheld", "WithheldLead",
]  # fmt: skip


class Target(Choice):
    """A CRM that is told."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"
    UNKNOWN = "unknown"


class ExportState(Choice):
    """How far an export has come: nothing is marked as told before it is confirmed."""

    BUILDING = "building"
    READY = "ready"
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


class LeftOut(Choice):
    """Why a cell is left empty, so that the CRM keeps what it has."""

    FORMULA = "formula"
    """A spreadsheet might compute it when somebody looks at the file, or the CRM take it for a command."""
    TOO_LONG = "too_long"
    """It is longer than its field, and a part of it would be wrong."""
    NO_WORD = "no_word"
    """The rules know no word of the CRM's for it."""
    CANNOT_CLEAR = "cannot_clear"
    """It says nothing any more, and a file cannot empty a field of this CRM: do it there."""
    KEY = "key"
    """What the CRM knows the record by has changed, and a file cannot change that: do it there."""
    UNKNOWN = "unknown"


class Withheld(Choice):
    """Why a CRM is not told of a lead."""

    NO_KEY = "no_key"
    """It has nothing that it would be known by the next time, such as an address: it would come twice."""
    KEY_TAKEN = "key_taken"
    """Another lead is known there by the same key: one would overwrite the other."""
    FORMULA = "formula"
    """What it is known by looks like a formula."""
    OTHER_RECORD = "other_record"
    """Its record there is of another kind, a contact say, and not a lead."""
    UNKNOWN = "unknown"


class RowState(Choice):
    """Whether a row waits, or was refused by the CRM."""

    WRITTEN = "written"
    REFUSED = "refused"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


class ExportBegin(Value):
    """What to begin. With `is_all`, records are told whole, as if the CRM knew nothing; what it has had stays known."""

    is_all: bool = False


class Export(Value):
    """What a CRM is to be told, as it was when each record was looked at.

    Its rows stay the same from when it is `ready`. `done` of `total` says how far it was built, or confirmed. Of its
    rows `new` bring a record in, and `changed` update one; together they have so many `cells`. `withheld` leads cannot
    be told, see there. `left_out` counts cells that are empty for some reason, by `column: reason`. `columns` are those
    in which any row says something. A cell that holds what `clear` says empties its field. It `is_overtaken` when
    another one was confirmed since it began.
    """

    target: Target
    number: int
    state: ExportState
    is_all: bool
    begun_at: datetime
    done: int
    total: int
    key_column: str
    record_id_column: str
    columns: tuple[str, ...]
    new: int
    changed: int
    cells: int
    withheld: int
    refused: int
    left_out: dict[str, int] = {}
    clear: str | None = None
    is_overtaken: bool = False
    ready_at: datetime | None = None
    confirmed_at: datetime | None = None


class ExportRow(Value):
    """What a CRM is to be told of one lead: its changed cells, by the CRM's own names; the others are to stay.

    `key` is what the CRM knows the record by: its own id where `by_record_id`, else what stands in `key_column`.
    `is_new`: it was not told of this lead before. `left_out` are cells that it should have, and why it does not.
    """

    position: int
    lead_id: str
    key: Personal[str]
    by_record_id: bool
    is_new: bool
    cells: Personal[dict[str, str]]
    left_out: dict[str, LeftOut] = {}
    state: RowState = RowState.WRITTEN


class WithheldLead(Value):
    """A lead that a CRM cannot be told of, and why."""

    lead_id: str
    reason: Withheld


class Pending(Value):
    """How many leads a CRM has not heard the latest of.

    `new` were never told. `changed` have changed since they were, or the rules have: an export finds out whether that
    is anything to this CRM. `refused` are those among both that it has refused when it was told last.
    """

    target: Target
    new: int
    changed: int
    refused: int


class Refusal(Value):
    """A record that a CRM has not taken: by the key of its row, or by its lead's id. `reason` is what the CRM says."""

    key: Personal[str]
    reason: str = ""


class Refusals(Value):
    """Records of one export that were refused."""

    refusals: Annotated[tuple[Refusal, ...], Meta(max_length=1_000)]


class RefusalReport(Value):
    """What became of them: `refused` are pending again. `unknown` are keys that the export has no row for."""

    refused: int
    unknown: tuple[Personal[str], ...] = ()


class Refused(Value):
    """A lead that a CRM has refused and was not told since. It is in every export until that is confirmed."""

    lead_id: str
    export: int
    key: Personal[str]
    reason: str
    refused_at: datetime


class Standing(Value):
    """What a CRM was told of a lead, and what it would be told now. `withheld` says why nothing can be."""

    target: Target
    told: Personal[dict[str, str]]
    change: Personal[dict[str, str]]
    key: Personal[str] | None = None
    left_out: dict[str, LeftOut] = {}
    withheld: Withheld | None = None
    refused: str | None = None


class Step(Choice):
    """What is due of an export."""

    BUILD = "build"
    CONFIRM = "confirm"
    CLEAN = "clean"
    UNKNOWN = "unknown"


class ExportDue(Event, key="target"):
    """The next piece of an export is due: the service tells itself, one piece after the other."""

    target: Target
    number: int
    step: Step
    after: int = 0


class ExportNotFound(
    Problem,
    status=404,
    detail="there is no export {number} for {target}: `GET /exports/salesforce`, or `hubspot`, lists those there are",
):
    """There is no such export, or no such CRM."""

    target: str
    number: int


class ExportNotReady(Problem, status=409, detail="export {number} for {target} is {state}: ask for it again soon"):
    """It is not built yet."""

    target: str
    number: int
    state: ExportState


class ExportGone(
    Problem, status=410, detail="export {number} for {target} was dropped, or its rows are too old: begin another one"
):
    """Its rows are not kept any more."""

    target: str
    number: int


class ExportOvertaken(
    Problem,
    status=409,
    detail="export {by} for {target} was confirmed since export {number} began. Throw the file of {number} away and "
    "begin another export; or, if the CRM has imported it after that of {by}, confirm it with `although_overtaken`",
):
    """Which of both files the CRM has imported last is not known here, so that it is not known what it says."""

    target: str
    number: int
    by: int


class RecordNotFound(Problem, status=404, detail="nothing is known of lead {lead_id}, or it has no owner yet"):
    """There is no such lead, or not yet: leads are told of some moments after they have come in."""

    lead_id: str


@contract(version="1.0", publishes=(ExportDue,))
class Crm(Protocol):
    """Tells the CRM beside it what is known of leads, in files of changed fields."""

    @post("/exports/{target}", public=True, raises=(ExportNotFound,))
    async def begin(self, target: Target, begin: ExportBegin) -> Export:
        """Begin an export of everything that a CRM has not heard the latest of. It is ready some moments later."""
        ...

    @get("/exports/{target}", public=True, raises=(ExportNotFound,))
    async def exports(self, target: Target, cursor: str | None = None, limit: int = 100) -> Page[Export]:
        """All exports for a CRM, oldest first, a page at a time."""
        ...

    @get("/exports/{target}/{number}", public=True, raises=(ExportNotFound,))
    async def export(self, target: Target, number: int) -> Export:
        """One export, and how far it is."""
        ...

    @get("/exports/{target}/{number}/rows", public=True, raises=(ExportNotFound, ExportNotReady, ExportGone))
    async def rows(self, target: Target, number: int, cursor: str | None = None, limit: int = 100) -> Page[ExportRow]:
        """The rows of an export that is ready, a page at a time (at most 1,000 each)."""
        ...

    @get("/exports/{target}/{number}/withheld", public=True, raises=(ExportNotFound, ExportNotReady, ExportGone))
    async def withheld(
        self, target: Target, number: int, cursor: str | None = None, limit: int = 100
    ) -> Page[WithheldLead]:
        """The leads that an export could not say anything of, a page at a time."""
        ...

    @post(
        "/exports/{target}/{number}/confirm",
        public=True,
        raises=(ExportNotFound, ExportNotReady, ExportGone, ExportOvertaken),
    )
    async def confirm(self, target: Target, number: int, although_overtaken: bool = False) -> Export:
        """Say that the CRM has imported an export: from now on it counts as told. Once is as good as twice."""
        ...

    @post("/exports/{target}/{number}/refused", public=True, raises=(ExportNotFound, ExportNotReady, ExportGone))
    async def refuse(self, target: Target, number: int, refusals: Refusals) -> RefusalReport:
        """Say which records of an export the CRM has not taken, before or after it was confirmed: they stay pending."""
        ...

    @delete("/exports/{target}/{number}", public=True, raises=(ExportNotFound,))
    async def drop(self, target: Target, number: int) -> Export:
        """Give an export up that is not confirmed, with its rows. What it said is in the next one."""
        ...

    @get("/pending/{target}", public=True, timeout_s=30.0, raises=(ExportNotFound,))
    async def pending(self, target: Target) -> Pending:
        """How many leads a CRM has not heard the latest of."""
        ...

    @get("/refused/{target}", public=True, raises=(ExportNotFound,))
    async def refused(self, target: Target, cursor: str | None = None, limit: int = 100) -> Page[Refused]:
        """The leads that a CRM has refused and was not told since, oldest first, a page at a time."""
        ...

    @get("/records/{lead_id}", public=True, raises=(RecordNotFound,))
    async def record(self, lead_id: str) -> list[Standing]:
        """What each CRM was told of a lead, and what it would be told now."""
        ...
