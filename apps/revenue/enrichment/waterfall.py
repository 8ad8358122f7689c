"""The way of one lead: who is asked next, when it is enough, what holds of an answer. No database, no clock.

Importing this loads the libraries, as `profile.py` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from revenue.capture.contract import Lead
from revenue.countries import country_code
from revenue.domains import company_from_domain
from revenue.identity.contract import Resolution

from .asking import Answer, Provider, Question, question_of
from .checking import Broken, checked
from .contract import (
    AttemptState,
    Certainty,
    ContactPoints,
    EnrichmentRules,
    Fact,
    FieldRule,
    Mailbox,
    Profile,
    Provenance,
    Refused,
    Segment,
    Skipped,
    Source,
    Topic,
)
from .facts import SURENESS
from .profile import overlaid, profile_of
from .rules import BUILT_IN, EVERYBODY

INPUT_TOPICS = {
    "email": Topic.EMAIL,
    "domain": Topic.DOMAIN,
    "company": Topic.COMPANY,
    "phone": Topic.PHONE,
    "title": Topic.TITLE,
    "city": Topic.CITY,
    "state": Topic.STATE,
    "country": Topic.COUNTRY,
}
"""Which fact fills which word of a question; the others are the lead's own."""
WORD_MAX = 300
"""Nobody is asked about a name that is longer."""
LEAD_WORDS = ("first_name", "last_name", "postal_code", "street", "website")


@dataclass(frozen=True, slots=True)
class Step:
    """Whom to ask next, what, and for which field; answers older than `maximum_age_days` are none."""

    field: Topic
    provider: Provider
    question: Question
    maximum_age_days: int


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, when it was given, for which lead it was bought, and what it cost."""

    answer: Answer
    at: datetime
    cost_micros: int = 0
    currency: str = "EUR"
    lead_id: str | None = None


class Waterfall:
    """What is known of one lead so far, and who is asked next. Owned by whoever asks."""

    def __init__(
        self,
        lead: Lead,
        resolution: Resolution | None,
        rules: EnrichmentRules,
        providers: Mapping[str, Provider],
        pinned: Sequence[Fact] = (),
    ) -> None:
        """`providers` are those that can be asked, by name."""
        self._lead = lead
        self._points = points_of(lead, resolution)
        self._rules = rules
        self._providers = providers
        self._pinned = pinned
        self._found: list[Fact] = []
        self._refused: list[Refused] = []
        self._asked: set[str] = set()
        self._later: set[str] = set()
        self._skipped: dict[tuple[Topic, str], str] = {}
        self._facts = overlaid(profile_of(self._points), pinned)
        self.segment = segment_of(rules.segments, self._facts)

    def next(self) -> Step | None:
        """The next step; None where every field has its value, or nobody is left who could be asked."""
        words: dict[str, str] | None = None
        for rule in self._rules.fields:
            if is_satisfied(rule, self._facts):
                continue
            for name in rule.order(self.segment):
                if name in self._later:  # those behind it may not be needed
                    break
                if name in BUILT_IN or name in self._asked or (rule.field, name) in self._skipped:
                    continue
                provider = self._providers.get(name)
                if provider is None or rule.field not in provider.fields:
                    why = "it is off" if provider is None else f"its answers have no {rule.field}"
                    self._skipped[rule.field, name] = why
                    continue
                words = words or words_of(self._lead, self._facts)
                question = question_of(provider, words)
                if question is not None:
                    age_days = min(provider.terms.maximum_age_days, rule.maximum_age_days or 3_650)
                    return Step(rule.field, provider, question, age_days)
        return None

    def take(self, step: Step, told: Told) -> AttemptState:
        """Take an answer in: what it is when its values are looked at. Values that do not hold are kept as refused."""
        provider = step.provider
        self._asked.add(provider.name)
        state, found, refused = judged(provider, told)
        self._refused += refused
        if found:
            self._found += found
            self._facts = overlaid(profile_of(self._points, self._found), self._pinned)
            self.segment = segment_of(self._rules.segments, self._facts)
        if state in (AttemptState.FAILED, AttemptState.UNKNOWN):
            self._skipped[step.field, provider.name] = told.answer.detail or f"its answer is {state}"
        return state

    def skip(self, step: Step, why: str, *, is_later: bool = False) -> None:
        """Do without a provider now; where it is to be asked afterwards (`is_later`), those behind it wait as well."""
        (self._later if is_later else self._asked).add(step.provider.name)
        self._skipped[step.field, step.provider.name] = why

    @property
    def is_awaited(self) -> bool:
        """Whether somebody is to be asked afterwards."""
        return bool(self._later)

    def profile(self, rules_version: int) -> Profile:
        """What was found out, without what was set by hand, and why it is no more."""
        facts = (profile_of(self._points, self._found) if self._pinned else self._facts).facts
        return Profile(
            facts=facts,
            refused=tuple(self._refused),
            skipped=tuple(self._open()),
            is_awaited=self.is_awaited,
            rules_version=rules_version,
        )

    def _open(self) -> list[Skipped]:
        """For the fields that have no value: who was not asked, or did not help, and why."""
        still_open = {rule.field for rule in self._rules.fields if not is_satisfied(rule, self._facts)}
        skipped = [
            Skipped(field=field, provider=name, why=why)
            for (field, name), why in self._skipped.items()
            if field in still_open
        ]
        return skipped + self._lacking() if still_open else []

    def _lacking(self) -> list[Skipped]:
        """Those who could not be asked, since the lead says too little."""
        words = words_of(self._lead, self._facts)
        found: list[Skipped] = []
        for rule in self._rules.fields:
            if is_satisfied(rule, self._facts):
                continue
            for name in rule.order(self.segment):
                provider = self._providers.get(name)
                if name in self._later:
                    break
                if provider is None or name in self._asked or (rule.field, name) in self._skipped:
                    continue
                lacking = [word for word in provider.needs if not words.get(word)]
                found.append(Skipped(field=rule.field, provider=name, why=f"nothing says its {', '.join(lacking)}"))
        return found


def judged(provider: Provider, told: Told) -> tuple[AttemptState, list[Fact], list[Refused]]:
    """What an answer is worth: facts out of the values that hold, the others as refused, and what it is then."""
    answer = told.answer
    if answer.state is not AttemptState.HIT:
        return answer.state, [], []
    found: list[Fact] = []
    refused: list[Refused] = []
    provenance = Provenance(
        provider=provider.name,
        observed_at=told.at,
        cost_micros=told.cost_micros,
        currency=told.currency,
        lead_id=told.lead_id,
        is_sample=provider.terms.is_sample,
    )
    source = Source.DIRECTORY if provider.terms.is_local else Source.PROVIDER
    for topic, value in answer.values.items():
        held = checked(topic, value, answer.values)
        if isinstance(held, Broken):
            refused.append(Refused(topic=topic, value=value[:200], provider=provider.name, why=held.why))
            continue
        certainty = max(provider.terms.certainty, held.at_most, key=SURENESS.index)
        found.append(Fact(topic=topic, value=held.value, source=source, certainty=certainty, provenance=provenance))
    return AttemptState.HIT if found else AttemptState.REFUSED, found, refused


def free_profile(lead: Lead, resolution: Resolution | None, rules_version: int) -> Profile:
    """What a lead says by itself, where nobody is to be asked."""
    profile = profile_of(points_of(lead, resolution))
    return Profile(facts=profile.facts, rules_version=rules_version) if rules_version else profile


def points_of(lead: Lead, resolution: Resolution | None) -> ContactPoints:
    """What a lead says, and where it says nothing of its company, what is known of its account.

    An account that nobody has named yet is called as its domain: that stays the guess that it is.
    """
    points = ContactPoints.of(lead)
    if resolution is None or (resolution.account_domain is None and resolution.account_name is None):
        return points
    domain, name = resolution.account_domain, resolution.account_name
    if domain is not None and name == company_from_domain(domain):
        name = None
    is_said = domain is not None and (points.email or "").casefold().endswith(("@" + domain, "." + domain))
    if points.website or is_said:
        domain = None
    if domain is None and (points.company or name is None):
        return points
    return ContactPoints(
        email=points.email,
        phone=points.phone,
        website=points.website or domain,
        company=points.company or name,
        country=points.country,
        mobile_phone=points.mobile_phone,
        industry=points.industry,
        number_of_employees=points.number_of_employees,
        city=points.city,
        state=points.state,
        title=points.title,
    )


def words_of(lead: Lead, profile: Profile) -> dict[str, str]:
    """What providers can be told about a lead, in normal form where there is one; no guesses."""
    words: dict[str, str] = {}
    for word, topic in INPUT_TOPICS.items():
        fact = profile.best(topic)
        if fact is not None and fact.certainty is not Certainty.GUESS:
            words[word] = fact.value
    if next(profile.about(Topic.PHONE_FAULT), None):
        words.pop("phone", None)
    words = {word: value for word, value in words.items() if len(value) <= WORD_MAX}
    if "domain" in words or "company" in words:
        words["account"] = f"{words.get('domain', '')}\n{words.get('company', '')}"
    for word in LEAD_WORDS:
        value = getattr(lead, word)
        if value and len(value) <= WORD_MAX:
            words[word] = value
    return words


def segment_of(segments: Sequence[Segment], profile: Profile) -> str:
    """The name of the first segment that a lead fits, by what is known of it."""
    return next((segment.name for segment in segments if _fits(segment, profile)), EVERYBODY)


def _fits(segment: Segment, profile: Profile) -> bool:
    if segment.countries and _value(profile, Topic.COUNTRY) not in map(country_code, segment.countries):
        return False
    if segment.mailboxes and Mailbox(_value(profile, Topic.MAILBOX)) not in segment.mailboxes:
        return False
    industry = _value(profile, Topic.INDUSTRY).casefold()
    if segment.industries and not any(word.casefold() in industry for word in segment.industries):
        return False
    if segment.number_of_employees_min is None and segment.number_of_employees_max is None:
        return True
    said = _value(profile, Topic.NUMBER_OF_EMPLOYEES)
    low, high = segment.number_of_employees_min or 0, segment.number_of_employees_max
    return said.isdigit() and low <= int(said) and (high is None or int(said) <= high)


def _value(profile: Profile, topic: Topic) -> str:
    fact = profile.best(topic)
    return fact.value if fact else ""


def is_satisfied(rule: FieldRule, profile: Profile) -> bool:
    """Whether there is a value of the field that is sure enough, and holds."""
    if rule.field is Topic.PHONE and any(
        fact.source is Source.PHONE_NUMBER for fact in profile.about(Topic.PHONE_FAULT)
    ):
        return any(fact.source in (Source.PROVIDER, Source.PINNED) for fact in profile.about(Topic.PHONE))
    wanted = SURENESS.index(rule.minimum_certainty)
    return any(SURENESS.index(fact.certainty) <= wanted for fact in profile.about(rule.field))
