"""A list of leads as they come in real life, invented from a seed: to try things on, and to show what happens.

Nobody in it exists. Companies have domains of `.example` (RFC 2606); addresses at real free providers have local parts
that say what they are; phone numbers are from the ranges that regulators keep for films and books.
"""

import csv
import unicodedata
from collections.abc import Sequence
from io import StringIO
from random import Random  # noqa: TID251  # seeded by the caller: the same sample for ever
from typing import NamedTuple, TypeVar

T = TypeVar("T")

HEADER = (
    "E-Mail ", "First Name", "LAST NAME", "Company", "Job title", "Telephone", "Country", "No. of Employees",
    "Lead Source", "utm_campaign", "Landing Page", "Consent text", "Website", "Created", "Notes",
)  # fmt: skip


class Place(NamedTuple):
    """A country as its people would fill in a form."""

    countries: tuple[str, ...]
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    phones: tuple[str, ...]
    """Forms of a number with `##` for the digits that are free."""


PLACES = (
    Place(
        ("Germany", "Deutschland", "DE", "germany "),
        ("Jürgen", "Anke", "Sören", "Käthe", "Björn", "Heike", "Lütke", "Margarethe"),
        ("Mühlenbrück", "Großkreutz", "Übelacker", "Hähnel", "Weißgerber", "von der Kuhlen", "Tödter", "Schönemark"),
        (
            "+49 30 23125 0##",
            "030/231250##",
            "+49 (0)40 669690##",
            "0049 89 999980##",
            "0221-47100##",
            "0171 / 39200##",
        ),
    ),
    Place(
        ("United Kingdom", "UK", "England", "GB"),
        ("Imogen", "Alasdair", "Philippa", "Rhys", "Beatrix", "Callum", "Sian", "Hamish"),
        (
            "Thistlewick",
            "O'Farrowell",
            "Penhallurick",
            "Ashgrove-Lyle",
            "McBracken",
            "Wetherstone",
            "Quillham",
            "Nettlefold",
        ),
        ("+44 20 7946 00##", "020 7946 01##", "(020) 7946-02##", "tel:+44-161-496-00##"),
    ),
    Place(
        ("France", "FR", "france"),
        ("Élodie", "Loïc", "Maëlle", "Gaëtan", "Océane", "Rémi", "Zoé", "Anaïs"),
        (
            "Beauchêne-Roux",
            "d'Aubressac",
            "Lefrançois",
            "Pérignac",
            "Dutilleux-Noël",
            "Vauquelin",
            "Saint-Orens",
            "Ménardière",
        ),
        ("01 99 00 10 ##", "+33 1 99 00 11 ##", "+33 (0)4 65 71 20 ##"),
    ),
    Place(
        ("United States", "USA", "US", "U.S.A."),
        ("Marlowe", "Jolene", "Truman", "Odessa", "Wendell", "Clementine", "Dashiell", "Loretta"),
        (
            "Underhaven",
            "Kowalczyk-Reed",
            "Birdsong",
            "Fairweather",
            "Hollowell",
            "Castellanos Vega",
            "Tumbleson",
            "Nakagawara",
        ),
        ("(212) 555-01##", "+1 415-555-01##", "312.555.01##", "1-206-555-01## x12"),
    ),
    Place(
        ("Sweden", "Sverige", "SE"),
        ("Åsa", "Göran", "Märta", "Sixten", "Ylva", "Torbjörn", "Linnéa", "Östen"),
        ("Björkhagen", "Sjöstjärna", "Ängsmark", "Lövgrenius", "Åkervall", "Strömfeltz", "Hällqvistare", "Norrbyggare"),
        ("08-465 004 ##", "+46 8 465 004 ##", "031-390 06##", "070-17406##"),
    ),
)

COMPANIES = (
    "Blue Harbour Logistics", "Nordlicht Anlagenbau GmbH", "Papilio & Söhne KG", "Quartz Meadow Software",
    "Tilting Windmill Energy", "Atelier Brouillard SARL", "Fjällräv Textil AB", "Seventh Kettle Foods",
    "Gedankenwerk AG", "Orchard Lantern Insurance", "Lune d'Avril Cosmétiques", "Copper Fern Analytics",
    "Steinadler Werkzeuge", "Marmalade Robotics", "Hinterhof Medien", "Velvet Anvil Studios",
    "Ponts et Merveilles", "Saltmarsh Biotech", "Dreiklang Akustik", "Paper Lighthouse Books",
    "Rosenquarz Pharma", "Tern & Tide Shipping", "Glasbläser Optik", "Cinder Peak Outdoors",
)  # fmt: skip

TITLES = (
    "CEO", "Chief Technology Officer", "Geschäftsführerin", "VP Sales", "Head of Operations", "Directrice Marketing",
    "IT-Leiter", "Account Manager", "marketing manager", "Einkäufer", "Software Engineer", "Sales Rep", "Founder",
    "Assistentin der Geschäftsführung", "Student", "Praktikant", "Product Owner", "Responsable achats", "Consultant",
)  # fmt: skip
SOURCES = (
    "Website demo request",
    "Webinar",
    "Trade show",
    "Purchased list",
    "Referral",
    "Content download",
    "trade show ",
    "",
)
CAMPAIGNS = ("spring-launch", "Herbstmesse", "retargeting_q3", "", "")
PAGES = ("https://www.atoll.example/demo", "/pricing?ref=nav", "atoll.example/webinar", "", "")
CONSENTS = ("Yes, send me the newsletter.", "Ja, ich möchte informiert werden.", "", "", "")
DATES = ("2026-03-{d:02}", "{d:02}.03.2026", "03/{d:02}/26", "{d} Mar 2026", "2026-03-{d:02}T09:15:00Z")
SIZES = ("12", "51-200", "1,200", "3.500", "8", "250+", "about 40", "n/a", "", "")
NOTES = (
    "", "", "", "", "met at the stand; wants a call", 'calls it "the island thing"', "two sites, one ERP",
    "spoke to Anke;\nsend offer by Friday", "-", "NULL",
)  # fmt: skip
FREE = ("gmail.com", "web.de", "orange.fr", "yahoo.com", "outlook.com")
ROLES = ("info", "sales", "kontakt", "office")
BROKEN = (
    "{local}@",
    "{local}(at){domain}",
    "{local}@@{domain}",
    "{local} @{domain}",
    "{local}@{domain},",
    "@{domain}",
    "{local}@{name}",
)


def sample_csv(seed: int = 7, leads: int = 400) -> str:
    """A CSV file's text with so many rows, give or take the blank and the broken ones. Equal seeds, equal text.

    >>> sample_csv(leads=3) == sample_csv(leads=3)
    True
    """
    chance = Random(seed)
    rows: list[list[str]] = []
    for number in range(leads):
        if rows and chance.random() < 0.07:
            rows.append(_again(chance, rows[chance.randrange(len(rows))]))
        else:
            rows.append(_untidy(chance, _lead(chance, number)))
    lines = [_line(HEADER), *(_line(row) for row in rows)]
    for damage in (_cut, _unclosed, _one_too_many, _blank, _blank):
        position = chance.randrange(1, len(lines))
        lines[position:position] = damage(lines[position])
    return "".join(lines)


def _lead(chance: Random, number: int) -> list[str]:
    place = _pick(chance, PLACES)
    first, last, company = _pick(chance, place.firsts), _pick(chance, place.lasts), _pick(chance, COMPANIES)
    domain = _ascii(company.split(" GmbH")[0]) + ".example"
    digits = f"{chance.randrange(100):02}"
    return [
        _email(chance, number, _ascii(first), _ascii(last), domain),
        first,
        last,
        company if chance.random() < 0.85 else "",
        _pick(chance, TITLES) if chance.random() < 0.8 else "",
        _pick(chance, place.phones).replace("##", digits) if chance.random() < 0.7 else "",
        _pick(chance, place.countries) if chance.random() < 0.85 else "",
        _pick(chance, SIZES),
        _pick(chance, SOURCES),
        _pick(chance, CAMPAIGNS),
        _pick(chance, PAGES),
        _pick(chance, CONSENTS),
        f"www.{domain}" if chance.random() < 0.3 else "",
        _pick(chance, DATES).format(d=chance.randrange(1, 29)),
        _pick(chance, NOTES),
    ]


def _email(chance: Random, number: int, first: str, last: str, domain: str) -> str:
    local = f"{first}.{last}"
    kind = chance.random()
    if kind < 0.05:
        return _pick(chance, BROKEN).format(local=local, domain=domain, name=domain.partition(".")[0])
    if kind < 0.10:
        return _pick(chance, ("", "n/a", "-"))
    if kind < 0.25:
        return f"invented.lead.{number:04}@{_pick(chance, FREE)}"
    if kind < 0.28:
        return f"invented.lead.{number:04}@mailinator.com"
    if kind < 0.34:
        return f"{_pick(chance, ROLES)}@{domain}"
    return f"{local}+fair@{domain}" if kind < 0.37 else f"{local}@{domain}"


def _untidy(chance: Random, row: list[str]) -> list[str]:
    """The same row as another person, or another program, would write it."""
    kind = chance.random()
    if kind < 0.08:
        row = [row[0].upper(), *row[1:]]
    elif kind < 0.16:
        row = [row[0], row[1].lower(), row[2].upper(), *row[3:]]
    elif kind < 0.24:
        row = [f"{cell}  " if position < 4 else f" {cell}" for position, cell in enumerate(row)]
    elif kind < 0.27:
        row = [f"{row[1]} {row[2]} <{row[0]}>" if "@" in row[0] else row[0], *row[1:]]
    elif kind < 0.28:
        row = ["", "", "", "", *row[4:5], "", "", "", *row[8:12], "", *row[13:]]
    return row


def _again(chance: Random, row: list[str]) -> list[str]:
    """A row that was there before: as it was, in other letters, or with something new."""
    kind = chance.random()
    if kind < 0.4:
        return list(row)
    if kind < 0.7:
        return [row[0].swapcase(), *row[1:]]
    return [*row[:4], "Head of Purchasing", *row[5:]]


def _cut(line: str) -> list[str]:
    return [";".join(line.split(";")[:4]) + "\n"]


def _unclosed(line: str) -> list[str]:
    cells = line.split("\n", maxsplit=1)[0].replace('"', "").split(";")
    return [";".join([cells[0], f'"{cells[1]}', *cells[2:]]) + "\n"]


def _one_too_many(line: str) -> list[str]:
    return [line.split("\n", maxsplit=1)[0].replace('"', "") + ";;x\n"]


def _blank(_: str) -> list[str]:
    return ["\n"]


def _line(cells: Sequence[str]) -> str:
    buffer = StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _ascii(text: str) -> str:
    """How a name is written in an address."""
    spelt = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return "".join(char for char in unicodedata.normalize("NFKD", spelt) if char.isascii() and char.isalnum())


def _pick(chance: Random, choices: Sequence[T]) -> T:
    return choices[int(chance.random() * len(choices))]
