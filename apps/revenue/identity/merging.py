"""Contacts or accounts that were merged: a tree of links, so that every merge can be undone, in any order. Pure.

Each one that was merged names the next one up. A merge adds a link from the top of one tree to the top of another;
undoing it takes that link away again, and with the one that it leads from goes all that was merged into that one.
"""

from collections.abc import Mapping


def top_of(links: Mapping[str, str | None], one: str) -> str:
    """The one that is kept in its place.

    >>> top_of({"a": None, "b": "a", "c": "b"}, "c")
    'a'
    """
    while (up := links[one]) is not None:
        one = up
    return one


def below(links: Mapping[str, str | None], one: str) -> set[str]:
    """Itself, and all that was merged into it, directly or not.

    >>> sorted(below({"a": None, "b": "a", "c": "b", "d": "a"}, "b"))
    ['b', 'c']
    """
    children: dict[str, list[str]] = {}
    for each, up in links.items():
        if up is not None:
            children.setdefault(up, []).append(each)
    found, waiting = {one}, [one]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found.add(child)
            waiting.append(child)
    return found
