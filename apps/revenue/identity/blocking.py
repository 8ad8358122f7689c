"""Under which keys a record is found by those that may be the same: so that nobody is compared with everybody. Pure.

A key is a number of 64 bits, so that an index of them is small. Each is made of something that two records of one
person probably share even when much of the rest is wrong, and several are made, since any of it may be wrong.
"""

from collections.abc import Iterator
from hashlib import blake2b

from .record import Record
from .words import sound_of

BLOCK_MAX = 50
"""So many records at most are looked at of those under one key. One that has more is too common to say anything, as
`Anna Smith` is: people in it are found by narrower keys, which have their city, company or birthday as well."""


def blocks_of(record: Record) -> list[int]:
    """The keys of a record, none twice."""
    return list(dict.fromkeys(map(key_of, _said(record))))


TURNS = 1_000


def turn_of(record: Record) -> int:
    """A number that records have in common whose names sound alike, whatever stands first."""
    return key_of(tuple(sorted(map(sound_of, filter(None, (record.first, record.last)))))) % TURNS


def _said(record: Record) -> Iterator[tuple[str, ...]]:
    for phone in record.phones:
        yield ("phone", phone[-7:])
    for name, number in record.numbers:
        yield ("number", name, number)
    names = sorted(filter(None, (record.first, record.last)))
    sounds = sorted(map(sound_of, names))
    if names:
        yield from _named(record, names, sounds)
    if record.born and names:
        yield ("born", record.born)
    if record.postal and record.house:
        yield ("house", record.postal, record.house)
    if record.email and record.email.is_personal and record.email.base != record.email.local:
        yield ("mailbox", record.email.base, record.email.domain)


def _named(record: Record, names: list[str], sounds: list[str]) -> Iterator[tuple[str, ...]]:
    company = record.domain or record.company
    if len(names) == 2:
        yield ("names", *sounds)
        if company:
            yield ("names at", *sounds, company)
        if record.city:
            yield ("names in", *sounds, sound_of(record.city))
    elif company:
        yield ("name at", names[0], company)
    for name in names:
        if record.postal:
            yield ("name in", name[:4], record.postal)
        if record.street:
            yield ("name on", name[:3], record.street[:5])


def key_of(said: tuple[str, ...]) -> int:
    """Short for what is said: 64 bits, with a sign, as databases have them."""
    digest = blake2b("\0".join(said).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
