"""Who is who in lists kept by others: people of the Febrl sets, companies of two lists, domains of providers.

The weights were estimated and the bounds chosen on Febrl's first set alone; no label is used but to count.
"""

import csv
import gc
import resource
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

import pytest

from revenue.capture.contract import LeadDetails
from revenue.domains import company_domain, registrable_domain, website_domain
from revenue.identity.clustering import clusters
from revenue.identity.contract import AccountDetails, AccountList
from revenue.identity.record import Record, record_of
from revenue.identity.tests.people import Town, lead

Given: TypeAlias = Callable[[str, object], None]

pytestmark = pytest.mark.data


class People(NamedTuple):
    """Records, and whose each of them is."""

    records: list[Record]
    persons: list[str]


def people(data: Path, *sets: int) -> People:
    """All records of some of the sets; no person is in two of them."""
    records: list[Record] = []
    persons: list[str] = []
    for number in sets:
        with (data / f"febrl/dataset{number}.csv").open(encoding="utf-8-sig") as file:
            for row in csv.DictReader(file, skipinitialspace=True):
                records.append(record_of(details_of({name: text.strip() for name, text in row.items()})))
                persons.append(f"{number} {row['rec_id'].split('-')[1]}")
    return People(records, persons)


def details_of(row: dict[str, str]) -> LeadDetails:
    """A row as a lead's details."""
    attributes = {name: row[name] for name in ("address_2", "date_of_birth", "soc_sec_id") if row[name]}
    return LeadDetails(
        first_name=row["given_name"] or None,
        last_name=row["surname"] or None,
        street=f"{row['street_number']} {row['address_1']}".strip() or None,
        city=row["suburb"] or None,
        postal_code=row["postcode"] or None,
        state=row["state"] or None,
        attributes=attributes,
    )


def quality(found: list[int], persons: list[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of the pairs that were joined."""

    def pairs(sizes: Iterable[int]) -> int:
        return sum(size * (size - 1) // 2 for size in sizes)

    right = pairs(Counter(zip(found, persons, strict=True)).values())
    precision, recall = right / pairs(Counter(found).values()), right / pairs(Counter(persons).values())
    return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(("number", "f1_least"), [(1, 0.98), (2, 0.97), (3, 0.97)])
def test_people_are_recognised(data: Path, record_property: Given, number: int, f1_least: float) -> None:
    """0.997 on the set that the weights were estimated on, 0.998 on each of the two that they have never seen."""
    records, persons = people(data, number)

    precision, recall, f1 = quality(clusters(records), persons)

    record_property("precision", precision)
    record_property("recall", recall)
    record_property("f1", f1)
    assert f1 >= f1_least
    assert precision >= 0.999


def test_ten_thousand_records_take_seconds(data: Path, record_property: Given) -> None:
    """Both sets together: less than one second where nothing else runs."""
    records, persons = people(data, 2, 3)

    begun = time.perf_counter()
    found = clusters(records)
    took_s = time.perf_counter() - begun

    record_property("took_s", took_s)
    assert len(records) == 10_000
    assert took_s < 60
    assert quality(found, persons)[2] >= 0.97


def test_memory_grows_with_the_number_of_records(data: Path, record_property: Given) -> None:
    """Twice as many need about twice as much."""
    records, _ = people(data, 2, 3)
    peaks: list[int] = []
    for count in (2_500, 5_000, 10_000):
        gc.collect()
        tracemalloc.start()
        clusters(records[:count])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    record_property("peak_bytes", peaks)
    record_property("peak_of_the_process_kib", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert peaks[2] < 2.5 * peaks[1] < 6.25 * peaks[0]
    assert peaks[2] < 32 * 2**20


async def test_leads_one_by_one_are_recognised_as_the_list_is(data: Path, record_property: Given) -> None:
    """The way by events, with its database, joins whom the way by lists joins."""
    with (data / "febrl/dataset1.csv").open(encoding="utf-8-sig") as file:
        rows = [
            {name: text.strip() for name, text in row.items()} for row in csv.DictReader(file, skipinitialspace=True)
        ]
    town = Town()
    leads = [
        lead(row["rec_id"], **{name: getattr(details, name) for name in LeadDetails.__struct_fields__})
        for row in rows
        for details in [details_of(row)]
    ]

    await town.take(*leads)

    ids = await town.contact_ids(*(each.id for each in leads))
    numbers = {contact_id: number for number, contact_id in enumerate(dict.fromkeys(ids))}
    precision, recall, f1 = quality([numbers[each] for each in ids], [row["rec_id"].split("-")[1] for row in rows])
    record_property("precision", precision)
    record_property("recall", recall)
    record_property("f1", f1)
    assert f1 >= 0.98


FORMS = ("", " Inc", ", Inc.", " Corp.", " Corporation", " LLC", " Co", " Company", " Group", " Holdings", " plc")
HOSTS = ("", "", "www.", "mail.", "us.", "corp.eu.")
PROVIDERS = ("gmail.com", "yahoo.com", "outlook.com", "mailinator.com", "web.de")


def untidy(chance: Random, name: str, domain: str | None, number: int) -> LeadDetails:
    """A lead of a company, as people and programs would write it."""
    said = name
    if chance.random() < 0.4:
        said += chance.choice(FORMS)
    if chance.random() < 0.3:
        said = chance.choice((said.upper(), said.lower(), said.replace("&", "and"), f"The {said}"))
    if chance.random() < 0.2:
        place = chance.randrange(len(said))
        said = chance.choice(
            (
                said[:place] + said[place + 1 :],
                said[:place] + "e" + said[place:],
                said[:place] + "x" + said[place + 1 :],
            )
        )
    company = said if chance.random() < 0.85 else None
    email, website = f"invented{number}@{chance.choice(PROVIDERS)}", None
    if domain is not None:
        kind = chance.random()
        if kind < 0.4:
            email = f"invented{number}@{chance.choice(HOSTS)}{domain}"
        elif kind < 0.7:
            website = chance.choice(("", "http://", "https://", "HTTPS://")) + chance.choice(HOSTS) + domain
            website += chance.choice(("", "/", "/about?x=1"))
        email = email.upper() if chance.random() < 0.2 else email
    return LeadDetails(email=email, website=website, company=company)


def companies(data: Path) -> list[tuple[str, str | None]]:
    """The names and domains of the thousand, each domain once: who shares one cannot be told apart by it."""
    with (data / "companies/Fortune_1000.csv").open(encoding="utf-8-sig") as file:
        rows = [(row["company"], website_domain(row["Website"])) for row in csv.DictReader(file)]
    times = Counter(domain for _, domain in rows)
    return [(name, domain if times[domain] == 1 else None) for name, domain in rows]


async def test_leads_find_their_accounts(data: Path, record_property: Given) -> None:
    """Five thousand untidy leads of the thousand, and five hundred of others who are to find none of them.

    Precision is 1.000 and recall 0.925: what is missed has a mailbox at a provider, and no website, and its company's
    name either not at all or with a slip in a short word.
    """
    known = companies(data)
    town = Town()
    ids: dict[str, str] = {}
    for start in range(0, len(known), 500):
        part = known[start : start + 500]
        await town.identity.import_accounts(
            AccountList(
                source="list",
                accounts=tuple(
                    AccountDetails(name=name, domain=domain, external_id=str(start + place))
                    for place, (name, domain) in enumerate(part)
                ),
            )
        )
    cursor: str | None = None
    while True:
        page = await town.identity.accounts(cursor=cursor, limit=1000)
        ids |= {number: account.id for account in page.items for number in account.external_ids.get("list", ())}
        if (cursor := page.next) is None:
            break
    with (data / "companies/sp500_constituents.csv").open(encoding="utf-8-sig") as file:
        others = [row["Security"] for row in csv.DictReader(file)]
    chance = Random(7)

    right = given = 0
    for number in range(5_000):
        place = chance.randrange(len(known))
        verdict = await town.identity.resolve(untidy(chance, *known[place], number))
        given += verdict.account_id is not None
        right += verdict.account_id == ids[str(place)]
    strangers = [_scrambled(chance, name) for name in others]
    taken = [
        name
        for number, name in enumerate(strangers)
        if (await town.identity.resolve(untidy(chance, name, f"invented-{number}.example", number))).account_id
        is not None
    ]

    precision, recall = right / (given + len(taken)), right / 5_000
    record_property("precision", precision)
    record_property("recall", recall)
    record_property("strangers_taken", taken)
    assert precision >= 0.99
    assert recall >= 0.90


def _scrambled(chance: Random, name: str) -> str:
    """A company that there is not: with a word of its own among those of another one."""
    words = name.split()
    words[chance.randrange(len(words))] = chance.choice(
        ("Orchard", "Lantern", "Meridian", "Falcon", "Harbour", "Kestrel")
    )
    return " ".join(words)


def test_no_provider_makes_an_account(data: Path, record_property: Given) -> None:
    """Of the listed providers of throw-away mailboxes none; of the free ones those that the library does not know yet.

    These are 0.040 of them, mostly domains of a season. The list also names companies, such as starbucks.com.
    """

    def listed(name: str) -> list[str]:
        return (data / "email_domains" / name).read_text().split()

    disposable, free = listed("disposable_email_domains.txt"), listed("free_email_domains.txt")

    accounts = [domain for domain in disposable if company_domain(domain) and registrable_domain(domain)]
    of_free = [domain for domain in free if company_domain(domain)]

    record_property("of_disposable", len(accounts) / len(disposable))
    record_property("of_free", len(of_free) / len(free))
    assert len(accounts) / len(disposable) <= 0.01
    assert len(of_free) / len(free) <= 0.045
