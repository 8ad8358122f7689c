"""`atoll show`: an application as tables and as a picture."""

from atoll.cli.show.command import show
from atoll.cli.show.summary import Summary, summarise

__all__ = ["Summary", "show", "summarise"]
