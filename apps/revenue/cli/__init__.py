"""The command line of Atoll Revenue: `revenue`."""

from .main import main

__all__ = ["main"]
