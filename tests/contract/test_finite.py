"""What has no NaN in it is known without being taken apart, and what may have one is never taken for finite."""

import dataclasses
import math
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll import Value
from atoll.contract.finite import is_surely_finite


class Reading(Value):
    """A float among other things."""

    at: datetime
    value: Any  # Any: of every type


@dataclasses.dataclass
class Plain:
    """The same of Python's own."""

    value: object


class Pair(NamedTuple):
    """And another one."""

    name: str
    value: object


FLOATS = st.floats(allow_nan=True, allow_infinity=True)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary() | FLOATS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(), inner)
        | st.builds(Plain, inner)
        | st.builds(Pair, st.text(), inner)
        | st.builds(Reading, at=st.just(datetime(2026, 11, 27, tzinfo=UTC)), value=inner)
    ),
)


def has_endless(value: object) -> bool:
    """Whether there is a NaN or an infinity, by a look at every part."""
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, dict):
        return any(map(has_endless, cast("dict[str, object]", value).values()))
    if isinstance(value, list | tuple):
        return any(map(has_endless, cast("list[object]", value)))
    return has_endless(value.value) if isinstance(value, Plain | Reading) else False


@given(VALUES)
def test_nothing_with_a_nan_in_it_is_called_finite(value: object) -> None:
    """However deep it is, and whatever stands beside it."""
    assert not (has_endless(value) and is_surely_finite(value))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_alone_are_never_doubted(numbers: list[float]) -> None:
    """Else the quick way were none: the largest number has an exponent that is one less."""
    assert is_surely_finite(numbers)


@pytest.mark.parametrize("value", [2**64, object(), "\ud800"])
def test_what_cannot_be_written_so_is_looked_at_part_by_part(value: object) -> None:
    """JSON takes whole numbers of any size."""
    assert not is_surely_finite([value])
