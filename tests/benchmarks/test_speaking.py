"""Programs that are measured are set as the processes of Atoll are."""

from atoll.topology import process
from benchmarks.measuring import speaking


def test_garbage_is_looked_for_as_seldom_in_all_programs() -> None:
    """A peer's program loads nothing of Atoll; so the numbers are written twice."""
    assert speaking.COLLECTED_AFTER == process.COLLECTED_AFTER
