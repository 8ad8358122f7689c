"""What a contact is like, by what all of its leads say: a rule for each field, and where each value is from. Pure."""

from collections.abc import Sequence
from typing import Final

from revenue.capture.contract import Lead

from .contract import ContactField, Survival

RULES: Final[dict[str, Survival]] = {
    "email": Survival.LATEST,
    "salutation": Survival.LATEST,
    "first_name": Survival.LONGEST,  # Jane says more than J.
    "last_name": Survival.LATEST,  # people marry
    "title": Survival.LATEST,
    "phone": Survival.LATEST,
    "mobile_phone": Survival.LATEST,
    "company": Survival.LATEST,
    "website": Survival.LATEST,
    "industry": Survival.RECORDED,
    "number_of_employees": Survival.RECORDED,
    "street": Survival.TOGETHER,
    "city": Survival.TOGETHER,
    "state": Survival.TOGETHER,
    "postal_code": Survival.TOGETHER,
    "country": Survival.TOGETHER,
    "description": Survival.LONGEST,
    "lead_source": Survival.FIRST,
    "campaign": Survival.FIRST,
    "utm_source": Survival.FIRST,
    "utm_medium": Survival.FIRST,
    "utm_campaign": Survival.FIRST,
    "utm_term": Survival.FIRST,
    "utm_content": Survival.FIRST,
    "landing_page": Survival.FIRST,
    "consent": Survival.LATEST,
    "external_id": Survival.FIRST,
    "external_source": Survival.FIRST,
}
"""By which rule each field of a lead becomes the contact's."""

ADDRESS: Final = tuple(name for name, rule in RULES.items() if rule is Survival.TOGETHER)


def survived(leads: Sequence[Lead]) -> tuple[ContactField, ...]:
    """The fields of a contact; those that nobody has said are left out. The order of the leads does not matter."""
    by_age = sorted(leads, key=lambda lead: (lead.updated_at, lead.captured_at, lead.id))
    found: list[ContactField] = []
    for name, rule in RULES.items():
        saying = [lead for lead in by_age if getattr(lead, name) not in {None, ""}]
        if rule is Survival.TOGETHER:
            lead = max(reversed(by_age), key=_said_of_address, default=None)  # of equal ones the latest
            chosen = lead if lead in saying else None
        else:
            chosen = _chosen(saying, name, rule)
        if chosen is not None:
            found.append(
                ContactField(
                    name=name,
                    value=str(getattr(chosen, name)),
                    lead_id=chosen.id,
                    said_at=chosen.captured_at if rule is Survival.FIRST else chosen.updated_at,
                    rule=rule,
                )
            )
    return tuple(found)


def _chosen(saying: Sequence[Lead], name: str, rule: Survival) -> Lead | None:
    """Which of the leads that say something is followed; they stand oldest first."""
    if not saying:
        return None
    if rule is Survival.FIRST:
        return min(saying, key=lambda lead: (lead.captured_at, lead.id))
    if rule is Survival.LONGEST:
        return max(reversed(saying), key=lambda lead: len(str(getattr(lead, name))))
    if rule is Survival.RECORDED:
        return max(reversed(saying), key=lambda lead: lead.external_id is not None)
    return saying[-1]


def _said_of_address(lead: Lead) -> int:
    return sum(getattr(lead, name) not in {None, ""} for name in ADDRESS)
