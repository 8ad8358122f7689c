"""Cells and submitted details as clean details of a lead. Pure: the same input always gives the same lead."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from .contract import Column, LeadDetails, MappedBy, RejectionReason, Target
from .details import FIELD_NAMES
from .names import part_name
from .presets import SALESFORCE_DELETED
from .table import Rejection

BLANKS = frozenset({
    "-", "--", "---", ".", "?", "n/a", "#n/a", "n.a.", "k.a.", "(null)", "(none)", "\\n",
    "#ref!", "#value!", "#div/0!", "#name?", "#num!", "#null!",
})  # fmt: skip
"""What programs and people write for nothing."""

BLANK_WORDS = frozenset({"null", "none", "nan", "undefined", "nil"})
"""The same as words; not in names, because there are people called Null."""

NOT_AGREED = frozenset({
    "0", "false", "f", "no", "n", "off", "nein", "non", "nee", "não", "nao", "nie", "nej", "opt out", "opt-out",
    "opted out", "opted-out", "unsubscribed", "denied", "declined", "refused", "withdrawn", "not applicable",
})  # fmt: skip
"""What stands for consent where somebody has not given it. It is kept among the attributes, as it was said."""

NO_TEXTS = frozenset({"number_of_employees", "consent_at"})
NAMES = frozenset({"first_name", "last_name", "name"})
INVISIBLE = re.compile(r"[\x00\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
QUOTED = re.compile(r"'(?=[=+\-@])")
"""What spreadsheets write before text that they are not to run."""
NUMBER = re.compile(
    r"(?P<whole>\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+|\d+)"
    r"(?:(?:[.,](?P<part>\d+))?(?:(?P<unit>\s?k|m)(?![^\W\d_])|e\+?(?P<zeros>\d{1,2})(?!\d)))?",
    re.IGNORECASE,
)
ZEROS = {"k": 3, "m": 6}
BELOW_ZERO = re.compile(r"[^\w]*[-\u2212]\s*\d")
"""A minus before the first digit, and no word: of `Size -50` nobody knows what is meant."""


COUNT_MAX = 999_999_999
"""No company has more people. A number beyond it is kept as it was said, among the attributes."""


def clean_text(text: str, field: str = "") -> str | None:
    r"""The text without what cannot be seen, or None when nothing is said.

    >>> clean_text("  Ada\u00a0 Lovelace "), clean_text("N/A"), clean_text("Null", "last_name")
    ('Ada Lovelace', None, 'Null')
    """
    seen = " ".join(INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())
    if seen[:1] == "'" and QUOTED.match(seen):
        seen = seen[1:]
    lower = seen.casefold()
    if lower in BLANKS or (lower in BLANK_WORDS and field not in NAMES):
        return None
    return seen or None


def clean_email(text: str) -> str:
    """The bare address: without `mailto:`, a name before it, or the separator that a copied list leaves behind.

    >>> clean_email("Ada <mailto:ada@example.com>;")
    'ada@example.com'
    """
    bare = text.strip(" ;,")
    if bare.endswith(">") and "<" in bare:
        bare = bare[bare.rindex("<") + 1 : -1]
    return bare[7:] if bare[:7].casefold() == "mailto:" else bare


def clean_count(text: str) -> int | None:
    """The number that a text begins with, however its thousands are set apart; of a range its lower end.

    A number below zero is no count, and is not read as the one above it.

    >>> clean_count("1,200"), clean_count("51-200"), clean_count("1.000+"), clean_count("many")
    (1200, 51, 1000, None)
    >>> clean_count("10K+"), clean_count("1.5k"), clean_count("1.2E+05"), clean_count("-5")
    (10000, 1500, 120000, None)
    """
    found = NUMBER.search(text)
    if found is None or BELOW_ZERO.match(text):
        return None
    digits, part = "".join(filter(str.isdigit, found["whole"])), found["part"] or ""
    zeros = ZEROS[found["unit"].strip().casefold()] if found["unit"] else int(found["zeros"] or 0)
    if len(digits) + zeros > len(str(COUNT_MAX)):
        return None
    return int(digits + part[:zeros].ljust(zeros, "0"))


def clean_moment(text: str) -> datetime | None:
    """The moment that a text says, in UTC where it names no zone; also in seconds or milliseconds since 1970.

    >>> clean_moment("2026-03-01T12:00:00+01:00").isoformat(), clean_moment("1772366400000").isoformat()
    ('2026-03-01T11:00:00+00:00', '2026-03-01T12:00:00+00:00')
    """
    try:
        if text.isdecimal() and 9 <= len(text) <= 13:
            return datetime.fromtimestamp(int(text) / (1_000 if len(text) > 11 else 1), UTC)
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def details_of_row(columns: Sequence[Column], cells: Sequence[str]) -> LeadDetails:
    """The lead in a row, by what its columns are mapped to."""
    fields: dict[str, Any] = {}  # Any: a lead's fields, texts and one number
    attributes: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        text = clean_text(cell, column.target)
        if text is None or column.target == Target.IGNORE:
            continue
        if column.target == "number_of_employees" and (count := clean_count(text)) is not None:
            fields[column.target] = count
        elif column.target == "consent_at" and (moment := clean_moment(text)) is not None:
            fields[column.target] = moment
        elif column.target in FIELD_NAMES and column.target not in NO_TEXTS:
            fields[column.target] = text
        elif column.target == Target.NAME:
            fields["name"] = text
        else:
            attributes[column.name] = text
    if (name := fields.pop("name", None)) is not None and "last_name" not in fields:
        first, last = part_name(name)
        fields |= {"first_name": fields.get("first_name", first), "last_name": last}
    return clean_details(LeadDetails(**fields, attributes=attributes))


def is_deleted(columns: Sequence[Column], cells: Sequence[str]) -> bool:
    """Whether a row is a record that Salesforce has deleted. Who says where that column goes has decided otherwise."""
    return any(
        column.name.casefold() == SALESFORCE_DELETED
        and column.mapped_by not in (MappedBy.ASKED, MappedBy.RULES)
        and cell.strip().casefold() in ("true", "1")
        for column, cell in zip(columns, cells, strict=True)
    )


def clean_details(details: LeadDetails) -> LeadDetails:
    """The same details, every text cleaned and the e-mail address bare."""
    texts: Mapping[str, Any] = msgspec.structs.asdict(details)  # Any: as above
    cleaned: dict[str, Any] = {  # Any: as above
        name: clean_text(text, name) for name, text in texts.items() if isinstance(text, str)
    }
    if email := cleaned.get("email"):
        cleaned["email"] = clean_email(email) or None
    attributes = {
        name.replace("\0", ""): value for name, text in details.attributes.items() if (value := clean_text(text))
    }
    if (said := cleaned.get("consent")) is not None and said.casefold() in NOT_AGREED:
        cleaned["consent"] = None
        attributes["consent"] = said
    count = details.number_of_employees
    if count is not None and not 0 <= count <= COUNT_MAX:
        cleaned["number_of_employees"] = None
        attributes["number_of_employees"] = str(count)
    if details.consent_at is not None and details.consent_at.tzinfo is None:
        cleaned["consent_at"] = details.consent_at.replace(tzinfo=UTC)
    return msgspec.structs.replace(details, **cleaned, attributes=attributes)


def rejection_of(details: LeadDetails) -> Rejection | None:
    """Why cleaned details make no lead; None when they do."""
    if details.email is not None and (wrong := email_fault(details.email)):
        return Rejection(RejectionReason.EMAIL_INVALID, f"{wrong} Correct the address, or leave it empty.")
    named = (details.email, details.phone, details.mobile_phone, details.first_name, details.last_name)
    if not any((*named, details.company, details.website)):
        return Rejection(
            RejectionReason.NOBODY_NAMED,
            "Nobody is named: give an e-mail address, a phone number, a name or a company.",
        )
    return None


def email_fault(address: str) -> str | None:
    """What is wrong with an e-mail address, in a sentence; None when its syntax is right. Asks no network."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  # 60 ms that a start need not wait for

    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        return str(error)
    return None
