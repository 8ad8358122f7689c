"""Mistakes in contracts: every kind, all at once, each with its file and line.

`mistakes.txt` holds what is told of each contract in `wrong.py`, in full, to be read by people. After a change,
`python -m tests.contract.test_mistakes` prints what belongs there.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from atoll import Mistakes, Value, contract, contract_of, get
from atoll.contract import compile_contract, is_contract
from tests.contract import wrong

SOURCE = Path(wrong.__file__)
EXPECTED = Path(__file__).with_name("mistakes.txt")

CONTRACTS = [thing for thing in vars(wrong).values() if is_contract(thing)] + [wrong.Plain]


def told() -> Iterator[str]:
    """Every mistake, with the marker of the line that it names."""
    lines = SOURCE.read_text().splitlines()
    for protocol in CONTRACTS:
        yield f"{protocol.__name__}"
        for mistake in compile_contract(protocol)[1]:
            assert mistake.where is not None
            assert mistake.where.file == str(SOURCE)
            _, _, marker = lines[mistake.where.line - 1].rpartition("# here: ")
            yield f"  [{marker}] {mistake.what}"
            yield f"      -> {mistake.fix}"
        yield ""


def test_every_mistake_is_told_as_people_have_read_it() -> None:
    """At the line that is marked for it, with what is wrong and what to do."""
    assert "\n".join(told()) == EXPECTED.read_text()


def test_every_marked_line_is_named_by_a_mistake() -> None:
    """Nothing in `wrong.py` is right by accident."""
    marked = {line.rpartition("# here: ")[2] for line in SOURCE.read_text().splitlines() if line.count("# here: ") == 1}
    named = {line.partition("[")[2].partition("]")[0] for line in told() if line.startswith("  [")}

    assert marked == named


@pytest.mark.parametrize("protocol", CONTRACTS, ids=lambda protocol: protocol.__name__)
def test_a_wrong_contract_is_refused_with_all_its_mistakes(protocol: Any) -> None:  # Any: a contract
    """Whoever asks for it."""
    compiled, mistakes = compile_contract(protocol)

    with pytest.raises(Mistakes) as caught:
        contract_of(protocol)

    assert compiled is None
    assert list(caught.value.mistakes) == mistakes
    assert all(mistake.what and mistake.fix for mistake in mistakes)


@pytest.mark.parametrize("thing", [int, 3, None, "x", [], {}, Value, print], ids=ascii)
def test_what_is_no_contract_at_all_is_a_mistake(thing: Any) -> None:  # Any: wrong on purpose
    """It is told, not crashed with."""
    compiled, mistakes = compile_contract(thing)

    assert compiled is None
    assert [mistake.what.endswith("is not a contract") for mistake in mistakes] == [True]


def test_the_mistakes_of_a_contract_are_a_list_of_the_callers_own() -> None:
    """Whoever collects them may add to it."""
    compile_contract(wrong.Version)[1].clear()

    assert compile_contract(wrong.Version)[1]


def test_a_good_contract_has_none() -> None:
    """The control: what looks like the wrong ones, and is right."""

    @contract(version="1.0", publishes=())
    class Right(Protocol):
        """All good."""

        @get("/")
        async def root(self) -> None: ...

        @get("/a.b/~c/d-e_f/$count/{lead_id}", raises=())
        async def odd(self, lead_id: str, *, note: str = "") -> None: ...

        @get("/list")
        async def listed(self, words: list[str], none: int | None, empty: tuple[int, ...] = ()) -> None: ...

        def _private(self) -> int: ...

    assert compile_contract(Right)[1] == []


if __name__ == "__main__":
    print("\n".join(told()), end="")
