"""The events of an application in the hands of its operator, on each kind of database, while it runs and after."""

import asyncio
import dataclasses
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, closing
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest

from atoll import (
    Application,
    Config,
    Context,
    Database,
    Event,
    Personal,
    Running,
    Service,
    Transaction,
    World,
    contract,
    contract_of,
    on,
    post,
    single,
)
from atoll.calls import Request, Response
from atoll.calls.ports import code_in
from atoll.operating import (
    By,
    NotBehind,
    NotMeant,
    NotReached,
    NotReplayable,
    Operated,
    Standing,
    Which,
    Whose,
    operated,
)
from atoll.problems import AnswerErased
from atoll.testing import PostgresServer
from tests.cli.post import Archive, Post, office
from tests.patience import PATIENCE_S

ANN = By("ann", "a test")
CANARY = "canary-19d4@example.com"

_numbers = count(1)

Opened = Callable[[], AbstractAsyncContextManager[Operated]]


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an application keeps its data, in a test."""

    application: Application
    state: Path
    config: Config

    def running(self) -> AbstractAsyncContextManager[Running]:
        """The application, without its gateway."""
        world = World.real(self.state, watchdog_s=None)
        return single(self.application, world=world, config=self.config)

    def operated(self) -> AbstractAsyncContextManager[Operated]:
        """Its events."""
        return operated(self.application, self.state, self.config)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, postgres: PostgresServer) -> Place:
    """An application that has not run yet."""
    name = f"office{next(_numbers)}"
    url = {f"{name.upper()}_DATABASE_URL": postgres.url()} if request.param == "postgresql" else {}
    return Place(dataclasses.replace(office, name=name, edges=()), tmp_path, Config(url))


@pytest.mark.slow
async def test_an_operator_works_beside_instances_that_run(place: Place) -> None:
    """Looks, another attempt, a fresh start, an erasure: each is noticed."""
    async with place.running() as app, place.operated() as operator:
        await send(app)
        await until(lambda: has_dead(operator))
        statuses, logs = await operator.overview()
        await app.client(Archive).mend()
        replayed = await operator.replay(Which(key="bob"), "archive", ANN)
        await until(lambda: has_letters(app, 3))
        archive = await operator.subscription("archive", None)
        goal = await operator.goal(archive, None)
        rewound = await operator.rewind(archive, goal, ANN)
        await until(lambda: has_letters(app, 6))
        erased = await operator.erase(Whose("bob"), ANN)
        failed = await operator.rewrite()
        await app.client(Post).send("bob", 9)
        await until(lambda: has_letters(app, 7))
        letters = await app.client(Archive).letters()

    assert {each.subscriber: each.standing for each in statuses} == {
        "archive": Standing.READING,
        "payment": Standing.READING,
    }
    assert [(log.publisher, log.oldest, log.head) for log in logs] == [("post", 1, 3)]
    assert (replayed, goal.position, goal.messages, rewound.generation) == (1, 0, 3, 1)
    assert (erased["post"].outbox, failed) == (2, {})
    assert [number for address, number in letters if address == "bob"] == [-7, 8, -7, 8, 9]


@pytest.mark.slow
async def test_an_operator_works_while_nothing_runs(place: Place) -> None:
    """What is changed stands in the databases, where the next start finds it."""
    async with place.running() as app, place.operated() as operator:
        await send(app)
        await until(lambda: has_dead(operator))

    async with place.operated() as operator:
        statuses, _ = await operator.overview()
        letters = await operator.letters(Which())
        await operator.drop(Which(key="bob"), "archive", ANN)
        erased = await operator.erase(Whose("bob"), ANN)
        payment = await operator.subscription("payment", "post")
        await operator.lapse(payment, ANN)
        lapsed = await operator.subscription("payment", "post")
        deeds = [(name, deed.action) for name, deed in await operator.deeds()]
    async with place.running() as app:
        await until(lambda: has_letters(app, 2))
        kept = await app.client(Archive).letters()

    assert {each.standing for each in statuses} == {Standing.STOPPED}
    assert letters["archive"][0].payload == {"address": "bob", "number": -7, "sender": "***"}
    assert (erased["post"].outbox, erased["archive"].parked) == (2, 1)
    assert (payment.standing, lapsed.standing) == (Standing.STOPPED, Standing.LAPSED)
    assert sorted(deeds) == [("archive", "drop"), ("archive", "erase"), ("post", "erase"), ("post", "lapse")]
    assert kept == [("ada", 1), ("bob", 8)]


@pytest.mark.slow
async def test_what_waits_for_a_service_that_has_never_run_is_counted(place: Place) -> None:
    """Nobody has heard of it, and it will have everything when it comes."""
    world = World.real(place.state, watchdog_s=None)
    async with (
        single(place.application, world=world, config=place.config, services=["post"]) as app,
        place.operated() as operator,
    ):
        for number in range(3):
            await app.client(Post).send("ada", number)
        archive = await operator.subscription("archive", None)
        payment = await operator.subscription("payment", None)

    assert (archive.standing, archive.lag, archive.seen_at) == (Standing.NOT_BEGUN, 3, None)
    assert archive.oldest_at is not None
    assert payment.lag == 3


async def test_what_is_not_there_is_told(place: Place) -> None:
    """Before the first start there are no databases, and none is made by looking."""
    async with place.operated() as operator:
        statuses, logs = await operator.overview()
        with pytest.raises(NotReached, match="the database of `archive` is not reached"):
            await operator.replay(Which(), "archive", ANN)
        with pytest.raises(NotMeant, match=r"no service `archiv`\. Did you mean `archive`\?"):
            await operator.letters(Which(), "archiv")
        with pytest.raises(NotMeant, match="no subscription of `archiv`"):
            await operator.subscription("archiv", None)

    assert {each.standing for each in statuses} == {Standing.NOT_BEGUN}
    assert (logs, operator.services) == ([], ())
    assert not list(place.state.iterdir())


async def test_only_what_is_declared_so_is_told_again(place: Place) -> None:
    """And nobody goes ahead."""
    async with place.running() as app, place.operated() as operator:
        await app.client(Post).send("ada", 1)
        await until(lambda: has_letters(app, 1))
        archive, payment = [await operator.subscription(name, None) for name in ("archive", "payment")]

        with pytest.raises(NotReplayable, match="`charge` of `payment` would be told twice"):
            await operator.goal(payment, None)
        with pytest.raises(NotBehind):
            await operator.goal(archive, 1)

    assert (archive.is_replayable, payment.is_replayable) == (True, False)


async def test_on_postgres_a_password_that_is_not_here_is_told(tmp_path: Path, postgres: PostgresServer) -> None:
    """Nobody takes a database for empty that he only cannot reach; an operator on another machine learns it."""
    name = f"office{next(_numbers)}"
    config = Config({f"{name.upper()}_DATABASE_URL": postgres.url()})
    application = dataclasses.replace(office, name=name, edges=())
    async with single(application, world=World.real(tmp_path / "here", watchdog_s=None), config=config):
        pass

    async with operated(application, tmp_path / "there", config) as operator:
        assert operator.services == ()
        assert "the password of its role is not kept in" in operator.unreached["archive"]
        with pytest.raises(NotReached, match="the password of its role"):
            await operator.drop(Which(), "archive", ANN)


class LeadNoted(Event, key="lead"):
    """A lead was written down."""

    lead: str
    email: Personal[str]


@contract(version="1.0", publishes=(LeadNoted,))
class Notes(Protocol):
    """Writes leads down."""

    @post("/leads/{lead}", public=True)
    async def note(self, lead: str, email: str) -> str: ...


class NotesService(Service, Notes, owner="sales"):
    db: Database

    async def note(self, lead: str, email: str) -> str:
        async with self.db.transaction() as tx:
            tx.publish(LeadNoted(lead=lead, email=email))
        return f"{lead} is {email}"


class EchoService(Service, owner="sales"):
    """Will be removed."""

    db: Database

    @on(LeadNoted)
    async def hear(self, event: LeadNoted, tx: Transaction) -> None: ...


async def test_a_call_whose_answer_was_erased_is_not_done_again(tmp_path: Path) -> None:
    """Whoever repeats it under its key is told why there is no answer."""
    notes = Application("notes", services=[NotesService], edges=())
    here = Place(notes, tmp_path, Config({}))
    async with here.running() as app, here.operated() as operator:
        first = await asked(app)
        again = await asked(app)
        erased = await operator.erase(Whose("lead-7"), ANN)
        later = await asked(app)
        logs = (await operator.overview())[1]

    assert (first.status, again.body, CANARY.encode() in first.body) == (200, first.body, True)
    assert (erased["notes"].requests, erased["notes"].outbox) == (1, 1)
    assert (later.status, code_in(later)) == (410, AnswerErased.code)
    assert CANARY.encode() not in later.body
    assert logs[0].head == 1


@pytest.mark.slow
async def test_a_subscription_that_nobody_declares_any_more_is_told(tmp_path: Path) -> None:
    """Its service was removed, and the log is kept for it all the same, until somebody lets it go."""
    before = Place(Application("notes", services=[NotesService, EchoService], edges=()), tmp_path, Config({}))
    async with before.running() as app, before.operated() as operator:
        await app.client(Notes).note("lead-7", CANARY)
        await until(lambda: is_standing(operator, "echo", Standing.READING))
        await until(lambda: is_done(operator, "echo"))

    after = Place(Application("notes", services=[NotesService], edges=()), tmp_path, Config({}))
    async with after.operated() as operator:
        heard = await operator.subscription("echo", None)
        age(tmp_path / "notes/notes.db")
        echo = await operator.subscription("echo", None)
        with pytest.raises(NotReplayable, match="are not known here"):
            await operator.goal(echo, None)
        await operator.lapse(echo, ANN)
        lapsed = await operator.subscription("echo", None)

    assert heard.standing is Standing.READING  # it may run elsewhere, as far as anybody knows here
    assert (echo.standing, lapsed.standing) == (Standing.UNDECLARED, Standing.LAPSED)


def age(database: Path) -> None:
    """Let a day pass since anybody was seen."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE atoll_subscriptions SET seen_at = seen_at - 86400")
        connection.commit()


async def is_standing(operator: Operated, subscriber: str, standing: Standing) -> bool:
    """Whether a subscription fares so."""
    return (await operator.subscription(subscriber, None)).standing is standing


async def is_done(operator: Operated, subscriber: str) -> bool:
    """Whether a subscription lacks nothing, as its publisher has written down."""
    return (await operator.subscription(subscriber, None)).lag == 0


async def asked(app: Running) -> Response:
    """The answer to a call under one key."""
    operation = contract_of(Notes).operation("note")
    path, query, body = operation.encode_call(("lead-7", CANARY), {})
    dispatcher = app.instances["notes"].dispatcher
    assert dispatcher is not None
    return await dispatcher.dispatch(Request(operation, path, query, body, Context(idempotency_key="mine"), True))


async def send(app: Running) -> None:
    """A letter to Ada, and two to Bob, of which the first cannot be kept yet."""
    letters = app.client(Post)
    await letters.send("ada", 1, CANARY)
    await letters.send("bob", -7, CANARY)
    await letters.send("bob", 8, CANARY)
    await until(lambda: has_letters(app, 1))


async def has_letters(app: Running, wanted: int) -> bool:
    """Whether so many letters are kept."""
    return len(await app.client(Archive).letters()) >= wanted


async def has_dead(operator: Operated) -> bool:
    """Whether a message of the archive is dead, and another one stands behind it."""
    found = (await operator.letters(Which())).get("archive", [])
    return bool(found) and found[0].behind == 1


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(PATIENCE_S):
        while not await is_so():  # noqa: ASYNC110  # others write it, into a database
            await asyncio.sleep(0.02)
