"""What Enrichment promises: facts about a lead, each with where it came from and how sure it is."""

from collections.abc import Iterator
from typing import Protocol

from atoll import Choice, Event, Personal, Problem, Value, contract, get, post
from revenue.capture.contract import Lead
from revenue.identity.contract import Resolution


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
    UNKNOWN = "unknown"


class Certainty(Choice):
    """How sure a fact is: it follows, it is mostly so, or it is the best there is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"
    UNKNOWN = "unknown"


class Fact(Value):
    """One thing found out."""

    topic: Topic
    value: Personal[str]
    source: Source
    certainty: Certainty


class ContactPoints(Value):
    """What is known about a lead that more can be found out from, as it was written."""

    email: Personal[str] | None = None
    phone: Personal[str] | None = None
    website: str | None = None
    company: str | None = None
    country: str | None = None

    @classmethod
    def of(cls, lead: Lead) -> "ContactPoints":
        """Those of a lead; of two phone numbers the mobile one."""
        return cls(
            email=lead.email,
            phone=lead.mobile_phone or lead.phone,
            website=lead.website,
            company=lead.company,
            country=lead.country,
        )


_SURENESS = (Certainty.CERTAIN, Certainty.LIKELY, Certainty.GUESS, Certainty.UNKNOWN)


class Profile(Value):
    """Everything found out, the surest fact of a topic first.

    `is_complete` is false when Enrichment did not answer and somebody else stands in for it.
    """

    facts: tuple[Fact, ...] = ()
    is_complete: bool = True

    def best(self, topic: Topic) -> Fact | None:
        """The surest fact about a topic; of equally sure ones the first."""
        return min(self.about(topic), key=lambda fact: _SURENESS.index(fact.certainty), default=None)

    def about(self, topic: Topic) -> Iterator[Fact]:
        """All facts about a topic."""
        return (fact for fact in self.facts if fact.topic is topic)


class EnrichmentRules(Value):
    """The team's rules of what is asked of whom: the providers' order for each field, and what may be spent."""


class LeadEnriched(Event, key="lead_id"):
    """Found out about a lead that is new or has changed. It carries the lead as well, so that nobody has to ask."""

    lead_id: str
    lead: Lead
    profile: Profile
    resolution: Resolution | None = None


class ProfileNotFound(Problem, status=404, detail="nothing was found out about lead {lead_id} yet"):
    """There is no such profile."""

    lead_id: str


@contract(version="1.0", publishes=(LeadEnriched,))
class Enrichment(Protocol):
    """Says what an e-mail address, a phone number and a website give away about a lead. Asks no network."""

    @post("/profiles", public=True)
    async def profile(self, points: ContactPoints) -> Profile:
        """All facts about contact points. A POST, because an address in a URL would stay behind in logs."""
        ...

    @get("/profiles/{lead_id}", public=True, raises=(ProfileNotFound,))
    async def latest(self, lead_id: str) -> Profile:
        """What was found out about a lead, as it was when it changed last."""
        ...

    @get("/domains/{name}", public=True)
    async def domain(self, name: str) -> Profile:
        """The facts about a domain: its registrable part, who gives its mailboxes, company and country."""
        ...
