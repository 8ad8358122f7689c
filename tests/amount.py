"""How much of a long test is run: a part of it in the test command, all of it by `make test-all`."""

import os
from typing import TypeVar

T = TypeVar("T")

IS_WHOLE = bool(os.environ.get("ATOLL_ALL"))


def amount(part: T, whole: T) -> T:
    """So much in the test command, so much where all is run."""
    return whole if IS_WHOLE else part
