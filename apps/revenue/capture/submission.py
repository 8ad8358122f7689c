"""What came in, as it was sent: the raw submission, what became of it, and what was only counted."""

from datetime import date, datetime

from atoll import Choice, Personal, Value


class Channel(Choice):
    """By which door something came in."""

    API = "api"
    FORM = "form"
    WEBHOOK = "webhook"
    FILE = "file"
    UNKNOWN = "unknown"


class Outcome(Choice):
    """What became of a lead that came in: new, or known already and changed by it or not."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"


class Fate(Choice):
    """What became of a submission. A piece of a file is `read`; its rows are counted."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    READ = "read"
    REJECTED = "rejected"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


class Submission(Value):
    """Something that came in: a lead by API, a form, a webhook, or a piece of a file.

    It is kept as it was sent, whatever of it is understood, so that it can be replayed when a mapping was mended.
    `digest` is the SHA-256 of it. `source` is the form, the webhook's source or the file's name; `message_id` is what
    the source calls it. `reason` is a `RejectionReason` or a `FileRejectionReason`. `rows` and `rejected` count those
    of a piece, `line` is where it begins. `rules_version` are the rules by which it was read last; what was sent is
    kept for as long as the service's settings say, and `is_kept` tells whether it still is.
    """

    id: str
    channel: Channel
    source: str
    message_id: str | None
    received_at: datetime
    digest: str
    size_bytes: int
    fate: Fate
    reason: str | None
    explanation: Personal[str] | None
    lead_id: str | None
    rules_version: int
    replays: int
    is_kept: bool
    line: int | None = None
    rows: int = 0
    rejected: int = 0


class RawSubmission(Value):
    """What was sent, byte by byte, with the headers or the file's wishes that belong to it."""

    submission: Submission
    raw: Personal[bytes]
    about: Personal[dict[str, str]]


class Replay(Value):
    """How to read a submission again: by the rules that hold now, and a file's columns also by a `mapping`."""

    mapping: dict[str, str] = {}  # noqa: RUF012  # msgspec copies defaults


class Refusal(Choice):
    """Why something was turned away at the door. Nothing of it is kept but the count."""

    HONEYPOT = "honeypot"
    TOO_QUICK = "too_quick"
    FORGED = "forged"
    LATE = "late"
    REPLAYED = "replayed"
    UNSIGNED = "unsigned"
    NO_SECRET = "no_secret"  # noqa: S105  # the word for there being none
    NO_SUCH_FORM = "no_such_form"
    NO_SUCH_SOURCE = "no_such_source"
    UNKNOWN = "unknown"


class RefusalCount(Value):
    """How often something was turned away on a day, at a form or a source (empty where there is no such one)."""

    day: date
    channel: Channel
    source: str
    reason: Refusal
    count: int
