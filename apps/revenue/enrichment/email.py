"""What an e-mail address says. Its syntax is judged by email-validator; no network is asked."""

import re

from email_validator import EmailNotValidError, validate_email

from .contract import Certainty, Fact, Source, Topic
from .domain import domain_facts

ROLES = frozenset(
    "abuse accounting accounts admin administration billing bonjour booking buchhaltung career careers contact"
    " contacto contato customerservice einkauf enquiries finance hallo hello help helpdesk hi hola hostmaster hr info"
    " information inquiries invoice it jobs kontakt legal mail marketing media news newsletter no-reply noreply office"
    " orders partner postmaster post presse press privacy procurement purchasing recruiting reception root sales"
    " sekretariat security service services shop spam support team vendas ventas verkauf vertrieb web webmaster"
    " zentrale".split()
)
"""What stands before the @ of a mailbox that a function reads and not a person."""


def email_facts(address: str) -> list[Fact]:
    """All facts in an e-mail address; when it is none, the one fact that says why.

    >>> {str(fact.topic): fact.value for fact in email_facts("Sales+fair@Blue-Harbour.CO.UK")}["domain"]
    'blue-harbour.co.uk'
    """
    try:
        parts = validate_email(address.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        return [_fact(Topic.EMAIL_FAULT, str(error))]
    local, _, tag = parts.local_part.partition("+")
    facts = [_fact(Topic.EMAIL, parts.normalized)]
    if tag:
        facts.append(_fact(Topic.EMAIL_TAG, tag))
    role = _role(local)
    if role is not None:
        facts.append(_fact(Topic.ROLE, role, Certainty.LIKELY))
    return facts + domain_facts(parts.ascii_domain, Source.MAIL_DOMAIN)


def _role(local: str) -> str | None:
    """The role in `info`, `sales.de` or `support-2`: what stands before the first mark or digit."""
    plain = local.casefold()
    if plain in ROLES:
        return plain
    head = re.split(r"[._\d-]", plain, maxsplit=1)[0]
    rest = plain[len(head) :].strip("._-")
    return head if head in ROLES and (len(rest) <= 3 or rest.isdigit()) else None


def _fact(topic: Topic, value: str, certainty: Certainty = Certainty.CERTAIN) -> Fact:
    return Fact(topic=topic, value=value, source=Source.EMAIL_ADDRESS, certainty=certainty)
