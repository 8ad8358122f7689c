"""Rules as people write them: what fits them, and what a file may not hold."""

from collections.abc import Callable
from datetime import date

import msgspec
import pytest

from revenue.capture.contract import LeadDetails
from revenue.enrichment.contract import Certainty, Fact, Profile, Source, Topic
from revenue.identity.contract import Resolution
from revenue.routing.book import Book
from revenue.routing.conditions import compiled, fitting
from revenue.routing.contract import (
    Absence,
    Between,
    Conditions,
    ExistingOwner,
    Holiday,
    NamedAccount,
    Rep,
    ResponseRule,
    RoutingRules,
    Team,
    Territory,
    WorkingHours,
)
from revenue.routing.facts import Facts, facts_of

DACH = Facts(
    countries=("deutschland", "de"),
    state="bayern",
    postal_code="80331",
    industry="retail",
    employees=250,
    grade="A",
    attributes={"plan": "gold"},
)


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        (Conditions(), True),
        (Conditions(countries=("DE", "AT")), True),
        (Conditions(countries=("Deutschland",)), True),
        (Conditions(countries=("Germany",)), True),
        (Conditions(countries=("Allemagne", "UK")), True),
        (Conditions(countries=("AT",)), False),
        (Conditions(countries=("Austria", "Atlantis")), False),
        (Conditions(states=("Bayern",), countries=("DE",)), True),
        (Conditions(states=("Hessen",), countries=("DE",)), False),
        (Conditions(postal_codes=("80331",)), True),
        (Conditions(postal_codes=("80*",)), True),
        (Conditions(postal_codes=("10*", "80000-81999")), True),
        (Conditions(postal_codes=("80332-81999", "9*")), False),
        (Conditions(industries=("Retail",)), True),
        (Conditions(number_of_employees=Between(at_least=250)), True),
        (Conditions(number_of_employees=Between(at_most=249)), False),
        (Conditions(number_of_employees=Between(at_least=100, at_most=300)), True),
        (Conditions(grades=("A", "B")), True),
        (Conditions(grades=("B",)), False),
        (Conditions(attributes={"Plan": ("Gold", "Silver")}), True),
        (Conditions(attributes={"plan": ("bronze",)}), False),
        (Conditions(attributes={"seats": ("5",)}), False),
    ],
)
def test_a_territory_takes_what_fits_all_that_it_says(conditions: Conditions, fits: bool) -> None:
    """Words in any case."""
    assert (fitting(compiled(conditions), DACH) is not None) is fits


@pytest.mark.parametrize("country", ["UK", "United Kingdom", "gb"])
def test_a_territory_names_a_country_as_people_do(country: str) -> None:
    """However the lead writes it: Enrichment finds its code."""
    checks = compiled(Conditions(countries=(country,)))

    assert fitting(checks, Facts(countries=("great britain", "gb"))) is not None


@pytest.mark.parametrize("code", ["94105", "94105-1234", "SW1A 1AA"])
def test_postal_codes_of_other_countries_are_read(code: str) -> None:
    """A code with its extension, one with blanks."""
    checks = compiled(Conditions(postal_codes=("94105", "sw1a*")))

    assert fitting(checks, Facts(postal_code=code.casefold())) is not None


def test_a_lead_of_which_nothing_is_known_fits_no_condition() -> None:
    """Nothing is guessed."""
    every = [
        Conditions(countries=("DE",)),
        Conditions(states=("x",)),
        Conditions(postal_codes=("1*", "", "0-9")),
        Conditions(industries=("x",)),
        Conditions(number_of_employees=Between()),
        Conditions(grades=("A",)),
        Conditions(attributes={"x": ("y",)}),
    ]

    assert [fitting(compiled(conditions), Facts()) for conditions in every] == [None] * len(every)


def test_the_lead_s_own_word_counts_before_what_was_found_out() -> None:
    """And the surest of what was found out; ids are those of identity and of the CRM's record."""
    profile = Profile(
        facts=(
            Fact(topic=Topic.COUNTRY, value="AT", source=Source.PHONE_NUMBER, certainty=Certainty.GUESS),
            Fact(topic=Topic.COUNTRY, value="DE", source=Source.MAIL_DOMAIN, certainty=Certainty.LIKELY),
            Fact(topic=Topic.DOMAIN, value="acme.de", source=Source.MAIL_DOMAIN, certainty=Certainty.LIKELY),
            Fact(topic=Topic.COMPANY, value="Acme", source=Source.MAIL_DOMAIN, certainty=Certainty.GUESS),
        )
    )
    lead = LeadDetails(
        company="ACME GmbH",
        country="Germany",
        external_id="003A",
        attributes={"Account ID": "001A", "Associated Company IDs": "7; 8", "Plan": "Gold"},
    )

    facts = facts_of(lead, Resolution(contact_id="c", account_id="a"), profile, "A")

    assert facts == Facts(
        contacts=("c", "003A"),
        accounts=("a", "001A", "7", "8"),
        domain="acme.de",
        company="acme gmbh",
        countries=("germany", "de"),
        grade="A",
        attributes={"account id": "001a", "associated company ids": "7; 8", "plan": "gold"},
        is_enriched=True,
    )


ADA = Rep(id="ada")
SALES = Team(name="sales", reps=("ada",))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: Rep(id=" "), "no `id`"),
        (lambda: Rep(id="ada", weight=-1), "weight -1"),
        (lambda: Rep(id="ada", weight=float("nan")), "weight nan"),
        (lambda: Rep(id="ada", capacity=-1), "capacity -1"),
        (lambda: Rep(id="ada", time_zone="Berlin"), "such as `Europe/Berlin`"),
        (lambda: Rep(id="ada", time_zone="../etc/passwd"), "which there is not"),
        (lambda: WorkingHours(monday="9 to 5"), "write `09:00-17:00`"),
        (lambda: WorkingHours(monday="", tuesday="", wednesday="", thursday="", friday="off"), "always works"),
        (lambda: Absence(first=date(2026, 2, 2), last=date(2026, 2, 1)), "swap the days"),
        (lambda: Between(at_least=5, at_most=4), "swap them"),
        (lambda: Territory(name="x"), "either a `team` or a `rep`"),
        (lambda: Territory(name="x", team="a", rep="b"), "not both"),
        (lambda: NamedAccount(owner="ada"), "names no company"),
        (lambda: NamedAccount(owner="ada", domains=("https://acme.de/",)), "write `acme.de`"),
        (lambda: ResponseRule(respond_within=0), "0 < `respond_within`"),
        (lambda: ResponseRule(respond_within=30, escalate_after=20), "not in their order"),
        (lambda: ResponseRule(respond_within=30, reassign_after=200_000), "90 days"),
        (lambda: RoutingRules(reps=(ADA, ADA)), "two reps have the id `ada`"),
        (lambda: RoutingRules(teams=(Team(name="a"), Team(name="a"))), "two teams are called `a`"),
        (lambda: RoutingRules(reps=(ADA,), teams=(Team(name="ada"),)), "a rep and a team"),
        (lambda: RoutingRules(teams=(SALES,)), "the rep `ada`, which has no entry"),
        (lambda: RoutingRules(territories=(Territory(name="x", team="y"),)), "names the team `y`"),
        (lambda: RoutingRules(territories=(Territory(name="x", rep="y"),)), "names the rep `y`"),
        (
            lambda: RoutingRules(reps=(ADA,), territories=(Territory(name="x", rep="ada"),) * 2),
            "two territories are called `x`",
        ),
        (lambda: RoutingRules(named_accounts=(NamedAccount(owner="x", names=("Acme",)),)), "a named account names `x`"),
        (lambda: RoutingRules(existing_owners=(ExistingOwner(owner="x"),)), "an existing owner names `x`"),
        (lambda: RoutingRules(round_robin="x"), "`round_robin` names the team `x`"),
        (lambda: RoutingRules(catch_all=" "), "`catch_all` is empty"),
        (lambda: RoutingRules(holidays=(Holiday(on=date(2026, 1, 1), teams=("x",)),)), "the holiday on 2026-01-01"),
        (lambda: RoutingRules(transitions={"new": ("done",)}), "the status `done`"),
        (lambda: RoutingRules(response=(ResponseRule(respond_within=30, grades=("a", "Z")),)), "the grade `Z`"),
        (
            lambda: RoutingRules(
                reps=(ADA,), territories=(Territory(name="x", rep="ada", when=Conditions(grades=("unknown",))),)
            ),
            "territory `x` names the grade `unknown`, which is none: A, B, C, D",
        ),
        (lambda: RoutingRules(credit_back=("rain",)), "`rain`, which is no reason"),
    ],
)
def test_a_mistake_in_a_file_is_refused_with_what_to_do(made: Callable[[], object], says: str) -> None:
    """Before anything goes by it."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the sentence is looked at below
        made()

    assert says in str(refused.value)


def test_all_mistakes_are_told_at_once() -> None:
    """Nobody wants to find them one by one."""
    with pytest.raises(ValueError, match=r"names `x`.*names the team `y`"):
        RoutingRules(existing_owners=(ExistingOwner(owner="x"),), round_robin="y")


def test_rules_are_written_as_people_would() -> None:
    """As YAML and JSON have it; what is left out has its default."""
    text = """{"reps": [{"id": "ada", "hours": {"friday": "09:00-13:00"}, "time_zone": "Europe/Berlin",
        "absences": [{"first": "2026-03-02", "last": "2026-03-06"}]}], "teams": [{"name": "dach", "reps": ["ada"]}],
        "territories": [{"name": "de", "team": "dach", "when": {"countries": ["DE"]}}]}"""

    rules = msgspec.json.decode(text, type=RoutingRules)

    assert rules.catch_all == "unassigned"
    assert rules.reps[0].absences == (Absence(first=date(2026, 3, 2), last=date(2026, 3, 6)),)
    assert msgspec.json.decode(msgspec.json.encode(rules), type=RoutingRules) == rules


def test_of_two_that_claim_one_account_the_first_has_it() -> None:
    """As it is read in the file."""
    bob = Rep(id="bob")
    claims = tuple(NamedAccount(owner=rep, domains=("ACME.de",)) for rep in ("bob", "ada"))

    book = Book(RoutingRules(reps=(ADA, bob), named_accounts=claims))

    assert book.named_owner(Facts(domain="acme.de")) == ("bob", "acme.de")
    assert book.named_owner(Facts()) is None


@pytest.mark.parametrize("domain", ["www.Bücher.example", "xn--bcher-kva.example", "bücher.example"])
def test_a_named_account_is_known_by_its_domain_however_it_is_written(domain: str) -> None:
    """A lead's own domain is what is registered, in ASCII."""
    book = Book(RoutingRules(reps=(ADA,), named_accounts=(NamedAccount(owner="ada", domains=(domain,)),)))

    assert book.named_owner(Facts(domain="xn--bcher-kva.example")) == ("ada", "xn--bcher-kva.example")


def test_who_is_told_about_a_reps_leads() -> None:
    """His own manager before the team's; any team's where the lead has none."""
    rules = RoutingRules(
        reps=(ADA, Rep(id="bob", manager="eve@example.com"), Rep(id="cy")),
        teams=(Team(name="one", reps=("ada", "bob"), manager="zoe@example.com"),),
    )
    book = Book(rules)

    found = [book.manager_of(rep, None) for rep in ("ada", "bob", "cy", "nobody")]

    assert found == ["zoe@example.com", "eve@example.com", None, None]
