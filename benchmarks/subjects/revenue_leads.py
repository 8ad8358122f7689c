"""The leads of the benchmark `revenue`: so many different people as one likes, at a quarter as many companies.

Nobody in it exists: companies have domains of `.example` (RFC 2606), telephone numbers are from the ranges that
regulators keep for films. As in life nearly all give an address, one in eight at a provider of free mailboxes, and not
everything else is said. Equal numbers make equal leads.
"""

import csv
from base64 import b64encode
from io import StringIO
from random import Random  # seeded by the lead's number
from typing import TypeVar

import msgspec

T = TypeVar("T")

COMPANY_OF = 4
"""How many leads there are of one company, on average."""

FIRST_NAMES = (
    "Ada", "Anke", "Beatrix", "Björn", "Callum", "Élodie", "Gaëtan", "Göran", "Hamish", "Heike", "Imogen", "Jolene",
    "Jürgen", "Loïc", "Maëlle", "Marlowe", "Märta", "Odessa", "Philippa", "Rémi", "Rhys", "Sören", "Wendell", "Ylva",
)  # fmt: skip
SYLLABLES = (
    "ber", "cor", "dal", "den", "far", "gar", "hol", "kas", "lin", "mar", "nor", "per", "quil", "ros", "sel", "tor",
    "ul", "ver", "wal", "zim",
)  # fmt: skip
ENDS = ("son", "mann", "well", "ström", "ier", "ham", "berg", "ard")
TRADES = (
    "Logistics",
    "Anlagenbau",
    "Software",
    "Foods",
    "Textil",
    "Insurance",
    "Robotics",
    "Optik",
    "Biotech",
    "Media",
)
FORMS = ("GmbH", "Ltd", "SARL", "AB", "Inc.")
COUNTRIES = (
    ("Germany", "+49 30 23125 0{:02}"),
    ("United Kingdom", "+44 20 7946 00{:02}"),
    ("France", "+33 1 99 00 10 {:02}"),
    ("United States", "(212) 555-01{:02}"),
    ("Sweden", "+46 8 465 004 {:02}"),
)
TITLES = (
    "CEO", "Chief Technology Officer", "VP Sales", "Head of Operations", "IT-Leiter", "Account Manager",
    "Software Engineer", "Student", "Consultant",
)  # fmt: skip
SOURCES = ("Website demo request", "Webinar", "Trade show", "Purchased list", "Referral")
FREE = ("gmail.com", "web.de", "orange.fr", "outlook.com")
EMPLOYEES = (8, 12, 40, 51, 250, 1_200, 3_500)


def lead_body(number: int) -> bytes:
    """What is sent to take in the lead with this number, as JSON in the names of Capture's contract.

    >>> lead_body(7) == lead_body(7) != lead_body(8)
    True
    """
    said = _said(number)
    return msgspec.json.encode({name: value for name, value in said.items() if value is not None})


def file_of(first: int, count: int) -> bytes:
    """What is sent to import so many leads, numbered from `first`, as a CSV file with a row each."""
    rows = [_said(number) for number in range(first, first + count)]
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    content = b64encode(text.getvalue().encode()).decode()
    named = {"file_name": "leads.csv", "content": content, "first_row_line": first + 2, "import_id": "benchmark"}
    return msgspec.json.encode(named)


def _said(number: int) -> dict[str, object]:
    """What is said about a lead; None is not said."""
    chance = Random(number)
    first, last = _pick(chance, FIRST_NAMES), _name(chance)
    company = Random(f"company {int(chance.random() * (number + COMPANY_OF)) // COMPANY_OF}")
    stem, trade = _name(company), _pick(company, TRADES)
    country, phone = _pick(company, COUNTRIES)
    domain = f"{stem}-{trade}.example".casefold().replace("ö", "oe")
    host = _pick(chance, FREE) if chance.random() < 0.125 else domain
    local = f"{first}.{last}.{number}".casefold().translate(PLAIN)
    return {
        "email": f"{local}@{host}",
        "first_name": first,
        "last_name": last,
        "company": f"{stem} {trade} {_pick(company, FORMS)}" if chance.random() < 0.85 else None,
        "title": _pick(chance, TITLES) if chance.random() < 0.8 else None,
        "phone": phone.format(int(chance.random() * 100)) if chance.random() < 0.7 else None,
        "country": country if chance.random() < 0.85 else None,
        "website": f"www.{domain}" if chance.random() < 0.3 else None,
        "number_of_employees": _pick(company, EMPLOYEES) if chance.random() < 0.5 else None,
        "lead_source": _pick(chance, SOURCES),
        "landing_page": "https://www.atoll.example/demo" if chance.random() < 0.4 else None,
        "consent": "Yes, send me the newsletter." if chance.random() < 0.4 else None,
    }


PLAIN = str.maketrans("äëéïößüå", "aeeiosua")


def _name(chance: Random) -> str:
    """One of some thousands."""
    return (_pick(chance, SYLLABLES) + _pick(chance, SYLLABLES) + _pick(chance, ENDS)).title()


def _pick(chance: Random, choices: tuple[T, ...]) -> T:
    return choices[int(chance.random() * len(choices))]
