"""The benchmark `events`, from its command to its files, at a size that says nothing about speed."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from atoll.adapters.sqlite import open_sqlite
from benchmarks.measuring import Cost, Findings, Panel, Ratio, Row
from benchmarks.measuring.document import documented
from benchmarks.measuring.plot import drawn
from benchmarks.measuring.stamps import Collect, Effects, Followed, Produce, produced
from benchmarks.subjects.events_atoll import AtollPlace, both
from benchmarks.subjects.events_backlog import metered
from benchmarks.subjects.events_noting import NotingDriver, handled
from tests.amount import of_the_whole
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

STACKS = [
    "atoll single, SQLite",
    "atoll processes, SQLite",
    "atoll single, PostgreSQL",
    "atoll processes, PostgreSQL",
    "platform alone single, SQLite",
    "platform alone processes, SQLite",
    "sqlalchemy+faststream",
    "nats-py on JetStream",
]
PUBLISHING = [
    "a transaction with one upsert",
    "the same, with one event",
    "one upsert by sqlite3 alone",
    "the same, with the rows of one event",
    "its effect by sqlite3 alone, with a cursor",
    "the difference",
    "the difference by hand",
    "an event and its effect by hand",
]
COST = Cost((12.34,))
GROWTH = ["1 subscriber", "2 subscribers", "1 key", "10 keys", "0 undelivered", "100 undelivered"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """One run for all tests, and the file that it wrote."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, "-m", "benchmarks.events", "--size", "tiny", "--json", "--results", str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True), folder / "events.json"


@pytest.fixture(scope="module")
def kept(done: tuple[subprocess.CompletedProcess[str], Path]) -> Any:  # Any: parsed JSON
    """What the file says."""
    return json.loads(done[1].read_text(encoding="utf-8"))


@of_the_whole
@pytest.mark.slow
def test_it_prints_what_it_keeps_and_nothing_else(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """Every event had its effect, once, and no stack had anything to complain about."""
    process, path = done

    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == path.read_text(encoding="utf-8")


@of_the_whole
@pytest.mark.slow
def test_every_stack_and_every_growth_is_measured(kept: Any) -> None:  # Any: parsed JSON
    """Side by side, or there is nothing to compare."""
    names = list(dict.fromkeys(row["name"] for row in kept["rows"]))

    assert names == [*STACKS, *PUBLISHING, *GROWTH]


@of_the_whole
@pytest.mark.slow
def test_a_stack_says_how_many_how_long_and_at_what_cost(kept: Any) -> None:  # Any: parsed JSON
    """Servers cost nothing where there are none."""
    by_stack = {name: {row["metric"]: row["median"] for row in kept["rows"] if row["name"] == name} for name in STACKS}

    for name, found in by_stack.items():
        assert list(found) == ["events", "p50", "p99", "CPU of programs", "CPU of servers"]
        assert found["events"] > 0
        assert 0 < found["p50"] <= found["p99"]
        assert found["CPU of programs"] > 0
        assert (found["CPU of servers"] > 0) == ("SQLite" not in name)


@of_the_whole
@pytest.mark.slow
def test_every_goal_is_judged_in_its_direction(kept: Any) -> None:  # Any: parsed JSON
    """More events are better, less time and less CPU are better."""
    judged = [ratio for ratio in kept["ratios"] if ratio["goal"] is not None]
    goals = [(ratio.get("bound", "at most"), ratio["goal"]) for ratio in judged]

    assert goals == [
        *[("at least", 8_000.0)] * 2,
        *[("at least", 15_000.0)] * 2,
        *[("at most", 2.0), ("at most", 20.0)] * 2,
        *[("at least", 3.0)] * 2,
        ("at most", 30.0),
    ]
    for ratio in judged:
        is_more = ratio["value"] >= ratio["goal"]
        assert ratio["holds"] == (is_more if "bound" in ratio else not is_more)


@of_the_whole
@pytest.mark.slow
def test_the_picture_shows_each_growth(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    """People look rather than read."""
    picture = ElementTree.parse(done[1].with_suffix(".svg"))

    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert [text for text in texts if text in {"subscribers", "keys", "undelivered"}] == [
        "subscribers",
        "keys",
        "undelivered",
        "undelivered",
    ]


@pytest.mark.parametrize("place", [{"subscribers": 2}, {"idle": True}], ids=["two subscribers", "idle"])
async def test_every_subscriber_has_every_effect(tmp_path: Path, place: dict[str, Any]) -> None:  # Any: of any field
    """An event is counted once all have it, and the databases say the same as who has noted it."""
    address = msgspec.json.encode(AtollPlace(str(tmp_path), keys=3, **place)).decode()
    with Followed(tmp_path / "followed") as followed:
        effects = Effects(followed)
        async with both(address, effects.committed) as (publish, subscribed):
            committed = await produced(publish, Produce(0, 0.05, 200.0, 1, 10), followed)
            collected = await effects.collected(Collect(10))
            total = await subscribed.effects()

    assert sorted(committed.numbers) == sorted(collected.numbers) == list(range(10))
    assert total == 10


async def test_an_effect_is_noted_when_it_is_on_the_disk(tmp_path: Path) -> None:
    """Not when it was committed: a machine that stops between the two has lost it."""
    noted: list[tuple[str, int]] = []
    asked, written = threading.Event(), threading.Event()
    inner = await open_sqlite(tmp_path / "scores.db")

    def sync(_: int) -> None:
        asked.set()
        written.wait(PATIENCE_S)

    inner.sync_with(sync)
    driver = NotingDriver(inner, lambda lead, number: noted.append((lead, number)))

    session = await driver.begin(asyncio.get_running_loop().time() + 5)
    await session.execute("CREATE TABLE scores (lead TEXT)", ())
    handled("lead-1", 7)
    await session.commit()
    await asyncio.to_thread(asked.wait, 10)
    before = list(noted)
    written.set()
    await driver.close()

    assert before == []
    assert noted == [("lead-1", 7)]


async def test_work_is_metered_without_what_others_do_while_it_waits() -> None:
    """Its result is what it took of the processor; an error is its own to handle."""

    async def busy() -> None:
        sum(range(3_000_000))

    async def work() -> None:
        other = asyncio.create_task(busy())
        await other
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(60)

    async with asyncio.timeout(PATIENCE_S):
        alone = await metered(busy())
        waiting = await metered(work())

    assert 0 < waiting < alone


def test_a_line_ends_where_a_value_is_missing() -> None:
    """And begins again behind it."""
    picture = drawn("two lines", [Panel("a panel", "µs", "steps", [0, 1, 2], {"one": [None, 1.0, 2.0]})])

    paths = [element.get("d") or "" for element in ElementTree.fromstring(picture).iter() if element.get("d")]
    assert [path.count("M") for path in paths if "L" in path] == [1]


def test_findings_are_written_between_their_marks_and_nowhere_else() -> None:
    """What people have written around them stays; a document without a place for them stays as it is."""
    begin, end = "<!-- figures of events: begin (written by the benchmark) -->", "<!-- figures of events: end -->"
    facts = {"measured_at": "2026-11-26T12:00:00+00:00", "commit": "0123456789ab", "size": "small"}
    rows = [Row("with keys", "1 key", "events", "1/s", Cost((8123.4,))), Row("with keys", "2 keys", "CPU", "µs", COST)]
    findings = Findings(rows, ratios=[Ratio("times", 2.0, 3.0, bound="at least")])

    text = documented(f"before\n{begin}\nold\n{end}\nafter\n", "events", facts, findings, None)

    assert text.split("\n") == [
        "before",
        begin,
        "Measured on 2026-11-26 with `make bench NAME=events` (size `small`), commit `0123456789ab`.",
        "",
        "| with keys | events, 1/s | CPU, µs |",
        "|---|---|---|",
        "| 1 key | 8,123 |  |",
        "| 2 keys |  | 12.3 |",
        "",
        "| goals and ratios | value | goal | holds |",
        "|---|---|---|---|",
        "| times | 2 | at least 3 | **no** |",
        end,
        "after",
        "",
    ]
    assert documented("before\nafter\n", "events", facts, findings, None) == "before\nafter\n"
