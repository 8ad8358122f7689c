"""Exports of Salesforce and HubSpot: how they are recognised, and what their columns mean in Salesforce's words.

Data, and two small functions. Field names: Salesforce's object reference (Lead, Contact, Account) and HubSpot's default
contact properties.
"""

import re
from collections.abc import Mapping, Sequence

from .synonyms import plain

SALESFORCE = frozenset({
    "isdeleted", "masterrecordid", "systemmodstamp", "isconverted", "leadidcasesafe", "leadowner", "contactidcasesafe",
    "accountidcasesafe", "lastmodifiedbyid", "createdbyid",
})  # fmt: skip
"""Columns that only an export of Salesforce has."""

SALESFORCE_TOGETHER = (frozenset({"id", "ownerid"}), frozenset({"id", "recordtypeid"}))
"""Columns that only an export of Salesforce has beside each other, as a query's are written: without blanks."""
SALESFORCE_ENDINGS = ("__c", "__pc")
"""How a team's own fields end in Salesforce, and nowhere else."""

SALESFORCE_DELETED = "isdeleted"
"""The column that says of a record that it is in the recycle bin: as a query writes it, in any case."""

HUBSPOT = frozenset({
    "lifecyclestage", "hsobjectid", "hsleadstatus", "associatedcompany", "contactowner", "companyowner",
    "numassociatedcontacts", "associatedcompanyids", "recordidcompany",
})  # fmt: skip
"""Columns that only an export of HubSpot has."""

HUBSPOT_ALIASES: dict[str, tuple[str, str, str]] = {
    "external_id": ("Id", "hs_object_id", "Record ID"),
    "email": ("Email", "email", "Email"),
    "salutation": ("Salutation", "salutation", "Salutation"),
    "first_name": ("FirstName", "firstname", "First Name"),
    "last_name": ("LastName", "lastname", "Last Name"),
    "title": ("Title", "jobtitle", "Job Title"),
    "phone": ("Phone", "phone", "Phone Number"),
    "mobile_phone": ("MobilePhone", "mobilephone", "Mobile Phone Number"),
    "company": ("Company", "company", "Company Name"),
    "website": ("Website", "website", "Website URL"),
    "industry": ("Industry", "industry", "Industry"),
    "number_of_employees": ("NumberOfEmployees", "numberofemployees", "Number of Employees"),
    "street": ("Street", "address", "Street Address"),
    "city": ("City", "city", "City"),
    "state": ("State", "state", "State/Region"),
    "postal_code": ("PostalCode", "zip", "Postal Code"),
    "country": ("Country", "country", "Country/Region"),
    "description": ("Description", "message", "Message"),
    "lead_source": ("LeadSource", "hs_analytics_source", "Original Source"),
    "landing_page": ("", "hs_analytics_first_url", "First Page Seen"),
    "referrer": ("", "hs_analytics_first_referrer", "First Referring Site"),
    "consent": ("", "hs_legal_basis", "Legal basis for processing contact's data"),
}
"""A lead's field: the Salesforce field, the HubSpot property, and what HubSpot calls it in exports."""

_HUBSPOT_MORE = {
    "originaltrafficsource": "lead_source", "latestsource": "attribute", "lifecyclestage": "attribute",
    "name": "company", "recordidcompany": "external_id", "numemployees": "number_of_employees",
    "companydomainname": "website",
}  # fmt: skip
_SALESFORCE_MORE = {
    "accountsite": "attribute", "companyaccount": "company", "leadid": "external_id", "contactid": "external_id",
    "leadidcasesafe": "external_id", "contactidcasesafe": "external_id", "accountidcasesafe": "external_id",
    "mailingstreet": "street", "mailingcity": "city", "mailingstate": "state", "mailingstateprovince": "state",
    "mailingpostalcode": "postal_code", "mailingzippostalcode": "postal_code", "mailingcountry": "country",
    "billingstreet": "street", "billingcity": "city", "billingstate": "state", "billingpostalcode": "postal_code",
    "billingcountry": "country", "leadstatus": "attribute", "status": "attribute", "leadowner": "attribute",
    "type": "attribute", "position": "attribute",
}  # fmt: skip

PRESETS: dict[str, Mapping[str, str]] = {
    "hubspot": {plain(name): field for field, (_, *names) in HUBSPOT_ALIASES.items() for name in names} | _HUBSPOT_MORE,
    "salesforce": {plain(name): field for field, (name, *_) in HUBSPOT_ALIASES.items() if name} | _SALESFORCE_MORE,
}
"""The field of each column of an export, by the system and the column's plain name."""


def exporting_system(header: Sequence[str]) -> str | None:
    """`salesforce` or `hubspot` when a file's columns give that away, else None.

    >>> exporting_system(("Id", "IsDeleted", "Email")), exporting_system(("Id", "LastName", "Budget__c"))
    ('salesforce', 'salesforce')
    """
    names, written = {plain(name) for name in header}, {name.strip().casefold() for name in header}
    if names & SALESFORCE or any(written >= each for each in SALESFORCE_TOGETHER):
        return "salesforce"
    if "id" in written and any(name.endswith(SALESFORCE_ENDINGS) for name in written):
        return "salesforce"
    return "hubspot" if names & HUBSPOT else None


def preset_of(header: Sequence[str]) -> Mapping[str, str]:
    """What the columns of an export mean; nothing where it is none. An account's `Name` is a company's."""
    system = exporting_system(header)
    if system is None:
        return {}
    names = {plain(name) for name in header}
    is_of_accounts = not names & {"lastname", "firstname", "email", "leadname", "contactname"}
    if system == "salesforce" and is_of_accounts and names & {"name", "accountname"}:
        return {**PRESETS[system], "name": "company"}
    if system == "hubspot" and not is_of_accounts:
        return {name: field for name, field in PRESETS[system].items() if name != "name"}
    return PRESETS[system]


_SHORT_ID = re.compile(r"[A-Za-z0-9]{15}")
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def record_id(system: str, text: str) -> str:
    """A record's id as all exports of its system have it: Salesforce's reports leave out three letters of it.

    The eighteen letters of the API end in three that say which of the first fifteen are capitals.

    >>> record_id("salesforce", "00Q5e000001AbCd"), record_id("hubspot", "7")
    ('00Q5e000001AbCdEAK', '7')
    """
    if system != "salesforce" or not _SHORT_ID.fullmatch(text):
        return text
    return text + "".join(
        _CHECKS[sum(1 << place for place, letter in enumerate(text[start : start + 5]) if "A" <= letter <= "Z")]
        for start in (0, 5, 10)
    )
