"""What is wrong with an input, as data."""

from typing import Any

from atoll import Fault
from atoll.contract import Invalid, codec_of


def faults_if_any(kind: Any, data: bytes, *, strict: bool) -> tuple[Fault, ...]:  # Any: a type
    """What is wrong, if anything is."""
    try:
        codec_of(kind).decode(data, strict=strict)
    except Invalid as invalid:
        return invalid.faults
    return ()
