"""The team's rules on the command line: planned, tried on past leads, applied, taken back, where a Revenue runs."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue.cli.tests.verbs import run, told, until

TEAM = """
reps:
  - {id: ann, name: Ann, weight: 2}
  - {id: bob, name: Bob}
teams:
  - {name: inside, reps: [ann, bob]}
round_robin: inside
"""


@pytest.fixture
def gtm(demonstration: Path) -> Iterator[Path]:
    """A folder of rules as they hold by default, and a Revenue that goes by these."""
    assert run("rules", "init").exit_code == 0
    folder = demonstration / "gtm"
    yield folder
    for path in folder.glob("*.yaml"):
        path.unlink()
    run("rules", "init")
    run("apply")


def test_what_is_changed_is_planned_applied_and_taken_back(gtm: Path) -> None:
    """A rule of scores: the plan says for whom, nothing moves before `apply`, and `rollback` brings it back."""
    before = told("rules", "versions")
    nothing = told("plan")
    (gtm / "scoring.yaml").write_text("rules: []\n")

    planned, said = told("plan"), run("plan").output
    kept = told("rules", "versions")
    applied = told("apply", "-m", "no points for anybody")
    again = run("apply")
    fallen = until(("plan",), lambda plan: plan["changed"] == [] and plan["scores"]["points_change"] == 0)
    restored = told("rollback", "-m", "a slip")
    after = until(("plan",), lambda plan: plan["scores"]["points_change"] == planned["scores"]["points_change"])

    assert (nothing["changed"], nothing["scores"]["points_change"], nothing["owners"]["changed"]) == ([], 0, 0)
    assert planned["changed"] == ["scoring"]
    assert 0 < planned["scores"]["points_change"] <= planned["scores"]["leads"]
    assert "Rules that differ from those that hold: scoring." in said
    assert "Nothing has changed yet" in said
    assert kept == before
    assert applied["version"] == max((each["version"] for each in before), default=0) + 1
    assert f"Version {applied['version']} holds already" in again.output
    assert fallen["scores"]["leads"] == planned["scores"]["leads"]
    assert (restored["version"], restored["restores"]) == (applied["version"] + 1, applied["version"] - 1)
    assert after["changed"] == ["scoring"]


def test_versions_tell_who_and_why(gtm: Path) -> None:
    """In their order; each rollback is one of them."""
    (gtm / "routing.yaml").write_text("catch_all: everybody\n")
    run("apply", "-m", "first")
    run("rollback", "-m", "second")

    listed = run("rules", "versions").output
    notes = [each["note"] for each in told("rules", "versions")]

    assert notes[-2:] == ["first", "second"]
    assert listed.index("\tfirst") < listed.index("\tsecond")


def test_an_earlier_version_is_brought_back_by_its_number(gtm: Path) -> None:
    """Version 0 is what the services come with; one that never was is told."""
    (gtm / "routing.yaml").write_text("catch_all: somebody\n")
    run("apply")

    restored = told("rollback", "--to", "0")
    absent = run("rollback", "--to", "999")

    assert restored["restores"] == 0
    assert absent.exit_code == 1
    assert "999" in absent.output


def test_rules_are_tried_on_past_leads(gtm: Path) -> None:
    """Two parts for Ann and one for Bob, nobody far from that, and nothing moves."""
    (gtm / "routing.yaml").write_text(TEAM)

    trial = told("route", "simulate", "--plot", "owners.svg")
    said = run("route", "simulate").output
    some = told("route", "simulate", "--leads", "9")
    after = told("funnel")

    assert trial["before"] == {"unassigned": trial["leads"]}
    assert trial["leads"] == trial["changed"] == sum(trial["after"].values()) == after["routed"]
    (team,) = trial["fairness"]["teams"]
    assert abs(trial["after"]["ann"] - 2 * trial["after"]["bob"]) <= 2
    assert trial["fairness"]["deviation_max"] <= 1
    assert {share["rep"]: share["got"] for share in team["shares"]} == trial["after"]
    assert "inside\tann\t2\t" in said
    assert "\nunassigned\t" in said
    assert "█" in said
    assert (some["leads"], some["after"]) == (9, {"ann": 6, "bob": 3})
    assert Path("owners.svg").read_text().lstrip().startswith("<?xml")
    assert told("route", "simulate")["before"] == trial["before"]


def test_a_trial_without_teams_says_so(gtm: Path) -> None:
    """There is no fairness where nobody takes turns."""
    assert "No team gives leads out in turn" in run("route", "simulate").output


@pytest.mark.parametrize("verb", [("plan",), ("apply",), ("route", "simulate"), ("rules", "check")])
def test_a_wrong_folder_is_told_before_anything_is_asked(gtm: Path, verb: tuple[str, ...]) -> None:
    """One that is not there, and one with a slip, with file and line."""
    (gtm / "routing.yaml").write_text("reps:\n  - id: ann\nround_robbin: inside\n")

    absent, slip = run(*verb, "--rules", "nowhere"), run(*verb)

    assert (absent.exit_code, slip.exit_code) == (1, 1)
    assert "nowhere: there is no such folder" in absent.output
    assert "routing.yaml:3: there is no `round_robbin` here" in slip.output


def test_programs_are_told_of_the_folder_in_json(folder: Path) -> None:
    """As by all verbs, also those for which nothing has to run."""
    begun, schemas = told("rules", "init"), told("rules", "schema")
    right = told("rules", "check")
    (folder / "gtm" / "routing.yaml").write_text("round_robbin: inside\n")
    wrong = run("rules", "check", "--json")

    assert "gtm/routing.yaml" in begun["written"]
    assert {Path(path).suffix for path in schemas["written"]} == {".json"}
    assert "round_robin" in right["routing"]
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "`round_robbin`" in json.loads(wrong.stderr)["message"]


def test_a_picture_has_a_known_ending(gtm: Path) -> None:
    """Said before anything is done."""
    result = run("route", "simulate", "--plot", "owners.gif")

    assert result.exit_code == 2
    assert "neither .svg nor .png" in result.output


def test_without_the_library_of_pictures_it_is_said_what_to_install(gtm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is done, and only where a picture is wanted."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed

    drawn, shown = run("route", "simulate", "--plot", "owners.svg"), run("route", "simulate")

    assert (drawn.exit_code, shown.exit_code) == (1, 0)
    assert "pip install 'revenue[plots]'" in drawn.output
    assert "Leads by owner" not in drawn.output


def test_a_picture_that_cannot_be_written_is_told(gtm: Path) -> None:
    """With its name."""
    result = run("route", "simulate", "--plot", "absent/owners.svg")

    assert result.exit_code == 1
    assert "absent/owners.svg cannot be written" in result.output


def test_the_funnel_counts_every_lead(demonstration: Path) -> None:
    """Accepted is routed, waiting and parked together; drawn as well."""
    funnel = until(("funnel", "--plot", "funnel.png"), lambda found: found["waiting"] == 0)
    said = run("funnel").output

    assert funnel["is_whole"] is True
    assert funnel["accepted"] == funnel["routed"] > 0
    assert [each["leads"] for each in funnel["stages"].values()] == [funnel["accepted"]] * 4
    assert f"accepted {funnel['accepted']} = routed {funnel['routed']} + waiting 0 + parked 0" in said
    assert Path("funnel.png").read_bytes().startswith(b"\x89PNG")


TWINS = """Email,First Name,Last Name,Company
,Philippa,Nettlefold-Ashgrove,Wetherstone Anvil
p.nettlefold@gmail.com,Philippa,Nettlefold-Ashgrove,Wetherstone Anvil
"""


def test_a_pair_is_merged_and_parted_by_its_id(demonstration: Path) -> None:
    """With the evidence that was laid before whoever decides."""
    (demonstration / "twins.csv").write_text(TWINS)
    run("import", "twins.csv")
    found = until(("duplicates", "--kind", "contact"), lambda pairs: any("Philippa" in each["one"] for each in pairs))
    (twins,) = [each for each in found if "Philippa" in each["one"]]
    pair = twins["pair"]

    said = run("duplicates").output
    merged = run("duplicates", "merge", pair["id"])
    story = until(("lead", "show", "p.nettlefold@gmail.com"), lambda lead: len(lead["contact"]["lead_ids"]) == 2)
    parted = told("duplicates", "keep", pair["id"])
    again = until(("lead", "show", "p.nettlefold@gmail.com"), lambda lead: len(lead["contact"]["lead_ids"]) == 1)

    assert "p.nettlefold@gmail.com" in twins["one"] + twins["other"]
    assert pair["bits"] > 0
    assert pair["why"][0] in said
    assert merged.output == f"{pair['id']}: {pair['one_id']} and {pair['other_id']} are merged.\n"
    assert story["contact"]["id"] == pair["one_id"]
    assert [each["state"] for each in parted] == ["apart"]
    assert again["away"] == {}
    assert pair["id"] in [each["pair"]["id"] for each in told("duplicates", "--which", "apart")]
    assert pair["id"] not in run("duplicates").output


def test_a_pair_that_is_not_there_is_told(demonstration: Path) -> None:
    """After the others were decided."""
    result = run("duplicates", "keep", "nobody", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stderr)["code"] == "duplicate_not_found"


@pytest.mark.parametrize(
    "verb",
    [
        ("plan",), ("apply",), ("rollback",), ("rules", "versions"), ("route", "simulate"), ("funnel",),
        ("duplicates",), ("duplicates", "merge", "1"), ("provider", "list"), ("score", "models"), ("score", "train"),
        ("score", "promote", "1"),
    ],
)  # fmt: skip
def test_where_nothing_runs_it_is_said_how_to_start_one(folder: Path, verb: tuple[str, ...]) -> None:
    """By each verb that asks."""
    run("rules", "init")

    here = run(*verb)
    there = run(*verb, "--url", "http://127.0.0.1:9", "--key", "k")

    assert (here.exit_code, there.exit_code) == (1, 1)
    assert "revenue demo" in here.output
    assert "nobody answers at http://127.0.0.1:9" in there.output
