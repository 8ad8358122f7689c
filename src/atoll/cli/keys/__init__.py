"""`atoll keys`: API keys for callers from outside."""

from atoll.cli.keys.command import keys

__all__ = ["keys"]
