"""E-mail addresses in the form by which a mailbox is recognised. Pure.

Which providers deliver `ada+news@` and `ada@`, or `a.da@` and `ada@`, to one mailbox is theirs to say; of everybody
else's addresses nothing is assumed.
"""

from functools import lru_cache

import msgspec

from revenue.mailboxes import role_of

ALIASES = {"googlemail.com": "gmail.com", "pm.me": "proton.me", "protonmail.com": "proton.me"}
"""Domains of one provider under which a mailbox has the same name."""

DOTLESS = frozenset({"gmail.com"})
"""Dots before the @ do not matter (Gmail Help, "Dots don't matter in Gmail addresses")."""

TAGGED = frozenset({
    "gmail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
    "fastmail.com", "fastmail.fm", "proton.me", "posteo.de", "mailbox.org", "runbox.com", "zoho.com",
})  # fmt: skip
"""What stands after a plus is a tag, and no part of the mailbox's name (RFC 5233 calls it detail)."""


class Address(msgspec.Struct, frozen=True, array_like=True):
    """A mailbox: its name as the provider tells mailboxes apart, its domain, and whether one person reads it.

    `base` is the name without anything after a plus, whoever the provider is: two that differ only in that are
    probably one person's.
    """

    local: str
    domain: str
    base: str
    is_personal: bool

    @property
    def text(self) -> str:
        """As one text."""
        return f"{self.local}@{self.domain}"


@lru_cache(maxsize=20_000)
def address_of(written: str) -> Address | None:
    """The mailbox of an address; None when it is none.

    >>> address_of("A.Da+news@GoogleMail.com").text, address_of("Ada+news@Example.com").text
    ('ada@gmail.com', 'ada+news@example.com')
    >>> address_of("info@example.com").is_personal, address_of("ada@") is None
    (False, True)
    """
    local, at, domain = written.strip().casefold().rpartition("@")
    if not at or not local or "." not in domain or len(written) > 320 or " " in written.strip():
        return None
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode()
        except UnicodeError:
            return None
    domain = ALIASES.get(domain, domain)
    base = local.partition("+")[0] or local
    if domain in TAGGED:
        local = base
    if domain in DOTLESS:
        local = local.replace(".", "") or local
        base = base.replace(".", "") or base
    return Address(local, domain, base, role_of(base) is None)
