"""What the tests of Revenue share: the folder of real data."""

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def data() -> Path:
    """The folder of real data sets: `ATOLL_TEST_DATA`, or `shared/data` beside the checkout."""
    return Path(os.environ.get("ATOLL_TEST_DATA", CHECKOUT / "../shared/data"))
