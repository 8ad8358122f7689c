"""Lines that close a circle: a layered picture has no place for them, and says them in words."""

from collections.abc import Sequence

Pair = tuple[str, str]


def without_circles(pairs: Sequence[Pair]) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """The pairs that make no circle, in their order, and those that would close one with those before them.

    >>> without_circles([("a", "b"), ("b", "c"), ("c", "a"), ("a", "a")])
    ((('a', 'b'), ('b', 'c')), (('c', 'a'), ('a', 'a')))
    """
    kept: list[Pair] = []
    closing: list[Pair] = []
    for pair in pairs:
        (closing if _leads(pair[1], pair[0], kept) else kept).append(pair)
    return tuple(kept), tuple(closing)


def _leads(start: str, end: str, pairs: Sequence[Pair]) -> bool:
    """Whether there is a way from one to the other."""
    reached = [start]
    for name in reached:  # which grows on the way
        if name == end:
            return True
        reached += [target for source, target in pairs if source == name and target not in reached]
    return False
