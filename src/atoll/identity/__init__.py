"""Who asks: keys of callers from outside. Principals, tokens and permissions will live here."""

from atoll.identity.keys import Keys

__all__ = ["Keys"]
