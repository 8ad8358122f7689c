"""The way of one lead: whom it asks, when it is enough, what holds."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.asking import Answer, Question, Terms, cost_of, question_of
from revenue.enrichment.contract import (
    AttemptState,
    Certainty,
    Charge,
    EnrichmentRules,
    Fact,
    FieldRule,
    Mailbox,
    ProviderRule,
    Segment,
    Source,
    Topic,
)
from revenue.enrichment.tests.vendor import AT_ACME, NOON, a_lead
from revenue.enrichment.waterfall import Told, Waterfall, segment_of, words_of
from revenue.identity.contract import Resolution


@dataclass
class Knows:
    """A provider that nobody asks: the test answers for it."""

    name: str
    fields: frozenset[Topic] = frozenset({Topic.INDUSTRY, Topic.CITY, Topic.MOBILE, Topic.NUMBER_OF_EMPLOYEES})
    needs: tuple[str, ...] = ("domain",)
    terms: Terms = field(default_factory=Terms)
    fingerprint: str = ""

    async def ask(self, question: Question, key: str, timeout_s: float) -> Answer:
        """Nobody does."""
        raise NotImplementedError


def told(**values: str) -> Told:
    """An answer with these values, or a miss."""
    state = AttemptState.HIT if values else AttemptState.MISS
    return Told(Answer(state, {Topic(topic): value for topic, value in values.items()}), NOON)


def waterfall(*rules: FieldRule, providers: tuple[Knows, ...], **lead: Any) -> Waterfall:  # Any: a lead's fields
    """The way of a lead at Acme by these rules."""
    names = {name for rule in rules for name in rule.providers} - {"mail_domain", "phone_number"}
    definitions = tuple(
        ProviderRule(name=name, url="https://a.example/{domain}", fields={"city": "city"}) for name in sorted(names)
    )
    known = {provider.name: provider for provider in providers}
    return Waterfall(a_lead(**lead), AT_ACME, EnrichmentRules(fields=rules, providers=definitions), known)


def test_one_is_asked_after_the_other_until_there_is_a_value() -> None:
    """One answer may fill several fields; whoever was asked is not asked again."""
    city = FieldRule(field=Topic.CITY, providers=("one", "two"))
    industry = FieldRule(field=Topic.INDUSTRY, providers=("two", "one"))
    way = waterfall(city, industry, providers=(Knows("one"), Knows("two")))
    asked: list[tuple[str, str]] = []

    while (step := way.next()) is not None:
        asked.append((step.field, step.provider.name))
        way.take(step, told(city="Ulm") if step.provider.name == "one" else told())

    assert asked == [("city", "one"), ("industry", "two")]
    profile = way.profile(7)
    assert [fact.value for fact in profile.about(Topic.CITY)] == ["Ulm"]
    assert (profile.rules_version, profile.is_awaited, profile.skipped) == (7, False, ())


def test_nobody_is_asked_for_what_is_known() -> None:
    """Because the lead says it, or its address does."""
    rules = (FieldRule(field=Topic.CITY, providers=("one",)), FieldRule(field=Topic.COUNTRY, providers=("one",)))
    way = waterfall(*rules, providers=(Knows("one", frozenset({Topic.CITY, Topic.COUNTRY})),), city="Ulm")

    assert way.next() is None


def test_a_guess_is_not_enough_unless_the_rules_say_so() -> None:
    """The company's name in its domain is a guess."""
    one = Knows("one", frozenset({Topic.COMPANY}))
    sure = FieldRule(field=Topic.COMPANY, providers=("mail_domain", "one"))
    any_will_do = FieldRule(field=Topic.COMPANY, providers=("one",), minimum_certainty=Certainty.GUESS)
    lead = a_lead(email="ada@blue-harbour.de")
    rules = [EnrichmentRules(fields=(each,), providers=_definitions("one")) for each in (sure, any_will_do)]

    ways = [Waterfall(lead, None, each, {"one": one}) for each in rules]

    assert [way.next() is None for way in ways] == [False, True]


def _definitions(*names: str) -> tuple[ProviderRule, ...]:
    return tuple(ProviderRule(name=name, url="https://a.example/{domain}", fields={"city": "x"}) for name in names)


def test_who_is_to_be_asked_afterwards_holds_back_those_behind() -> None:
    """They may not be needed; those for other fields are asked."""
    rules = (
        FieldRule(field=Topic.CITY, providers=("slow", "dear")),
        FieldRule(field=Topic.INDUSTRY, providers=("quick",)),
    )
    way = waterfall(*rules, providers=(Knows("slow"), Knows("dear"), Knows("quick")))
    step = way.next()
    assert step is not None
    way.skip(step, "it is slow", is_later=True)

    then = way.next()

    assert then is not None
    assert then.provider.name == "quick"
    way.take(then, told(industry="Toys"))
    assert way.next() is None
    profile = way.profile(1)
    assert (profile.is_awaited, [(each.provider, each.why) for each in profile.skipped]) == (
        True,
        [("slow", "it is slow")],
    )


def test_why_nobody_was_asked_is_said() -> None:
    """It is off, has no such field, or the lead says too little."""
    rule = FieldRule(field=Topic.CITY, providers=("off", "other", "by_phone"))
    way = waterfall(rule, providers=(Knows("other", frozenset({Topic.TITLE})), Knows("by_phone", needs=("phone",))))

    assert way.next() is None

    assert [(each.provider, each.why) for each in way.profile(1).skipped] == [
        ("off", "it is off"),
        ("other", "its answers have no city"),
        ("by_phone", "nothing says its phone"),
    ]


def test_what_one_says_another_can_be_asked_with() -> None:
    """A number that was found is looked up."""
    rules = (
        FieldRule(field=Topic.CITY, providers=("by_phone", "finder")),
        FieldRule(field=Topic.PHONE, providers=("finder",)),
    )
    finder = Knows("finder", frozenset({Topic.PHONE, Topic.CITY}))
    way = waterfall(*rules, providers=(finder, Knows("by_phone", needs=("phone",))))
    first = way.next()
    assert first is not None
    way.take(first, told(phone="+49 30 23125001"))

    second = way.next()

    assert (first.provider.name, second.provider.name if second else None) == ("finder", "by_phone")
    assert second is not None
    assert second.question.words == {"phone": "+493023125001"}


def test_questions_are_equal_however_they_are_written() -> None:
    """Without case and blanks; and never for another provider, or another definition of it."""
    one, two, changed = Knows("one"), Knows("two"), Knows("one", fingerprint="2")

    digests = [
        question.digest if (question := question_of(each, {"domain": domain})) else None
        for each, domain in ((one, "acme.de"), (one, " ACME.de "), (two, "acme.de"), (changed, "acme.de"), (one, ""))
    ]

    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
    assert digests[4] is None


def test_a_segment_fits_by_what_is_known() -> None:
    """The first that does; what is not known does not fit."""
    segments = (
        Segment(name="big_german", countries=("DE",), number_of_employees_min=1_000),
        Segment(name="german", countries=("DE",), mailboxes=(Mailbox.COMPANY,)),
        Segment(name="makers", industries=("machine",)),
        Segment(name="small", number_of_employees_max=10),
    )

    def found(**lead: Any) -> str:  # Any: a lead's fields
        return segment_of(segments, Waterfall(a_lead(**lead), None, EnrichmentRules(), {}).profile(0))

    assert found() == "german"
    assert found(number_of_employees=1_000) == "big_german"
    assert found(email="a@gmail.com", country="Germany") == "everybody"
    assert found(email="a@acme.fr", industry="Heavy Machinery") == "makers"
    assert found(email="a@acme.fr", number_of_employees=7) == "small"


@pytest.mark.parametrize("named", ["GB", "UK"])
def test_a_segment_names_a_country_by_any_code_that_people_write(named: str) -> None:
    """`UK` is a country's by everybody's word but that of ISO 3166."""
    profile = Waterfall(a_lead(country="United Kingdom"), None, EnrichmentRules(), {}).profile(0)

    assert segment_of((Segment(name="british", countries=(named,)),), profile) == "british"


def test_a_segment_is_looked_at_again_when_more_is_known() -> None:
    """The number of people, say, which the directory has."""
    rules = EnrichmentRules(
        segments=(Segment(name="big", number_of_employees_min=1_000),),
        providers=_definitions("size", "cheap", "dear"),
        fields=(
            FieldRule(field=Topic.NUMBER_OF_EMPLOYEES, providers=("size",)),
            FieldRule(field=Topic.CITY, providers=("cheap",), by_segment={"big": ("dear",)}),
        ),
    )
    way = Waterfall(a_lead(), None, rules, {name: Knows(name) for name in ("size", "cheap", "dear")})
    first = way.next()
    assert first is not None
    way.take(first, told(number_of_employees="5,000+"))

    second = way.next()

    assert second is not None
    assert (way.segment, second.provider.name) == ("big", "dear")


def test_guesses_are_not_told_to_others() -> None:
    """A name made of a domain would be charged as if it were one."""
    profile = Waterfall(a_lead(email="ada@blue-harbour.de"), None, EnrichmentRules(), {}).profile(0)

    words = words_of(a_lead(), profile)

    assert words["domain"] == "blue-harbour.de"
    assert "company" not in words


def test_an_account_that_nobody_has_named_says_no_company() -> None:
    """It is called as its domain, which is a guess: whoever knows the company is still asked, and not told of it."""
    unnamed = Resolution(contact_id="c", account_id="a", account_name="Blue Harbour", account_domain="blue-harbour.de")
    lead = a_lead(email="ada@blue-harbour.de")

    profile = Waterfall(lead, unnamed, EnrichmentRules(), {}).profile(0)

    assert [(fact.value, fact.certainty) for fact in profile.about(Topic.COMPANY)] == [
        ("Blue Harbour", Certainty.GUESS)
    ]
    assert "company" not in words_of(lead, profile)


def test_what_a_person_has_set_is_what_others_are_told() -> None:
    """And it is in no profile before it is laid over it."""
    pinned = [Fact(topic=Topic.DOMAIN, value="other.de", source=Source.PINNED, certainty=Certainty.CERTAIN)]
    rules = EnrichmentRules(fields=(FieldRule(field=Topic.CITY, providers=("one",)),), providers=_definitions("one"))
    way = Waterfall(a_lead(), None, rules, {"one": Knows("one")}, pinned)

    step = way.next()

    assert step is not None
    assert step.question.words == {"domain": "other.de"}
    assert [fact.value for fact in way.profile(0).about(Topic.DOMAIN)] == ["acme.de"]


def test_an_account_that_is_said_already_changes_nothing() -> None:
    """The address is at the account's domain, and the lead names its company."""
    said = Waterfall(a_lead(company="Acme SE"), AT_ACME, EnrichmentRules(), {}).profile(0)

    assert said == Waterfall(a_lead(company="Acme SE"), Resolution(contact_id="c"), EnrichmentRules(), {}).profile(0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Topic.CITY, Topic.INDUSTRY, Topic.MOBILE]),
            st.lists(st.sampled_from(["one", "two", "three", "four"]), unique=True, max_size=4),
        ),
        unique_by=lambda each: each[0],
        max_size=3,
    ),
    st.lists(st.sampled_from(["hit", "bad", "miss", "unknown", "skip", "later"]), min_size=12, max_size=12),
)
def test_every_way_ends_and_asks_nobody_twice(orders: list[tuple[Topic, list[str]]], ends: list[str]) -> None:
    """Whatever is answered; who has a value that holds asks no more."""
    rules = EnrichmentRules(
        fields=tuple(FieldRule(field=topic, providers=tuple(order)) for topic, order in orders),
        providers=_definitions("one", "two", "three", "four"),
    )
    way = Waterfall(a_lead(), None, rules, {name: Knows(name) for name in ("one", "two", "three", "four")})
    asked: list[str] = []
    while (step := way.next()) is not None:
        asked.append(step.provider.name)
        match ends[len(asked) - 1]:
            case "hit":
                way.take(step, told(city="Ulm", industry="Toys", mobile="+49 171 3920012"))
            case "bad":
                way.take(step, told(city="n/a", industry="-", mobile="+49 30 23125001"))
            case "miss":
                way.take(step, told())
            case "unknown":
                way.take(step, Told(Answer(AttemptState.UNKNOWN), NOON))
            case end:
                way.skip(step, end, is_later=end == "later")

    profile = way.profile(1)
    assert len(asked) == len(set(asked))
    assert profile.is_awaited == ("later" in ends[: len(asked)])
    assert "hit" not in ends[: max(0, len(asked) - 1)]


@given(st.sampled_from(list(AttemptState)), st.sets(st.sampled_from(list(Charge))))
def test_nothing_costs_more_than_its_price(state: AttemptState, charged: set[Charge]) -> None:
    """And what was not sent costs nothing, what may have been charged all of it."""
    terms = Terms(price_micros=7, charged_for=tuple(charged))

    assert cost_of(terms, state) in (0, 7)
    assert cost_of(terms, state, is_sent=False) == 0
    assert cost_of(terms, AttemptState.UNKNOWN) == 7
