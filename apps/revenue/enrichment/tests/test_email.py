"""What an e-mail address says."""

import pytest

from revenue.enrichment.contract import Certainty, Source, Topic
from revenue.enrichment.email import email_facts


def values(address: str) -> dict[str, str]:
    """What is found out, by topic."""
    return {fact.topic: fact.value for fact in email_facts(address)}


def test_an_address_says_domain_mailbox_company_and_country() -> None:
    """Each with its source and how sure it is."""
    facts = {fact.topic: fact for fact in email_facts("Ada.Lovelace+fair@Mail.Blue-Harbour.de ")}

    assert {topic: fact.value for topic, fact in facts.items()} == {
        Topic.EMAIL: "Ada.Lovelace+fair@mail.blue-harbour.de",
        Topic.EMAIL_TAG: "fair",
        Topic.DOMAIN: "blue-harbour.de",
        Topic.MAILBOX: "company",
        Topic.COMPANY: "Blue Harbour",
        Topic.COUNTRY: "DE",
    }
    assert facts[Topic.EMAIL].source is Source.EMAIL_ADDRESS
    assert (facts[Topic.COMPANY].source, facts[Topic.COMPANY].certainty) == (Source.MAIL_DOMAIN, Certainty.GUESS)


@pytest.mark.parametrize("local", ["info", "INFO", "sales", "sales.de", "support-2", "kontakt", "vertrieb", "no-reply"])
def test_a_mailbox_of_many_is_told(local: str) -> None:
    """There is no person to answer."""
    assert Topic.ROLE in values(f"{local}@example.com")


@pytest.mark.parametrize("local", ["ada", "it.lovelace", "salesforce", "pressler", "marketing.lovelace", "hr-smith"])
def test_a_person_is_not_taken_for_a_role(local: str) -> None:
    """Because the name begins like one."""
    assert Topic.ROLE not in values(f"{local}@example.com")


@pytest.mark.parametrize(
    "address", ["ada@", "@example.com", "ada@@example.com", "ada@example", "ada@localhost", "ada", ""]
)
def test_what_is_no_address_says_why_and_nothing_else(address: str) -> None:
    """Nothing is concluded from half an address."""
    assert list(values(address)) == [Topic.EMAIL_FAULT]


def test_international_addresses_are_addresses() -> None:
    """RFC 6531; the domain is told in ASCII."""
    assert values("jürgen@müller.de")[Topic.DOMAIN] == "xn--mller-kva.de"
