"""What is found out about a lead: facts, each with where it came from and how sure it is."""

from collections.abc import Iterator
from datetime import datetime

from atoll import Choice, Personal, Value
from revenue.capture.contract import Lead


class Topic(Choice):
    """What a fact is about, and how its value is written."""

    EMAIL = "email"
    """The address in normal form."""
    EMAIL_FAULT = "email_fault"
    """What is wrong with the address, as a sentence."""
    EMAIL_TAG = "email_tag"
    """What stands after a plus before the @: `news` in `ada+news@example.com`."""
    ROLE = "role"
    """The function that reads the mailbox instead of a person: `info`, `sales`, ..."""
    MAILBOX = "mailbox"
    """Who gives the mailbox: one of `Mailbox`."""
    DOMAIN = "domain"
    """The company's registrable domain, in ASCII: `example.co.uk`. Never one that gives mailboxes to everybody."""
    PROVIDER = "provider"
    """The registrable domain of a provider of free or disposable mailboxes: `gmail.com`."""
    COMPANY = "company"
    """A company's name."""
    COUNTRY = "country"
    """ISO 3166-1 alpha-2: `DE`."""
    TIME_ZONE = "time_zone"
    """A name of the IANA database: `Europe/Berlin`. Several facts when there are several to choose from."""
    PHONE = "phone"
    """E.164: `+4930123456`."""
    PHONE_FAULT = "phone_fault"
    """What is wrong with the number, as a sentence."""
    PHONE_TYPE = "phone_type"
    """One of `PhoneType`."""
    MOBILE = "mobile"
    """E.164, of a mobile line."""
    INDUSTRY = "industry"
    """In the words of whoever says it."""
    NUMBER_OF_EMPLOYEES = "number_of_employees"
    """A whole number, as digits."""
    CITY = "city"
    """Where the company, or the person, is."""
    STATE = "state"
    """The part of a country."""
    TITLE = "title"
    """What somebody is called at work: `Head of Sales`."""
    UNKNOWN = "unknown"


class Mailbox(Choice):
    """Who gives a mailbox."""

    COMPANY = "company"
    FREE = "free"
    DISPOSABLE = "disposable"
    UNKNOWN = "unknown"


class PhoneType(Choice):
    """What kind of line a number is; `LANDLINE_OR_MOBILE` where a country's numbers do not tell."""

    LANDLINE = "landline"
    MOBILE = "mobile"
    LANDLINE_OR_MOBILE = "landline_or_mobile"
    TOLL_FREE = "toll_free"
    INTERNET = "internet"
    OTHER = "other"
    UNKNOWN = "unknown"


class Source(Choice):
    """Where a fact came from."""

    GIVEN = "given"
    EMAIL_ADDRESS = "email_address"
    MAIL_DOMAIN = "mail_domain"
    WEBSITE = "website"
    PHONE_NUMBER = "phone_number"
    COUNTRY = "country"
    DIRECTORY = "directory"
    PROVIDER = "provider"
    PINNED = "pinned"
    UNKNOWN = "unknown"


class Certainty(Choice):
    """How sure a fact is: it follows, it is mostly so, or it is the best there is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"
    UNKNOWN = "unknown"


class Provenance(Value):
    """Whom a value was asked of, when, and what the answer cost when it was bought, in millionths of the currency.

    An answer is bought once and serves every lead that asks the same; `lead_id` is the one that it was bought for.
    `is_sample` marks what a made-up vendor has made up.
    """

    provider: str
    observed_at: datetime
    cost_micros: int = 0
    currency: str = "EUR"
    lead_id: str | None = None
    is_sample: bool = False


class Fact(Value):
    """One thing found out. `provenance` is there where somebody was asked."""

    topic: Topic
    value: Personal[str]
    source: Source
    certainty: Certainty
    provenance: Provenance | None = None


class Refused(Value):
    """A value that a provider gave and that does not hold: the next provider was asked instead."""

    topic: Topic
    value: Personal[str]
    provider: str
    why: str


class Skipped(Value):
    """A provider whose turn it was for a field, and who was not asked or did not help, and why."""

    field: Topic
    provider: str
    why: str


class ContactPoints(Value):
    """What is known about a lead that more can be found out from, as it was written."""

    email: Personal[str] | None = None
    phone: Personal[str] | None = None
    website: str | None = None
    company: str | None = None
    country: str | None = None
    mobile_phone: Personal[str] | None = None
    industry: str | None = None
    number_of_employees: int | None = None
    city: Personal[str] | None = None
    state: str | None = None
    title: Personal[str] | None = None

    @classmethod
    def of(cls, lead: Lead) -> "ContactPoints":
        """Those of a lead; of two phone numbers the mobile one."""
        return cls(
            email=lead.email,
            phone=lead.mobile_phone or lead.phone,
            website=lead.website,
            company=lead.company,
            country=lead.country,
            mobile_phone=lead.mobile_phone,
            industry=lead.industry,
            number_of_employees=lead.number_of_employees,
            city=lead.city,
            state=lead.state,
            title=lead.title,
        )


SURENESS = (Certainty.CERTAIN, Certainty.LIKELY, Certainty.GUESS, Certainty.UNKNOWN)
"""From the surest on."""


class Profile(Value):
    """Everything found out, the surest fact of a topic first.

    `is_complete` is false when Enrichment did not answer and somebody else stands in for it. `refused` and `skipped`
    say why the rules' providers did not find more; `is_awaited` that some are still to be asked, so that another
    profile follows. `rules_version` is that of the rules which were followed.
    """

    facts: tuple[Fact, ...] = ()
    is_complete: bool = True
    refused: tuple[Refused, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_awaited: bool = False
    rules_version: int = 0

    def best(self, topic: Topic) -> Fact | None:
        """The surest fact about a topic; of equally sure ones the first."""
        return min(self.about(topic), key=lambda fact: SURENESS.index(fact.certainty), default=None)

    def about(self, topic: Topic) -> Iterator[Fact]:
        """All facts about a topic."""
        return (fact for fact in self.facts if fact.topic is topic)
