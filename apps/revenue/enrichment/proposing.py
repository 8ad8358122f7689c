"""Where in a provider's answer the fields are, as a sample of it looks. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .checking import Held, checked
from .contract import Topic
from .jsons import leaves

NAMES: Mapping[Topic, tuple[str, ...]] = {
    Topic.EMAIL: ("workemail", "email", "emailaddress", "mail"),
    Topic.MOBILE: ("mobilephone", "mobilenumber", "mobile", "cellphone", "cell"),
    Topic.PHONE: ("phonenumber", "phone", "telephone", "directphone", "workphone", "e164"),
    Topic.PHONE_TYPE: ("phonetype", "linetype", "linetypeintelligencetype"),
    Topic.DOMAIN: ("domain", "companydomain", "primarydomain", "website", "websiteurl", "companywebsite"),
    Topic.COMPANY: ("companyname", "organizationname", "organisationname", "legalname", "company", "organization"),
    Topic.INDUSTRY: ("industry", "sector", "categoryindustry", "industryname", "primaryindustry"),
    Topic.NUMBER_OF_EMPLOYEES: (
        "numberofemployees", "employeecount", "employeescount", "employees", "headcount", "estimatednumemployees",
        "metricsemployees", "companysize", "employeerange", "size",
    ),
    Topic.CITY: ("city", "locality", "town"),
    Topic.STATE: ("state", "region", "statecode", "province"),
    Topic.COUNTRY: ("countrycode", "country", "countryiso", "countryname"),
    Topic.TITLE: ("jobtitle", "title", "position", "role"),
}  # fmt: skip
"""What fields are called, without case, blanks and marks: alone, or with the name before. The likeliest is first."""


WORDS = (Topic.COMPANY, Topic.INDUSTRY, Topic.CITY, Topic.STATE, Topic.TITLE)
"""Fields that are said in words: a number there is a key of a list that the provider has, or a count."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A field that was found, where, and the value that stands there."""

    field: Topic
    path: str
    value: str


def proposals(sample: Any) -> tuple[Proposal, ...]:  # Any: JSON
    """The fields in a sample, each at its likeliest place: by its name, and by whether the value there holds.

    >>> proposals({"person": {"location": {"city": "Ulm"}}})
    (Proposal(field=<Topic.CITY: 'city'>, path='person.location.city', value='Ulm'),)
    """
    everywhere = list(leaves(sample))
    found: list[Proposal] = []
    for topic, names in NAMES.items():
        places: list[tuple[int, int, str, str]] = []
        for path, value in everywhere:
            rank = _rank(path, names)
            if rank is not None and _holds(topic, value):
                places.append((rank, path.count(".") + path.count("["), path, value))
        if places:
            _, _, path, value = min(places)
            found.append(Proposal(topic, path, value))
    return tuple(found)


def _holds(topic: Topic, value: str) -> bool:
    is_said = topic not in WORDS or any(map(str.isalpha, value))
    return is_said and isinstance(checked(topic, value, {Topic.PHONE_TYPE: "mobile"}), Held)


def _rank(path: str, names: tuple[str, ...]) -> int | None:
    """How likely a name is; None where it is none of them. The last two words of a path are tried together first."""
    steps = [re.sub(r"[^a-z0-9]", "", step.casefold()) for step in re.sub(r"\[\d+\]", "", path).split(".")]
    both = "".join(steps[-2:])
    return next((rank for rank, name in enumerate(names) if name in (both, steps[-1])), None)
