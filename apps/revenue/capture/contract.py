"""What Capture promises: leads come in by API, form, webhook or file, none twice, and what is rejected says why."""

from datetime import datetime
from typing import Protocol

from atoll import Choice, Event, Page, Personal, Problem, RawBody, Value, contract, get, post

from .details import LeadDetails
from .files import (
    LINES_MAX,
    Column,
    FieldChange,
    FileFormat,
    ImportPreview,
    ImportReport,
    LeadFile,
    MappedBy,
    RejectedRow,
    RejectionReason,
    RowChange,
    Target,
)
from .rules import CaptureRules, Coding, Digest, Form, Scheme, Signature, Source
from .submission import Channel, Fate, Outcome, RawSubmission, Refusal, RefusalCount, Replay, Submission

__all__ = [
    "LINES_MAX",
    "Capture",
    "CaptureRules",
    "Channel",
    "Coding",
    "Column",
    "Digest",
    "Fate",
    "FieldChange",
    "FileFormat",
    "FileRejected",
    "FileRejectionReason",
    "Form",
    "FormNotFound",
    "ImportPreview",
    "ImportReport",
    "Lead",
    "LeadCaptured",
    "LeadCount",
    "LeadDetails",
    "LeadFile",
    "LeadNotFound",
    "LeadQuery",
    "LeadRejected",
    "LeadUpdated",
    "MappedBy",
    "NoSecret",
    "NotKept",
    "Outcome",
    "RawSubmission",
    "Receipt",
    "Received",
    "Refusal",
    "RefusalCount",
    "RejectedRow",
    "RejectionReason",
    "Replay",
    "RowChange",
    "Scheme",
    "Signature",
    "Source",
    "SourceNotFound",
    "Submission",
    "SubmissionNotFound",
    "Target",
    "WebhookRefused",
]


class Lead(LeadDetails):
    """A lead that was accepted: its details, under an id that never changes. Times are UTC.

    `revision` counts the submissions, and pieces of files, that have changed it: it is 1 when the lead has come in.
    """

    id: str
    captured_at: datetime
    updated_at: datetime
    revision: int = 1


class Receipt(Value):
    """The lead as it is kept now, and what the submission did to it."""

    lead: Lead
    outcome: Outcome


class LeadQuery(Value):
    """Whom to look for. At least one is given: an e-mail address in any case, or a record's id in another system."""

    email: Personal[str] | None = None
    external_id: str | None = None


class Received(Value):
    """What was received by a form or a webhook, and what became of it. `lead_id` is none where no lead came of it."""

    submission_id: str
    fate: Fate
    lead_id: str | None = None
    explanation: Personal[str] | None = None


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


class FormNotFound(Problem, status=404, detail="there is no form `{form}`: add it to the rules, under `forms`"):
    """The team's rules know no such form."""

    form: str


class SourceNotFound(Problem, status=404, detail="there is no source `{source}`: add it to the rules, under `sources`"):
    """The team's rules know no such source of webhooks."""

    source: str


class WebhookRefused(Problem, status=401, detail="{explanation}"):
    """The webhook does not prove that it is from its source, or not that it is from now. Nothing of it was kept."""

    source: str
    reason: Refusal
    explanation: str


class NoSecret(
    Problem,
    status=503,
    retryable=True,
    detail="the settings have no secret `{secret}` for {source}: set it in REVENUE_CAPTURE_SECRETS and start again",
):
    """Nobody could tell whether the webhook is from its source. Nothing of it was kept; it may be sent again."""

    source: str
    secret: str


class SubmissionNotFound(
    Problem, status=404, detail="no submission has the id {submission_id}: GET /submissions has all"
):
    """There is no such submission."""

    submission_id: str


class NotKept(Problem, status=409, detail="what was sent as {submission_id} is not kept any more: have it sent again"):
    """The submission is older than what was sent is kept."""

    submission_id: str


@contract(version="1.1", publishes=(LeadCaptured, LeadUpdated))
class Capture(Protocol):
    """Takes leads in, by API, forms, webhooks and from files; no lead comes in twice."""

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
        """Take the rows of a file in, or of a piece of one (at most 5,000 rows), all at once or none."""
        ...

    @post("/imports/preview", public=True, raises=(FileRejected,))
    async def preview(self, file: LeadFile) -> ImportPreview:
        """Say how a file's columns would be mapped and what would become of its rows, and keep nothing."""
        ...

    @post("/forms/{form}", public=True, anyone=True, raises=(FormNotFound, LeadRejected))
    async def submit(self, form: str, sent: RawBody) -> Received:
        """Take in what a visitor has filled in: a form as browsers post it, or one JSON object.

        Inputs are mapped as columns of files are. What a program has filled in is answered as if it were taken.
        """
        ...

    @post("/webhooks/{source}", public=True, anyone=True, raises=(SourceNotFound, WebhookRefused, NoSecret))
    async def receive(self, source: str, sent: RawBody) -> Received:
        """Take in what a source posts, once it has proven that it is that source.

        What makes no lead is kept all the same, and answered with 200: sending it again would not mend it. A delivery
        that was taken before is answered as it was then, and has no effect.
        """
        ...

    @get("/submissions", public=True)
    async def submissions(
        self, cursor: str | None = None, limit: int = 100, rejected: bool = False
    ) -> Page[Submission]:
        """All that has come in, oldest first, or what of it was rejected, a page at a time (at most 1,000 each)."""
        ...

    @get("/submissions/{submission_id}", public=True, raises=(SubmissionNotFound, NotKept))
    async def submission(self, submission_id: str) -> RawSubmission:
        """What was sent, as it was sent."""
        ...

    @post(
        "/submissions/{submission_id}/replay",
        public=True,
        raises=(SubmissionNotFound, NotKept, FileRejected, FormNotFound, SourceNotFound),
    )
    async def replay(self, submission_id: str, how: Replay) -> Submission:
        """Read a submission again, by the rules that hold now. Twice is the same as once."""
        ...

    @get("/refusals", public=True)
    async def refusals(self, cursor: str | None = None, limit: int = 100) -> Page[RefusalCount]:
        """What was turned away at the door, counted by day, place and reason."""
        ...
