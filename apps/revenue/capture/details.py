"""What is said about a lead: the fields that everything that comes in is mapped to."""

from datetime import datetime

from atoll import Personal, Value


class LeadDetails(Value):
    """What is said about a lead, in Salesforce's field names. Everything may be absent, but somebody must be named.

    `external_id` is the record's id in the system it came from, `external_source` that system's name; together they
    recognise the lead again. `landing_page` is where a visitor came in, `referrer` from where. `consent` is the text
    that was agreed to, word for word, and `consent_at` when. `attributes` keeps what no field fits, by the name it came
    under.
    """

    email: Personal[str] | None = None
    salutation: Personal[str] | None = None
    first_name: Personal[str] | None = None
    last_name: Personal[str] | None = None
    title: Personal[str] | None = None
    phone: Personal[str] | None = None
    mobile_phone: Personal[str] | None = None
    company: str | None = None
    website: str | None = None
    industry: str | None = None
    number_of_employees: int | None = None
    street: Personal[str] | None = None
    city: Personal[str] | None = None
    state: str | None = None
    postal_code: Personal[str] | None = None
    country: str | None = None
    description: Personal[str] | None = None
    lead_source: str | None = None
    campaign: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None
    landing_page: str | None = None
    referrer: str | None = None
    consent: str | None = None
    consent_at: datetime | None = None
    external_id: str | None = None
    external_source: str | None = None
    attributes: Personal[dict[str, str]] = {}  # noqa: RUF012  # msgspec copies defaults


FIELD_NAMES = frozenset(LeadDetails.__struct_fields__) - {"attributes"}
"""What a column, an input of a form or a part of a payload can fill."""
