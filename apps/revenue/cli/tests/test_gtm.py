"""The folder of the team's rules: what it may look like, and how its mistakes are told."""

import json
from pathlib import Path

import pytest

from atoll import Mistakes
from revenue.cli.gtm import read_folder, start_folder
from revenue.cli.tests.verbs import run
from revenue.playbook.contract import TeamRules

REPS = "id,name,weight,skills\nada,Ada,2,german|french\nbob,Bob,,\n"


def write(folder: Path, **files: str) -> Path:
    """Files of a folder: `routing__reps_csv` is `routing/reps.csv`."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def mistakes_in(folder: Path) -> list[str]:
    """Everything that is wrong with it, each with its place in the folder."""
    with pytest.raises(Mistakes) as caught:
        read_folder(folder)
    return [str(each).replace(f"{folder}/", "") for each in caught.value.mistakes]


def test_a_folder_to_begin_with_holds_what_the_services_come_with(tmp_path: Path) -> None:
    """So that to publish it changes nothing; what is there already is not written again."""
    start_folder(tmp_path)
    (tmp_path / "routing.yaml").write_text("catch_all: triage\n", encoding="utf-8")

    again = start_folder(tmp_path)

    assert read_folder(tmp_path).routing.catch_all == "triage"
    assert read_folder(tmp_path).scoring == TeamRules().scoring
    assert {path.parent.name for path in again} == {"schema"}


def test_a_sample_holds_an_invented_team(tmp_path: Path) -> None:
    """Its people, territories and vendors; what a team has written already is its own."""
    write(tmp_path, enrichment_yaml="deadline_s: 2.0\n")

    start_folder(tmp_path, sample=True)
    rules = read_folder(tmp_path)

    assert {rep.id for rep in rules.routing.reps} == {"anke", "soeren", "imogen", "rhys"}
    assert [each.name for each in rules.routing.territories] == ["german-speaking", "large-companies"]
    assert rules.enrichment.deadline_s == 2.0
    assert not rules.enrichment.fields


def test_a_part_may_be_a_file_and_a_folder_that_belong_together(tmp_path: Path) -> None:
    """The teams of the file name the people of the table."""
    write(
        tmp_path,
        routing_yaml="teams:\n  - {name: sales, reps: [ada, bob]}\nround_robin: sales\n",
        routing__reps_csv=REPS,
    )

    routing = read_folder(tmp_path).routing

    assert [(rep.id, rep.weight, rep.skills) for rep in routing.reps] == [
        ("ada", 2, ("german", "french")),
        ("bob", 1, ()),
    ]
    assert routing.round_robin == "sales"


def test_what_only_all_files_together_can_get_wrong_is_told(tmp_path: Path) -> None:
    """A team of somebody who is not in the table."""
    write(tmp_path, routing_yaml="teams:\n  - {name: sales, reps: [ada, eve]}\n", routing__reps_csv=REPS)

    assert ["team `sales` names the rep `eve`" in each for each in mistakes_in(tmp_path)] == [True]


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    """In two files, of several kinds."""
    write(
        tmp_path,
        routing_yaml="catch_al: triage\nkeep_contacts: perhaps\n",
        routing__reps_csv="id,weight\nada,heavy\nbob,1,2\n",
        scoring_yaml="rules: [\n",
        teams_yaml="[]\n",
    )

    found = mistakes_in(tmp_path)

    assert [each.split(" ")[0] for each in found] == [
        "routing.yaml:1:", "routing.yaml:2:", "routing/reps.csv:3:", "scoring.yaml:2:", "teams.yaml:",
    ]  # fmt: skip
    assert "did you mean `catch_all`?" in found[0]


def test_a_field_has_one_place(tmp_path: Path) -> None:
    """Which of two would hold, nobody could know."""
    write(tmp_path, routing_yaml="reps: []\n", routing__reps_csv=REPS)

    (found,) = mistakes_in(tmp_path)

    assert "`reps` stands here and elsewhere in `routing`, too" in found


def test_a_folder_that_is_not_there_is_told_with_a_way_out(tmp_path: Path) -> None:
    """The verb that makes one."""
    (found,) = mistakes_in(tmp_path / "gtm")

    assert "revenue rules init" in found


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("- a list\n", "expected `object`"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "there is no `a` here"),
        ("catch_all: !!python/object:os.system triage\n", "means nothing here"),
        ("catch_all: a\ncatch_all: b\n", "is no YAML"),
    ],
)
def test_yaml_that_means_something_else_is_refused(tmp_path: Path, content: str, what: str) -> None:
    """A list for a mapping, aliases, tags of other languages, a name that is there twice."""
    write(tmp_path, routing_yaml=content)

    assert what in mistakes_in(tmp_path)[0]


def test_what_is_hardly_meant_is_told_and_is_no_mistake(tmp_path: Path) -> None:
    """A territory that is left no lead: with its name, and that of the one which takes them; programs read on."""
    folder = write(
        tmp_path,
        routing_yaml="reps: [{id: ada}]\nteams: [{name: sales, reps: [ada]}]\nterritories:\n"
        "  - {name: world, team: sales}\n  - {name: dach, rep: ada, when: {countries: [DE]}}\n",
    )

    result = run("rules", "check", "--rules", str(folder), "--json")

    assert result.exit_code == 0
    assert "Warning: territory `dach` never takes a lead: `world` comes before it" in result.stderr
    assert json.loads(result.stdout)["routing"]["territories"][1]["name"] == "dach"


def test_a_country_that_there_is_not_is_a_mistake(tmp_path: Path) -> None:
    """No lead would ever have fitted."""
    folder = write(
        tmp_path,
        routing_yaml="reps: [{id: ada}]\nterritories:\n  - name: north\n    rep: ada\n    when:\n"
        "      countries: [SE, XX]\n",
    )

    (mistake,) = mistakes_in(folder)

    assert mistake.startswith("routing.yaml: territory `north`: `XX` is no country")
