"""An application of which most was not written with Atoll: FastAPI mounted, Node started, an API of others called."""

import asyncio
import dataclasses
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from pathlib import Path

import psutil
import pytest

from atoll import Application, Config, Mistakes, Remote, World, describe, openapi, single
from atoll.problems import Unavailable, UnknownProblem
from atoll.testing import running_processes
from atoll.testing.processes import RunningProcesses
from tests.elsewhere.bazaar.application import NODE, bazaar
from tests.elsewhere.bazaar.contracts import Amount, Asked, Bill, Checkout, Geo, Quote, Quotes, Tax, UnknownCountry
from tests.elsewhere.bazaar.legacy import app as legacy
from tests.elsewhere.geography import KEY
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

PLACE = "tests.elsewhere.bazaar.application:bazaar"
LAMPS = Asked(article="lamp", count=2)


@pytest.fixture(scope="module")
def environment() -> Generator[Mapping[str, str]]:
    """What the bazaar finds in its environment; somebody else's API runs as long as the tests of this file."""
    command = [sys.executable, "-m", "tests.elsewhere.geography", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        yield {"BAZAAR_GEO": f"http://127.0.0.1:{port}/api", "BAZAAR_GEO_KEY": KEY}
        process.terminate()


@pytest.fixture
async def running(environment: Mapping[str, str]) -> AsyncGenerator[RunningProcesses]:
    """The bazaar, in processes."""
    async with running_processes(PLACE, folder=ROOT, settings=environment) as app:
        yield app


async def test_services_from_everywhere_write_one_bill(running: RunningProcesses) -> None:
    """Atoll's own, FastAPI, Node and somebody else's API: for the caller they are all alike."""
    checkout = running.client(Checkout)

    in_london = await checkout.bill(LAMPS, "London")
    in_berlin = await checkout.bill(LAMPS, "Berlin")

    assert in_london == Bill(net=2500, tax=500, country="GB")
    assert in_berlin == Bill(net=2500, tax=475, country="DE")


async def test_a_problem_passes_through_another_language_as_its_class(running: RunningProcesses) -> None:
    """Rates raises it, Node hands it on as JSON, Checkout lets it pass: its caller catches it."""
    with pytest.raises(UnknownCountry) as caught:
        await running.client(Checkout).bill(LAMPS, "Paris")

    assert caught.value.country == "XX"


async def test_a_command_is_started_again_when_it_dies(running: RunningProcesses) -> None:
    """On another port, which its callers learn."""
    (first,) = [process for process in psutil.Process().children(recursive=True) if _is_tax(process)]
    first.kill()

    async def answers() -> bool:
        try:
            taxed = await running.client(Tax).tax(Amount(cents=100, country="GB"))
        except Unavailable:
            return False
        return taxed.cents == 20 and not first.is_running()

    await _comes_true(answers)


async def test_a_command_gets_the_trace_and_the_caller(running: RunningProcesses) -> None:
    """So that its part of the work can be found."""
    taxed = await running.client(Tax).tax(Amount(cents=100, country="GB"))

    assert len(taxed.trace) == 32
    assert taxed.caller == ""


async def test_a_mounted_application_answers_as_it_always_did(running: RunningProcesses) -> None:
    """Its own errors, too: they are problems that Atoll does not know."""
    quotes = running.client(Quotes)

    found = await quotes.article("chair")
    with pytest.raises(UnknownProblem, match="no article stool") as missing:
        await quotes.article("stool")

    assert found == Quote(article="chair", cents=8900)
    assert missing.value.original_status == 404


async def test_mounted_and_remote_services_run_in_one_process_too(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    """Only a command needs a process of its own."""
    application = at(environment["BAZAAR_GEO"])
    config = Config(environment)

    async with single(application, world=World.real(tmp_path), config=config, services=["quotes", "rates"]) as app:
        quote = await app.client(Quotes).quote(LAMPS)
        place = await app.client(Geo).find("Berlin")

    assert quote.cents == 2500
    assert place.country == "DE"


async def test_single_refuses_a_command_by_name(environment: Mapping[str, str], tmp_path: Path) -> None:
    """With what to do instead."""
    with pytest.raises(Mistakes) as caught:
        async with single(bazaar, world=World.real(tmp_path), config=Config(environment)):
            pass

    (mistake,) = caught.value.mistakes
    assert "`tax` is started from a command" in mistake.what
    assert "--topology processes" in mistake.fix


async def test_a_key_that_is_not_set_is_told_at_the_start(tmp_path: Path) -> None:
    """With the name of the variable; the value stands nowhere in the source."""
    with pytest.raises(Mistakes) as caught:
        async with single(bazaar, world=World.real(tmp_path), config=Config({}), services=["quotes"]):
            pass

    (mistake,) = caught.value.mistakes
    assert "BAZAAR_GEO_KEY" in mistake.what


def test_the_document_is_that_of_the_application() -> None:
    """The file in the repository was written by the application itself."""
    written = json.loads((ROOT / "tests/elsewhere/bazaar/quotes.json").read_text(encoding="utf-8"))

    assert legacy.openapi() == written


def test_what_comes_from_elsewhere_is_described_like_the_rest() -> None:
    """Its operations stand in the application's document, under the gateway's paths."""
    graph = describe(bazaar)
    contracts = [service.contract for service in graph.services if service.contract]

    document = openapi(contracts, title="bazaar", version="1", public_only=True)

    assert {"/quotes/v1/quotes", "/quotes/v1/articles/{name}", "/checkout/v1/bills"} <= document["paths"].keys()
    assert not any(path.startswith(("/tax", "/geo")) for path in document["paths"])


def at(url: str) -> Application:
    """The bazaar, with the API of others at this place."""
    services = [dataclasses.replace(each, url=url) if isinstance(each, Remote) else each for each in bazaar.services]
    return dataclasses.replace(bazaar, services=tuple(services))


def _is_tax(process: psutil.Process) -> bool:
    try:
        return process.cmdline()[:1] == [NODE] and "bazaar" in process.cmdline()[1]
    except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
        return False


async def _comes_true(claim: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await claim():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)
