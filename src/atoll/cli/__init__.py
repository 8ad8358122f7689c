"""The way in: `atoll run`, `call`, `show`, `check`, `new` and `contract export`."""

from atoll.cli.program import main

__all__ = ["main"]
