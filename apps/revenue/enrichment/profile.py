"""All facts about a lead together: what was given, what its address, number and website say, what follows from those.

Importing this loads the libraries and their tables, 0.4 s; the service does so at its start and not before.
"""

from collections.abc import Iterable, Sequence

import msgspec

from revenue.countries import country_code, zone_of
from revenue.domains import host_of

from .contract import Certainty, ContactPoints, Fact, PhoneType, Profile, Source, Topic
from .domain import domain_facts
from .email import email_facts
from .phone import phone_facts

_SURENESS = {Certainty.CERTAIN: 0, Certainty.LIKELY: 1, Certainty.GUESS: 2, Certainty.UNKNOWN: 3}


def profile_of(points: ContactPoints, found: Sequence[Fact] = ()) -> Profile:
    """Everything that the contact points say, with what was `found` by asking others.

    The surest fact of a topic comes first, and none is told twice.
    """
    facts = _given(points)
    if points.email:
        facts += email_facts(points.email)
    if points.website:
        facts += domain_facts(host_of(points.website), Source.WEBSITE)
    if points.phone:
        facts += phone_facts(points.phone, _country(facts))
    facts += _mobile(points, facts)
    facts += found
    facts += _following(facts)
    return Profile(facts=distinct(facts))


def overlaid(profile: Profile, pinned: Sequence[Fact]) -> Profile:
    """A profile with what people have set by hand: that stands alone for its topic, and other facts follow from it."""
    if not pinned:
        return profile
    topics = {fact.topic for fact in pinned}
    facts = [*pinned, *(fact for fact in profile.facts if fact.topic not in topics)]
    if Topic.COUNTRY in topics and Topic.TIME_ZONE not in topics:
        facts = [fact for fact in facts if fact.source is not Source.COUNTRY]
        facts += _following(facts)
    return msgspec.structs.replace(profile, facts=distinct(facts))


def distinct(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts, the surest first, none twice; of two that are equally sure the one that was there first."""
    by_value: dict[tuple[Topic, str], Fact] = {}
    for fact in sorted(facts, key=_sureness):
        by_value.setdefault((fact.topic, fact.value), fact)
    return tuple(by_value.values())


def domain_profile(name: str) -> Profile:
    """Everything that a domain says by itself."""
    facts = domain_facts(host_of(name), Source.MAIL_DOMAIN)
    return Profile(facts=tuple(facts + _following(facts)))


def _sureness(fact: Fact) -> int:
    return _SURENESS[fact.certainty]


def _given(points: ContactPoints) -> list[Fact]:
    facts: list[Fact] = []
    if points.company:
        facts.append(_fact(Topic.COMPANY, points.company, Source.GIVEN, Certainty.CERTAIN))
    if points.country and (code := country_code(points.country)):
        facts.append(_fact(Topic.COUNTRY, code, Source.GIVEN, Certainty.CERTAIN))
    if points.industry:
        facts.append(_fact(Topic.INDUSTRY, points.industry, Source.GIVEN, Certainty.CERTAIN))
    if points.number_of_employees:
        count = str(points.number_of_employees)
        facts.append(_fact(Topic.NUMBER_OF_EMPLOYEES, count, Source.GIVEN, Certainty.CERTAIN))
    if points.city:
        facts.append(_fact(Topic.CITY, points.city, Source.GIVEN, Certainty.CERTAIN))
    if points.state:
        facts.append(_fact(Topic.STATE, points.state, Source.GIVEN, Certainty.CERTAIN))
    if points.title:
        facts.append(_fact(Topic.TITLE, points.title, Source.GIVEN, Certainty.CERTAIN))
    return facts


def _mobile(points: ContactPoints, facts: Sequence[Fact]) -> list[Fact]:
    """The number as a mobile one: by its digits, or where those do not tell, because somebody gave it as one."""
    if not points.phone:
        return []
    by_topic = {fact.topic: fact for fact in facts if fact.source is Source.PHONE_NUMBER}
    kind, number = by_topic.get(Topic.PHONE_TYPE), by_topic.get(Topic.PHONE)
    if kind is None or number is None:
        return []
    if kind.value == PhoneType.MOBILE:
        return [_fact(Topic.MOBILE, number.value, Source.PHONE_NUMBER, number.certainty)]
    if kind.value == PhoneType.LANDLINE_OR_MOBILE and points.phone == points.mobile_phone:
        return [_fact(Topic.MOBILE, number.value, Source.GIVEN, Certainty.LIKELY)]
    return []


def _following(facts: list[Fact]) -> list[Fact]:
    """The time zone of the country, where the country leaves no choice."""
    country = _country(facts)
    zone = zone_of(country) if country else None
    return [_fact(Topic.TIME_ZONE, zone, Source.COUNTRY, Certainty.LIKELY)] if zone else []


def _country(facts: list[Fact]) -> str | None:
    best = Profile(facts=tuple(facts)).best(Topic.COUNTRY)
    return best.value if best else None


def _fact(topic: Topic, value: str, source: Source, certainty: Certainty) -> Fact:
    return Fact(topic=topic, value=value, source=source, certainty=certainty)
