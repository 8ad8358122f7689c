"""Into which contact another one was merged, as events tell it. Pure.

Events of one pair come in order, those of different pairs in any: the key of both kinds is the contact that is kept,
and a parting names the top of the tree, into which the one that was parted need not have been merged itself. But
somebody is merged only while he is by himself, so that mergings and partings of one contact alternate. What comes too
early can therefore be told from what comes in time. A merge, or a parting, of very many leads is told in several
events.
"""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where a contact is: merged into the last of `kept`, or by itself.

    Of several in `kept` the partings are still to come; `owed` mergings are, which were undone since. `parted_from` is
    whom the last parting named.
    """

    kept: tuple[str, ...] = ()
    owed: int = 0
    parted_from: str | None = None

    @property
    def kept_id(self) -> str | None:
        """The contact that this one is a part of."""
        return self.kept[-1] if self.kept else None

    def merged(self, kept_id: str) -> "Place":
        """It was merged into that one.

        >>> Place().merged("a").kept_id, Place().merged("a").merged("a").kept
        ('a', ('a',))
        """
        if kept_id in self.kept:
            return self
        if self.owed:
            return msgspec.structs.replace(self, owed=self.owed - 1)
        return msgspec.structs.replace(self, kept=(*self.kept, kept_id), parted_from=None)

    def parted(self, top_id: str) -> "Place":
        """It was taken out of the tree of which that one is the top.

        >>> Place().merged("a").parted("top").kept_id, Place().parted("top").merged("a").kept_id
        (None, None)
        >>> Place().merged("a").merged("b").parted("a").kept_id  # to a, out again, and to b: told in another order
        'b'
        """
        if self.kept:
            gone = top_id if top_id in self.kept else self.kept[0]
            return Place(tuple(each for each in self.kept if each != gone), self.owed, top_id)
        if self.parted_from == top_id:
            return self
        return Place((), self.owed + 1, top_id)
