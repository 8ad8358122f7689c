"""How much of a long test is run: a part of it in the test command, all of it by `make test-all`."""

import os
from typing import TypeVar

import pytest

T = TypeVar("T")

IS_WHOLE = bool(os.environ.get("ATOLL_ALL"))

of_the_whole = pytest.mark.skipif(not IS_WHOLE, reason="one of many alike: make test-all runs all of them")
"""For tests of which others, that are always run, try a part."""


def amount(part: T, whole: T) -> T:
    """So much in the test command, so much where all is run."""
    return whole if IS_WHOLE else part
