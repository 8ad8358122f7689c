"""Whose a mailbox is: a person's, or a function's that many read. Pure."""

import re

ROLES = frozenset(
    "abuse accounting accounts admin administration billing bonjour booking buchhaltung career careers contact"
    " contacto contato customerservice einkauf enquiries finance hallo hello help helpdesk hi hola hostmaster hr info"
    " information inquiries invoice it jobs kontakt legal mail marketing media news newsletter no-reply noreply office"
    " orders partner postmaster post presse press privacy procurement purchasing recruiting reception root sales"
    " sekretariat security service services shop spam support team vendas ventas verkauf vertrieb web webmaster"
    " zentrale".split()
)
"""What stands before the @ of a mailbox that a function reads and not a person."""


def role_of(local: str) -> str | None:
    """The role in `info`, `sales.de` or `support-2`: what stands before the first mark or digit.

    >>> role_of("info"), role_of("Sales.de"), role_of("it.smith"), role_of("ada")
    ('info', 'sales', None, None)
    """
    plain = local.casefold()
    if plain in ROLES:
        return plain
    head = re.split(r"[._\d-]", plain, maxsplit=1)[0]
    rest = plain[len(head) :].strip("._-")
    return head if head in ROLES and (len(rest) <= 3 or rest.isdigit()) else None
