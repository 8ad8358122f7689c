"""What travels with every call: the trace in its header, and the context of the work in progress."""

import asyncio
import contextvars

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.kernel import Context, Criticality, Trace, context, current
from tests.simulated import simulated

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE_ID}-{SPAN_ID}-01", True),
        (f"00-{TRACE_ID}-{SPAN_ID}-00", False),
        (f"00-{TRACE_ID}-{SPAN_ID}-02", False),
        (f"00-{TRACE_ID}-{SPAN_ID}-ff", True),
        (f" \t00-{TRACE_ID}-{SPAN_ID}-01 \t", True),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01", True),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be-like", True),
        (f"cc-{TRACE_ID}-{SPAN_ID}-01-", True),
    ],
)
def test_a_valid_traceparent_is_read(header: str, sampled: bool) -> None:
    """W3C Trace Context, 3.2, and what its own test suite asks of later versions."""
    trace = Trace.parse(header)

    assert trace == Trace(int(TRACE_ID, 16), int(SPAN_ID, 16), 0, sampled)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        "garbage",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01-",
        f"00-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be-like",
        f"cc-{TRACE_ID}-{SPAN_ID}-01.what-the-future-will-be-like",
        f"0-{TRACE_ID}-{SPAN_ID}-01",
        f"000-{TRACE_ID}-{SPAN_ID}-01",
        f".0-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID[:-1]}-{SPAN_ID}-01",
        f"00-{TRACE_ID}0-{SPAN_ID}-01",
        f"00-{TRACE_ID[:-1]}.-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID[:-1]}-01",
        f"00-{TRACE_ID}-{SPAN_ID}0-01",
        f"00-{TRACE_ID}-{SPAN_ID}-1",
        f"00-{TRACE_ID}-{SPAN_ID}-001",
        f"00-{TRACE_ID}-{SPAN_ID}-.1",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID.upper()}-01",
        f"0A-{TRACE_ID}-{SPAN_ID}-01",
        f"00_{TRACE_ID}_{SPAN_ID}_01",
        f"00-{TRACE_ID}-{SPAN_ID}-01,00-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-\N{ARABIC-INDIC DIGIT ZERO}1",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        f"\xa000-{TRACE_ID}-{SPAN_ID}-01",
    ],
)
def test_an_invalid_traceparent_is_no_trace(header: str) -> None:
    """The receiver starts a trace of its own then: W3C Trace Context, 3.2 and 4.3."""
    assert Trace.parse(header) is None


@given(st.text())
def test_no_header_breaks_the_parser(header: str) -> None:
    """Headers come from anywhere."""
    trace = Trace.parse(header)

    assert trace is None or Trace.parse(str(trace)) == trace


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1), st.booleans())
def test_a_trace_comes_back_from_its_header(trace_id: int, span_id: int, sampled: bool) -> None:
    """What one process writes, another reads."""
    trace = Trace(trace_id, span_id, 0, sampled)

    assert Trace.parse(str(trace)) == trace
    assert len(trace.id) == 32


def test_a_child_stays_in_the_trace_and_names_its_parent() -> None:
    """Work that work causes."""
    child = Trace(1, 2, 3, True).child(4)

    assert child == Trace(1, 4, 2, True)


def test_an_empty_context_belongs_to_the_main_tenant_and_has_no_deadline() -> None:
    """The defaults are those of a laptop."""
    assert Context() == Context(
        trace=Trace(),
        deadline_at=None,
        caller="",
        user=None,
        tenant="main",
        criticality=Criticality.NORMAL,
        idempotency_key=None,
    )
    assert Context().remaining_s is None


def test_outside_of_a_call_the_context_is_empty() -> None:
    """Scripts and tests need not set one."""
    assert contextvars.Context().run(context) == Context()


def test_the_context_is_what_was_set() -> None:
    """Tests set it with the variable itself."""
    mine = Context(user="ada")

    def work() -> Context:
        current.set(mine)
        return context()

    assert contextvars.copy_context().run(work) is mine


def test_a_context_cannot_be_changed() -> None:
    """It crosses tasks and threads."""
    with pytest.raises(AttributeError):
        Context().tenant = "other"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point of it


@simulated
async def test_the_remaining_time_shrinks_to_zero_and_not_below() -> None:
    """A timeout made of it is never negative."""
    it = Context(deadline_at=asyncio.get_running_loop().time() + 2)

    before = it.remaining_s
    await asyncio.sleep(1.5)
    later = it.remaining_s
    await asyncio.sleep(1.5)

    assert (before, later, it.remaining_s) == (2, 0.5, 0)
