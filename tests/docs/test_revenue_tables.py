"""What Revenue's page lists is what its contracts say, and each call of its API is answered."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from atoll import Config, World, describe, single
from atoll.gateway import connection
from atoll.topology import Running
from revenue.application import revenue
from revenue.capture.contract import Capture, LeadDetails
from revenue.cli.gtm import read_folder
from revenue.playbook.contract import Playbook, Publication
from revenue.routing.contract import AssignmentNotFound, Routing
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs/revenue.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([^`]+)`")
FUNCTION = re.compile(r"```bash\n(api\(\).*?)```", re.DOTALL)
RULES = re.compile(r"```yaml\n# (gtm/\S+)\n(.*?)```", re.DOTALL)
EVERYBODY = "all that the services above tell others"


class Example(NamedTuple):
    """An operation as the page names it, and the command that calls it."""

    method: str
    path: str
    command: str


def rows_below(heading: str) -> Iterator[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    yield from ([cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows[1:])


def examples() -> Iterator[Example]:
    """The table of the API."""
    for operation, _, command in rows_below("The API"):
        method, _, path = operation.strip("`").partition(" ")
        yield Example(method, path, command.strip("`"))


EXAMPLES = list(examples())


def test_the_services_and_their_events_are_those_of_the_application() -> None:
    """All of them, and who tells what to whom."""
    declared = {each.name: each for each in describe(revenue).services if each.contract and each.contract.publishes}

    listed = {cells[0].strip("`"): cells for cells in rows_below("The services")}

    assert list(listed) == list(declared)
    for name, (_, _, _, tells, listens) in listed.items():
        contract = declared[name].contract
        assert contract is not None
        own = {event.__name__ for event in contract.publishes}
        heard = {reaction.event.__name__ for reaction in declared[name].reactions}
        assert set(CODE.findall(tells)) == own, name
        assert set(re.findall(r"\*`(\w+)`\*", tells)) == own & heard, name
        if listens != EVERYBODY:
            assert set(CODE.findall(listens)) == heard - own, name


def test_webhooks_hears_what_all_others_tell() -> None:
    """As its row says."""
    declared = {each.name: each for each in describe(revenue).services}
    heard = {reaction.event for reaction in declared["webhooks"].reactions}

    told = {
        event
        for each in declared.values()
        if each.contract
        for event in set(each.contract.publishes) - {reaction.event for reaction in each.reactions}
    }

    assert told <= heard


def test_what_happens_without_a_service_is_said_of_each() -> None:
    """And of nothing else but the gateway."""
    names = [each.name for each in describe(revenue).services if each.contract and each.contract.publishes]

    assert [cells[0].strip("`") for cells in rows_below("When one is down")] == [*names, "the gateway"]


def test_each_path_of_the_api_is_a_public_operation() -> None:
    """By its method, once."""
    operations = {
        f"{operation.method} /{each.contract.name}{operation.path}"
        for each in describe(revenue).services
        if each.contract
        for operation in each.contract.operations
        if operation.public
    }

    assert [each for each in EXAMPLES if f"{each.method} {each.path}" not in operations] == []
    assert len({each[:2] for each in EXAMPLES}) == len(EXAMPLES) > 20


@pytest.mark.skipif(shutil.which("curl") is None, reason="its commands are curl's")
async def test_each_command_of_the_api_is_answered(tmp_path: Path) -> None:
    """By the operation beside it, in a Revenue that goes by the rules of the page."""
    for name, rules in RULES.findall(PAGE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(rules, encoding="utf-8")
    ports = {f"REVENUE_{edge}_PORT": "0" for edge in ("GATEWAY", "CONSOLE", "FRONT")}

    async with single(revenue, world=World.real(tmp_path / ".atoll"), config=Config(ports)) as it:
        lead_id = await lead_with_owner(it, tmp_path)
        here = connection(tmp_path / ".atoll")
        assert here is not None
        amiss = [each for example in EXAMPLES async for each in amiss_in(example, tmp_path, here.url, lead_id)]

    assert amiss == []


async def lead_with_owner(it: Running, folder: Path) -> str:
    """The id of a lead that is Anke's, once Routing goes by the rules in the folder."""
    await it.client(Playbook).publish(Publication(playbook=read_folder(folder / "gtm")))
    receipt = await it.client(Capture).accept(LeadDetails(email="ada@acme.de", title="CTO", country="DE"))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(AssignmentNotFound):
                if (await it.client(Routing).assignment(receipt.lead.id)).owner == "anke":
                    return receipt.lead.id
            await asyncio.sleep(0.05)


async def amiss_in(example: Example, folder: Path, url: str, lead_id: str) -> AsyncIterator[str]:
    """What is wrong with a command: its answer, or that it calls something else."""
    function = FUNCTION.search(PAGE)
    assert function is not None
    said = "-o answer -w '%{method} %{http_code} %{url_effective}'"
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"{function[1].replace('localhost:8080', url)}\n{example.command} {said}"),
        cwd=folder,
        env={**os.environ, "LEAD": lead_id},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await shell.communicate()
    method, status, asked = output.decode().split()
    path = asked.removeprefix(url).partition("?")[0]
    if status != "200":
        yield f"{example.command}: {status} {(folder / 'answer').read_text(encoding='utf-8')}"
    if method != example.method or not re.fullmatch(re.sub(r"{\w+}", "[^/]+", example.path), path):
        yield f"{example.command}: calls {method} {path}"
