"""Who calls and for whom, through the real gateway, and what is left of a refusal; in every topology the same."""

import json
import stat
from pathlib import Path

import httpx
import pytest

from atoll.operating import refusals_in
from tests.amount import amount
from tests.cli.programs import finished, started
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

GUESTS = "tests.topology.guests:guests"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "topology",
    [("processes", "--group", "gateway,desk"), *amount([], [("single",), ("processes",)])],
    ids=" ".join,
)
def test_a_user_comes_through_and_refusals_are_kept(tmp_path: Path, topology: tuple[str, ...]) -> None:
    """The gateway says who the user is; whoever is asked two hops away can believe it."""
    arguments = ("run", GUESTS, "--topology", *topology, "--state", str(tmp_path), "--json")
    with started(*arguments, folder=ROOT, extra={"GUESTS_GATEWAY_PORT": "0"}) as program:
        beginning = json.loads(program.line())
        signed = finished("atoll", "call", "--state", tmp_path, "--json", "desk.sign", folder=ROOT)
        tried = finished("atoll", "call", "--state", tmp_path, "desk.try_shut", folder=ROOT)
        stranger = httpx.get(
            f"{beginning['url']}/desk/v1/sign", headers={"atoll-user": "root", "atoll-caller": ""}, timeout=PATIENCE_S
        )
        program.process.terminate()
        assert program.code() == 0

    assert json.loads(signed.stdout) == [
        {"caller": "gateway", "user": "developer"},
        {"caller": "desk", "user": "developer"},
    ]
    assert tried.returncode == 1
    assert "internal_error, 500" in tried.stderr
    assert stranger.status_code == 401
    kept = [(each.caller, each.operation) for each in refusals_in(tmp_path)]
    assert kept == [("desk", "book.shut"), ("gateway", "")]


def test_who_was_refused_is_shown(tmp_path: Path) -> None:
    """As a table for people, and as data; to nobody but who can read the state folder."""
    arguments = ("run", GUESTS, "--state", str(tmp_path), "--json")
    with started(*arguments, folder=ROOT, extra={"GUESTS_GATEWAY_PORT": "0"}) as run:
        run.line()
        finished("atoll", "call", "--state", tmp_path, "desk.try_shut", folder=ROOT)
        table = finished("atoll", "access", "refused", "--state", tmp_path, folder=ROOT)
        data = finished("atoll", "access", "refused", "--caller", "desk", "--state", tmp_path, "--json", folder=ROOT)
        none = finished("atoll", "access", "refused", "--caller", "book", "--state", tmp_path, folder=ROOT)
        mode = stat.S_IMODE((tmp_path / "refusals.jsonl").stat().st_mode)
        run.process.terminate()
        run.code()

    assert "desk" in table.stdout
    assert "book.shut" in table.stdout
    assert "narrows its callers to porter" in table.stdout
    (only,) = json.loads(data.stdout)
    assert (only["caller"], only["operation"], only["count"]) == ("desk", "book.shut", 1)
    assert len(only["trace_id"]) == 32
    assert none.stdout.strip() == "Nobody was refused anything."
    assert mode == 0o600


def test_a_token_for_curl_is_for_the_operator_and_a_service_that_is_there(tmp_path: Path) -> None:
    """It is a line alone, to stand in a header; a wrong name is told."""
    token = finished("atoll", "keys", "token", "desk", GUESTS, "--state", tmp_path, folder=ROOT)
    wrong = finished("atoll", "keys", "token", "desc", GUESTS, "--state", tmp_path, folder=ROOT)
    rotated = finished("atoll", "keys", "rotate", GUESTS, "--state", tmp_path, "--json", folder=ROOT)
    again = finished("atoll", "keys", "token", "desk", GUESTS, "--state", tmp_path, folder=ROOT)

    assert token.stdout.count("\n") == 1
    assert token.stdout.count(".") == 4
    assert wrong.returncode == 2
    assert "There is no service `desc`" in wrong.stderr
    assert json.loads(rotated.stdout)["key"]
    assert again.stdout.partition(".")[0] != token.stdout.partition(".")[0]
