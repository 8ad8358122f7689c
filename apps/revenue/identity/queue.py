"""What a person decides: that two are one, or are to stay apart."""

from collections.abc import Callable

from atoll import Problem, Row, Transaction

from . import store
from .contract import DuplicateNotFound, DuplicateState, KeptApart, Kind, MergeOrder
from .merging import below
from .trees import ACCOUNT_TREE, CONTACT_TREE, SETTLE_PAIR, Deed, Tree, pair_row

NewId = Callable[[], str]


async def merge_two(
    tx: Transaction, tree: Tree, kept: str, order: MergeOrder, deed: Deed, absent: Callable[[str], Problem]
) -> None:
    """Merge what is kept in place of two, as somebody has asked for.

    Raises:
        KeptApart: they are to stay apart, and that was not overruled.
    """
    await tree.turn(tx, deed.at)
    roots: list[str] = []
    for each in (kept, order.merged_id):
        root = await tree.locked_root(tx, each) if "\0" not in each else None
        if root is None:
            raise absent(each)
        roots.append(root)
    if not order.although_apart:
        await _check(tx, tree, (roots[0], roots[1]))
    await tree.merge(tx, roots[0], roots[1], deed)


async def approve(tx: Transaction, duplicate_id: str, deed: Deed) -> None:
    """The two of a pair are one."""
    pair, tree = await _pair(tx, duplicate_id)
    await tree.turn(tx, deed.at)
    one, other = await tree.locked_root(tx, pair.one_id), await tree.locked_root(tx, pair.other_id)
    assert one is not None
    assert other is not None
    if pair.state != DuplicateState.APART:  # who approves what was kept apart has thought again
        await _check(tx, tree, (one, other))
    await tree.merge(tx, one, other, deed)
    await _settle(tx, pair, DuplicateState.MERGED, deed)


async def keep_apart(tx: Transaction, duplicate_id: str, deed: Deed, new_id: NewId) -> None:
    """The two of a pair are not one: where they were merged, the link between them is taken away."""
    pair, tree = await _pair(tx, duplicate_id)
    await tree.turn(tx, deed.at)
    one, other = await tree.locked_root(tx, pair.one_id), await tree.locked_root(tx, pair.other_id)
    if one is not None and one == other:
        links = await tree.links(tx, one)
        lower = pair.one_id if pair.one_id in below(links, pair.other_id) else pair.other_id
        await tree.part(tx, lower, deed, new_id)
    await _settle(tx, pair, DuplicateState.APART, deed)


async def _check(tx: Transaction, tree: Tree, two: tuple[str, str]) -> None:
    if await tree.parted(tx.execute, set(two)) - {frozenset((each,)) for each in two}:
        raise KeptApart(one_id=two[0], other_id=two[1])


async def _pair(tx: Transaction, duplicate_id: str) -> tuple[Row, Tree]:
    row = (await tx.execute(store.PAIR, {"wanted": duplicate_id})).first() if "\0" not in duplicate_id else None
    if row is None:
        raise DuplicateNotFound(duplicate_id=duplicate_id)
    return row, ACCOUNT_TREE if row.kind == Kind.ACCOUNT else CONTACT_TREE


async def _settle(tx: Transaction, pair: Row, state: DuplicateState, deed: Deed) -> None:
    row = pair_row(Kind(pair.kind), pair.id, (pair.one_id, pair.other_id), state, pair.bits, (), deed.at)
    await tx.execute(SETTLE_PAIR, row)
