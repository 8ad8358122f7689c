"""The folder of the team's rules, as a team writes it."""

from pathlib import Path

import msgspec
import pytest

from atoll import Mistakes
from revenue.cli.gtm import read_folder, start_folder
from revenue.playbook.contract import TeamRules
from revenue.routing.contract import Rep


@pytest.fixture
def gtm(tmp_path: Path) -> Path:
    """A folder with what holds by default."""
    start_folder(tmp_path / "gtm")
    return tmp_path / "gtm"


def whats(folder: Path) -> list[str]:
    """What is wrong with a folder."""
    with pytest.raises(Mistakes) as refused:
        read_folder(folder)
    return [
        f"{Path(each.where.file).name}:{each.where.line}: {each.what}" for each in refused.value.mistakes if each.where
    ]


def test_the_folder_to_begin_with_says_what_holds_by_default(gtm: Path) -> None:
    """So that whoever changes one thing changes nothing else."""
    assert read_folder(gtm) == TeamRules()


def test_it_is_never_overwritten(gtm: Path) -> None:
    """What a team wrote is its own."""
    (gtm / "webhooks.yaml").write_text("endpoints: []\n")

    written = start_folder(gtm)

    assert {path.parent.name for path in written} == {"schema"}
    assert (gtm / "webhooks.yaml").read_text() == "endpoints: []\n"


def test_each_part_has_a_schema_that_knows_its_names(gtm: Path) -> None:
    """For editors: a file says in its first line where it is."""
    for name in TeamRules.__struct_fields__:
        schema = msgspec.json.decode((gtm / "schema" / f"{name}.json").read_bytes())
        definitions = [each for each in schema["$defs"].values() if "properties" in each]

        assert all(each["additionalProperties"] is False for each in definitions)
        assert (gtm / f"{name}.yaml").read_text().startswith(f"# yaml-language-server: $schema=schema/{name}.json\n")


def test_fields_may_have_files_and_tables_of_their_own(gtm: Path) -> None:
    """A long list of reps is a table, say."""
    (gtm / "routing.yaml").unlink()
    (gtm / "routing").mkdir()
    (gtm / "routing" / "reps.csv").write_text("id,name,weight\nann,Ann,2\nbob,Bob,\n")
    (gtm / "routing" / "catch_all.yaml").write_text("ann\n")

    routing = read_folder(gtm).routing

    assert routing.reps == (Rep(id="ann", name="Ann", weight=2), Rep(id="bob", name="Bob"))
    assert routing.catch_all == "ann"


def test_all_files_are_read_before_anything_is_said(gtm: Path) -> None:
    """A slip in each of three files, and a file that nobody reads."""
    (gtm / "webhooks.yaml").write_text("endpoints:\n  - name: n8n\n    evnets: ['*']\n    url: https://n8n.example\n")
    (gtm / "routing.yaml").unlink()
    (gtm / "routing").mkdir()
    (gtm / "routing" / "reps.csv").write_text("id,weight\nann,much\n")
    (gtm / "routing" / "rebs.yaml").write_text("[]\n")
    (gtm / "scoreing.yaml").write_text("{}\n")

    assert whats(gtm) == [
        "rebs.yaml:0: `routing` has no field `rebs`",
        "reps.csv:2: `weight`: expected `float`, got `str`",
        "scoreing.yaml:0: no service reads this",
        "webhooks.yaml:2: `events` is missing",
        "webhooks.yaml:3: there is no `evnets` here",
    ]


def test_what_only_the_parts_together_get_wrong_is_told(gtm: Path) -> None:
    """A catch-all who is nobody."""
    (gtm / "routing.yaml").unlink()
    (gtm / "routing").mkdir()
    (gtm / "routing" / "reps.csv").write_text("id\nann\n")
    (gtm / "routing" / "territories.yaml").write_text("- {name: north, rep: nobody}\n")

    (what,) = whats(gtm)

    assert "nobody" in what


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """With the verb that makes one."""
    assert whats(tmp_path / "gtm") == ["gtm:0: there is no such folder"]


def test_entries_of_a_list_may_have_a_file_each(gtm: Path) -> None:
    """Behind those that stand elsewhere: a vendor is added without touching what is there."""
    (gtm / "routing.yaml").write_text("reps: [{id: ann}]\n")
    (gtm / "routing" / "reps").mkdir(parents=True)
    (gtm / "routing" / "reps" / "zoe.yaml").write_text("id: zoe\nweight: 2\n")
    (gtm / "routing" / "reps" / "bob.yaml").write_text("id: bob\n")

    assert read_folder(gtm).routing.reps == (Rep(id="ann"), Rep(id="bob"), Rep(id="zoe", weight=2))


def test_what_is_no_entry_is_told(gtm: Path) -> None:
    """With its line; and folders that are no list's."""
    (gtm / "routing" / "reps").mkdir(parents=True)
    (gtm / "routing" / "reps" / "zoe.yaml").write_text("id: zoe\nweihgt: 2\n")
    (gtm / "routing" / "reps" / "notes.txt").write_text("")
    (gtm / "routing" / "catch_all").mkdir()
    (gtm / "routing" / "rebs").mkdir()

    assert whats(gtm) == [
        "catch_all:0: `routing` has no list `catch_all`",
        "rebs:0: `routing` has no list `rebs`",
        "notes.txt:0: this is no entry",
        "zoe.yaml:2: there is no `weihgt` here",
    ]


def test_the_file_of_a_part_may_name_what_stands_beside_it(gtm: Path) -> None:
    """A team of reps that have a table of their own; a vendor that has a file of its own."""
    (gtm / "routing.yaml").write_text("teams: [{name: inside, reps: [ann]}]\nround_robin: inside\n")
    (gtm / "routing").mkdir()
    (gtm / "routing" / "reps.csv").write_text("id\nann\n")
    (gtm / "enrichment.yaml").write_text("fields: [{field: industry, providers: [acme]}]\n")
    (gtm / "enrichment" / "providers").mkdir(parents=True)
    (gtm / "enrichment" / "providers" / "acme.yaml").write_text(
        "name: acme\nurl: 'https://a.example/{domain}'\nfields: {industry: x}\n"
    )

    rules = read_folder(gtm)

    assert rules.routing.teams[0].reps == ("ann",)
    assert rules.enrichment.fields[0].providers == ("acme",)


def test_each_contradiction_in_a_part_is_a_mistake_of_its_own(gtm: Path) -> None:
    """They are counted, and read one by one."""
    (gtm / "routing.yaml").write_text("teams: [{name: inside, reps: [ann]}]\nround_robin: outside\n")

    assert whats(gtm) == [
        "routing.yaml:0: team `inside` names the rep `ann`, which has no entry under `reps`",
        "routing.yaml:0: `round_robin` names the team `outside`, which has no entry under `teams`",
    ]


def test_each_contradiction_in_a_part_of_a_file_is_a_mistake_of_its_own(gtm: Path) -> None:
    """As those of a whole file are."""
    (gtm / "crm.yaml").write_text("salesforce:\n  leave_out: [nothing_such]\n  rename: {neither: Nor__c}\n")

    found = whats(gtm)

    assert len(found) == 2
    assert all(what.startswith("crm.yaml:") for what in found)
    assert [("nothing_such" in what, "neither" in what) for what in found] == [(True, False), (False, True)]


def test_a_file_that_contradicts_itself_is_told(gtm: Path) -> None:
    """Where nothing stands beside it."""
    (gtm / "enrichment.yaml").write_text("fields: [{field: industry, providers: [acme]}]\n")

    (what,) = whats(gtm)

    assert what.startswith("enrichment.yaml:")
    assert "there is no provider `acme`" in what
