"""What an e-mail address says. Its syntax is judged by email-validator; no network is asked."""

from email_validator import EmailNotValidError, validate_email

from revenue.mailboxes import role_of

from .contract import Certainty, Fact, Source, Topic
from .domain import domain_facts


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
    role = role_of(local)
    if role is not None:
        facts.append(_fact(Topic.ROLE, role, Certainty.LIKELY))
    return facts + domain_facts(parts.ascii_domain, Source.MAIL_DOMAIN)


def _fact(topic: Topic, value: str, certainty: Certainty = Certainty.CERTAIN) -> Fact:
    return Fact(topic=topic, value=value, source=Source.EMAIL_ADDRESS, certainty=certainty)
