"""What is known of a lead that its way depends on, in the words that rules are compared with. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from revenue.capture.contract import LeadDetails
from revenue.enrichment.contract import Certainty, Profile, Topic
from revenue.identity.contract import Resolution

CONTACT_IDS = frozenset(("contactid", "whoid", "associatedcontactid", "associatedcontactids"))
ACCOUNT_IDS = frozenset(("accountid", "companyid", "associatedcompanyid", "associatedcompanyids", "primarycompanyid"))
"""Attributes that hold ids of a CRM's records, as exports of Salesforce and HubSpot call them."""

DOUBTS = {Certainty.CERTAIN: 0, Certainty.LIKELY: 1, Certainty.GUESS: 2}


class Facts(msgspec.Struct, frozen=True):
    """A lead as its way sees it. Texts are folded: in small letters, with single blanks.

    `contacts` and `accounts` are all ids under which its contact and its account are known, identity's own first.
    """

    contacts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    domain: str = ""
    company: str = ""
    countries: tuple[str, ...] = ()
    state: str = ""
    postal_code: str = ""
    industry: str = ""
    employees: int | None = None
    grade: str = ""
    attributes: dict[str, str] = {}  # msgspec copies defaults
    is_enriched: bool = False


def facts_of(lead: LeadDetails, resolution: Resolution | None, profile: Profile | None, grade: str) -> Facts:
    """What is known. What the lead says itself counts before what was found out; of countries either does."""
    found = _found(profile)
    said = {fold(name): fold(value) for name, value in lead.attributes.items()}
    records = _records(lead, CONTACT_IDS), _records(lead, ACCOUNT_IDS)
    resolved = resolution or Resolution(contact_id="")
    employees = lead.number_of_employees
    if employees is None and (digits := found.get("number_of_employees", "")).isdecimal():
        employees = int(digits)
    return Facts(
        contacts=_ids(resolved.contact_id, lead.external_id, records[0]),
        accounts=_ids(resolved.account_id, None, records[1]),
        domain=fold(resolved.account_domain or found.get(Topic.DOMAIN, "")),
        company=fold(lead.company or resolved.account_name or found.get(Topic.COMPANY, "")),
        countries=tuple(dict.fromkeys(filter(None, (fold(lead.country), fold(found.get(Topic.COUNTRY)))))),
        state=fold(lead.state or found.get("state")),
        postal_code=fold(lead.postal_code or found.get("postal_code")),
        industry=fold(lead.industry or found.get("industry")),
        employees=employees,
        grade=grade,
        attributes=said,
        is_enriched=profile is not None and profile.is_complete,
    )


def fold(text: str | None) -> str:
    """A text as it is compared.

    >>> fold("  United  States ")
    'united states'
    """
    return " ".join(text.casefold().split()) if text else ""


def _found(profile: Profile | None) -> dict[str, str]:
    """The surest value of each topic, by its name; a topic that a later Enrichment knows is found as well."""
    if profile is None:
        return {}
    found: dict[str, tuple[int, str]] = {}
    for fact in profile.facts:
        doubt = DOUBTS.get(fact.certainty, len(DOUBTS))
        if (known := found.get(fact.topic)) is None or doubt < known[0]:
            found[fact.topic] = doubt, fact.value
    return {topic: value for topic, (_, value) in found.items()}


def _records(lead: LeadDetails, names: frozenset[str]) -> Iterator[str]:
    for name, value in lead.attributes.items():
        if "".join(filter(str.isalnum, name)).casefold() in names:
            yield from value.replace(";", ",").split(",")


def _ids(first: str | None, second: str | None, more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.strip() for each in (first, second, *more) if each and each.strip()))
