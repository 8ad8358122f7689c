"""What is changed by the command line is written down: who, what, and how it ended."""

import getpass
import time
from contextlib import AbstractContextManager
from pathlib import Path

from atoll.operating import Change, changing


def noted(state: Path, action: str, subject: str, detail: str = "") -> AbstractContextManager[None]:
    """Write down a change that is made in the block, in the name of whoever is logged in on this machine."""
    at = time.time()  # a person's own terminal, beside no service
    return changing(state, Change("", at, getpass.getuser(), action, subject, detail))
