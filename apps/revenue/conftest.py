"""What the tests of Revenue share: the folder of real data."""

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def data() -> Path:
    """The folder of real data sets: `ATOLL_TEST_DATA`, or `shared/data` beside the checkout."""
    folder = Path(os.environ.get("ATOLL_TEST_DATA", CHECKOUT / "../shared/data"))
    if not folder.is_dir():
        pytest.fail(f"There are no data sets in {folder}: set ATOLL_TEST_DATA to the folder that holds them.")
    return folder
