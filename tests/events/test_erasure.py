"""The erasure of a data subject: nothing personal is left of it, and readers go on."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from atoll import Application, Service, Transaction, describe
from atoll.adapters.sqlite import open_sqlite
from atoll.adapters.sqlite_rewriting import rewrite
from atoll.adapters.system import SystemEntropy
from atoll.contract import codec_of
from atoll.data import Database, Keeper, Parameters, Rows, Statement
from atoll.data.statements import Statements
from atoll.events import (
    Envelope,
    Timing,
    decode_envelope,
)
from atoll.events.auditing import By, deeds
from atoll.events.erasing import Erased, Whose, erase, erase_published, erase_received
from atoll.events.letters import Which, letters, replay
from atoll.events.operating_statements import erasing
from atoll.events.parking import BEHIND, DEAD
from atoll.events.statements import publishing
from atoll.events.tables import OUTBOX, SCHEDULED
from atoll.kernel import Context, current
from atoll.operating import Operated
from tests.events.coast import CLOCK, Shore, database_of, parked, until
from tests.events.conftest import Opens
from tests.events.leads import (
    CANARY,
    CLASSES,
    Captured,
    Heard,
    Leads,
    Measured,
    are,
    bytes_of,
    captured,
    forget_insecurely,
    keep_answer,
    publisher,
    subscription_of,
)

ANN = By("ann", "asked for on Monday")
LEAD = Whose("lead-7")


@pytest.fixture
async def leads(opens: Opens) -> Shore:
    """A publisher of what is personal."""
    return await publisher(await opens("leads"))


async def test_what_is_personal_goes_and_the_rest_stays(leads: Shore) -> None:
    """Position, identifier, sequence and key are as they were; the actor is gone, too."""
    current.set(Context(user="ada", tenant="main"))
    await leads.publish(captured(1), captured(2))
    await leads.publish(captured(1, "lead-8"))
    before = await leads.database.read(select(OUTBOX).order_by(OUTBOX.c.number))

    found = await erase(leads.database, LEAD, CLASSES, ANN, time.time())

    after = await leads.database.read(select(OUTBOX).order_by(OUTBOX.c.number))
    assert found == Erased(outbox=2)
    for old, new in zip(before, after, strict=True):
        was, now = decode_envelope(bytes(old.envelope)), decode_envelope(bytes(new.envelope))
        assert old.as_dict() | {"envelope": b""} == new.as_dict() | {"envelope": b""}
        if was.partitionkey == "lead-8":
            assert now == was
            continue
        assert (now.id, now.sequence, now.partitionkey, now.time) == (was.id, was.sequence, was.partitionkey, was.time)
        assert (was.actor, now.actor) == ("ada", None)
        assert now.erasedat.endswith("Z")
        assert msgspec.json.decode(bytes(now.data)) == {
            "lead": "lead-7",
            "step": was_step(was),
            "email": "",
            "phone": None,
        }


def was_step(envelope: Envelope) -> int:
    """The step in an envelope's data."""
    data = msgspec.json.decode(bytes(envelope.data))
    return int(data["step"])


async def test_a_subscriber_that_comes_late_goes_on(leads: Shore, opens: Opens) -> None:
    """What still fits is delivered without what is gone; what does not is passed over; nothing fails."""
    scoring, heard = await opens("scoring"), Heard()
    await leads.publish(captured(1), Measured(lead="lead-7", step=2, height_cm=181), captured(3))
    found = await erase(leads.database, LEAD, CLASSES, ANN, time.time())
    await leads.publish(captured(4))

    subscription = subscription_of(scoring, leads.log, heard)
    subscription.start()
    await heard.until(3)
    await subscription.drain(2.0)

    assert (found.outbox, found.whole) == (3, 1)
    assert heard.events == [
        Captured(lead="lead-7", step=1, email=""),
        Captured(lead="lead-7", step=3, email=""),
        captured(4),
    ]
    assert not await parked(scoring)


async def test_of_a_class_that_nobody_knows_nothing_is_left(leads: Shore, opens: Opens) -> None:
    """Not even what is not personal: nobody can say what that is. Its readers pass it over."""
    scoring, heard = await opens("scoring"), Heard()
    await leads.publish(captured(1))
    found = await erase(leads.database, LEAD, {}, ANN, time.time())
    await leads.publish(captured(2))

    subscription = subscription_of(scoring, leads.log, heard)
    subscription.start()
    await heard.until(1)
    await subscription.drain(2.0)

    assert (found.outbox, found.whole) == (1, 1)
    assert [event.step for event in heard.events] == [2]


async def test_what_is_scheduled_is_erased_and_still_published(leads: Shore) -> None:
    """When its moment comes."""
    async with leads.database.transaction() as tx:
        tx.publish(captured(1), at=CLOCK.now() + timedelta(hours=1))

    found = await erase(leads.database, LEAD, CLASSES, ANN, time.time())

    envelope = decode_envelope(bytes((await leads.database.read(select(SCHEDULED.c.envelope))).scalar()))
    assert found == Erased(scheduled=1)
    assert codec_of(Captured).decode(bytes(envelope.data)) == Captured(lead="lead-7", step=1, email="")


async def test_what_is_due_while_it_is_erased_is_published_without_it(leads: Shore) -> None:
    """It was found before, and is taken as it is by then."""
    async with leads.database.transaction() as tx:
        tx.publish(captured(1), at=CLOCK.now() + timedelta(milliseconds=50))
    timing = Timing("leads", Erasing(leads.database), leads.outbox, (), CLOCK, SystemEntropy())

    timing.start()
    await until(lambda: is_in_the_log(leads.database))
    await timing.close()

    envelope = bytes((await leads.database.read(select(OUTBOX.c.envelope))).scalar())
    assert CANARY.encode() not in envelope
    assert decode_envelope(envelope).erasedat


async def test_what_becomes_due_between_two_looks_is_erased(leads: Shore) -> None:
    """It leaves the schedule for the log: whoever had looked into the log before found it in neither."""
    async with leads.database.transaction() as tx:
        tx.publish(captured(1), at=CLOCK.now() + timedelta(milliseconds=50))

    found = await erase(BecomingDue(leads), LEAD, CLASSES, ANN, time.time())

    envelope = bytes((await leads.database.read(select(OUTBOX.c.envelope))).scalar())
    assert found == Erased(outbox=1)
    assert CANARY.encode() not in envelope


async def test_dead_letters_are_erased_with_what_their_errors_say(leads: Shore, opens: Opens) -> None:
    """They are replayed as they are then."""
    scoring, heard = await opens("scoring"), Heard(1)
    subscription = subscription_of(scoring, leads.log, heard)
    subscription.start()
    await leads.publish(captured(1), captured(2))
    await until(lambda: are(scoring, DEAD, BEHIND))
    assert CANARY in (await parked(scoring))[0].error

    found = await erase(scoring, LEAD, CLASSES, ANN, time.time())

    letter = (await letters(scoring, CLASSES))[0]
    assert found == Erased(parked=2)
    assert (letter.error, letter.is_erased) == ("ValueError: (erased)", True)
    assert all(CANARY.encode() not in bytes(row.envelope) for row in await parked(scoring))
    heard.bad.clear()
    await replay(scoring, Which(), ANN, time.time())
    await heard.until(2)
    await subscription.drain(2.0)
    told = list(dict.fromkeys(heard.events))  # an attempt that was fenced was undone, and made again
    assert told == [Captured(lead="lead-7", step=1, email=""), Captured(lead="lead-7", step=2, email="")]


async def test_what_was_fetched_before_is_not_parked_after(leads: Shore, opens: Opens) -> None:
    """An instance holds it in memory: its partition is fenced, and it fetches again what is erased by then."""
    scoring, is_inside, goes_on = await opens("scoring"), asyncio.Event(), asyncio.Event()

    class Lingering(Heard):
        async def __call__(self, event: Captured | Measured, tx: Transaction) -> None:
            if not goes_on.is_set():
                is_inside.set()
                await goes_on.wait()
            await super().__call__(event, tx)

    heard = Lingering(1)
    subscription = subscription_of(scoring, leads.log, heard)
    subscription.start()
    await until(lambda: are(scoring))
    await leads.publish(captured(1), captured(2), captured(3))
    await is_inside.wait()

    await erase_published(leads.database, LEAD, CLASSES, ANN, time.time())
    await erase_received(scoring, LEAD, CLASSES, ANN, time.time())
    goes_on.set()
    await until(lambda: are(scoring, DEAD, BEHIND, BEHIND))
    await subscription.drain(2.0)

    assert all(CANARY.encode() not in bytes(row.envelope) for row in await parked(scoring))
    assert all(CANARY not in row.error for row in await parked(scoring))


async def test_what_was_told_on_meanwhile_is_erased_too(leads: Shore) -> None:
    """A handler that was under way commits between two steps: it is done again until there is nothing more."""
    database = Telling(leads.database)
    application = Application("coast", services=[LeadsService], edges=())
    operator = Operated(describe(application), {"leads": database}, {}, {})
    await leads.publish(captured(1))

    erased = await operator.erase(LEAD, ANN)

    envelopes = [bytes(row.envelope) for row in await database.read(select(OUTBOX.c.envelope))]
    assert erased == {"leads": Erased(outbox=2)}
    assert len(envelopes) == 2
    assert CANARY.encode() not in b"".join(envelopes)


class LeadsService(Service, Leads, owner="sales"):
    """Publishes them."""

    db: Database


class Telling(Database):
    """The database of a publisher, who tells something more once what was published is erased."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.driver, Statements(database.dialect), database.publisher)
        self._has_told = False

    async def read(self, statement: Statement, parameters: Parameters | None = None) -> Rows:
        """The rows; before the first look at what was parked, something more is told."""
        if statement is erasing().parked.span and not self._has_told:
            self._has_told = True
            async with self.transaction() as tx:
                tx.publish(captured(2))
        return await super().read(statement, parameters)


async def test_a_stored_answer_goes_and_its_key_stays(leads: Shore) -> None:
    """The call is not done again; whoever asks is told why there is no answer."""
    await keep_answer(leads.database)
    keeper = Keeper(leads.database, CLOCK)
    before = await keeper.stored("main", "ada key-1")

    found = await erase(leads.database, LEAD, CLASSES, ANN, time.time())

    assert before is not None
    assert (before[1], CANARY.encode() in before[2]) == (200, True)
    assert found == Erased(requests=1)
    assert await keeper.stored("main", "ada key-1") == ("", 410, b"")


async def test_others_and_other_tenants_are_left_alone(leads: Shore) -> None:
    """The same identifier of another tenant is somebody else."""
    await leads.publish(captured(1, "lead-8"))
    current.set(Context(tenant="acme"))
    await leads.publish(captured(1))

    assert await erase(leads.database, LEAD, CLASSES, ANN, time.time()) == Erased()
    assert (await erase(leads.database, Whose("lead-7", "acme"), CLASSES, ANN, time.time())).outbox == 1
    assert not await deeds(leads.database, subject="lead-8")


async def test_a_trial_counts_and_changes_nothing(leads: Shore) -> None:
    """What it counts is what is erased then, and once it is, there is nothing more."""
    await leads.publish(captured(1), Measured(lead="lead-7", step=2, height_cm=181))
    await keep_answer(leads.database)

    trial = await erase(leads.database, LEAD, CLASSES, ANN, time.time(), is_trial=True)
    done = await erase(leads.database, LEAD, CLASSES, ANN, time.time())
    again = await erase(leads.database, LEAD, CLASSES, ANN, time.time())

    assert trial == done == Erased(outbox=2, requests=1, whole=1)
    assert again == Erased()
    found = [
        (deed.action, deed.actor, deed.subject, deed.why, dict(deed.details)) for deed in await deeds(leads.database)
    ]
    assert found == [
        ("erase", "ann", "lead-7", ANN.why, {"table": "requests", "rows": 1}),
        ("erase", "ann", "lead-7", ANN.why, {"table": "outbox", "rows": 2}),
    ]


async def test_many_events_are_erased_in_several_turns(leads: Shore) -> None:
    """Others write in between."""
    for start in range(0, 600, 100):
        await leads.publish(*(captured(step) for step in range(start, start + 100)))

    found = await erase(leads.database, LEAD, CLASSES, ANN, time.time())

    assert found.outbox == 600
    assert [deed.details["rows"] for deed in await deeds(leads.database)] == [100, 500]
    rows = await leads.database.read(select(OUTBOX.c.envelope))
    assert all(CANARY.encode() not in bytes(row.envelope) for row in rows)


async def test_no_byte_is_left_in_a_file(tmp_path: Path) -> None:
    """Also not where rows were, that were deleted before by somebody who does not overwrite: the files are read."""
    path = tmp_path / "leads.db"
    driver = await open_sqlite(path)
    database = await database_of(driver)
    shore = await publisher(database)
    await shore.publish(*(captured(step) for step in range(300)))
    await keep_answer(database)
    await database.close()
    forget_insecurely(path)
    assert CANARY.encode() in bytes_of(tmp_path)

    database = await database_of(await open_sqlite(path))
    await erase(database, LEAD, CLASSES, ANN, time.time())
    await asyncio.to_thread(rewrite, path)
    in_use = bytes_of(tmp_path)
    await database.close()

    assert CANARY.encode() not in in_use
    assert CANARY.encode() not in bytes_of(tmp_path)


class Erasing(Database):
    """A database in which somebody erases whenever a scheduled event was found to be due."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.driver, Statements(database.dialect), database.publisher)
        self._behind = database

    async def read(self, statement: Statement, parameters: Parameters | None = None) -> Rows:
        """The rows, which are older than the erasure."""
        rows = await super().read(statement, parameters)
        if statement is publishing().due and rows:
            await erase(self._behind, LEAD, CLASSES, ANN, time.time())
        return rows


class BecomingDue(Database):
    """A database in which a scheduled event is published just before somebody looks for such events."""

    def __init__(self, shore: Shore) -> None:
        super().__init__(shore.database.driver, Statements(shore.database.dialect), shore.outbox)
        self._shore = shore

    async def read(self, statement: Statement, parameters: Parameters | None = None) -> Rows:
        """The rows, which are younger than the publishing."""
        if statement is erasing().scheduled.span:
            timing = Timing("leads", self._shore.database, self._shore.outbox, (), CLOCK, SystemEntropy())
            timing.start()
            await until(lambda: is_in_the_log(self._shore.database))
            await timing.close()
        return await super().read(statement, parameters)


async def is_in_the_log(database: Database) -> bool:
    """Whether something was published."""
    return bool(await database.read(select(OUTBOX.c.number)))
