"""Where in a provider's answer the fields are, as a sample of it looks. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .checking import Held, checked
from .contract import Topic

DEPTH_MAX = 8
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
"""What fields are called, without case, blanks and marks, the likeliest name first; with the name before them, or alone."""


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
    leaves = list(_leaves(sample, "", 0))
    found: list[Proposal] = []
    for topic, names in NAMES.items():
        places: list[tuple[int, int, str, str]] = []
        for path, value in leaves:
            rank = _rank(path, names)
            if rank is not None and isinstance(checked(topic, value, {Topic.PHONE_TYPE: "mobile"}), Held):
                places.append((rank, path.count(".") + path.count("["), path, value))
        if places:
            _, _, path, value = min(places)
            found.append(Proposal(topic, path, value))
    return tuple(found)


def _rank(path: str, names: tuple[str, ...]) -> int | None:
    """How likely a name is; None where it is none of them. The last two words of a path are tried together first."""
    steps = [re.sub(r"[^a-z0-9]", "", step.casefold()) for step in re.sub(r"\[\d+\]", "", path).split(".")]
    both = "".join(steps[-2:])
    return next((rank for rank, name in enumerate(names) if name in (both, steps[-1])), None)


def _leaves(said: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:  # Any: JSON
    """The texts and numbers in JSON with their paths; of a list the first item stands for all."""
    if depth > DEPTH_MAX:
        return
    if isinstance(said, dict):
        for name, inner in said.items():
            if re.fullmatch(r"[^.\[\]]+", name):
                yield from _leaves(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(said, list):
        if said:
            yield from _leaves(said[0], f"{path}[0]", depth + 1)
    elif isinstance(said, str) and said:
        yield path, said
    elif isinstance(said, int | float) and not isinstance(said, bool):
        yield path, str(said)
