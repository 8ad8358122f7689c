"""The rules for mail domains against lists kept by others."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from revenue.enrichment.contract import Mailbox
from revenue.enrichment.domain import mailbox_of, registrable_domain

Record: TypeAlias = Callable[[str, object], None]

pytestmark = pytest.mark.data


def listed(data: Path, name: str) -> list[str]:
    """The domains in a list."""
    return (data / "email_domains" / name).read_text().split()


def test_disposable_providers_are_found(data: Path, record_property: Record) -> None:
    """Practically all of them: the list is the library's own, perhaps at another version."""
    domains = listed(data, "disposable_email_domains.txt")

    found = sum(mailbox_of(domain) is Mailbox.DISPOSABLE for domain in domains) / len(domains)

    record_property("disposable_recall", found)
    assert found >= 0.99


def test_free_providers_are_found(data: Path, record_property: Record) -> None:
    """The list holds disposable ones too; what counts is that none of them is taken for a company."""
    domains = listed(data, "free_email_domains.txt")
    disposable = set(listed(data, "disposable_email_domains.txt"))
    free = [domain for domain in domains if domain not in disposable]

    not_a_company = sum(mailbox_of(domain) is not Mailbox.COMPANY for domain in domains) / len(domains)
    free_recall = sum(mailbox_of(domain) is not Mailbox.COMPANY for domain in free) / len(free)

    record_property("not_a_company", not_a_company)
    record_property("free_recall", free_recall)
    assert not_a_company >= 0.93
    assert free_recall >= 0.82


def test_companies_are_not_taken_for_providers(data: Path) -> None:
    """Of a thousand large companies at most a handful gives mailboxes to everybody."""
    rows = (data / "companies" / "Fortune_1000.csv").read_text().splitlines()[1:]
    hosts = {row.partition("://")[2].split(",")[0].split("/")[0] for row in rows if "://" in row}
    domains = {domain for host in hosts if (domain := registrable_domain(host))}

    taken = sorted(domain for domain in domains if mailbox_of(domain) is not Mailbox.COMPANY)

    assert len(domains) > 900
    assert len(taken) <= 5, taken
