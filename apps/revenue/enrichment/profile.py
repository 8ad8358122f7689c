"""All facts about a lead together: what was given, what its address, number and website say, what follows from those.

Importing this loads the libraries and their tables, 0.4 s; the service does so at its start and not before.
"""

from urllib.parse import urlsplit

from .contract import Certainty, ContactPoints, Fact, Profile, Source, Topic
from .countries import country_code, zone_of
from .domain import domain_facts
from .email import email_facts
from .phone import phone_facts

_SURENESS = (Certainty.CERTAIN, Certainty.LIKELY, Certainty.GUESS)


def profile_of(points: ContactPoints) -> Profile:
    """Everything that the contact points say, the surest fact of a topic first, none twice."""
    facts = _given(points)
    if points.email:
        facts += email_facts(points.email)
    if points.website:
        facts += domain_facts(host_of(points.website), Source.WEBSITE)
    if points.phone:
        facts += phone_facts(points.phone, _country(facts))
    facts += _following(facts)
    distinct: dict[tuple[Topic, str], Fact] = {}
    for fact in sorted(facts, key=lambda fact: _SURENESS.index(fact.certainty)):
        distinct.setdefault((fact.topic, fact.value), fact)
    return Profile(facts=tuple(distinct.values()))


def domain_profile(name: str) -> Profile:
    """Everything that a domain says by itself."""
    facts = domain_facts(host_of(name), Source.MAIL_DOMAIN)
    return Profile(facts=tuple(facts + _following(facts)))


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


def _given(points: ContactPoints) -> list[Fact]:
    facts: list[Fact] = []
    if points.company:
        facts.append(_fact(Topic.COMPANY, points.company, Source.GIVEN, Certainty.CERTAIN))
    if points.country and (code := country_code(points.country)):
        facts.append(_fact(Topic.COUNTRY, code, Source.GIVEN, Certainty.CERTAIN))
    return facts


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
