"""`atoll access`: who may call what, and why a call is refused."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.cli.conftest import MARKET

BANK = "tests.calls.test_access:bank"
OFFICE = "tests.cli.post:office"

Atoll = Callable[..., Result]


def test_a_row_says_who_may_call_what_and_which_line_says_so(atoll: Atoll) -> None:
    """Nothing is granted that is not in the source."""
    result = atoll("access", BANK)

    assert result.exit_code == 0
    rows = [line for line in result.stdout.splitlines() if line.startswith(("teller", "visitor"))]
    assert [row.split("  ")[0] for row in rows] == ["teller", "visitor"]
    assert "all" in rows[0]
    assert "TellerService declares `vault: Vault`" in rows[0]
    assert "look" in rows[1]


def test_what_narrows_its_callers_is_told_apart(atoll: Atoll) -> None:
    """It is what a declaration alone does not open."""
    result = atoll("access", BANK)

    assert [line.split() for line in result.stdout.splitlines() if line.startswith("vault.open")] == [
        ["vault.open", "teller"]
    ]


def test_the_gateway_may_call_what_is_public(atoll: Atoll) -> None:
    """And its reason is another one."""
    grants = json.loads(atoll("access", MARKET, "--json").stdout)["grants"]

    assert {each["why"] for each in grants if each["caller"] == "gateway"} == {"public, by an edge"}


def test_subscribers_are_let_into_logs(atoll: Atoll) -> None:
    """Reacting to an event is a declaration, too."""
    grants = json.loads(atoll("access", OFFICE, "--json").stdout)["grants"]

    doors = {(each["caller"], each["contract"]) for each in grants if ".events/" in each["contract"]}
    assert ("archive", "post.events/v1") in doors


@pytest.mark.parametrize(
    ("caller", "operation", "code", "said"),
    [
        ("teller", "vault.open", 0, "teller may call vault.open: TellerService declares `vault: Vault`"),
        ("visitor", "vault.open", 1, "it narrows its callers to teller"),
        ("vault", "teller.ask", 1, "write `teller: Teller` in the class of vault"),
        ("gateway", "vault.look", 1, "write `public=True` in its contract"),
    ],
)
def test_explain_says_yes_or_no_and_why(atoll: Atoll, caller: str, operation: str, code: int, said: str) -> None:
    """With the line to write where it is no."""
    result = atoll("access", "explain", caller, operation, BANK)

    assert result.exit_code == code
    assert said in result.stdout


def test_explain_answers_programs_too(atoll: Atoll) -> None:
    """As one object."""
    result = atoll("access", "explain", "visitor", "vault.open", BANK, "--json")

    said = json.loads(result.stdout)
    assert (said["caller"], said["operation"], said["granted"]) == ("visitor", "vault.open", False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "visiter", "vault.open"), "Did you mean `visitor`?"),
        (("explain", "visitor", "vualt.open"), "Did you mean `vault`?"),
        (("explain", "visitor", "vault.opne"), "Did you mean `open`?"),
        (("explain", "visitor", "vault"), "Write SERVICE.OPERATION"),
        (("explian",), "Did you mean `explain`?"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(atoll: Atoll, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2: the command is mistaken."""
    application = (BANK,) if len(arguments) > 1 else ()
    result = atoll("access", *arguments, *application)

    assert result.exit_code == 2
    assert said in result.output
