"""A whole list of records at once: who of them is one person. The same keys and judgements as for a single lead. Pure.

Memory grows with the number of records, not with that of pairs: pairs are judged as they are met, and forgotten.
"""

from collections import Counter
from collections.abc import Sequence

from .blocking import BLOCK_MAX, blocks_of
from .contract import Band
from .record import Record
from .weighing import judged


def clusters(records: Sequence[Record]) -> list[int]:
    """For each record the position of the first one of its person.

    >>> ada = Record(first="ada", last="lovelace", phones=("301234567",))
    >>> clusters([ada, Record(first="charles", last="babbage"), ada])
    [0, 1, 0]
    """
    blocks = [blocks_of(record) for record in records]
    sizes = Counter(block for several in blocks for block in several)
    members: dict[int, list[int]] = {}
    joined = list(range(len(records)))
    for position, record in enumerate(records):
        met: set[int] = set()
        for block in blocks[position]:
            if not 1 < sizes[block] <= BLOCK_MAX:
                continue
            for other in members.setdefault(block, []):
                if other in met:
                    continue
                met.add(other)
                if judged(record, records[other]).band is Band.AUTO:
                    _join(joined, position, other)
            members[block].append(position)
    return [_root(joined, position) for position in range(len(records))]


def _join(joined: list[int], one: int, other: int) -> None:
    """The first of both stands for them."""
    first, second = sorted((_root(joined, one), _root(joined, other)))
    joined[second] = first


def _root(joined: list[int], position: int) -> int:
    while joined[position] != position:
        joined[position] = joined[joined[position]]
        position = joined[position]
    return position
