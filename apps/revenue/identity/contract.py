"""What Identity promises: every lead is somebody, at a company or at none, and every decision says why."""

from typing import Protocol

from atoll import Choice, Event, Personal, Value, contract
from revenue.capture.contract import Lead


class Band(Choice):
    """How sure it is that two are one: joined by itself, laid before a person, or kept apart."""

    AUTO = "auto"
    REVIEW = "review"
    DISTINCT = "distinct"
    UNKNOWN = "unknown"


class Resolution(Value):
    """Who a lead is: its contact, and the account that the contact belongs to, where there is one.

    `account_domain` is a company's own registrable domain, never one that gives mailboxes to everybody. `why` has a
    sentence for each step of the decision.
    """

    contact_id: str
    account_id: str | None = None
    account_name: str | None = None
    account_domain: str | None = None
    band: Band = Band.DISTINCT
    why: tuple[Personal[str], ...] = ()


class LeadResolved(Event, key="lead_id"):
    """It was decided who a lead is that is new or has changed. It carries the lead, so that nobody has to ask."""

    lead_id: str
    lead: Lead
    resolution: Resolution


class ContactsMerged(Event, key="kept_id"):
    """Two contacts are one: whoever keeps `merged_id` keeps `kept_id` instead. A merged id answers for ever."""

    kept_id: str
    merged_id: str
    lead_ids: tuple[str, ...]


class ContactsParted(Event, key="kept_id"):
    """A merge was undone: these leads belong to `parted_id` again."""

    kept_id: str
    parted_id: str
    lead_ids: tuple[str, ...]


class AccountsMerged(Event, key="kept_id"):
    """Two accounts are one, as with contacts."""

    kept_id: str
    merged_id: str


class AccountsParted(Event, key="kept_id"):
    """The merge of two accounts was undone."""

    kept_id: str
    parted_id: str


@contract(version="1.0", publishes=(LeadResolved, ContactsMerged, ContactsParted, AccountsMerged, AccountsParted))
class Identity(Protocol):
    """Says who a lead is, and keeps one contact and one account for what many leads say."""
