"""The supervisor as its process sees it."""

import os

from atoll.adapters.parent import CALLERS, VARIABLE, supervised


def test_what_a_process_starts_has_no_word_of_its_parent() -> None:
    """A program that runs `atoll` in its turn would read a descriptor that is somebody else's, and end for it."""
    reads, writes = os.pipe()
    environment = {VARIABLE: str(reads), CALLERS: "orders,gateway", "PATH": "/bin"}
    try:
        with supervised(1.0, environment) as parent:
            assert parent is not None
            assert parent.callers == ("orders", "gateway")
            assert not parent.is_gone
            assert environment == {"PATH": "/bin"}
            with supervised(1.0, environment) as again:
                assert again is None
    finally:
        os.close(reads)
        os.close(writes)
