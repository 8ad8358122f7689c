"""`atoll events`: what an operator sees of events and does to them, whether the application runs or not."""

import asyncio
import dataclasses
import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from atoll import Config, Running, World, single
from tests.amount import amount
from tests.cli.post import Archive, Post, office
from tests.cli.programs import started
from tests.house.checkout import ROOT
from tests.patience import PATIENCE_S

OFFICE = "tests.cli.post:office"
CANARY = "canary-51c2@example.com"

Atoll = Callable[..., Result]
Events = Callable[..., Any]  # Any: JSON


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of an application that has run: of two letters to Bob the first one is dead, of Ada's none."""
    state = tmp_path_factory.mktemp("office")

    asyncio.run(use(state))
    return state


@pytest.fixture
def office_state(used: Path, tmp_path: Path) -> Path:
    """A copy of it, for a test to change."""
    state = tmp_path / "state"
    subprocess.run(["cp", "-r", str(used), str(state)], check=True)
    return state


@pytest.fixture
def events(atoll: Atoll, office_state: Path) -> Events:
    """`atoll events` with arguments at that application: what it prints as JSON, or the failed result."""

    def run(*arguments: str) -> Any:  # Any: JSON
        done = atoll("events", *arguments, "--state", str(office_state), "--json", ATOLL_APPLICATION=OFFICE)
        return json.loads(done.stdout) if done.stdout else json.loads(done.stderr)["error"]

    return run


@pytest.fixture
def said(atoll: Atoll, office_state: Path) -> Callable[..., str]:
    """The same, as people see it."""

    def run(*arguments: str) -> str:
        return atoll("events", *arguments, "--state", str(office_state), ATOLL_APPLICATION=OFFICE).output

    return run


def test_subscriptions_are_shown_with_how_they_fare(events: Events, said: Callable[..., str]) -> None:
    """Who follows whom, what is put aside, and which command comes next."""
    found = events()
    table = said().splitlines()

    archive = next(each for each in found["subscriptions"] if each["subscriber"] == "archive")
    assert {"publisher": "post", "standing": "stopped", "lag": 0, "dead": 1, "behind": 1}.items() <= archive.items()
    assert (archive["is_replayable"], archive["position"], archive["head"]) == (True, 3, 3)
    assert archive["types"] == ["post.letter_sent.v1"]
    assert found["logs"][0]["publisher"] == "post"
    assert found["unreached"] == {}
    line = next(each for each in table if each.startswith("archive"))
    assert line.split()[:7] == ["archive", "post", "stopped", "1", "3", "0", "-"]
    assert "1 message is dead: see `atoll events dead`." in table


def test_the_application_may_be_named(atoll: Atoll, office_state: Path) -> None:
    """As with other verbs; what is neither that nor a command is told."""
    named = atoll("events", OFFICE, "--state", str(office_state))
    wrong = atoll("events", "ded")

    assert named.exit_code == 0
    assert "archive" in named.stdout
    assert wrong.exit_code == 2
    assert "There is no command `ded`, and no application `ded`. Did you mean `dead`?" in wrong.stderr


def test_before_the_first_start_the_next_command_is_named(atoll: Atoll, tmp_path: Path) -> None:
    """Nothing is made by looking."""
    options = ("--state", str(tmp_path / "none"))
    shown = atoll("events", OFFICE, *options)
    dead = atoll("events", "dead", OFFICE, *options)
    audited = atoll("events", "audit", OFFICE, *options)
    quiet = atoll("events", "tests.cli.market:market", *options)

    assert "not begun" in shown.stdout
    assert "start the application with `atoll run`" in shown.stdout
    assert "No message is dead. `atoll events`" in dead.stdout
    assert "Nobody has changed anything: `atoll events`" in audited.stdout
    assert "No service reacts to events of another one: a method marked `@on(Event)` does." in quiet.stdout
    assert not (tmp_path / "none").exists()


def test_dead_letters_say_what_went_wrong(events: Events, said: Callable[..., str]) -> None:
    """And nothing personal of what they hold."""
    letter = events("dead", "--payload")[0]

    assert (letter["service"], letter["key"], letter["attempts"], letter["behind"]) == ("archive", "bob", 2, 1)
    assert letter["error"] == "ValueError: a letter has no number -7"
    assert letter["payload"] == {"address": "bob", "number": -7, "sender": "***"}
    assert letter["parked_at"] <= letter["tried_at"]
    assert "payload" not in events("dead")[0]
    assert f"replay --service archive --id {letter['number']}" in said("dead")
    one = said("dead", "--id", str(letter["number"]))
    assert "ValueError: a letter has no number -7" in one
    assert "1 of the same key" in one
    assert CANARY not in said("dead", "--payload") + one


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("replay",), "not_said", "Say which messages: one by --id, one by --key, or --all."),
        (("replay", "--all", "--key", "bob"), "not_said", "Say which messages"),
        (("replay", "--id", "99"), "no_such_letter", "No message is parked under 99."),
        (("replay", "--key", "ada"), "no_such_letter", "No message is dead under the key ada."),
        (("replay", "--all", "--service", "archiv"), "not_meant", "There is no service `archiv`."),
        (("drop", "--all", "--reason", " "), "no_reason", "--reason is empty."),
        (("drop", "--all", "--reason", "x"), "not_sure", "1 message of archive would be dropped"),
        (("dead", "--id", "99"), "no_such_letter", "No message is parked under 99"),
        (("rewind", "archive", "--to", "yesterday"), "no_place", "--to yesterday is no place in a log."),
        (("rewind", "archiv", "--to", "oldest"), "not_meant", "There is no subscription of `archiv`."),
        (("rewind", "archive", "--publisher", "pots", "--to", "0"), "not_meant", "`archive` to `pots`"),
        (("rewind", "payment", "--to", "oldest"), "not_replayable", "`charge` of `payment` would be told twice"),
        (("rewind", "archive", "--to", "3", "--yes"), "not_behind", "`archive` is at 3 of the log of post"),
        (("rewind", "archive", "--to", "oldest"), "not_sure", "3 messages of post would be told to archive again"),
        (("lapse", "archive"), "not_sure", "archive lacks 0 messages of post"),
        (("erase", "bob"), "not_sure", "4 rows of bob (tenant main) would be erased for good."),
    ],
)
def test_what_cannot_be_done_is_said(events: Events, arguments: tuple[str, ...], code: str, what: str) -> None:
    """With what to do instead; nothing was changed then."""
    error = events(*arguments)

    assert error["code"] == code
    assert what in error["what"]
    assert error["fix"] or code in ("not_replayable", "not_behind", "no_such_letter")
    assert events("audit") == []


def test_a_letter_is_dropped_with_a_reason(events: Events, said: Callable[..., str]) -> None:
    """What stands behind it waits for the next start; who did it and why is on record."""
    done = events("drop", "--service", "archive", "--key", "bob", "--reason", "a joke", "--actor", "ann", "--yes")

    archive = next(each for each in events()["subscriptions"] if each["subscriber"] == "archive")
    deed = events("audit")[0]
    assert done == {"dropped": {"archive": 1}}
    assert (archive["dead"], archive["behind"], archive["waiting"]) == (0, 0, 1)
    assert {
        "service": "archive",
        "actor": "ann",
        "action": "drop",
        "why": "a joke",
        "subject": "bob",
    }.items() <= deed.items()
    assert "a joke" in said("audit")


def test_what_is_replayed_while_nothing_runs_is_done_at_the_next_start(events: Events, office_state: Path) -> None:
    """It stands in the database."""
    done = events("replay", "--all", "--reason", "it will be mended")
    letters = asyncio.run(mend_and_use(office_state))

    assert done == {"replayed": {"archive": 1}}
    assert letters[-2:] == [("bob", -7), ("bob", 8)]


def test_a_subscription_that_is_gone_is_let_go(events: Events) -> None:
    """And is told as lapsed."""
    done = events("lapse", "payment", "--yes", "--reason", "it was removed")

    standing = {each["subscriber"]: each["standing"] for each in events()["subscriptions"]}
    assert done == {"lapsed": {"subscriber": "payment", "publisher": "post", "lacked": 0}}
    assert standing == {"archive": "stopped", "payment": "lapsed"}
    assert events("audit", "--action", "lapse")[0]["service"] == "post"


def test_a_moment_is_a_place_to_go_back_to(events: Events) -> None:
    """In local time, unless it says otherwise; what was dead comes again with the rest."""
    error = events("rewind", "archive", "--to", "2200-01-01", "--yes")
    done = events("rewind", "archive", "--to", "2020-01-01T00:00+02:00", "--yes")

    assert error["code"] == "not_behind"
    assert (done["position"], done["messages"], done["unparked"], done["generation"]) == (0, 3, 2, 1)
    assert [deed["action"] for deed in events("audit", "--service", "archive")] == ["rewind"]


def test_erasing_counts_first(events: Events, said: Callable[..., str], office_state: Path) -> None:
    """A trial changes nothing; then no byte is left in any file, and the record says who asked."""
    assert CANARY.encode() in bytes_of(office_state)

    trial = events("erase", "bob", "--dry-run")
    assert "would be erased. Without --dry-run they are." in said("erase", "bob", "--dry-run")
    done = events("erase", "bob", "--yes", "--actor", "ann", "--reason", "asked for on Monday")
    both = events("erase", "ada", "--yes")

    counts = {name: each["outbox"] + each["parked"] for name, each in done["services"].items()}
    assert counts == {"post": 2, "archive": 2, "payment": 0}
    assert trial["services"] == done["services"]
    assert (trial["dry_run"], done["dry_run"], done["not_rewritten"], done["unreached"]) == (True, False, {}, {})
    assert both["services"]["post"]["outbox"] == 1
    assert CANARY.encode() not in bytes_of(office_state)
    assert "Nothing personal is kept of bob (tenant main)." in said("erase", "bob", "--yes")
    assert {deed["subject"] for deed in events("audit", "--subject", "bob")} == {"bob"}
    letter = events("dead", "--payload")[0]
    assert (letter["is_erased"], letter["error"]) == (True, "ValueError: (erased)")
    assert letter["payload"]["sender"] == "***"


def test_a_database_that_is_not_reached_is_told(atoll: Atoll, events: Events, office_state: Path) -> None:
    """An erasure that is not complete is a failure."""
    (office_state / "payment/payment.db").write_bytes(
        b"this is no database, and long enough to be told from an empty file"
    )

    shown = atoll("events", OFFICE, "--state", str(office_state))
    erased = atoll("events", "erase", "bob", "--yes", "--state", str(office_state), ATOLL_APPLICATION=OFFICE)

    assert shown.exit_code == 0
    assert "payment is not reached" in shown.stderr
    assert erased.exit_code == 1
    assert "payment" in erased.output
    assert events("erase", "bob", "--dry-run")["services"]["post"]["outbox"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("topology", ["processes", *amount([], ["single"])])
def test_instances_that_run_notice_by_themselves(atoll: Atoll, tmp_path: Path, topology: str) -> None:
    """Another attempt, a fresh start and an erasure, while letters arrive; nothing is started again."""
    state = str(tmp_path / "state")

    def run(*arguments: str) -> Any:  # Any: JSON
        done = atoll("events", *arguments, "--state", state, "--json", ATOLL_APPLICATION=OFFICE)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def call(*arguments: str) -> Any:  # Any: JSON
        done = atoll("call", "--state", state, *arguments)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if done.stdout.strip() else None

    def kept(count: int) -> list[list[Any]]:  # Any: an address and a number
        wait_for(lambda: len(call("archive.letters")) == count)
        return list(call("archive.letters"))

    arguments = ("run", OFFICE, "--topology", topology, "--state", state, "--json")
    with started(*arguments, folder=ROOT, extra={"OFFICE_GATEWAY_PORT": "0"}) as program:
        assert program.line(), program.said()
        for address, number in (("ada", 1), ("bob", -7), ("bob", 8)):
            call("post.send", "--address", address, "--number", str(number), "--sender", f"{address}-{CANARY}")
        wait_for(lambda: run("dead") != [])
        standing = {each["subscriber"]: each["standing"] for each in run()["subscriptions"]}
        refused = atoll("events", "lapse", "archive", "--yes", "--state", state, ATOLL_APPLICATION=OFFICE)

        call("archive.mend")
        run("replay", "--all")
        kept(3)
        rewound = run("rewind", "archive", "--to", "oldest", "--yes")
        kept(6)
        run("erase", "bob", "--yes")
        call("post.send", "--address", "bob", "--number", "9")
        letters = kept(7)
        after = {each["subscriber"]: each["generation"] for each in run()["subscriptions"]}
        found = bytes_of(Path(state))
        program.send(signal.SIGTERM)
        code = program.code()

    assert standing == {"archive": "reading", "payment": "reading"}
    assert "archive has read the log of post" in refused.stderr
    assert (rewound["messages"], rewound["generation"]) == (3, 1)
    assert [number for address, number in letters if address == "bob"] == [-7, 8, -7, 8, 9]
    assert after == {"archive": 1, "payment": 0}
    assert f"ada-{CANARY}".encode() in found
    assert f"bob-{CANARY}".encode() not in found
    assert code == 0


def in_one(state: Path) -> AbstractAsyncContextManager[Running]:
    """The application in this process, without its gateway."""
    world = World.real(state, watchdog_s=None)
    return single(dataclasses.replace(office, edges=()), world=world, config=Config({}))


async def use(state: Path) -> None:
    """Send a letter to Ada and two to Bob, and wait until nothing more happens."""
    async with in_one(state) as app:
        post, archive = app.client(Post), app.client(Archive)
        await post.send("ada", 1, CANARY)
        await post.send("bob", -7, CANARY)
        await post.send("bob", 8, CANARY)
        async with asyncio.timeout(PATIENCE_S):
            while not await archive.letters() or count_parked(state) < 2:  # noqa: ASYNC110  # written by others
                await asyncio.sleep(0.02)


async def mend_and_use(state: Path) -> list[tuple[str, int]]:
    """Let Bob's letter be kept, and wait for it."""
    async with in_one(state) as app:
        archive = app.client(Archive)
        await archive.mend()
        async with asyncio.timeout(PATIENCE_S):
            while len(await archive.letters()) < 3:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.02)
        return await archive.letters()


def count_parked(state: Path) -> int:
    """How many messages the archive has put aside for good, or behind one of those."""
    with closing(sqlite3.connect(state / "archive/archive.db")) as connection:
        where = "state = 'behind' OR state = 'dead'"
        return int(connection.execute(f"SELECT count(*) FROM atoll_parked WHERE {where}").fetchone()[0])


def bytes_of(folder: Path) -> bytes:
    """All bytes in a folder, read by a program of its own: to close a file here would end SQLite's locks on it."""
    code = (
        "import pathlib, sys; "
        "[sys.stdout.buffer.write(f.read_bytes()) for f in pathlib.Path(sys.argv[1]).rglob('*') if f.is_file()]"
    )
    return subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True).stdout


def wait_for(is_so: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it has not come"
        time.sleep(0.05)
