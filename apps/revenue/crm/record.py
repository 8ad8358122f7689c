"""What is known of a lead, in three parts, and how events bring it up to date in any order. Pure.

Each part has one publisher who tells of it first: Capture of the lead, Scoring of the score and of who the lead is,
Routing of whose it is. A publisher's own events come in order, by lead. Copies that travel on in others' events may be
older or newer than what is here:

- a lead has a revision, which decides;
- a score has that of its lead, and a moment. Scoring's own word counts unless the lead is an older one, since a score
  that has faded is as old as it was; a copy counts only where it is newer;
- an assignment counts the lead's owners. Within a round, which begins with a new owner, Routing's order is that of its
  events: moments of two machines' clocks would know it less well.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from revenue.capture.contract import Lead
from revenue.identity.contract import Resolution
from revenue.routing.contract import Assignment
from revenue.scoring.contract import Score

Document = dict[str, Any]  # Any: what JSON holds
"""All of a record by names: `lead`, `resolution`, `score`, `assignment`, `owner`."""


class Scored(msgspec.Struct, frozen=True):
    """A score, and who the lead was when it was made."""

    score: Score
    resolution: Resolution | None = None


class Record(msgspec.Struct, frozen=True):
    """A row of `records`: the columns are called as its fields."""

    lead_id: str
    version: int = 0
    lead_revision: int = 0
    lead: str | None = None
    scored_revision: int = 0
    scored_at: datetime | None = None
    scored: str | None = None
    contact_id: str | None = None
    round: int = 0
    assignment: str | None = None

    def with_lead(self, lead: Lead) -> "Record":
        """This record, where that lead is newer."""
        if lead.revision <= self.lead_revision:
            return self
        text = _written(lead)
        return self._changed(lead_revision=lead.revision, lead=text)

    def with_score(self, score: Score, resolution: Resolution | None, *, is_copy: bool) -> "Record":
        """This record with a score: Scoring's own word, or a copy that somebody else carries."""
        was = (self.scored_revision, self.scored_at)
        if is_copy:
            if was[1] is not None and (score.lead_revision, score.scored_at) <= was:
                return self
        elif score.lead_revision < self.scored_revision:
            return self
        is_resolved_anew = score.lead_revision > self.scored_revision
        return self._changed(
            contact_id=None if is_resolved_anew else self.contact_id,
            scored_revision=score.lead_revision,
            scored_at=score.scored_at,
            scored=_written(Scored(score, resolution)),
        )

    def with_assignment(self, assignment: Assignment, *, begins: bool) -> "Record":
        """This record, where that is not an earlier owner's, nor the beginning of what has gone on since."""
        if assignment.round < self.round or (begins and assignment.round == self.round):
            return self
        return self._changed(round=assignment.round, assignment=_written(assignment))

    def touched(self) -> "Record":
        """This record, to be compared again with what was told."""
        return msgspec.structs.replace(self, version=self.version + 1)

    def _changed(self, **parts: Any) -> "Record":  # Any: values of fields
        """With these parts; of a new version where what they say is new."""
        changed = msgspec.structs.replace(self, **parts)
        said = (self.lead, self.scored, self.assignment)
        is_new = (changed.lead, changed.scored, changed.assignment) != said
        return changed.touched() if is_new else changed


def document_of(
    lead: str, scored: str | None, assignment: str, contact: str | None, owners: Mapping[str, str]
) -> Document:
    """A record's parts together. `contact` is who it is by now; `owners` are a CRM's words."""
    document: Document = {"lead": _read(lead), "assignment": _read(assignment)}
    if scored is not None:
        document |= _read(scored)
    if (who := document.get("resolution")) is not None:
        who["contact_id"] = contact
    if (score := document.get("score")) is not None:
        score["why"] = "\n".join(f"{each['sentence']} ({each['points']:+d})" for each in score["reasons"])
    document["owner"] = owners.get(document["assignment"]["owner"])
    return document


def grade_in(document: Document) -> str | None:
    """The grade of a record's score."""
    judged = document.get("score")
    return None if judged is None else judged["grade"]


def contact_in(scored: str | None) -> str | None:
    """The contact that a lead was said to be."""
    if scored is None:
        return None
    resolution = _CONTACTS.decode(scored).resolution
    return None if resolution is None else resolution.contact_id


class _Who(msgspec.Struct):
    contact_id: str


class _OfContact(msgspec.Struct):
    resolution: _Who | None = None


_CONTACTS = msgspec.json.Decoder(_OfContact)
_READER = msgspec.json.Decoder()
_WRITER = msgspec.json.Encoder()


def _read(text: str) -> Any:  # Any: what JSON holds
    return _READER.decode(text)


def _written(value: Any) -> str:  # Any: any struct
    return _WRITER.encode(value).decode()
