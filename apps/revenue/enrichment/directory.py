"""The team's own directory of companies: CSV files into an indexed table, and a provider that looks companies up."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import bindparam, func, select

from atoll import Database, upsert
from revenue.domains import host_of

from .asking import Answer, Question, Terms
from .contract import AttemptState, Certainty, DirectoryRefused, Topic
from .domain import registrable_domain
from .rules import DIRECTORY
from .tables import COMPANIES

ROWS_MAX = 5_000
FIND = select(COMPANIES.c.key, COMPANIES.c.fields).where(COMPANIES.c.key.in_(bindparam("keys", expanding=True)))
KEEP = upsert(COMPANIES, "key")
COUNT = select(func.count()).select_from(COMPANIES).where(COMPANIES.c.is_first.is_(True))

COLUMNS: dict[str, str] = {
    "domain": "domain", "domainname": "domain", "companydomain": "domain", "companydomainname": "domain",
    "emaildomain": "domain", "website": "domain", "url": "domain", "homepage": "domain", "web": "domain",
    "name": "company", "company": "company", "companyname": "company", "account": "company", "accountname": "company",
    "organisation": "company", "organization": "company", "firma": "company", "security": "company",
    "industry": "industry", "sector": "industry", "branche": "industry", "gicssector": "industry",
    "numberofemployees": "number_of_employees", "numofemployees": "number_of_employees",
    "employees": "number_of_employees", "employeecount": "number_of_employees", "headcount": "number_of_employees",
    "teamsize": "number_of_employees", "city": "city", "billingcity": "city", "ort": "city", "stadt": "city",
    "state": "state", "region": "state", "billingstate": "state", "country": "country", "billingcountry": "country",
    "officelocation": "country", "land": "country", "phone": "phone", "telephone": "phone",
}  # fmt: skip
"""Which column fills which field, without case, blanks and marks."""
LEGAL_FORMS = frozenset(
    "ab ag bv co corp corporation gmbh inc incorporated kg limited llc ltd nv oy plc sa sas se spa srl".split()
)


class CompanyDirectory:
    """Looks companies up by domain, then by name. Costs nothing. Fulfils `Provider`."""

    name = DIRECTORY
    needs: tuple[str, ...] = ("account",)
    fields = frozenset(
        {Topic.COMPANY, Topic.DOMAIN, Topic.INDUSTRY, Topic.NUMBER_OF_EMPLOYEES, Topic.CITY, Topic.STATE, Topic.COUNTRY}
        | {Topic.PHONE}
    )
    terms = Terms(is_local=True, certainty=Certainty.LIKELY)
    fingerprint = ""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(self, question: Question, key: str, timeout_s: float) -> Answer:
        """What the directory says of the company with this domain; else of the one with this name."""
        domain, _, company = question.words["account"].partition("\n")
        keys = keys_of(domain, company)
        rows = await self._db.read(FIND, {"keys": keys})
        found = {row.key: row.fields for row in rows}
        text = next((found[each] for each in keys if each in found), None)
        if text is None:
            return Answer(AttemptState.MISS, detail="it is not in the directory")
        return Answer(AttemptState.HIT, msgspec.json.decode(text, type=dict[Topic, str]))


def keys_of(domain: str, company: str) -> list[str]:
    """By what a company is found: its domain, then its name without its legal form."""
    keys: list[str] = []
    if name := registrable_domain(host_of(domain)):
        keys.append(f"d:{name}")
    if plain := plain_name(company):
        keys.append(f"n:{plain}"[:300])
    return keys


def plain_name(company: str) -> str:
    """A company's name as it is compared.

    >>> plain_name("Blue-Harbour, Inc."), plain_name("Müller & Söhne GmbH & Co. KG")
    ('blue harbour', 'müller söhne')
    """
    words = re.findall(r"\w+", company.casefold())
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def mapped(header: Sequence[str]) -> dict[int, str]:
    """Which field each column fills; the first column that fits a field has it."""
    fields: dict[int, str] = {}
    for index, name in enumerate(header):
        field = COLUMNS.get(re.sub(r"[^a-z]", "", name.casefold()))
        if field is not None and field not in fields.values():
            fields[index] = field
    if not {"domain", "company"} & set(fields.values()):
        raise DirectoryRefused(
            explanation="no column is a domain or a company's name: call one `domain`, `website`, `company` or `name`"
        )
    return fields


def read_companies(lines: Iterable[str]) -> tuple[dict[str, str], Iterator[dict[str, str] | None]]:
    """The columns of a CSV file that are known, and its rows, as they are read; None for one that names no company.

    Raises:
        DirectoryRefused: no column names companies, or the file is no CSV.
    """
    rows = csv.reader(lines)
    try:
        header = next(rows, list[str]())
    except csv.Error as error:
        raise DirectoryRefused(explanation=f"this is no CSV file: {error}") from None
    fields = mapped(header)

    def each() -> Iterator[dict[str, str] | None]:
        try:
            for row in rows:
                if any(row):
                    yield _company(row, fields)
        except csv.Error as error:
            raise DirectoryRefused(explanation=f"line {rows.line_num} is no CSV: {error}") from None

    return {header[index]: field for index, field in fields.items()}, each()


def _company(row: Sequence[str], fields: Mapping[int, str]) -> dict[str, str] | None:
    found = {field: row[index].replace("\0", "").strip()[:200] for index, field in fields.items() if index < len(row)}
    company = {field: value for field, value in found.items() if value}
    if "domain" in company:
        company["domain"] = registrable_domain(host_of(company["domain"])) or ""
    return company if company.get("domain") or plain_name(company.get("company", "")) else None


def rows_of(company: Mapping[str, str]) -> list[dict[str, str | bool]]:
    """The rows of the table for a company: what is known of it, by its domain and by its name."""
    keys = keys_of(company.get("domain", ""), company.get("company", ""))
    text = msgspec.json.encode({field: value for field, value in company.items() if value}).decode()
    return [{"key": key, "fields": text, "is_first": key == keys[0]} for key in keys]


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8, else in Windows-1252."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
