"""How much may travel with a call: as much in one process as over a network, where every head and body has a limit."""

from collections.abc import Sequence
from itertools import chain
from urllib.parse import quote

from atoll.contract import BrokenContract, Fault, Invalid, Operation

ADDRESS_BYTES_MAX = 48 * 1024
"""How long the words in the path and the query of a call may be together, as they are written in an address. A head of
64 KiB holds them, and what travels beside them."""

BODY_BYTES_MAX = 8 * 1024 * 1024
"""How long the body of a call may be."""

ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""How long an answer may be."""

_CHARACTER_BYTES_MAX = 12
"""What one character takes in an address, at most: four bytes, each as `%F0`."""


def refuse_long_address(path: Sequence[str], query: Sequence[tuple[str, str]]) -> None:
    """Refuse a call whose address no server would read.

    Raises:
        Invalid: the words of its path and its query are too long together.
    """
    characters = 0
    for word in path:
        characters += len(word) + 1
    for name, word in query:
        characters += len(name) + len(word) + 2
    if characters * _CHARACTER_BYTES_MAX <= ADDRESS_BYTES_MAX:
        return
    size = sum(len(quote(part, safe="")) + 1 for part in (*path, *chain.from_iterable(query)))
    if size > ADDRESS_BYTES_MAX:
        detail = f"has {size} bytes as an address, and {ADDRESS_BYTES_MAX} are taken: put what is long into the body"
        raise Invalid((Fault(pointer="", detail=detail, place="query" if query else "path"),))


def refuse_long_answer(operation: Operation, body: bytes) -> None:
    """Refuse an answer that no caller would read.

    Raises:
        BrokenContract: it is too long.
    """
    if len(body) > ANSWER_BYTES_MAX:
        raise BrokenContract(operation=operation.id, errors=(too_long(ANSWER_BYTES_MAX),))


def too_long(limit_bytes: int) -> Fault:
    """What is wrong with an answer that is longer than this."""
    return Fault(pointer="", detail=f"is longer than {limit_bytes} bytes")
