"""`atoll events`: subscriptions, what was put aside, what is told again, and erasure."""

from atoll.cli.events.command import events

__all__ = ["events"]
