"""Chance as a port: every random choice comes from here, so that a seed repeats it."""

from random import Random
from typing import Protocol
from uuid import UUID


class Entropy(Protocol):
    """Where chance comes from.

    Promises: the drivers of production are seeded by the operating system; one with a seed gives the same values in
    the same order. Only `token` is fit for secrets.
    """

    def bits(self, count: int) -> int:
        """An unpredictable-enough number of `count` bits, for identifiers of traces and for jitter; quick."""
        ...

    def uuid(self) -> UUID:
        """A new identifier: UUID version 7 (RFC 9562), so that later ones sort later."""
        ...

    def token(self) -> str:
        """A secret of 256 bits in URL-safe characters, for keys."""
        ...

    def random(self) -> Random:
        """A generator of its own, seeded from here."""
        ...
