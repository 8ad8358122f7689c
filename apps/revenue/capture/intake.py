"""The way of a submission: file to rows, row to details, details to a new or a known lead. Pure, but for the book."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any, TypeAlias

import msgspec

from .book import Book
from .cleaning import details_of_row, is_deleted, rejection_of
from .columns import MappingRejected, map_columns
from .contract import (
    Column,
    FieldChange,
    FileFormat,
    FileRejected,
    FileRejectionReason,
    ImportReport,
    Lead,
    LeadDetails,
    LeadFile,
    Outcome,
    Receipt,
    RejectedRow,
    RejectionReason,
    RowChange,
)
from .decoding import decode
from .jsonl import read_json_lines
from .keys import updated
from .presets import exporting_system, record_id
from .table import Rejection, Row, read_table

ROWS_MAX = 5_000

LEAD_BYTES_MAX = 200_000
"""As JSON: events carry the whole lead, and what was found out beside it."""

Candidate: TypeAlias = LeadDetails | Rejection
"""What a row says, or why it cannot be taken."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as Capture understands it: what its columns mean, and its rows with their lines in the whole file."""

    columns: tuple[Column, ...]
    delimiter: str
    encoding: str
    source: str
    rows: tuple[Row, ...]
    import_id: str | None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a new lead gets that no submission says: the time, and where an id comes from.

    `is_again` says that the submission is read again, and `at` is when it came: what was said later stays.
    """

    at: datetime
    new_id: Callable[[], str]
    is_again: bool = False


def read_file(file: LeadFile, ruled: Mapping[str, str] | None = None) -> Reading:
    """The file's columns mapped, also by what the team's rules say, and its rows parted.

    Raises:
        FileRejected: when the file as a whole is no list of leads.
    """
    decoded = decode(file.content)
    is_json = file.format is FileFormat.JSONL
    table = (read_json_lines if is_json else read_table)(decoded.lines, ROWS_MAX + 1)
    if table is None:
        raise _rejected(
            file, FileRejectionReason.EMPTY, "there is nothing in the file: choose another, or export it again."
        )
    if any("\0" in name for name in table.header):
        explanation = "its first line holds zero bytes, so it is no text: save the sheet as CSV in UTF-8."
        raise _rejected(file, FileRejectionReason.NOT_CSV, explanation)
    if len(table.rows) > ROWS_MAX:
        explanation = f"it has more than {ROWS_MAX:,} rows: send it in pieces, each with the header line."
        raise _rejected(file, FileRejectionReason.TOO_MANY_ROWS, explanation)
    try:
        is_beginning = not is_json or file.first_row_line in (None, 1)
        cells = [row.cells for row in table.rows]
        if is_json and all(row.rejection for row in table.rows):
            columns: tuple[Column, ...] = ()  # each row says what is wrong with it
        else:
            columns = map_columns(table.header, cells, file.mapping, ruled, is_beginning=is_beginning)
    except MappingRejected as rejected:
        raise _rejected(file, rejected.reason, rejected.explanation) from None
    shift = 0 if file.first_row_line is None else file.first_row_line - table.body_line
    return Reading(
        columns=columns,
        delimiter=table.delimiter,
        encoding=decoded.encoding,
        source=_without_nul(file.source or exporting_system(table.header) or PurePath(file.file_name).stem),
        rows=tuple(replace(row, line=row.line + shift) for row in table.rows),
        import_id=file.import_id,
    )


def _without_nul(text: str) -> str:
    """The text as every database takes it."""
    return text.replace("\0", "")


def _rejected(file: LeadFile, reason: FileRejectionReason, explanation: str) -> FileRejected:
    return FileRejected(file_name=file.file_name, reason=reason, explanation=explanation)


def candidates(reading: Reading, rows: Sequence[Row]) -> Iterator[Candidate]:
    """What rows say, each by itself: whether somebody is known decides later."""
    for row in rows:
        if row.rejection is not None:
            yield row.rejection
        elif is_deleted(reading.columns, row.cells):
            yield Rejection(
                RejectionReason.DELETED,
                "Salesforce has deleted this record: to take it all the same, map `IsDeleted` to `ignore`.",
            )
        else:
            details = _details(reading, row)
            yield rejection_of(details) or details


def take(book: Book, details: LeadDetails, stamp: Stamp) -> Receipt | Rejection:
    """Put details that make a lead into the book, as a new lead or into the one they fit; or say why not."""
    known = book.known(details)
    if len(known) > 1:
        return Rejection(
            RejectionReason.TWO_LEADS,
            f"The e-mail address is lead {known[0].id}, the record id is lead {known[1].id}: decide which it is.",
        )
    if not known:
        lead = Lead(**_fields(details), id=stamp.new_id(), captured_at=stamp.at, updated_at=stamp.at)
        outcome = Outcome.ACCEPTED
    else:
        lead = updated(known[0], details, only_blanks=stamp.is_again and known[0].updated_at > stamp.at)
        outcome = Outcome.UNCHANGED if lead == known[0] else Outcome.UPDATED
    if outcome is Outcome.UPDATED:
        at = max(stamp.at, lead.updated_at) if stamp.is_again else stamp.at
        lead = msgspec.structs.replace(lead, updated_at=at, revision=book.revision_of(lead.id))
    if outcome is not Outcome.UNCHANGED:
        if len(msgspec.json.encode(lead)) > LEAD_BYTES_MAX:
            return Rejection(
                RejectionReason.TOO_LONG, f"The lead has more than {LEAD_BYTES_MAX // 1000} kB: leave out what is long."
            )
        book.put(lead)
    book.recognise(lead, details)
    return Receipt(lead=lead, outcome=outcome)


def _fields(details: LeadDetails) -> dict[str, Any]:  # Any: a lead's fields, which have several types
    return {name: getattr(details, name) for name in LeadDetails.__struct_fields__}


def take_rows(
    book: Book,
    reading: Reading,
    rows: Sequence[Candidate],
    stamp: Stamp,
    changes: list[RowChange] | None = None,
) -> ImportReport:
    """Put every row into the book, and report what became of each; `changes` is given what would be new or other."""
    counts = dict.fromkeys(Outcome, 0)
    rejected: list[RejectedRow] = []
    for row, candidate in zip(reading.rows, rows, strict=True):
        was_taken = reading.import_id is not None and book.was_taken(row.line)
        if was_taken and not stamp.is_again:
            counts[Outcome.UNCHANGED] += 1
            continue
        before = book.known(candidate)[:1] if changes is not None and isinstance(candidate, LeadDetails) else []
        result = candidate if isinstance(candidate, Rejection) else take(book, candidate, stamp)
        if isinstance(result, Rejection):
            rejected.append(
                RejectedRow(line=row.line, reason=result.reason, explanation=result.explanation, raw=row.raw)
            )
            continue
        counts[result.outcome] += 1
        if changes is not None and result.outcome is not Outcome.UNCHANGED:
            changes.append(_change(row.line, result, before))
        if reading.import_id is not None and not was_taken:
            book.mark_taken(row.line)
    return ImportReport(
        rows=len(reading.rows),
        accepted=counts[Outcome.ACCEPTED],
        updated=counts[Outcome.UPDATED],
        unchanged=counts[Outcome.UNCHANGED],
        rejected=tuple(rejected),
    )


def _details(reading: Reading, row: Row) -> LeadDetails:
    details = details_of_row(reading.columns, row.cells)
    if details.external_id is None:
        return details
    source = details.external_source or reading.source
    return msgspec.structs.replace(details, external_id=record_id(source, details.external_id), external_source=source)


def _change(line: int, receipt: Receipt, before: Sequence[Lead]) -> RowChange:
    """What a row would do to the lead that it fits, field by field; a new lead is told by who it is."""
    lead = receipt.lead
    person = " ".join(part for part in (lead.first_name, lead.last_name) if part)
    who = next((each for each in (lead.email, person, lead.company, lead.phone, lead.website) if each), "")
    if not before:
        return RowChange(line=line, outcome=receipt.outcome, who=who, lead_id=None)
    return RowChange(
        line=line, outcome=receipt.outcome, who=who, lead_id=lead.id, changes=tuple(field_changes(before[0], lead))
    )


def field_changes(old: Lead, new: Lead) -> Iterator[FieldChange]:
    """The fields of a lead's details that differ, as text."""
    for name in LeadDetails.__struct_fields__:
        was, is_now = getattr(old, name), getattr(new, name)
        if name == "attributes":
            for key in sorted(was.keys() | is_now.keys()):
                if was.get(key) != is_now.get(key):
                    yield FieldChange(field=f"attributes.{key}", old=was.get(key), new=is_now.get(key))
        elif was != is_now:
            yield FieldChange(field=name, old=_told(was), new=_told(is_now))


def _told(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime) else str(value)
