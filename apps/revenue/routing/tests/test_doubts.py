"""What is no mistake in rules, and hardly what was meant: it is told, and holds."""

from typing import Any

import pytest

from revenue.routing.contract import Between, Conditions, Rep, RoutingRules, Team, Territory
from revenue.routing.doubts import covers, doubts, slips

DACH = Conditions(countries=("DE", "AT"))
GERMANY = Conditions(countries=("Germany",), grades=("A",))


def rules(*territories: Territory, **others: Any) -> RoutingRules:  # Any: as `RoutingRules` takes them
    """Two people, of whom Ada has a team of her own, and their territories."""
    reps = (Rep(id="ada"), Rep(id="bob"))
    return RoutingRules(reps=reps, teams=(Team(name="sales", reps=("ada",)),), territories=territories, **others)


def test_a_territory_whose_leads_one_before_it_takes_is_told_with_that_one() -> None:
    """A team always takes what fits; the order is that of the priorities."""
    first = Territory(name="dach", team="sales", when=DACH)
    second = Territory(name="germany", rep="bob", when=GERMANY)

    (told,) = doubts(rules(first, second))

    assert told.startswith("territory `germany` never takes a lead: `dach` comes before it and takes all of its leads")
    assert not doubts(rules(second, first))
    assert not doubts(rules(first, Territory(name="germany", rep="bob", when=GERMANY, priority=1)))


def test_behind_somebody_who_may_be_away_a_territory_is_left_little() -> None:
    """The same territory again for somebody else is a stand-in, and meant."""
    first = Territory(name="dach", rep="ada", when=DACH)

    (told,) = doubts(rules(first, Territory(name="germany", rep="bob", when=GERMANY)))
    (own,) = doubts(rules(first, Territory(name="germany", rep="ada", when=GERMANY)))

    assert "`germany` takes a lead only while `ada` is away: `dach` comes before it" in told
    assert "`germany` never takes a lead" in own
    assert not doubts(rules(first, Territory(name="stand-in", rep="bob", when=DACH)))


def test_a_territory_that_is_nobody_s_takes_nothing_away() -> None:
    """A team in which nobody takes leads any more passes them on."""
    first, second = Territory(name="one", team="left"), Territory(name="two", rep="ada")
    left = RoutingRules(
        reps=(Rep(id="ada"), Rep(id="cy", active=False)),
        teams=(Team(name="left", reps=("cy",)),),
        territories=(first, second),
    )

    assert not doubts(left)


@pytest.mark.parametrize(
    ("country", "advice"),
    [
        ("XX", "write a code or a name, such as `DE` or `Germany`"),
        ("EU", "write a code or a name, such as `DE` or `Germany`"),
        ("Germny", "did you mean `Germany`?"),
    ],
)
def test_a_country_that_there_is_not_is_told_with_what_to_write(country: str, advice: str) -> None:
    """No lead would ever fit it."""
    told = slips(rules(Territory(name="north", rep="ada", when=Conditions(countries=("NO", country)))))

    assert told == [(f"territory `north`: `{country}` is no country", advice)]


@pytest.mark.parametrize("country", ["UK", "Holland", "Korea", "XK", "Suomi", "日本", "Bosnia", "U.A.E."])
def test_a_country_that_leads_may_write_so_is_no_mistake(country: str) -> None:
    """Not all names in all languages are known."""
    assert not slips(rules(Territory(name="one", rep="ada", when=Conditions(countries=(country,)))))


def test_a_country_that_is_not_known_is_told() -> None:
    """Only those leads fit that write it so."""
    (told,) = doubts(rules(Territory(name="north", rep="ada", when=Conditions(countries=("NO", "Scandinavia")))))

    assert told.startswith("territory `north`: `Scandinavia` is no country that is known")


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        (Conditions(), GERMANY, True),
        (DACH, Conditions(), False),
        (DACH, GERMANY, True),
        (DACH, Conditions(countries=("DE", "FR")), False),
        (Conditions(states=("Bayern",)), Conditions(states=("bayern ",), industries=("Retail",)), True),
        (Conditions(postal_codes=("8*",)), Conditions(postal_codes=("80331", "81*", "80000-81999")), True),
        (Conditions(postal_codes=("80*",)), Conditions(postal_codes=("80000-81999",)), False),
        (Conditions(postal_codes=("80000-81999",)), Conditions(postal_codes=("80100-80200", "80331")), True),
        (Conditions(postal_codes=("80000-81999",)), Conditions(postal_codes=("81000-82000",)), False),
        (Conditions(postal_codes=("80331",)), Conditions(postal_codes=("80331*",)), False),
        (
            Conditions(number_of_employees=Between(at_least=10)),
            Conditions(number_of_employees=Between(at_least=100, at_most=200)),
            True,
        ),
        (
            Conditions(number_of_employees=Between(at_most=100)),
            Conditions(number_of_employees=Between(at_least=10)),
            False,
        ),
        (Conditions(number_of_employees=Between()), DACH, False),
        (Conditions(attributes={"Plan": ("Gold", "Silver")}), Conditions(attributes={"plan": ("gold",)}), True),
        (Conditions(attributes={"Plan": ("Gold",)}), Conditions(attributes={"plan": ("gold", "tin")}), False),
        (Conditions(attributes={"Plan": ("Gold",)}), DACH, False),
    ],
)
def test_conditions_cover_those_whose_leads_all_fit_them(
    wide: Conditions, narrow: Conditions, is_covered: bool
) -> None:
    """Where it is not sure, nothing is told."""
    assert covers(wide, narrow) is is_covered
