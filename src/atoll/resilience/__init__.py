"""What keeps one failure from becoming many: deadlines now; retries, breakers and limits will live here."""

from atoll.resilience.deadline import covered, guard, guarded_by, within

__all__ = ["covered", "guard", "guarded_by", "within"]
