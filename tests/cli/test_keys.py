"""`atoll keys`: keys are made, listed and revoked beside an application that runs, or does not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import MARKET

Keys = Callable[..., Result]


@pytest.fixture
def keys(atoll: Callable[..., Result], tmp_path: Path) -> Keys:
    """`atoll keys` with arguments, for the market with an empty state folder."""

    def run(command: str, *arguments: str) -> Result:
        return atoll("keys", command, *arguments, "--state", str(tmp_path), ATOLL_APPLICATION=MARKET)

    return run


def test_a_key_is_shown_once_and_listed_without_it(keys: Keys, tmp_path: Path) -> None:
    """The list holds nothing that opens anything."""
    made = keys("make", "ci", "--opens", "goods.*", "--days", "90")
    listed = keys("list")

    key = made.stdout.strip()
    assert made.exit_code == listed.exit_code == 0
    assert key.startswith("atoll_")
    assert key not in listed.stdout
    assert key.split("_", 2)[2] not in (tmp_path / "gateway/keys.json").read_text()
    (row,) = [line for line in listed.stdout.splitlines() if " ci " in line]
    assert row.split()[1:3] == ["ci", "goods.*"]
    assert row.rstrip().endswith("open")


def test_a_key_may_open_the_figures(keys: Keys) -> None:
    """They are no operation; a reader of Prometheus needs a key of its own all the same."""
    made = json.loads(keys("make", "prometheus", "--opens", "gateway.metrics", "--json").stdout)

    assert made["opens"] == ["gateway.metrics"]


def test_a_revoked_key_says_so(keys: Keys) -> None:
    """It stays in the list: somebody may ask what it was."""
    made = json.loads(keys("make", "ci", "--opens", "*", "--json").stdout)

    revoked = json.loads(keys("revoke", made["id"], "--json").stdout)

    assert revoked["revoked_at"] is not None
    assert keys("list").stdout.rstrip().endswith("revoked")
    assert set(made) - set(revoked) == {"key"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make", "ci", "--opens", "goods.vanish"), "is no public operation of market"),
        (("make", "ci", "--opens", "rates.*"), "is no public operation of market"),
        (("make", "c i", "--opens", "*"), "is no name of a user"),
        (("make", "ci"), "--opens"),
        (("revoke", "0000000000"), "there is no key"),
    ],
)
def test_a_slip_is_told_and_makes_nothing(keys: Keys, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2: the command is mistaken."""
    result = keys(*arguments)

    assert result.exit_code == 2
    assert said in result.output
    assert json.loads(keys("list", "--json").stdout) == []


def test_without_keys_the_list_says_how_to_make_one(keys: Keys) -> None:
    """The first time."""
    assert "atoll keys make USER" in keys("list").stdout
