"""Who belongs to a run: tickets, what running code declares, and what is told of it."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from atoll import Application, Clock, Context, Service, contract_of
from atoll.adapters.http_server import HttpServer
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.calls import Dispatcher, LocalTransport
from atoll.calls.proving import FRESH_S
from atoll.identity import (
    IDENTITY_S,
    Authority,
    Manifest,
    Member,
    Needed,
    Offered,
    OfferedOperation,
    PublicKey,
    Refused,
    SigningKey,
    Verifier,
    encode_bundle,
    read_bundle,
    read_manifest,
)
from atoll.testing import MemoryDisk
from atoll.topology.joining import BySupervisor, Candidate, NotJoined
from atoll.topology.loading import load_units
from atoll.topology.membership import BUNDLE, Membership, NotAdmitted, Vouching
from tests.calls.test_access import bank
from tests.identity.proofs import SetClock
from tests.patience import PATIENCE_S

ORDERS = Member("orders", (), (Needed("stock", 1, "declares `stock: Stock`"),))
STOCK = Member("stock", (Offered("stock", 1, "1.0", "Stock", (OfferedOperation("count", callers=("till",)),)),))
PRICES = Needed("prices", 1, "declares `prices: Prices`")
KEY = SigningKey.of("a secret as long as any other that is made")
KEYS = {"orders": PublicKey.of(KEY.public).x}


class Run:
    """A run of two services, and what was told of it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.told: list[bytes] = []
        clock = clock or SystemClock()
        self.authority = Authority("shop", MemoryDisk(), clock, SystemEntropy())
        self.authority.load()
        manifest = Manifest("shop", "1.0", (ORDERS, STOCK))
        self.membership = Membership(self.authority, manifest, clock, SystemEntropy(), self.told.append)
        self.membership.publish()

    def needs(self, service: str) -> tuple[Needed, ...] | None:
        """What was told last of what a service needs; believed as a process does."""
        keys, manifest = read_bundle(self.told[-1])
        members = {member.name: member for member in read_manifest(manifest, "shop", keys).members}
        return members[service].needs


@pytest.fixture
def run() -> Run:
    return Run()


def declared(*members: Member) -> str:
    return msgspec.json.encode(members).decode()


async def test_who_has_a_ticket_is_vouched_for(run: Run) -> None:
    """Its identity is believed by whoever trusts the authority."""
    ticket = run.membership.admit("orders-1", ["orders"])
    vouched = await run.membership.join(ticket, declared(ORDERS), KEYS)

    assert set(vouched.identities) == {"orders"}
    assert json.loads(run.told[0])["keys"][0]["kid"] == run.authority.signing.id


async def test_a_ticket_is_good_for_its_services_alone(run: Run) -> None:
    """Neither for a name nor for a declaration of another one; nor is one that was never given, or is over."""
    ticket = run.membership.admit("orders-1", ["orders"])
    wrong = [
        ("guessed", declared(ORDERS), KEYS),
        (ticket, declared(STOCK), KEYS),
        (ticket, declared(ORDERS), {"stock": KEYS["orders"]}),
        (ticket, "[", KEYS),
        (ticket, declared(ORDERS), {"orders": "AAAA"}),
        (ticket, declared(ORDERS), {"atoll-operator": KEYS["orders"]}),
        (ticket, declared(ORDERS), {"": KEYS["orders"]}),
    ]
    for each in wrong:
        with pytest.raises(NotAdmitted):
            await run.membership.join(*each)
    run.membership.leave("orders-1")
    with pytest.raises(NotAdmitted, match="no process that runs here"):
        await run.membership.join(ticket, declared(ORDERS), KEYS)

    assert run.needs("orders") == ORDERS.needs


async def test_a_process_cannot_make_itself_more_than_the_application_says(run: Run) -> None:
    """Neither an edge, which would speak for users, nor the one who offers what somebody else does."""
    ticket = run.membership.admit("orders-1", ["orders"])
    await run.membership.join(ticket, declared(msgspec.structs.replace(ORDERS, is_edge=True)), KEYS)
    offers = Offered("stock", 1, "1.0", "Stock", (OfferedOperation("count"),))
    with pytest.raises(NotAdmitted, match="orders offers stock, which is what stock does"):
        await run.membership.join(ticket, declared(msgspec.structs.replace(ORDERS, offers=(offers,))), KEYS)

    (orders,) = [each for each in run.membership.manifest.members if each.name == "orders"]
    assert not orders.is_edge
    assert not orders.offers


async def test_what_is_granted_is_what_running_code_declares(run: Run) -> None:
    """New code may do what it declares before the old one has gone, which goes on to do what it did."""
    newer = msgspec.structs.replace(ORDERS, needs=(PRICES,))
    old, new = run.membership.admit("orders-1", ["orders"]), run.membership.admit("orders-2", ["orders"])
    await run.membership.join(old, declared(ORDERS), KEYS)
    await run.membership.join(new, declared(newer), KEYS)
    both = run.needs("orders")
    run.membership.leave("orders-1")
    run.membership.publish()
    alone = run.needs("orders")
    run.membership.leave("orders-2")
    run.membership.publish()

    assert both == (PRICES, *(ORDERS.needs or ()))
    assert alone == (PRICES,)
    assert run.needs("orders") == (PRICES,)


async def test_nothing_is_told_where_nothing_has_changed(run: Run) -> None:
    """Twelve processes that start at once declare what the application's code declares."""
    for number in range(12):
        ticket = run.membership.admit(f"orders-{number}", ["orders"])
        await run.membership.join(ticket, declared(ORDERS), KEYS)
    before = len(run.told)
    run.membership.rotate()

    assert (before, len(run.told)) == (1, 2)


def test_a_command_has_credentials_that_are_not_handed_out(run: Run) -> None:
    """Its tokens are."""
    token = run.membership.credentials("tax").token("orders")

    assert Verifier(run.authority.trusted, SystemClock()).caller(token, "orders") == "tax"


async def test_a_process_that_reaches_no_supervisor_says_so_and_may_be_started_again(tmp_path: Path) -> None:
    """It is no mistake of anybody's: the next one may find it."""
    joining = BySupervisor("a ticket", f"unix:{tmp_path}/supervisor.sock")
    units, mistakes = load_units(bank, None)
    with pytest.raises(NotJoined, match="does not vouch"):
        await joining.join(Candidate(bank, units, SystemClock(), SystemEntropy()))

    assert not mistakes


def test_what_the_environment_says_is_said_once() -> None:
    """What a process starts finds no ticket there."""
    environment = {"ATOLL_TICKET": "a", "ATOLL_JOIN": "unix:/run/supervisor.sock", "PATH": "/bin"}

    assert BySupervisor.of(environment) is not None
    assert environment == {"PATH": "/bin"}
    assert BySupervisor.of(environment) is None


async def test_a_bundle_that_cannot_be_believed_changes_nothing(tmp_path: Path, run: Run) -> None:
    """Neither one that was cut off, nor one that somebody else has signed; the next one that can be does."""
    joining = BySupervisor("a ticket", f"unix:{tmp_path}/supervisor.sock")
    joining.trust("shop")
    bundle = tmp_path / "bundle.json"
    with pytest.raises(Refused, match="cannot be read"):
        joining.look()
    bundle.write_bytes(run.told[-1])
    first = joining.look()
    seen: list[bool] = []
    forged = encode_bundle(run.authority.trusted, read_bundle(Run().told[-1])[1])
    for wrong in (b"{", b"", forged):
        bundle.write_bytes(wrong)
        seen.append(joining.look() is first)
    run.membership.rotate()
    bundle.write_bytes(run.told[-1])

    assert all(seen)
    assert joining.look() is not first


@asynccontextmanager
async def supervised(run: Run, folder: Path) -> AsyncGenerator[str]:
    """The run's membership where a supervisor has it: on a socket, beside the bundle; its address."""
    (folder / BUNDLE).write_bytes(run.told[-1])
    answering, entropy = LocalTransport(), SystemEntropy()
    dispatcher = Dispatcher(contract_of(Vouching), {"join": run.membership.join}, entropy)
    answering.add(dispatcher)
    server = HttpServer(answering, [contract_of(Vouching)], entropy)
    try:
        yield await server.listen(f"unix:{folder / 'supervisor.sock'}")
    finally:
        await server.close()


class OrdersService(Service):
    """Hosted by the process that joins."""


shop = Application("shop", services=[OrdersService], edges=(), owner="tests")


async def test_an_identity_is_renewed_while_the_process_lives(tmp_path: Path) -> None:
    """At half of its life, and as often as it takes; else an application would fall silent after an hour."""
    clock = SetClock()
    run = Run(clock)
    units, _ = load_units(shop, None)
    ticket = run.membership.admit("orders-1", ["orders"])
    verifier = Verifier(run.authority.trusted, clock)
    seen: list[str] = []
    times = itertools.count(0.0, 2 * FRESH_S)  # of the loop, as if it had turned for so long
    async with supervised(run, tmp_path) as address:
        joining = BySupervisor(ticket, address, renew_s=0.01)
        proving = await joining.join(Candidate(shop, units, clock, SystemEntropy()))

        def token() -> str:
            lines = proving.lines(Context(caller="orders"), "stock", next(times))
            return lines.decode().removeprefix("atoll-token: ").strip()

        for _ in range(5):
            assert verifier.caller(token(), "stock") == "orders"
            seen.append(token().partition("~")[0])
            clock.pass_by(IDENTITY_S / 2 + 1)
            async with asyncio.timeout(PATIENCE_S):
                while token().partition("~")[0] == seen[-1]:
                    await asyncio.sleep(0.01)
                    clock.pass_by(31)  # a token is made once for half a minute
        await joining.close()

    assert len(set(seen)) == 5


async def test_a_process_whose_clock_is_set_back_is_vouched_for_again(tmp_path: Path) -> None:
    """It was ahead by half an hour when it joined: until then nobody who starts afterwards would believe it."""
    clock = SetClock()
    run = Run(clock)
    units, _ = load_units(shop, None)
    ticket = run.membership.admit("orders-1", ["orders"])
    times = itertools.count(0.0, 2 * FRESH_S)  # of the loop, as if it had turned for so long
    async with supervised(run, tmp_path) as address:
        joining = BySupervisor(ticket, address, renew_s=0.01)
        proving = await joining.join(Candidate(shop, units, clock, SystemEntropy()))
        clock.pass_by(-IDENTITY_S / 2)

        async def is_believed() -> bool:
            lines = proving.lines(Context(caller="orders"), "stock", next(times))
            token = lines.decode().removeprefix("atoll-token: ").strip()
            try:
                return Verifier(run.authority.trusted, clock).caller(token, "stock") == "orders"
            except Refused:
                return False

        async with asyncio.timeout(PATIENCE_S):
            while not await is_believed():  # noqa: ASYNC110  # nothing tells
                await asyncio.sleep(0.01)
        await joining.close()


async def test_who_is_not_vouched_for_again_is_believed_no_longer(tmp_path: Path) -> None:
    """The control: it goes on to call, with an identity that ends."""
    clock = SetClock()
    run = Run(clock)
    units, _ = load_units(shop, None)
    ticket = run.membership.admit("orders-1", ["orders"])
    verifier = Verifier(run.authority.trusted, clock)
    async with supervised(run, tmp_path) as address:
        joining = BySupervisor(ticket, address, renew_s=0.01)
        proving = await joining.join(Candidate(shop, units, clock, SystemEntropy()))
        run.membership.leave("orders-1")
        clock.pass_by(IDENTITY_S + 60)
        with pytest.raises(NotAdmitted):
            await run.membership.join(ticket, "[]", {})
        lines = proving.lines(Context(caller="orders"), "stock", 0.0)
        await joining.close()

    with pytest.raises(Refused, match="expired"):
        verifier.caller(lines.decode().removeprefix("atoll-token: ").strip(), "stock")
