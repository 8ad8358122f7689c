"""Models on the command line: learnt, looked at, compared, promoted and taken back, where a Revenue runs."""

import asyncio
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from revenue.capture.contract import Capture, LeadQuery
from revenue.cli.connection import STATE
from revenue.cli.examples import table_name
from revenue.cli.options import Options
from revenue.cli.tests.verbs import run, told, until
from revenue.routing.contract import NewStatus, Routing, Status
from revenue.scoring.tests.examples import content, rows

LEAKS = ("--leave-out", "won_at", "--leave-out", "talked_s")


@pytest.fixture
def deals(demonstration: Path) -> str:
    """A file of examples, of which two columns know the outcome."""
    (demonstration / "deals.csv").write_bytes(content(rows(1_200)))
    return "deals.csv"


def test_a_picture_that_cannot_be_written_is_told_before_anything_is_learnt(deals: str) -> None:
    """Else there would be a model of which nobody was told."""
    before = told("score", "models")

    result = run("score", "train", deals, "--outcome", "won", *LEAKS, "--plot", "absent/model.svg")

    assert result.exit_code == 1
    assert "absent/model.svg cannot be written" in result.output
    assert told("score", "models") == before


def test_a_model_is_learnt_and_shown(deals: str) -> None:
    """How well it tells good leads from others, in the folds and in time, and what it looks at."""
    report = told("score", "train", deals, "--outcome", "won", *LEAKS, "--plot", "model.svg")
    said = run("score", "show", str(report["version"]), "--plot", "model.png").output

    quality = report["quality"]
    assert report["rows"] + report["holdout_rows"] == 1_200
    assert report["refused"] == []
    assert 0.6 < quality["auc_cross_validated"] < 0.9
    assert quality["auc_time_split"] is not None
    assert f"cross-validated\t{quality['auc_cross_validated']:.3f}\t" in said
    assert f"last fifth in time\t{quality['auc_time_split']:.3f}\t" in said
    assert all(f"\n{title}\n" in said for title in ("Calibration", "Lift, the best tenth first", "Columns"))
    assert f"\n1\t{quality['lift'][0]['rows']}\t{quality['lift'][0]['good']}\t" in said
    assert "█" in said
    assert Path("model.svg").read_text().lstrip().startswith("<?xml")
    assert Path("model.png").read_bytes().startswith(b"\x89PNG")


def test_columns_that_know_the_outcome_are_named_and_keep_it_back(deals: str) -> None:
    """Unless somebody says that they are known in time; what is advised can be pasted into a shell."""
    Path(deals).write_bytes(Path(deals).read_bytes().replace(b"talked_s", b"talked (s)"))
    report = told("score", "train", deals, "--outcome", "won", "--name", "leaky")
    said = run("score", "train", deals, "--outcome", "won", "--name", "leaky").output

    refused = run("score", "promote", str(report["version"]))
    allowed = run("score", "promote", str(report["version"]), "--allow", "won_at", "--allow", "talked (s)")
    run("score", "rollback")

    assert set(report["refused"]) == {"won_at", "talked (s)"}
    assert "\nwon_at\tyes\t`won_at` has a value only in rows with a good outcome" in said
    assert "It cannot be promoted: train it again with --leave-out" in said
    assert "--leave-out 'talked (s)'" in said
    assert refused.exit_code == 1
    assert "won_at" in refused.output
    assert allowed.exit_code == 0


def test_what_makes_a_comparison_unfair_is_said(deals: str) -> None:
    """Rows that the older version was taught, and columns that it misses."""
    old = told("score", "train", deals, "--outcome", "won", *LEAKS, "--name", "old")
    with Path(deals).open(newline="") as stream:
        several = [{**row, "visits": str(number)} for number, row in enumerate(csv.DictReader(stream))]
    for row in several:
        del row["industry"]
    with Path(deals).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, several[0])
        writer.writeheader()
        writer.writerows(several)
    new = told("score", "train", deals, "--outcome", "won", *LEAKS, "--name", "new")

    said = run("score", "compare", str(old["version"]), str(new["version"])).output

    assert re.search(r"On \d+ rows that are held out, \d+ of them good", said)
    assert f"Version {old['version']} learnt from a table with other columns" in said
    assert f"Version {old['version']} goes by columns that this table does not have: `industry`." in said
    assert f"Version {new['version']} learnt from" not in said


def test_versions_are_compared_promoted_and_taken_back(deals: str) -> None:
    """The best first, on rows that none was taught; leads are scored by the one in use."""
    better = told("score", "train", deals, "--outcome", "won", *LEAKS, "--name", "better")
    blind = told("score", "train", deals, "--outcome", "won", *LEAKS, "--name", "blind", "--leave-out", "industry",
                 "--leave-out", "attribute.seats", "--leave-out", "note")  # fmt: skip
    versions = (str(blind["version"]), str(better["version"]))

    compared = told("score", "compare", *versions, "--plot", "auc.svg")
    said = run("score", "compare", *versions).output
    promoted = run("score", "promote", versions[1])
    again = run("score", "promote", versions[1])
    listed = {each["version"]: each["is_promoted"] for each in told("score", "models")}
    models = run("score", "models").output
    (lead, *_) = told("route", "simulate", "--rules", _rules())["samples"]
    story = until(("lead", "show", lead["lead_id"]), lambda found: found["score"]["model_version"] is not None)
    back = run("score", "rollback").output
    nothing = run("score", "rollback")

    assert [each["name"] for each in compared["versions"]] == ["better", "blind"]
    assert said.index("\tbetter\t") < said.index("\tblind\t")
    assert f"Version {versions[1]} is in use from now on" in promoted.output
    assert re.search(r"do not have \d of its \d columns: .*`attribute.seats`", promoted.output)
    assert "in use already" in again.output
    assert [version for version, is_used in listed.items() if is_used] == [better["version"]]
    assert "\tin use\n" in models
    assert story["score"]["model_version"] == better["version"]
    assert f"before it was version {versions[1]}" in back
    assert nothing.exit_code == 1
    assert "no model is promoted" in nothing.output
    assert Path("auc.svg").exists()


def _rules() -> str:
    """A folder by which every lead would have another owner: its samples say which leads there are."""
    Path("other").mkdir(exist_ok=True)
    Path("other", "routing.yaml").write_text("catch_all: others\n")
    return "other"


def test_without_a_status_there_is_nothing_to_learn(demonstration: Path) -> None:
    """As long as nobody was qualified or disqualified."""
    result = run("score", "train")

    assert result.exit_code == 1
    assert "none was qualified or disqualified yet" in result.output


def test_what_became_of_leads_that_are_here_is_learnt_from(demonstration: Path) -> None:
    """As a file says by address, and as their statuses say: with what is known of them, and nothing that names them."""
    _write("many.csv", ["Email", "Last Name", "Job title", "No. of Employees"],
           [[_address(number), f"Person{number}", "CEO" if number % 3 else "Student", 10 + number]
            for number in range(MANY)])  # fmt: skip
    _write("outcomes.csv", ["who", "result"],
           [*([_address(number), "won" if _is_good(number) else "lost"] for number in range(MANY)),
            ["nobody@firm.example", "won"], ["", "won"]])  # fmt: skip
    imported = told("import", "many.csv")
    until(("funnel",), lambda found: found["waiting"] == 0)

    by_file = told("score", "train", "outcomes.csv", "--lead", "who", "--outcome", "result")
    asyncio.run(_decide())
    by_status = told("score", "train")

    assert imported["accepted"] == MANY
    for report in (by_file, by_status):
        assert report["rows"] + report["holdout_rows"] == MANY
        assert report["columns"][0]["column"] == "lead.title"
        assert _address(1).partition(".")[0] not in json.dumps(report)
    assert (by_file["outcome"], by_file["table"]) == ("outcome", "outcomes-csv")
    assert (by_status["outcome"], by_status["table"]) == ("outcome", "leads-here")


MANY = 280


def _write(name: str, heads: list[str], lines: list[list[Any]]) -> None:  # Any: cells
    with Path(name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([heads, *lines])


def _address(number: int) -> str:
    return f"p{number}@firm{number}.example"


def _is_good(number: int) -> bool:
    return number % 3 != 0 and number % 5 != 0


async def _decide() -> None:
    """Qualify those who are good, and disqualify the others."""
    async with Options(None, None, STATE, as_json=True).reached() as it:
        capture, routing = it.client(Capture), it.client(Routing)
        for number in range(MANY):
            (lead,) = await capture.find(LeadQuery(email=_address(number)))
            new = NewStatus(status=Status.QUALIFIED)
            if not _is_good(number):
                new = NewStatus(status=Status.DISQUALIFIED, reason="no_need")
            await routing.set_status(lead.id, new)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("train", "deals.csv"), "--outcome"),
        (("train", "--lead", "who"), "name the file"),
        (("train", "deals.csv", "--outcome", "wonn"), "there is no column `wonn`"),
        (("train", "deals.csv", "--outcome", "won", "--lead", "who"), "there is no column `who` in the file"),
        (("train", "deals.csv", "--outcome", "won", "--plot", "model.gif"), "neither .svg nor .png"),
        (("train", "absent.csv", "--outcome", "won"), "does not exist"),
        (("train", "--table", "absent", "--outcome", "won"), "no table of examples is called absent"),
        (("show", "999"), "no model of version 999"),
        (("promote", "999"), "no model of version 999"),
        (("compare", "999"), "no model of version 999"),
    ],
)
def test_what_cannot_be_learnt_is_told(deals: str, words: tuple[str, ...], why: str) -> None:
    """With what to do."""
    result = run("score", *words)

    assert result.exit_code in (1, 2)
    assert why in result.output


@pytest.mark.parametrize(("name", "table"), [("a b.csv", "a-b"), ("é.csv", "examples"), ("x" * 200, "x" * 100)])
def test_a_table_is_called_as_its_file(name: str, table: str) -> None:
    """As far as Scoring takes it for a name."""
    assert table_name(Path(name)) == table
