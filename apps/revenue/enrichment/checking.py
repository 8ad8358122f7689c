"""Whether a value that a provider gave holds: an address is valid, a mobile number is no landline.

Importing this loads the libraries, as `profile.py` does.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from revenue.countries import country_code

from .contract import Certainty, Fact, Mailbox, PhoneType, Topic
from .domain import mailbox_of, registrable_domain
from .email import email_facts
from .phone import phone_facts

TEXT_MAX = 200
EMPLOYEES_MAX = 10_000_000
EMPLOYEES = re.compile(
    r"(?P<whole>\d{1,3}(?:[,.' ]\d{3})+|\d+)(?:\.0)?(?P<unit>[km])?"
    r"(?P<more>\s*(?:-|\u2013|to|\+)\s*(?(unit)[\d,.' km]*|[\d,.' ]*))?(?:\s*(?:employees|people))?",
    re.IGNORECASE,
)
THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
NOTHING_SAID = frozenset({"", "-", "?", "n/a", "na", "nil", "none", "null", "undefined", "unknown", "not available"})
LINES = {
    "mobile": PhoneType.MOBILE,
    "cell": PhoneType.MOBILE,
    "landline": PhoneType.LANDLINE,
    "fixedline": PhoneType.LANDLINE,
    "landlineormobile": PhoneType.LANDLINE_OR_MOBILE,
    "fixedvoip": PhoneType.INTERNET,
    "nonfixedvoip": PhoneType.INTERNET,
    "voip": PhoneType.INTERNET,
    "internet": PhoneType.INTERNET,
    "tollfree": PhoneType.TOLL_FREE,
}
"""What vendors call the kinds of lines, without case, blanks and marks."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value in its normal form, and how sure it can be at most."""

    value: str
    at_most: Certainty = Certainty.CERTAIN


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a value does not hold."""

    why: str


def checked(topic: Topic, value: str, beside: Mapping[Topic, str]) -> Held | Broken:
    """A value in normal form, or why it does not hold; `beside` is what the same answer says of other topics.

    >>> checked(Topic.NUMBER_OF_EMPLOYEES, "1,200", {})
    Held(value='1200', at_most=<Certainty.CERTAIN: 'certain'>)
    >>> checked(Topic.MOBILE, "+49 30 23125001", {})
    Broken(why='this is a landline')
    """
    text = " ".join(value.split())
    if text.casefold() in NOTHING_SAID:
        return Broken("nothing is said")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        return Broken("it holds characters that nobody can read")
    if len(text) > TEXT_MAX:
        return Broken(f"it has more than {TEXT_MAX} characters")
    match topic:
        case Topic.EMAIL:
            return _email(text)
        case Topic.PHONE | Topic.MOBILE:
            return _phone(topic, text, beside)
        case Topic.PHONE_TYPE:
            kind = _line(text)
            return Broken("no such kind of line is known") if kind is None else Held(kind)
        case Topic.DOMAIN:
            return _domain(text)
        case Topic.COUNTRY:
            code = country_code(text)
            return Broken("there is no such country") if code is None else Held(code)
        case Topic.NUMBER_OF_EMPLOYEES:
            return _employees(text)
        case _:
            return Held(text)


def _email(text: str) -> Held | Broken:
    facts = email_facts(text)
    found = next((fact.value for fact in facts if fact.topic is Topic.EMAIL), None)
    return Broken(facts[0].value) if found is None else Held(found)


def _phone(topic: Topic, text: str, beside: Mapping[Topic, str]) -> Held | Broken:
    country = country_code(beside.get(Topic.COUNTRY, ""))
    facts = phone_facts(text, country)
    by_topic = {fact.topic: fact for fact in facts}
    if fault := by_topic.get(Topic.PHONE_FAULT):
        return Broken(fault.value)
    number = by_topic[Topic.PHONE].value
    return Held(number) if topic is Topic.PHONE else _mobile(number, by_topic, beside)


def _mobile(number: str, facts: Mapping[Topic, Fact], beside: Mapping[Topic, str]) -> Held | Broken:
    """A mobile number: by its digits, or where those do not tell, by what the provider says of the line."""
    kind = PhoneType(facts[Topic.PHONE_TYPE].value)
    said = _line(beside.get(Topic.PHONE_TYPE, ""))
    if said not in (None, PhoneType.MOBILE, PhoneType.LANDLINE_OR_MOBILE):
        return Broken(f"this is a line of the kind {said}, as the provider says")
    if kind is PhoneType.MOBILE:
        return Held(number)
    if kind is PhoneType.LANDLINE_OR_MOBILE:
        return Held(number, Certainty.CERTAIN if said is PhoneType.MOBILE else Certainty.GUESS)
    return Broken("this is a landline" if kind is PhoneType.LANDLINE else f"this is a line of the kind {kind}")


def _line(text: str) -> PhoneType | None:
    return LINES.get(re.sub(r"[^a-z]", "", text.casefold()))


def _domain(text: str) -> Held | Broken:
    name = registrable_domain(text.partition("://")[2].partition("/")[0] or text)
    if name is None:
        return Broken("this is no domain that anybody can register")
    if mailbox_of(name) is not Mailbox.COMPANY:
        return Broken("its mailboxes are for everybody, so it is no company's own")
    return Held(name)


def _employees(text: str) -> Held | Broken:
    """A whole number; of a range its lower end, which is what is sure. `10K+` is ten thousand, and mostly rounded."""
    found = EMPLOYEES.fullmatch(text)
    if found is None:
        return Broken("this is no number of people")
    count = int(re.sub(r"\D", "", found["whole"])) * THOUSANDS[(found["unit"] or "").casefold()]
    if not 0 < count <= EMPLOYEES_MAX:
        return Broken("no company has so many people" if count else "no company has nobody")
    return Held(str(count), Certainty.LIKELY if found["more"] or found["unit"] else Certainty.CERTAIN)
