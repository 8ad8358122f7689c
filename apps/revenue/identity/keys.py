"""What a contact and an account are recognised by without doubt. Pure.

Keys are digests: of any length none fits into an index, and none says whose it is. They are kept, so that what they are
made of never changes.
"""

from hashlib import blake2b

import msgspec

from revenue.capture.contract import LeadDetails

from .record import Record


def digest_of(*parts: str) -> str:
    """Short for a key, and the same for ever.

    >>> digest_of("email", "ada", "example.com") == digest_of("email", "ada@example", ".com"), len(digest_of("a"))
    (False, 32)
    """
    return blake2b(msgspec.json.encode(parts), digest_size=16).hexdigest()


def contact_keys(details: LeadDetails, record: Record) -> dict[str, str]:
    """A person's keys, the surest first, each with what it is in words.

    A mailbox that a function reads is a key only together with a name; who has no mailbox of their own is recognised
    by saying word for word the same, if that is enough to tell people apart.
    """
    keys: dict[str, str] = {}
    email = record.email
    if email and email.is_personal:
        keys[digest_of("email", email.local, email.domain)] = "e-mail address"
    elif email:
        keys[digest_of("shared", email.local, email.domain, record.first, record.last)] = "shared mailbox and name"
    if details.external_id:
        source = details.external_source or ""
        keys[digest_of("record", source, details.external_id)] = f"record id in {source or 'its source'}"
    if not email and _tells_apart(record):
        keys[digest_of("said", *map(str, msgspec.structs.astuple(record)))] = "name and everything else"
    return keys


def _tells_apart(record: Record) -> bool:
    """Whether nobody else says the same of themselves: a whole name, and something that few people share."""
    return bool(record.first and record.last and (record.phones or record.born or record.numbers or record.street))


def domain_key(domain: str) -> str:
    """An account's, by its registrable domain."""
    return digest_of("domain", domain)


def name_key(core: str, country: str) -> str:
    """An account's that has no domain, by its name as it is compared, and its country where that is a code."""
    return digest_of("name", core, country if len(country) == 2 else "")


def record_key(source: str, external_id: str) -> str:
    """An account's, by a record of another system."""
    return digest_of("record", source, external_id)
