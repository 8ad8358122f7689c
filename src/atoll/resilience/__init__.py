"""What keeps one failure from becoming many: deadlines now; retries, breakers and limits will live here."""

from atoll.resilience.deadline import Guard, Timer, covers, guard, within

__all__ = ["Guard", "Timer", "covers", "guard", "within"]
