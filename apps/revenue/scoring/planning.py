"""What other rules would do to the leads that are kept: counts, and those that would change most."""

import heapq
from collections import Counter

from .contract import Grade, GradeMove, Plan, PlannedChange, Score

SAMPLES_MAX = 100


class Planning:
    """Counts leads as they are and as they would be. Keeps the few that change most, however many there are."""

    def __init__(self, samples: int) -> None:
        self._samples_max = min(max(samples, 0), SAMPLES_MAX)
        self._samples: list[tuple[tuple[bool, int], int, PlannedChange]] = []
        self._moves: Counter[tuple[Grade, Grade]] = Counter()
        self._points = 0

    def add(self, before: Score, after: Score) -> None:
        """Count one lead."""
        number = self._moves.total()
        self._moves[before.grade, after.grade] += 1
        difference = abs(after.points - before.points)
        self._points += difference > 0
        weight = (before.grade != after.grade, difference)
        if not any(weight) or not self._samples_max:
            return
        item = (weight, -number, PlannedChange(lead_id=before.lead_id, before=before, after=after))
        if len(self._samples) < self._samples_max:
            heapq.heappush(self._samples, item)
        elif item[:2] > self._samples[0][:2]:
            heapq.heapreplace(self._samples, item)

    def plan(self) -> Plan:
        """What was counted."""
        moves = tuple(
            GradeMove(before=before, after=after, leads=leads) for (before, after), leads in sorted(self._moves.items())
        )
        return Plan(
            leads=self._moves.total(),
            points_change=self._points,
            grade_change=sum(move.leads for move in moves if move.before is not move.after),
            moves=moves,
            samples=tuple(change for _, _, change in sorted(self._samples, key=lambda item: item[:2], reverse=True)),
        )
