"""What a domain says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue.enrichment.contract import Fact, Mailbox, Source, Topic
from revenue.enrichment.domain import (
    company_from_domain,
    country_of_suffix,
    domain_facts,
    mailbox_of,
    registrable_domain,
)


def by_topic(facts: list[Fact]) -> dict[str, str]:
    """The facts' values."""
    return {fact.topic: fact.value for fact in facts}


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("Mail.EU.Example.CO.UK", "example.co.uk"),
        ("acme.github.io", "acme.github.io"),
        ("müller.de", "xn--mller-kva.de"),
        ("shop.example.com.", "example.com"),
        ("com", None),
        ("co.uk", None),
        ("localhost", None),
        ("192.0.2.7", None),
        ("", None),
        ("a..b", None),
        (f"{'x' * 80}.com", None),
    ],
)
def test_the_registrable_domain_is_what_somebody_registered(host: str, domain: str | None) -> None:
    """By the Public Suffix List, private part included; in ASCII."""
    assert registrable_domain(host) == domain


@given(st.text(max_size=40))
def test_any_text_is_a_host_or_none(host: str) -> None:
    """Nothing that people type makes it fail."""
    domain = registrable_domain(host)

    assert domain is None or "." in domain


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "web.de", "gmx.net", "orange.fr", "wanadoo.fr", "qq.com", "163.com", "yahoo.co.jp", "icloud.com",
     "outlook.com", "hotmail.co.uk", "proton.me", "posteo.de", "mailbox.org", "libero.it", "wp.pl", "mail.ru"],
)  # fmt: skip
def test_free_providers_are_known(domain: str) -> None:
    """In many countries: a company must never be made of them."""
    assert mailbox_of(domain) is Mailbox.FREE


@pytest.mark.parametrize("domain", ["mailinator.com", "guerrillamail.com", "yopmail.com", "10minutemail.com"])
def test_disposable_providers_are_known(domain: str) -> None:
    """Also those that are free as well."""
    assert mailbox_of(domain) is Mailbox.DISPOSABLE


@pytest.mark.parametrize("domain", ["example.com", "siemens.com", "bbc.co.uk", "gmail.com.example.com"])
def test_everybody_else_has_mailboxes_of_their_own(domain: str) -> None:
    """A well-known name in front of a domain does not count."""
    assert mailbox_of(domain) is Mailbox.COMPANY


def test_a_provider_is_known_with_a_host_before_it() -> None:
    """As in `mail.gmail.com`."""
    assert mailbox_of("mail.gmail.com") is Mailbox.FREE


@pytest.mark.parametrize(
    ("domain", "country"),
    [("example.de", "DE"), ("example.co.uk", "GB"), ("example.com.au", "AU"), ("example.ch", "CH"),
     ("example.io", None), ("example.co", None), ("example.ai", None), ("example.eu", None), ("example.com", None)],
)  # fmt: skip
def test_the_country_is_read_from_domains_that_mean_one(domain: str, country: str | None) -> None:
    """Not from those that the whole world has borrowed."""
    assert country_of_suffix(domain) == country


@pytest.mark.parametrize(
    ("domain", "name"),
    [("acme.com", "Acme"), ("blue-harbour.co.uk", "Blue Harbour"), ("xn--mller-kva.de", "Müller"), ("3m.com", "3m")],
)
def test_a_company_is_guessed_from_its_domain(domain: str, name: str) -> None:
    """Good enough to begin with, and marked as a guess."""
    assert company_from_domain(domain) == name


def test_a_provider_says_nothing_about_a_company() -> None:
    """Neither its name nor its country is the lead's."""
    facts = by_topic(domain_facts("web.de", Source.MAIL_DOMAIN))

    assert facts == {Topic.PROVIDER: "web.de", Topic.MAILBOX: "free"}


def test_a_website_says_nothing_about_mailboxes() -> None:
    """Who has a website may still write from elsewhere."""
    facts = by_topic(domain_facts("www.example.de", Source.WEBSITE))

    assert facts == {Topic.DOMAIN: "example.de", Topic.COMPANY: "Example", Topic.COUNTRY: "DE"}
