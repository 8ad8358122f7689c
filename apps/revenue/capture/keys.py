"""What a lead is recognised by, and what a known lead takes over from a newer submission. Pure."""

import hashlib
from typing import Any, TypeAlias

import msgspec

from .contract import Lead, LeadDetails

Key: TypeAlias = tuple[str, ...]

FIRST_TOUCH = frozenset({
    "lead_source", "campaign", "landing_page", "referrer",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
})  # fmt: skip
"""How a lead first came in: set once, because attribution asks for the beginning, not for the last import."""

IDENTITY = frozenset({"external_id", "external_source"})
"""Kept as they are, and taken together: a second record's id becomes one more key of the lead, not a new id."""

RECORD = "record"
"""What keys of records begin with."""


def keys_of(details: LeadDetails) -> tuple[Key, ...]:
    """The keys of a lead, the surest first.

    The e-mail address in any case, and the record's id together with its system. A lead without either is recognised
    only by an equal name, company, phone and website together, and where it says no more than a name, by an equal
    place, too: guessing more is not for the door but for whoever resolves identities, with means to undo it.
    """
    keys: list[Key] = []
    if details.email:
        keys.append(("email", details.email.casefold()))
    if details.external_id:
        keys.append((RECORD, details.external_source or "", details.external_id))
    if not keys:
        phone = details.phone or details.mobile_phone
        said: tuple[str | None, ...] = (
            details.first_name,
            details.last_name,
            details.company,
            phone,
            details.website,
        )
        if not any(said[2:]):
            place = (details.street, details.postal_code, details.city, details.state, details.country)
            said += place if any(place) else ()
        keys.append(("said", *((text or "").casefold() for text in said)))
    return tuple(keys)


def digest_of(*parts: str) -> str:
    """Short for a key, and the same for ever: it is kept.

    >>> digest_of("email", "ada@example.com") == digest_of("email", "ada@example.com") != digest_of("emaila", "da@...")
    True
    """
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def updated(lead: Lead, details: LeadDetails, *, only_blanks: bool = False) -> Lead:
    """The lead brought up to date: what is new replaces what was, what is blank erases nothing.

    With `only_blanks` what was stays as it is: the details are older than what is known.
    """
    changes: dict[str, Any] = {}  # Any: a lead's fields
    is_of_a_record = lead.external_id is not None
    for name in LeadDetails.__struct_fields__:
        old, new = getattr(lead, name), getattr(details, name)
        if name == "attributes":
            changes[name] = new | old if only_blanks else old | new
        elif (
            (only_blanks and old is not None)
            or new is None
            or (name in FIRST_TOUCH and old is not None)
            or (name in IDENTITY and is_of_a_record)
        ):
            continue
        else:
            changes[name] = new
    return msgspec.structs.replace(lead, **changes)
