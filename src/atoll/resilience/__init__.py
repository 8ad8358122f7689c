"""What keeps one failure from becoming many: deadlines now; retries, breakers and limits will live here."""

from atoll.resilience.deadline import EARLY_S, Guard, Timer, covers, guard, within

__all__ = ["EARLY_S", "Guard", "Timer", "covers", "guard", "within"]
