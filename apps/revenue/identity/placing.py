"""Which account a lead belongs to: by its company's domain, by a record, by the company's name. Pure.

Nothing here is ever decided by a domain that gives mailboxes to everybody.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import OSA

from revenue.capture.contract import LeadDetails
from revenue.domains import company_domain, website_domain

from .blocking import key_of
from .comparing import level_of
from .contract import Band
from .findings import Level
from .known import KnownAccount
from .record import Record
from .words import digits_of

AUTO: Final = 10.0
"""From so many bits on, a lead is given to an account by itself: an equal name, where nothing speaks against it."""
REVIEW: Final = 6.0
"""From so many on, a person is asked whether two accounts are one."""
RIVALS_BITS: Final = 2.0
"""Two accounts are equally likely where their evidence differs by less."""

NAME: Final = (10.0, 6.0, 0.0, -4.0)
"""For a name that is the same, alike, akin or different."""
LONG: Final = 10
"""From so many letters on, a name with one letter wrong is as good as right."""
LABEL: Final = (6.0, 2.0, -4.0, -4.0)
"""For domains that differ: by what stands before the public suffix, as in acme.de and acme.com."""
NAME_IN_DOMAIN: Final = 7.0
"""For an account whose domain is the name that the lead gives."""
WEBSITE: Final = 8.0
"""For the website that a lead names, where its mail comes from elsewhere."""
COUNTRY: Final = -3.0
"""For countries that differ."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a lead, or a list of accounts, says of a company. `mail` and `website` are registrable domains."""

    name: str = ""
    core: str = ""
    mail: str = ""
    website: str = ""
    country: str = ""

    @property
    def domain(self) -> str:
        """The company's domain, that of its mail before that of its website."""
        return self.mail or self.website

    @property
    def domains(self) -> list[str]:
        """Those that are surely this company's: of two only if they are called the same but for the suffix."""
        both = [self.mail, self.website]
        if all(both) and label_of(self.mail) != label_of(self.website):
            return [self.mail]
        return list(dict.fromkeys(filter(None, both)))


@dataclass(frozen=True, slots=True)
class Likely:
    """An account that a lead may belong to."""

    account: KnownAccount
    bits: float
    band: Band
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """The account that is here and a lead is given to, or that a new one is made; and which others it may be."""

    account: KnownAccount | None = None
    is_new: bool = False
    why: tuple[str, ...] = ()
    band: Band = Band.DISTINCT
    likely: tuple[Likely, ...] = ()


def said_of(details: LeadDetails, record: Record) -> Said:
    """What a lead says of its company."""
    return Said(
        name=" ".join((details.company or "").split()) if record.company else "",
        core=record.company,
        mail=(company_domain(record.email.domain) if record.email else None) or "",
        website=(website_domain(details.website) if details.website else None) or "",
        country=record.country,
    )


@dataclass(frozen=True, slots=True)
class Owners:
    """The accounts that have the domain of the mail, that of the website, and the name where there is no domain."""

    of_mail: KnownAccount | None = None
    of_website: KnownAccount | None = None
    of_name: KnownAccount | None = None


def placed(said: Said, owners: Owners, others: Sequence[KnownAccount]) -> Placement:
    """The account for what is said: that of the mail's domain, of the website's, the likeliest one, or a new one."""
    of_mail, of_website = owners.of_mail, owners.of_website
    if of_mail is not None:
        return Placement(of_mail, why=(f"Its mail comes from {said.mail}, which is {of_mail.name}'s.",), band=Band.AUTO)
    if of_website is not None and said.website in said.domains:
        return Placement(
            of_website, why=(f"Its website is {said.website}, which is {of_website.name}'s.",), band=Band.AUTO
        )
    likely = sorted(
        (each for each in (_weighed(said, other, of_website) for other in others) if each.band is not Band.DISTINCT),
        key=lambda each: (-each.bits, each.account.root_number),
    )
    if likely and likely[0].band is Band.AUTO:
        first = likely[0]
        rivals = [
            each
            for each in likely[1:]
            if each.bits > first.bits - RIVALS_BITS and each.account.root_id != first.account.root_id
        ]
        if not rivals:
            return Placement(first.account, why=first.why, band=Band.AUTO, likely=tuple(likely))
        if not said.domain:
            names = " and ".join(sorted({each.account.domain or each.account.name for each in (first, *rivals)}))
            why = f"Several accounts may be its company ({names}), and nothing says which: it is given to none."
            return Placement(why=(why,), band=Band.REVIEW, likely=tuple(likely))
    if not said.domain and not said.core:
        return Placement(why=("It names no company, and its mailbox is none of a company's.",))
    if owners.of_name is not None:
        return Placement(
            owners.of_name, why=(f"Account {owners.of_name.name} is called as its company.",), band=Band.AUTO
        )
    why = f"No account has the domain {said.domain}: " if said.domain else f"No account is called {said.name}: "
    band = Band.REVIEW if likely else Band.DISTINCT
    return Placement(is_new=True, why=(why + "it is a new one.",), band=band, likely=tuple(likely))


def account_blocks(core: str, *domains: str) -> list[int]:
    """Under which keys an account is found by names and domains that are like its own."""
    return list(dict.fromkeys(key_of(said) for said in _blocked(core, domains)))


def _blocked(core: str, domains: Iterable[str]) -> Iterator[tuple[str, ...]]:
    words = [core.replace(" ", ""), *(label_of(domain) for domain in domains)]
    for word in filter(None, words):
        yield ("is", word)
        yield ("begins", word[:6])
        yield ("ends", word[-6:])
        yield ("around", word[:3], word[-3:])


def label_of(domain: str) -> str:
    """What stands before the public suffix, without marks; `domain` is registrable.

    >>> label_of("blue-harbour.co.uk")
    'blueharbour'
    """
    return domain.partition(".")[0].replace("-", "")


def _weighed(said: Said, account: KnownAccount, of_website: KnownAccount | None) -> Likely:
    """How likely it is that this account is meant, by its name, its domain and its country."""
    bits, why = 0.0, list[str]()
    if said.core and account.core:
        level = _names(said.core, account.core)
        bits += AUTO if level is Level.ALIKE and _is_a_slip(said.core, account.core) else NAME[level]
        if level <= Level.ALIKE:
            how = "is called" if level is Level.SAME else "is called nearly"
            why.append(f"Account {account.name} {how} as its company.")
    if of_website is not None and of_website.root_id == account.root_id:
        bits += WEBSITE
        why.append(f"Its website is {said.website}, which is {account.name}'s.")
    elif said.domain and account.domain:
        level = _level(label_of(said.domain), label_of(account.domain))
        bits += LABEL[level]
        why.append(
            f"The domains {said.domain} and {account.domain} are called the same."
            if level is Level.SAME
            else f"The domains {said.domain} and {account.domain} differ."
        )
    elif account.domain and said.core.replace(" ", "") == label_of(account.domain) and not why:
        bits = NAME_IN_DOMAIN
        why.append(f"Its company is called as the domain {account.domain}.")
    if len(said.country) == len(account.country) == 2 and said.country != account.country.casefold():
        bits += COUNTRY
        why.append("Their countries differ.")
    band = Band.AUTO if bits >= AUTO else Band.REVIEW if bits >= REVIEW else Band.DISTINCT
    return Likely(account, bits, band, tuple(why))


def _names(one: str, other: str) -> Level:
    return Level.SAME if one.replace(" ", "") == other.replace(" ", "") else _level(one, other)


def _level(one: str, other: str) -> Level:
    """How alike two names are; a digit is never a slip: Studio 54 is not Studio 55."""
    return level_of(one, other) if digits_of(one) == digits_of(other) else Level.DIFFERENT


def _is_a_slip(one: str, other: str) -> bool:
    """Whether two long names differ in one letter."""
    return min(len(one), len(other)) >= LONG and OSA.distance(one, other, score_cutoff=1) <= 1
