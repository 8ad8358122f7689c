"""The verb `export`, through the gateway of an application that runs."""

import asyncio
import csv
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from atoll import Config, World, single
from atoll.testing import fake, simulate
from atoll.topology import Running
from revenue.cli.exporting import export_command, exported, previewed
from revenue.crm.contract import Crm, Export, ExportState, Target
from revenue.crm.tests.stage import Stage, beside, say, until_pending
from revenue.crm.tests.told import NOW, lead, routed


class Desk:
    """Somebody at a terminal, in a folder of his own, beside an application with three leads."""

    def __init__(self, it: Running, folder: Path) -> None:
        self.it = it
        self.crm = it.client(Crm)
        self.folder = folder

    async def run(self, *words: str) -> Result:
        """What the verb answers."""
        state = str(self.folder / "state")
        return await asyncio.to_thread(CliRunner().invoke, export_command, [*words, "--state", state])

    async def told(self, *words: str) -> Any:  # Any: what JSON holds
        """What it answers to programs."""
        result = await self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def file(self, name: str) -> str:
        """Where a file of this name is."""
        return str(self.folder / name)

    def names(self) -> list[str]:
        """What is in the folder."""
        return sorted(path.name for path in self.folder.iterdir())

    def rows(self, name: str) -> list[dict[str, str]]:
        """What a CRM reads in it."""
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    """Three leads, of which one came from Salesforce."""
    config = Config({"BESIDE_GATEWAY_PORT": "0"})
    async with single(beside, world=World.real(tmp_path / "state"), config=config) as it:
        await it.client(Stage).bring(1, 2)
        await say(it, routed(lead(3, external_id="00Q5e000001AbCdEAK", external_source="salesforce")))
        await until_pending(it.client(Crm), Target.SALESFORCE, 3)
        yield Desk(it, tmp_path)


async def test_a_file_is_written_imported_and_told(desk: Desk) -> None:
    """Two of them where the CRM knows some records by its own ids; then nothing is left to tell."""
    written = await desk.run("salesforce", "--out", desk.file("leads.csv"))
    told = await desk.run("salesforce", "--told", "1")
    again = await desk.run("salesforce", "--out", desk.file("more.csv"))

    assert "2 new, 1 changed" in written.output
    assert "revenue export salesforce --told 1" in written.output
    names = {row["Revenue_Id__c"]: row["LastName"] for row in desk.rows("leads.csv")}
    assert names == {"lead-1": "Lovelace 1", "lead-2": "Lovelace 2"}
    [by_id] = desk.rows("leads.by-id.csv")
    assert (by_id["Id"], by_id["Revenue_Id__c"], by_id["LastName"]) == ("00Q5e000001AbCdEAK", "lead-3", "")
    assert "counts as told: 2 new, 1 changed" in told.output
    assert "There is nothing to tell" in again.output
    assert not (desk.folder / "more.csv").exists()
    assert desk.names() == ["leads.by-id.csv", "leads.csv", "state"]


async def test_a_file_is_rfc_4180_in_utf_8(desk: Desk) -> None:
    """Lines end with CR and LF, and there is no mark before the first column's name."""
    await desk.run("hubspot", "--out", desk.file("contacts.csv"))

    content = (desk.folder / "contacts.csv").read_bytes()

    assert content.startswith(b"email,")
    assert content.count(b"\r\n") == 4
    assert content.decode("utf-8").count("\n") == 4


async def test_a_dry_run_leaves_nothing_behind(desk: Desk) -> None:
    """It says what would be told, and everything is still pending."""
    result = await desk.run("salesforce", "--dry-run")
    summary = await desk.told("salesforce", "--dry-run")

    assert "2 would be new, 1 would be changed" in result.output
    assert "lead-1" in result.output
    assert summary["files"] == []
    assert desk.names() == ["state"]
    assert (await desk.crm.pending(Target.SALESFORCE)).new == 3
    assert {each.state for each in (await desk.crm.exports(Target.SALESFORCE)).items} == {ExportState.DROPPED}


async def test_what_is_confirmed_at_once_is_told_at_once(desk: Desk) -> None:
    """And `--all` writes it again nevertheless."""
    summary = await desk.told("salesforce", "--out", desk.file("a.csv"), "--confirm")
    whole = await desk.told("salesforce", "--out", desk.file("b.csv"), "--all")

    assert [file["rows"] for file in summary["files"]] == [2, 1]
    assert (await desk.crm.pending(Target.SALESFORCE)).new == 0
    assert whole["export"]["cells"] == summary["export"]["cells"]
    assert desk.rows("a.csv") == desk.rows("b.csv")


async def test_what_the_crm_has_not_taken_is_read_from_its_file(desk: Desk) -> None:
    """With its reasons; it is in the next file again."""
    await desk.run("salesforce", "--out", desk.file("leads.csv"))
    (desk.folder / "errors.csv").write_text(
        "Revenue_Id__c,LastName,ERROR\nlead-2,Lovelace 2,no such owner\nlead-9,x,y\n", encoding="utf-8"
    )

    told = await desk.run("salesforce", "--told", "1", "--refused", desk.file("errors.csv"))
    listed = await desk.crm.refused(Target.SALESFORCE)
    await desk.run("salesforce", "--out", desk.file("next.csv"))

    assert "1 were refused" in told.output
    assert "`lead-9`" in told.output
    assert [(each.lead_id, each.reason) for each in listed.items] == [("lead-2", "no such owner")]
    assert [row["Revenue_Id__c"] for row in desk.rows("next.csv")] == ["lead-2"]


async def test_a_file_of_errors_of_something_else_tells_nothing(desk: Desk) -> None:
    """That of another export, say: else what the CRM refused would count as what it knows."""
    await desk.run("salesforce", "--out", desk.file("leads.csv"))
    (desk.folder / "errors.csv").write_text("Id,ERROR\n00Q5e000009AbCd,x\n00Q5e000009AbCe,y\n", encoding="utf-8")

    result = await desk.run("salesforce", "--told", "1", "--refused", desk.file("errors.csv"))

    assert result.exit_code == 1
    assert "None of the 2 rows of" in result.output
    assert (await desk.crm.export(Target.SALESFORCE, 1)).state is ExportState.READY


@pytest.mark.parametrize(
    "content", ["Revenue_Id__c,ERROR\nlead-2,no such Müller\n".encode("cp1252"), b"Revenue_Id__c,E\n" + b"x" * 200_000]
)
async def test_a_file_of_errors_that_is_no_text_is_told(desk: Desk, content: bytes) -> None:
    """As a spreadsheet saves it, say: nothing counts as told."""
    await desk.run("salesforce", "--out", desk.file("leads.csv"))
    (desk.folder / "errors.csv").write_bytes(content)

    result = await desk.run("salesforce", "--told", "1", "--refused", desk.file("errors.csv"))

    assert result.exit_code == 1
    assert "save it as CSV in UTF-8" in result.output
    assert (await desk.crm.export(Target.SALESFORCE, 1)).state is ExportState.READY


async def test_a_file_that_was_not_imported_yet_is_not_overwritten(desk: Desk) -> None:
    """Whoever runs it each hour names each file anew."""
    (desk.folder / "leads.csv").write_text("precious", encoding="utf-8")

    result = await desk.run("salesforce", "--out", desk.file("leads.csv"))

    assert result.exit_code == 1
    assert "is there already" in result.output
    assert (desk.folder / "leads.csv").read_text(encoding="utf-8") == "precious"
    assert (await desk.crm.exports(Target.SALESFORCE)).items == ()


async def test_what_an_interrupted_export_has_left_is_named(desk: Desk) -> None:
    """It is the user's to remove: another export may write it. No export is begun that nobody would finish."""
    left = desk.folder / "leads.by-id.csv.part"
    left.write_text("Id,", encoding="utf-8")

    result = await desk.run("salesforce", "--out", desk.file("leads.csv"))

    assert result.exit_code == 1
    assert "leads.by-id.csv.part is there already: another export writes it, or one was interrupted" in result.output
    assert (await desk.crm.exports(Target.SALESFORCE)).items == ()
    assert desk.names() == [left.name, "state"]


async def test_a_file_that_is_lost_half_way_leaves_nothing_and_marks_nothing(desk: Desk) -> None:
    """A full disk, say, or Ctrl-C."""

    def fails(done: int, total: int, words: str) -> None:
        if words.endswith("rows"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await exported(desk.crm, Target.SALESFORCE, desk.folder / "leads.csv", is_all=False, show=fails)

    assert desk.names() == ["state"]
    assert (await desk.crm.pending(Target.SALESFORCE)).new == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["salesforce"], "--out"),
        (["salesforce", "--dry-run", "--refused", "FILE"], "--told"),
        (["pipedrive", "--dry-run"], "salesforce"),
        (["salesforce", "--told", "1", "--refused", "FILE"], "no column `Revenue_Id__c`"),
        (["salesforce", "--told", "9"], "there is no export 9"),
        (["salesforce", "--out", "no/such/folder.csv"], "cannot be written"),
    ],
)
async def test_what_cannot_be_is_said(desk: Desk, words: list[str], said: str) -> None:
    """With what to do."""
    await desk.run("salesforce", "--out", desk.file("first.csv"))
    (desk.folder / "other.csv").write_text("Name\nAda\n", encoding="utf-8")

    result = await desk.run(*(desk.file("other.csv") if word == "FILE" else word for word in words))

    assert result.exit_code
    assert said in result.output


def test_an_export_that_does_not_get_on_is_given_up() -> None:
    """Rather than waited for through the night."""
    stuck = Export(
        target=Target.HUBSPOT, number=7, state=ExportState.BUILDING, is_all=False, begun_at=NOW, done=1, total=2,
        key_column="email", record_id_column="Record ID", columns=(), new=1, changed=0, cells=1, withheld=0, refused=0,
    )  # fmt: skip
    crm = fake(Crm, begin=stuck, export=stuck)

    with pytest.raises(click.ClickException, match="Export 7 does not get on"):
        simulate(lambda: previewed(crm, Target.HUBSPOT, is_all=False, show=show_nothing))


def show_nothing(done: int, total: int, words: str) -> None:
    """In a pipe."""
