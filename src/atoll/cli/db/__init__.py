"""`atoll db`: the databases of an application's services."""

from atoll.cli.db.command import db

__all__ = ["db"]
