"""What a domain says: its registrable part, who gives its mailboxes, the company and the country in its name."""

import functools
from collections.abc import Sequence

from revenue.countries import is_country
from revenue.domains import company_from_domain as company_from_domain
from revenue.domains import is_disposable, is_free
from revenue.domains import registrable_domain as registrable_domain

from .contract import Certainty, Fact, Mailbox, Source, Topic

BORROWED_SUFFIXES = frozenset(
    "ac ag ai am as bz cc cd cf co cx dj fm ga gg gl gq gs im io is la li ly me mn ml ms mu nu pw sc sh so st su tk to"
    " tv vc vg vu ws".split()
)
"""Top-level domains of countries that the whole world registers under, so that they say nothing about the place."""


def mailbox_of(domain: str) -> Mailbox:
    """Who gives the mailboxes of a domain.

    >>> [str(mailbox_of(name)) for name in ("gmail.com", "mailinator.com", "example.com")]
    ['free', 'disposable', 'company']
    """
    if is_disposable(domain):
        return Mailbox.DISPOSABLE
    return Mailbox.FREE if is_free(domain) else Mailbox.COMPANY


def country_of_suffix(domain: str) -> str | None:
    """The country whose top-level domain it is; None for one that everybody uses.

    >>> country_of_suffix("example.co.uk"), country_of_suffix("example.io"), country_of_suffix("example.com")
    ('GB', None, None)
    """
    suffix = domain.rpartition(".")[2].upper()
    if suffix == "UK":
        return "GB"
    return suffix if is_country(suffix) and suffix.casefold() not in BORROWED_SUFFIXES else None


def domain_facts(host: str, source: Source) -> list[Fact]:
    """All facts in a host name; nothing when it has no registrable part.

    A provider's domain says nothing about a company, and a website nothing about mailboxes.
    """
    return list(_domain_facts(host, source))


@functools.lru_cache(maxsize=8_192)  # many leads come from few domains
def _domain_facts(host: str, source: Source) -> Sequence[Fact]:
    domain = registrable_domain(host)
    if domain is None:
        return []

    def fact(topic: Topic, value: str, certainty: Certainty) -> Fact:
        return Fact(topic=topic, value=value, source=source, certainty=certainty)

    mailbox = mailbox_of(host.casefold())
    if mailbox is not Mailbox.COMPANY:
        facts = [fact(Topic.MAILBOX, mailbox, Certainty.CERTAIN)] if source is Source.MAIL_DOMAIN else []
        return [fact(Topic.PROVIDER, domain, Certainty.CERTAIN), *facts]
    facts = [fact(Topic.DOMAIN, domain, Certainty.CERTAIN)]
    if source is Source.MAIL_DOMAIN:
        facts.append(fact(Topic.MAILBOX, mailbox, Certainty.LIKELY))
    facts.append(fact(Topic.COMPANY, company_from_domain(domain), Certainty.GUESS))
    if country := country_of_suffix(domain):
        facts.append(fact(Topic.COUNTRY, country, Certainty.LIKELY))
    return facts
