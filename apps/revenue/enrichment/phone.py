"""What a phone number says, by libphonenumber's tables.

Its place names and carriers are left out: loading them takes 4.5 s and 190 MB, and 0.4 s and 40 MB; the time zone
tells the region as well as a lead needs it, and numbers are carried from one carrier to the next.
"""

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    number_type,
    parse,
    region_code_for_number,
)
from phonenumbers.timezone import time_zones_for_geographical_number, time_zones_for_number

from .contract import Certainty, Fact, PhoneType, Source, Topic

ZONES_MAX = 5
"""More zones than these say nothing about the place, as for an Australian mobile."""

TYPES: dict[int, PhoneType] = {
    PhoneNumberType.FIXED_LINE: PhoneType.LANDLINE,
    PhoneNumberType.MOBILE: PhoneType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneType.LANDLINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: PhoneType.TOLL_FREE,
    PhoneNumberType.VOIP: PhoneType.INTERNET,
    PhoneNumberType.UNKNOWN: PhoneType.UNKNOWN,
}

FAULTS: dict[int, str] = {
    ValidationResult.TOO_SHORT: "The number is too short: a digit is missing.",
    ValidationResult.TOO_LONG: "The number is too long: it has a digit too many, or two numbers stand in one field.",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "The number is too short: its area code is missing, or digits are.",
    ValidationResult.INVALID_COUNTRY_CODE: "No country has this country code.",
}


def phone_facts(written: str, country: str | None) -> list[Fact]:
    """All facts in a phone number; `country` is where one without a country code belongs.

    >>> {str(fact.topic): fact.value for fact in phone_facts("030 1234567", "DE")}["phone"]
    '+49301234567'
    """
    number = _parsed(written, country)
    if isinstance(number, str):
        return [_fact(Topic.PHONE_FAULT, number)]
    line = number_type(number)
    is_valid = line != PhoneNumberType.UNKNOWN  # so `is_valid_number` judges, which would find the type out once more
    is_national = country is not None and not written.strip().startswith(("+", "00", "tel:+"))
    sureness = Certainty.LIKELY if is_national or not is_valid else Certainty.CERTAIN
    facts = [_fact(Topic.PHONE, format_number(number, PhoneNumberFormat.E164), sureness)]
    if not is_valid:
        reason = FAULTS.get(is_possible_number_with_reason(number), "No such number is given out in its country.")
        return [*facts, _fact(Topic.PHONE_FAULT, reason)]
    kind = TYPES.get(line, PhoneType.OTHER)
    facts.append(_fact(Topic.PHONE_TYPE, kind, sureness))
    if region := region_code_for_number(number):
        facts.append(_fact(Topic.COUNTRY, region, Certainty.LIKELY))
    return facts + _zones(number, kind)


def _parsed(written: str, country: str | None) -> PhoneNumber | str:
    """The number, or what is wrong with it."""
    text = written.strip()
    if text.startswith("00"):
        text = "+" + text[2:]
    if country is None and not text.startswith(("+", "tel:+")):
        return "The number has no country code: write it with a plus, such as +49 30 1234567, or give the country."
    try:
        return parse(text, country)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            return FAULTS[ValidationResult.INVALID_COUNTRY_CODE]
        return "This is no phone number."


def _zones(number: PhoneNumber, kind: PhoneType) -> list[Fact]:
    is_of_a_place = kind in (PhoneType.LANDLINE, PhoneType.LANDLINE_OR_MOBILE)
    find = time_zones_for_geographical_number if is_of_a_place else time_zones_for_number  # quicker, where it is known
    zones = [zone for zone in find(number) if zone != "Etc/Unknown"]
    if len(zones) > ZONES_MAX:
        return []
    if len(zones) > 1:
        sureness = Certainty.GUESS
    else:
        sureness = Certainty.CERTAIN if kind is PhoneType.LANDLINE else Certainty.LIKELY
    return [_fact(Topic.TIME_ZONE, zone, sureness) for zone in zones]


def _fact(topic: Topic, value: str, certainty: Certainty = Certainty.CERTAIN) -> Fact:
    return Fact(topic=topic, value=value, source=Source.PHONE_NUMBER, certainty=certainty)
