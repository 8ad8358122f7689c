"""Which account a lead belongs to, and lists of accounts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.capture.contract import LeadDetails
from revenue.identity.companies import core_of
from revenue.identity.contract import AccountDetails, AccountList, AccountReport, DuplicateState, Kind
from revenue.identity.known import KnownAccount
from revenue.identity.placing import Owners, placed, said_of
from revenue.identity.record import record_of
from revenue.identity.tests.people import Town, lead
from revenue.identity.words import folded


@pytest.fixture
def town() -> Town:
    """Identity with nobody in it."""
    return Town()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Papilio & Söhne KG", "PAPILIO UND SOEHNE"[:7] + " und Sohne"),
        ("Acme Inc.", "acme, incorporated"),
        ("The Acme Corporation", "ACME Corp"),
        ("Atelier Brouillard S.A.R.L.", "Atelier Brouillard"),
        ("Fjällräv Textil AB", "Fjallrav Textil"),
        ("Lune d'Avril", "Lune dAvril SAS"),
        ("Tern & Tide Shipping", "Tern and Tide Shipping Ltd"),
    ],
)
def test_names_of_one_company_come_to_the_same(one: str, other: str) -> None:
    """Without legal form, marks, accents and filler."""
    assert core_of(one) == core_of(other) != ""


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_none(name: str) -> None:
    """Nothing that people type makes it fail, and nothing is left but letters, digits and single blanks."""
    core = core_of(name)

    assert core == folded(core)


@pytest.mark.parametrize(
    "email",
    ["ann@gmail.com", "ann@mail.gmail.com", "ann@mailinator.com", "ann@web.de", "ann@co.uk", "ann@10.0.0.1", "@"],
)
@pytest.mark.parametrize("website", [None, "https://www.linkedin.com/company/acme", "gmail.com", "localhost", "::"])
async def test_no_provider_is_ever_a_company(town: Town, email: str, website: str | None) -> None:
    """Neither by mail nor by website, with whatever name."""
    without, with_name = await town.take(
        lead("1", email=email, website=website), lead("2", email=f"x{email}", website=website, company="Acme GmbH")
    )

    assert without.account_id is None
    assert (with_name.account_name, with_name.account_domain) == ("Acme GmbH", None)


@pytest.mark.parametrize("name", ["n/a", "-", "None", "self-employed", "Freelancer", " ", "Student"])
async def test_no_company_is_none(town: Town, name: str) -> None:
    """People fill in what they have to."""
    [resolution] = await town.take(lead("1", email="ann@gmail.com", company=name))

    assert resolution.account_id is None
    assert resolution.why[-1] == "It names no company, and its mailbox is none of a company's."


@pytest.mark.parametrize(
    ("said", "is_it"),
    [
        ({"email": "tom@mail.acme.co.uk"}, True),
        ({"email": "tom@web.de", "website": "http://WWW.Acme.co.uk/team"}, True),
        ({"email": "tom@web.de", "company": "ACME Robotics Ltd."}, True),
        ({"company": "Acme Robotiks"}, True),
        ({"email": "tom@acme.com", "company": "Acme Robotics"}, True),
        ({"email": "tom@acme.com"}, False),
        ({"email": "tom@robots.example", "company": "Acme Robotics"}, False),
        ({"company": "Apex Robotics"}, False),
        ({"company": "Acme Robotics 2"}, False),
        ({"email": "tom@acne.co.uk", "company": "Acne Robotics"}, False),
        ({"company": "Robotics"}, False),
        ({"email": "tom@acme.co.uk.example.com"}, False),
    ],
)
async def test_a_lead_finds_its_account(town: Town, said: dict[str, Any], is_it: bool) -> None:  # Any: a lead's fields
    """By domain, by website, by a name that is the same but for a slip; not by what only looks so."""
    [first] = await town.take(lead("1", email="ann@acme.co.uk", company="Acme Robotics Limited"))

    [second] = await town.take(lead("2", **said))

    assert (second.account_id == first.account_id) is is_it


async def test_what_may_be_one_account_is_laid_before_a_person(town: Town) -> None:
    """An equal name at another domain may be another company's. The person's word is kept."""
    one, other = await town.take(
        lead("1", email="ann@acme.de", company="Acme GmbH"), lead("2", email="tom@robots.example", company="Acme")
    )
    [pair] = (await town.identity.duplicates(Kind.ACCOUNT)).items

    approved = await town.identity.approve(pair.id)

    account = await town.identity.account(str(other.account_id))
    assert (pair.one_id, pair.other_id) == (one.account_id, other.account_id)
    assert approved.state is DuplicateState.MERGED
    assert (account.id, account.asked_for) == (one.account_id, other.account_id)
    assert account.domains == ("acme.de", "robots.example")
    assert town.followed()[1] == {"1": one.account_id, "2": one.account_id}


async def test_an_account_without_a_domain_gets_the_one_of_its_people(town: Town) -> None:
    """Whoever named it first had no mailbox there."""
    one, other, third = await town.take(
        lead("1", email="ann@web.de", company="Acme GmbH"),
        lead("2", email="tom@acme.de", company="ACME"),
        lead("3", email="eve@acme.de"),
    )

    assert one.account_id == other.account_id == third.account_id
    assert (one.account_domain, other.account_domain) == (None, "acme.de")


async def test_an_account_that_was_called_by_its_domain_learns_its_name(town: Town) -> None:
    """And what else nobody had said."""
    [one] = await town.take(lead("1", email="ann@blue-harbour.de"))
    await town.take(lead("2", email="tom@blue-harbour.de", company="BH Logistics", industry="Transport"))
    await town.take(lead("3", email="eve@blue-harbour.de", company="Other", industry="Other", number_of_employees=7))

    account = await town.identity.account(str(one.account_id))

    assert one.account_name == "Blue Harbour"
    assert (account.name, account.industry, account.number_of_employees) == ("BH Logistics", "Transport", 7)


async def test_two_domains_that_are_called_the_same_are_one_accounts(town: Town) -> None:
    """Where one lead names both; a consultant's customer is not the consultant."""
    one, two, three, four = await town.take(
        lead("1", email="ann@acme.de", website="www.acme.com"),
        lead("2", email="tom@acme.com"),
        lead("3", email="eve@advice.example", website="acme.org"),
        lead("4", email="bob@acme.org"),
    )

    assert one.account_id == two.account_id
    assert len({one.account_id, three.account_id, four.account_id}) == 3


def test_of_two_accounts_that_fit_equally_none_is_guessed() -> None:
    """It says so."""
    details = LeadDetails(company="Acme")
    known = [KnownAccount(str(each), str(each), each, "Acme", "acme", f"acme{each}.de") for each in range(2)]

    placement = placed(said_of(details, record_of(details)), Owners(), known)

    assert (placement.account, placement.is_new) == (None, False)
    assert placement.why == (
        "Several accounts may be its company (acme0.de and acme1.de), and nothing says which: it is given to none.",
    )


LIST = AccountList(
    source="crm",
    accounts=(
        AccountDetails(name="Acme Labs", domain="labs.acme-labs.de", parent="1", external_id="2"),
        AccountDetails(name="Acme GmbH", domain="https://www.acme.de", country="DE", industry="Tools", external_id="1"),
        AccountDetails(name="Gmail fans", domain="gmail.com", external_id="3"),
        AccountDetails(name="Acme Inc", external_id="4", number_of_employees=12),
    ),
)


async def test_a_list_of_accounts_is_taken_in_once(town: Town) -> None:
    """The same list again changes nothing; a parent may stand behind its child; a provider's domain is nobody's."""
    first = await town.identity.import_accounts(LIST)
    again = await town.identity.import_accounts(LIST)

    accounts = {account.external_ids["crm"][0]: account for account in (await town.identity.accounts()).items}
    assert first == AccountReport(accounts=4, created=4, updated=0, unchanged=0)
    assert again == AccountReport(accounts=4, created=0, updated=0, unchanged=4)
    assert accounts["2"].parent_id == accounts["1"].id
    assert [accounts[each].domains for each in "1234"] == [("acme.de",), ("acme-labs.de",), (), ()]
    assert (accounts["1"].country, accounts["1"].industry, accounts["4"].number_of_employees) == ("DE", "Tools", 12)


async def test_a_list_tells_of_accounts_that_leads_have_made(town: Town) -> None:
    """What it says holds from then on; what it leaves out stays, and leads change nothing of it any more."""
    [one] = await town.take(lead("1", email="ann@acme.de", company="acme germany", industry="Tools"))

    report = await town.identity.import_accounts(
        AccountList(accounts=(AccountDetails(name="Acme GmbH", domain="acme.de"),))
    )
    [two] = await town.take(lead("2", email="tom@acme.de", company="ACME!", industry="Other"))

    account = await town.identity.account(str(one.account_id))
    assert report == AccountReport(accounts=1, created=0, updated=1, unchanged=0)
    assert two.account_id == one.account_id
    assert (account.name, account.industry) == ("Acme GmbH", "Tools")


async def test_a_list_that_says_more_updates(town: Town) -> None:
    """By the record's id, also under another name and domain."""
    await town.identity.import_accounts(LIST)

    report = await town.identity.import_accounts(
        AccountList(source="crm", accounts=(AccountDetails(name="Acme Europe", domain="acme.eu", external_id="1"),))
    )

    [account] = [each for each in (await town.identity.accounts()).items if each.external_ids["crm"] == ("1",)]
    assert report == AccountReport(accounts=1, created=0, updated=1, unchanged=0)
    assert (account.name, account.domains, account.country) == ("Acme Europe", ("acme.de", "acme.eu"), "DE")


async def test_a_list_takes_no_account_its_domain(town: Town) -> None:
    """Where it gives a record the domain of another account, both stay what they were."""
    await town.identity.import_accounts(LIST)
    taken = AccountList(source="crm", accounts=(AccountDetails(name="Acme Inc", domain="acme.de", external_id="4"),))

    first = await town.identity.import_accounts(taken)
    again = await town.identity.import_accounts(taken)

    domains = {each.external_ids["crm"]: each.domains for each in (await town.identity.accounts()).items}
    assert (first.unchanged, again.unchanged) == (1, 1)
    assert (domains["1",], domains["4",]) == (("acme.de",), ())


async def test_a_list_may_say_anything(town: Town) -> None:
    """What every database takes of it is kept."""
    said = AccountDetails(name="A\0cme", country="\0", industry="\0x", external_id="\0", parent="\0", domain="\0")

    report = await town.identity.import_accounts(AccountList(source="\0", accounts=(said, said)))

    assert report == AccountReport(accounts=2, created=1, updated=0, unchanged=1)
    assert (await town.identity.accounts()).items[0].name == "A cme"
