"""What a lead is recognised by, and what a known lead takes over from a newer submission. Pure."""

from typing import Any, TypeAlias

import msgspec

from .contract import Lead, LeadDetails

Key: TypeAlias = tuple[str, ...]

FIRST_TOUCH = frozenset({
    "lead_source", "campaign", "landing_page",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
})  # fmt: skip
"""How a lead first came in: set once, because attribution asks for the beginning, not for the last import."""

IDENTITY = frozenset({"external_id", "external_source"})
"""Kept as they are: a second record's id becomes one more key of the same lead, not a new id."""


def keys_of(details: LeadDetails) -> tuple[Key, ...]:
    """The keys of a lead, the surest first.

    The e-mail address in any case, and the record's id together with its system. A lead without either is recognised
    only by an equal name, company, phone and website together: guessing more is not for the door but for whoever
    resolves identities, with means to undo it.
    """
    keys: list[Key] = []
    if details.email:
        keys.append(("email", details.email.casefold()))
    if details.external_id:
        keys.append(("record", details.external_source or "", details.external_id))
    if not keys:
        phone = details.phone or details.mobile_phone
        said = (details.first_name, details.last_name, details.company, phone, details.website)
        keys.append(("said", *((text or "").casefold() for text in said)))
    return tuple(keys)


def updated(lead: Lead, details: LeadDetails) -> Lead:
    """The lead brought up to date: what is new replaces what was, what is blank erases nothing."""
    changes: dict[str, Any] = {}  # Any: a lead's fields
    for name in LeadDetails.__struct_fields__:
        old, new = getattr(lead, name), getattr(details, name)
        if name == "attributes":
            changes[name] = old | new
        elif new is not None and (old is None or name not in FIRST_TOUCH | IDENTITY):
            changes[name] = new
    return msgspec.structs.replace(lead, **changes)


class Book:
    """Leads by id and by key. Owns both maps; nothing else changes them.

    A book over another one sees its leads and leaves it as it is: what a dry run writes in.
    """

    def __init__(self, below: "Book | None" = None) -> None:
        self.leads: dict[str, Lead] = {}
        self._ids: dict[Key, str] = {}
        self._rows: set[tuple[str, int]] = set()
        self._below = below

    def known(self, details: LeadDetails) -> list[Lead]:
        """The leads that these details fit: none, one, or several when their keys disagree."""
        found = (self.find(key) for key in keys_of(details))
        return list({lead.id: lead for lead in found if lead is not None}.values())

    def put(self, lead: Lead, details: LeadDetails) -> None:
        """Keep a lead under its id, its own keys and those it came in with this time."""
        self.leads[lead.id] = lead
        for key in (*keys_of(lead), *keys_of(details)):
            self._ids.setdefault(key, lead.id)

    def get(self, lead_id: str) -> Lead | None:
        """The lead with an id."""
        return self.leads.get(lead_id) or (self._below.get(lead_id) if self._below else None)

    def mark_taken(self, import_id: str, line: int) -> None:
        """Remember that a row of an import was taken."""
        self._rows.add((import_id, line))

    def was_taken(self, import_id: str, line: int) -> bool:
        """Whether a row of an import was taken before."""
        is_below = self._below is not None and self._below.was_taken(import_id, line)
        return is_below or (import_id, line) in self._rows

    def find(self, key: Key) -> Lead | None:
        """The lead with a key."""
        lead_id = self._ids.get(key)
        if lead_id is not None:
            return self.leads[lead_id]
        found = self._below.find(key) if self._below else None
        return self.get(found.id) if found else None
