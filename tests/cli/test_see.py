"""`atoll top`, `traces`, `trace`, `logs`, `story`: what an application has done, whether it runs or not."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import Result

from atoll import Config, World, single
from atoll.kernel import Context, Trace, current
from atoll.operating import Change, changes_in, changing
from atoll.telemetry import Kind, LogLine, Span
from tests.adapters.kept import store_of, write
from tests.cli.post import Archive, Post, office
from tests.cli.programs import started
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

Atoll = Callable[..., Result]
Asked = Callable[..., Any]  # Any: JSON

TRACE = f"{0xABC:032x}"
BAD = "red\x1b[31m <script>alert(1)</script>\nsecond line"


async def use(state: Path) -> None:
    """Send three letters in one trace, of which the last one cannot be kept, and log something hostile."""
    current.set(Context(trace=Trace(0xABC, 1, 0, True)))
    async with single(office, world=World.real(state), config=Config({"OFFICE_GATEWAY_PORT": "0"})) as app:
        for address, number in (("ada", 1), ("bob", 2), ("bob", -1)):
            await app.client(Post).send(address, number)
        async with asyncio.timeout(PATIENCE_S):
            while len(await app.client(Archive).letters()) < 2:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)
        logging.getLogger("office").warning("%s", BAD, extra={"shelf": 7})
        async with asyncio.timeout(PATIENCE_S):
            while TRACE not in _failures(state):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.1)


def _failures(state: Path) -> list[str]:
    from atoll.seeing import KeptTelemetry, TraceSearch  # noqa: PLC0415  # as whoever looks, beside what runs

    return [f"{each.trace_id:032x}" for each in KeptTelemetry(state).traces(TraceSearch(is_failed=True))]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of an application that has run, and does not any more."""
    state = tmp_path_factory.mktemp("seen")
    asyncio.run(use(state))
    return state


@pytest.fixture
def asked(atoll: Atoll, used: Path) -> Asked:
    """A verb with arguments: what it prints as JSON, one document or one a line."""

    def run(*arguments: str) -> Any:  # Any: JSON
        done = atoll(*arguments, "--state", str(used), "--json")
        assert not done.exit_code, done.output
        return json.loads(done.stdout)

    return run


@pytest.fixture
def said(atoll: Atoll, used: Path) -> Callable[..., str]:
    """The same, as people see it."""

    def run(*arguments: str) -> str:
        return atoll(*arguments, "--state", str(used)).output

    return run


def test_traces_are_listed_the_last_first(asked: Asked, said: Callable[..., str]) -> None:
    """Also when nothing runs any more; with what went wrong in them."""
    found = asked("traces")
    table = said("traces")

    one = next(each for each in found if each["trace_id"] == TRACE)
    assert [each["started_at"] for each in found] == sorted((each["started_at"] for each in found), reverse=True)
    assert one["errors"] >= 1
    assert {"archive", "post"} <= set(one["services"])
    assert TRACE in table
    assert "began" in table.splitlines()[0]


def test_traces_are_searched(asked: Asked) -> None:
    """Everything that is said holds for one piece of work in them."""
    assert [each["trace_id"] for each in asked("traces", "--errors", "--service", "archive")] == [TRACE]
    assert [each["trace_id"] for each in asked("traces", "--key", "ada")] == [TRACE]
    assert asked("traces", "--errors", "--key", "ada") == []
    assert asked("traces", "--operation", "post.send", "--since", "1h")[0]["trace_id"] == TRACE
    assert asked("traces", "--operation", "post.send", "--since", "2199-01-01") == []
    assert asked("traces", "--slow") == []


def test_idle_turns_are_left_out_unless_they_are_asked_for(atoll: Atoll, tmp_path: Path) -> None:
    """They would hide the one call that somebody made. Those that failed, or of which something came, are there."""
    idle = [Span("tidy", "", 10 + number, 1, 0, 10.0 + number, 0.001, "ok", kind=Kind.TURN) for number in range(50)]
    asks = msgspec.structs.replace(idle[0], kind=Kind.CALL, name="stock.count", span_id=2, parent_id=1)
    failed = msgspec.structs.replace(idle[0], trace_id=2, outcome="unavailable")
    published = [
        msgspec.structs.replace(idle[0], trace_id=3),
        msgspec.structs.replace(idle[0], trace_id=3, kind=Kind.PUBLISHED, span_id=2, parent_id=1, name="tidied"),
    ]
    with closing(store_of(tmp_path)) as store:
        for spans in ([*idle, failed], [asks, *published], [Span("stock.count", "", 1, 1, 0, 1.0, 0.1, "ok")]):
            write(store, spans)

    def found(*arguments: str) -> set[int]:
        done = atoll("traces", *arguments, "--state", str(tmp_path), "--json")
        return {int(each["trace_id"], 16) for each in json.loads(done.stdout)}

    assert found() == {1, 2, 3}
    assert len(found("--turns", "--limit", "100")) == 53
    assert len(found("--operation", "tidy", "--limit", "100")) == 52


def test_a_trace_is_drawn_as_a_waterfall(said: Callable[..., str], asked: Asked) -> None:
    """Causes above their effects, through events, and how what failed has ended."""
    drawn = said("trace", TRACE)
    found = asked("trace", TRACE)

    lines = drawn.splitlines()
    assert TRACE in lines[0]
    sent = next(at for at, line in enumerate(lines) if "answered post.send" in line)
    kept = next(at for at, line in enumerate(lines) if "reacted to post.letter_sent.v1 ada" in line)
    assert sent < kept
    assert any("reacted to post.letter_sent.v1 bob" in line and "failed" in line for line in lines)
    assert any("◆" in line and "published post.letter_sent.v1" in line for line in lines)
    assert {span["trace_id"] for span in found["spans"]} == {TRACE}
    assert any("a letter has no number -1" in (line["error"] or "") for line in found["lines"])


def test_a_story_is_told_in_order(said: Callable[..., str], asked: Asked) -> None:
    """Of one key: what was about it, what has caused that, and nothing about others."""
    told = said("story", "ada")
    found = asked("story", "ada")

    order = [
        next(at for at, line in enumerate(told.splitlines()) if words in line)
        for words in ("answered post.send", "published post.letter_sent.v1", "reacted to post.letter_sent.v1")
    ]
    assert order == sorted(order)
    assert {span["key"] for span in found["spans"]} <= {"ada", ""}
    assert "bob" not in told


def test_logs_of_all_services_are_merged(atoll: Atoll, used: Path, said: Callable[..., str]) -> None:
    """With their traces; what strangers have written gives a terminal no orders, and stays on its line."""
    done = atoll("logs", "--state", str(used), "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    shown = said("logs", "--level", "warning", "--text", "script")

    hostile = next(line for line in lines if line["logger"] == "office")
    assert (hostile["message"], hostile["more"], hostile["level"]) == (BAD, {"shelf": 7}, "warning")
    failed = [line for line in lines if line["trace_id"] == TRACE and line["error"]]
    assert failed
    assert failed[0]["service"] == "archive"
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 1
    assert said("logs", "--trace", TRACE).count("could not react") >= 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trace", "f" * 32), "atoll traces"),
        (("trace", "xyz"), "32 hexadecimal digits"),
        (("story", "nobody"), "keys are those of events"),
        (("traces", "--since", "yesterday"), "15m"),
        (("logs", "--level", "loud"), "warning"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_do(
    atoll: Atoll, used: Path, arguments: tuple[str, ...], words: str
) -> None:
    """And the exit code is not zero."""
    done = atoll(*arguments, "--state", str(used))

    assert done.exit_code
    assert words in done.output


def test_nothing_was_recorded_yet(atoll: Atoll, tmp_path: Path) -> None:
    """An empty folder is no error, and the next command is named."""
    for verb in ("traces", "top"):
        done = atoll(verb, "--state", str(tmp_path))
        assert done.exit_code == 0
        assert "`atoll run` starts an application" in done.output
    assert "Nothing like that was logged." in atoll("logs", "--state", str(tmp_path)).output


def test_top_shows_what_runs_now(atoll: Atoll, running_market: dict[str, str]) -> None:
    """The process with its gauges; JSON for programs."""
    state = running_market["state"]
    shown = atoll("top", "--state", state, "--interval", "1.5").output
    found = json.loads(atoll("top", "--state", state, "--interval", "1.5", "--json").stdout)

    assert "process" in shown
    (process,) = found["processes"]
    assert process["is_alive"]
    assert {"loop_lag_seconds", "process_resident_memory_bytes"} <= {gauge["name"] for gauge in process["gauges"]}


def test_logs_are_in_the_order_in_which_they_were_written(atoll: Atoll, tmp_path: Path) -> None:
    """Not in that in which they were collected, from one process after the other."""
    with closing(store_of(tmp_path)) as store:
        write(store, [], [LogLine(at, logging.INFO, "post", f"at {at}") for at in (2.0, 4.0, 1.0, 3.0)])

    found = atoll("logs", "--state", str(tmp_path), "--json").stdout.splitlines()

    assert [json.loads(each)["message"] for each in found] == ["at 1.0", "at 2.0", "at 3.0", "at 4.0"]


def test_logs_are_followed(used: Path) -> None:
    """What comes later is shown as it comes, and Ctrl-C ends it."""
    arguments = ("logs", "--state", str(used), "--follow", "--json", "--limit", "1")
    with started(*arguments, folder=ROOT) as program:
        first = json.loads(program.line())
        asyncio.run(use(used))
        later = json.loads(program.line())
        program.process.terminate()

    assert later["number"] > first["number"]


def test_changes_are_written_down_with_their_end(atoll: Atoll, tmp_path: Path) -> None:
    """Who, what, and how it ended; one whose process died in the middle has an unknown end."""
    state = str(tmp_path)
    assert "Nobody has changed anything" in atoll("audit", "--state", state).output

    atoll("keys", "make", "ada", "--opens", "post.send", "--state", state, ATOLL_APPLICATION="tests.cli.post:office")
    refused = atoll("keys", "revoke", "nothing", "--state", state)
    with contextlib.suppress(KeyboardInterrupt), changing(tmp_path, Change("", 9e9, "bob", "scale", "post", "to 2")):
        raise KeyboardInterrupt

    found = json.loads(atoll("audit", "--state", state, "--json").stdout)
    assert refused.exit_code
    assert [(each["action"], each["subject"], each["outcome"] == "done") for each in found] == [
        ("scale", "post", False),
        ("keys revoke", "nothing", False),
        ("keys make", "ada", True),
    ]
    lines = (tmp_path / "changes.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "changes.jsonl").write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert changes_in(tmp_path)[0].outcome == "unknown"
    assert "keys make" in atoll("audit", "--state", state).output


@pytest.mark.parametrize("verb", [("logs",), ("traces",), ("audit",), ("access", "refused"), ("events", "audit")])
def test_a_number_that_no_database_counts_to_is_refused(atoll: Atoll, tmp_path: Path, verb: tuple[str, ...]) -> None:
    """As any other bad word."""
    done = atoll(*verb, "--limit", "99999999999999999999", "--state", str(tmp_path))

    assert done.exit_code == 2
    assert "1000000" in done.output
