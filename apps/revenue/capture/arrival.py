"""A submission on its way in: what was sent, and how it ends. Pure; what is kept of it is in the store."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from atoll import RawBody

from .contract import (
    Channel,
    Fate,
    FileFormat,
    FileRejected,
    ImportReport,
    LeadDetails,
    LeadFile,
    Outcome,
    Receipt,
)
from .keys import digest_of
from .table import Rejection

HEADERS_KEPT = frozenset({"content-type", "user-agent", "referer", "origin", "webhook-id", "webhook-timestamp"})
"""Those that help to understand a submission; none that proves who sent it."""

FATES = {
    Outcome.ACCEPTED: Fate.ACCEPTED,
    Outcome.UPDATED: Fate.UPDATED,
    Outcome.UNCHANGED: Fate.UNCHANGED,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was sent, by which door, when. `once_key` tells it from all others, where it comes once."""

    id: str
    channel: Channel
    source: str
    received_at: datetime
    raw: bytes
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    message_id: str | None = None
    once_key: tuple[str, ...] | None = None
    rules_version: int = 0
    line: int | None = None

    def row(self, ending: "Ending") -> dict[str, object]:
        """As it is kept."""
        return {
            "id": self.id,
            "channel": self.channel,
            "source": self.source.replace("\0", ""),
            "message_id": None if self.message_id is None else self.message_id.replace("\0", ""),
            "message_key": None if self.once_key is None else digest_of(*self.once_key),
            "received_at": self.received_at,
            "digest": hashlib.sha256(self.raw).hexdigest(),
            "size_bytes": len(self.raw),
            "fate": ending.fate,
            "reason": ending.reason,
            "explanation": ending.explanation,
            "lead_id": ending.lead_id,
            "rules_version": self.rules_version,
            "replays": 0,
            "line": self.line,
            "rows": ending.rows,
            "rejected": ending.rejected,
            "about": msgspec.json.encode(self.about).decode() if self.about else "{}",
            "raw": self.raw,
            "is_kept": True,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a submission."""

    fate: Fate
    reason: str | None = None
    explanation: str | None = None
    lead_id: str | None = None
    rows: int = 0
    rejected: int = 0


IGNORED = Ending(Fate.IGNORED)


def ending_of(result: Receipt | Rejection | ImportReport | FileRejected) -> Ending:
    """What became of a submission that ended so."""
    if isinstance(result, Receipt):
        return Ending(FATES.get(result.outcome, Fate.UNKNOWN), lead_id=result.lead.id)
    if isinstance(result, ImportReport):
        return Ending(Fate.READ, rows=result.rows, rejected=len(result.rejected))
    return Ending(Fate.REJECTED, result.reason, result.explanation.replace("\0", ""))


def raw_details(details: LeadDetails) -> bytes:
    """Details as they came, without what was not said."""
    said = msgspec.structs.asdict(details)
    return msgspec.json.encode({name: value for name, value in said.items() if value is not None and value != {}})


def about_sent(sent: RawBody) -> dict[str, str]:
    """The headers that are kept with what was sent."""
    headers = {name: value for name, value in sent.headers.items() if name in HEADERS_KEPT}
    return headers | {"media-type": sent.media_type}


def sent_again(raw: bytes, about: Mapping[str, str]) -> RawBody:
    """What was sent, as far as it was kept."""
    return RawBody(body=raw, media_type=about.get("media-type", ""), headers=dict(about))


def about_file(file: LeadFile) -> dict[str, str]:
    """What was asked for with a file."""
    said = {
        "file_name": file.file_name,
        "mapping": msgspec.json.encode(file.mapping).decode(),
        "format": file.format.value,
    }
    optional = {"first_row_line": file.first_row_line, "source": file.source, "import_id": file.import_id}
    return said | {name: str(value) for name, value in optional.items() if value is not None}


def file_again(raw: bytes, about: Mapping[str, str], mapping: Mapping[str, str]) -> LeadFile:
    """A file as it was sent, with another mapping where one is given."""
    line = about.get("first_row_line")
    return LeadFile(
        file_name=about.get("file_name", ""),
        content=raw,
        mapping=dict(mapping) or msgspec.json.decode(about.get("mapping", "{}"), type=dict[str, str]),
        format=FileFormat(about.get("format", "csv")),
        first_row_line=None if line is None else int(line),
        source=about.get("source"),
        import_id=about.get("import_id"),
    )
