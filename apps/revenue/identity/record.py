"""What a lead says that tells who somebody is, in the form in which two are compared. Pure.

No field is of any one data set: names, where somebody lives, numbers, dates and what others call them by.
"""

import re
from typing import Final

import msgspec

from revenue.capture.contract import LeadDetails
from revenue.domains import company_domain, website_domain

from .addresses import Address, address_of
from .companies import core_of
from .words import digits_of, folded

BIRTHS: Final = ("date of birth", "dob", "birth date", "birthdate", "birthday", "born", "geburtsdatum", "geburtstag")
"""Attributes that say when somebody was born, by their folded names."""

IDENTIFIERS: Final = frozenset({
    "soc sec id", "ssn", "social security number", "national id", "tax id", "passport", "passport number",
    "customer id", "customer number", "member id", "employee id", "kundennummer", "steuer id", "linkedin",
    "linkedin url",
})  # fmt: skip
"""Attributes that one person alone has: an equal one says much, and one with a slip of the pen still something."""

EXTRAS: Final = ("address 2", "address line 2", "street 2", "street line 2", "unit", "apartment")
"""Attributes that say more about an address."""

PHONE_DIGITS = 9
"""Of a number the last ones are compared: what stands before is written in many ways, or left out."""
PHONE_DIGITS_MIN = 7

WORD_MAX = 80
"""Of a word no more is compared: nobody's name is longer, and time grows with its square."""

_EXTENSION = re.compile(r"(?:x|ext\.?|durchwahl|#)\s*\d{1,6}\s*$", re.IGNORECASE)


class Record(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What is compared, folded; what was not said is empty."""

    first: str = ""
    last: str = ""
    email: Address | None = None
    phones: tuple[str, ...] = ()
    company: str = ""
    domain: str = ""
    country: str = ""
    city: str = ""
    postal: str = ""
    state: str = ""
    street: str = ""
    house: str = ""
    extra: str = ""
    born: str = ""
    numbers: tuple[tuple[str, str], ...] = ()

    @property
    def names_somebody(self) -> bool:
        """Whether there is a name to go by."""
        return bool(self.first or self.last)


def record_of(details: LeadDetails) -> Record:
    """The record of what is said about a lead. `domain` is that of its mail, or its website, if it is a company's."""
    email = address_of(details.email) if details.email else None
    domain = company_domain(email.domain) if email else None
    if domain is None and details.website:
        domain = website_domain(details.website)
    house, street = _street(details.street)
    attributes = {folded(name): text for name, text in details.attributes.items()} if details.attributes else {}
    return Record(
        first=_word(details.first_name),
        last=_word(details.last_name),
        email=email,
        phones=_phones(details.mobile_phone, details.phone),
        company=core_of(details.company) if details.company else "",
        domain=domain or "",
        country=_word(details.country),
        city=_word(details.city),
        postal=_word(details.postal_code).replace(" ", ""),
        state=_word(details.state),
        street=street,
        house=house,
        extra=next((_word(attributes[name]) for name in EXTRAS if name in attributes), "") if attributes else "",
        born=next((_day(attributes[name]) for name in BIRTHS if name in attributes), "") if attributes else "",
        numbers=_numbers(attributes) if attributes else (),
    )


def _word(text: str | None) -> str:
    return folded(text)[:WORD_MAX] if text else ""


def _street(text: str | None) -> tuple[str, str]:
    """The number of a house and the name of its street, whichever stands first.

    >>> _street("44, Forbes Street"), _street("Hauptstr. 5a")
    (('44', 'forbes street'), ('5a', 'hauptstr'))
    """
    words = _word(text).split()
    house = next((word for word in words if word[0].isdigit()), "")
    if house:
        words.remove(house)
    return house, " ".join(words)


def _phones(*numbers: str | None) -> tuple[str, ...]:
    """The last digits of each, none twice.

    >>> _phones("+49 (0)30 231250-44", "030/23125044", "0800")
    ('023125044',)
    """
    found: dict[str, None] = {}
    for number in numbers:
        if number:
            digits = digits_of(_EXTENSION.sub("", number))
            if len(digits) >= PHONE_DIGITS_MIN:
                found[digits[-PHONE_DIGITS:]] = None
    return tuple(found)


def _day(text: str) -> str:
    """A day as eight digits, year first where that can be told; else its digits as they stand.

    >>> _day("1956-04-09"), _day("19560409"), _day("09.04.1956"), _day("April")
    ('19560409', '19560409', '19560409', '')
    """
    digits = digits_of(text)
    parts = re.findall(r"\d+", text)
    if len(parts) == 3 and len(parts[2]) == 4 and len(parts[0]) <= 2:
        digits = parts[2] + parts[1].zfill(2) + parts[0].zfill(2)
    elif len(parts) >= 3 and len(parts[0]) == 4:
        digits = parts[0] + parts[1].zfill(2) + parts[2].zfill(2)
    return digits[:8]


def _numbers(attributes: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value[:WORD_MAX])
        for name in sorted(IDENTIFIERS & attributes.keys())
        if (value := folded(attributes[name]).replace(" ", ""))
    )
