"""`atoll access`: who may call what, and why."""

from atoll.cli.access.command import access

__all__ = ["access"]
