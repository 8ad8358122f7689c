"""Doors to services that are not Atoll's own: nothing in them may end the line in which it is sent."""

import pytest

from atoll.calls import Door
from atoll.calls.http import TIMEOUT_MAX_S, context_of
from atoll.contract import contract_of
from atoll.elsewhere import connect
from tests.calls.probe import Probe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\natoll-user: root"),
        ("x", "a\nb"),
        ("x", "\x00"),
        ("x y", "a"),
        ("x\r\ny", "a"),
        ("", "a"),
        ("x:", "a"),
    ],
)
def test_a_header_that_is_more_than_one_is_refused(name: str, value: str) -> None:
    """It would be read as lines of the head."""
    with pytest.raises(ValueError, match="cannot be sent"):
        Door(headers=((name, value),))


@pytest.mark.parametrize("root", ["api", "/a b", "/ä", "/a?b", "/a#b", "/a\r\nb"])
def test_a_root_that_is_no_beginning_of_a_path_is_refused(root: str) -> None:
    """It would break the first line of a request."""
    with pytest.raises(ValueError, match="no path can begin"):
        Door(root=root)


async def test_a_client_alone_refuses_such_headers_before_it_calls() -> None:
    """Where they are given, not where they are sent."""
    with pytest.raises(ValueError, match="cannot be sent"):
        async with connect("http://127.0.0.1:9", headers={"x": "a\r\nb: c"}) as elsewhere:
            elsewhere.client(Probe)


@pytest.mark.parametrize("given", [b"1e300", b"1e306", b"99999999999"])
def test_a_timeout_of_ages_is_one_of_a_day(given: bytes) -> None:
    """Numbers that no clock can count to must not reach one."""
    operation = contract_of(Probe).operation("order")

    context = context_of({b"atoll-timeout": given}, operation, 5.0, lambda _: 1)

    assert context.deadline_at == 5.0 + TIMEOUT_MAX_S
