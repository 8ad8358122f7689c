"""Permissions between services: what is not declared is refused, in one process as over a network."""

import logging
import random
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import pytest

from atoll import Application, Context, Forbidden, Service, contract, contract_of, get
from atoll.calls import Caller, Dispatcher, LocalTransport, Request
from atoll.contract import from_wire
from atoll.edge import Trace
from atoll.identity import Access, Manifest, Member
from atoll.kernel import Mistakes
from atoll.service import depends
from atoll.testing import SeededEntropy, running
from atoll.topology.access import access_of
from atoll.topology.loading import load_units
from tests.placements import Placement, on_every_placement
from tests.simulated import simulated


@contract(version="1.0")
class Vault(Protocol):
    """Keeps something."""

    @get("/look")
    async def look(self) -> str:
        """For whoever depends on it."""
        ...

    @get("/open", callers=("teller",))
    async def open(self) -> str:
        """For one of them alone."""
        ...


@contract(version="1.0")
class Teller(Protocol):
    """May do both."""

    @get("/ask/{what}")
    async def ask(self, what: str) -> str:
        """The vault's answer."""
        ...


@contract(version="1.0")
class Visitor(Protocol):
    """May look."""

    @get("/ask/{what}")
    async def ask(self, what: str) -> str:
        """The vault's answer, or how it refuses."""
        ...


class VaultService(Service, Vault):
    """The vault."""

    async def look(self) -> str:
        return "gold"

    async def open(self) -> str:
        return "opened"


class TellerService(Service, Teller):
    """Depends on the vault."""

    vault: Vault

    async def ask(self, what: str) -> str:
        return str(await getattr(self.vault, what)())


class VisitorService(Service, Visitor):
    """Depends on it, too, but is not among those for whom it opens."""

    vault: Vault

    async def ask(self, what: str) -> str:
        try:
            return str(await getattr(self.vault, what)())
        except Forbidden as refused:
            return refused.reason


bank = Application("bank", services=[VaultService, TellerService, VisitorService], owner="tests")
"""Also for the tests of `atoll access`."""


@on_every_placement
@simulated
async def test_what_is_declared_passes_and_narrowing_refuses_the_rest(placement: Placement) -> None:
    """A handler is told as of any problem, with the line that would let it in."""
    async with placement.running(bank) as app:
        teller, visitor = app.client(Teller), app.client(Visitor)

        answers = [await teller.ask("look"), await teller.ask("open"), await visitor.ask("look")]
        refused = await visitor.ask("open")

    assert answers == ["gold", "opened", "gold"]
    assert refused.startswith("visitor may not call vault.open: it narrows its callers to teller")
    assert 'write `callers=("teller", "visitor")` in its contract' in refused


@simulated
async def test_a_refusal_is_recorded_with_who_what_why_and_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    """Who looks after the application sees who tried."""
    caplog.set_level(logging.WARNING, "atoll.access")
    async with running(bank) as app:
        await app.client(Visitor).ask("open")

    (record,) = [each for each in caplog.records if each.name == "atoll.access"]
    noted = vars(record)
    assert (noted["caller"], noted["operation"]) == ("visitor", "vault.open")
    assert "narrows its callers" in noted["reason"]
    assert len(noted["trace_id"]) == 32


@simulated
async def test_who_refuses_looks_first_whether_there_is_news() -> None:
    """A process that has just joined may call at once; whoever is granted already costs no look."""
    units, _ = load_units(bank, None)
    granted = access_of(bank, units, is_alone=True)
    looks: list[Access] = []

    def look() -> Access:
        looks.append(granted)
        return granted

    local = LocalTransport(Access(Manifest("bank", "1.0", ()), is_whole=True), look)
    vault = VaultService()
    local.add(Dispatcher(contract_of(Vault), {"look": vault.look, "open": vault.open}, SeededEntropy()))
    context = Context(trace=Trace(1, 2), caller="visitor")
    asked = Request(contract_of(Vault).operation("look"), (), (), b"", context)
    answers = [(await local.send(asked)).status for _ in range(3)]
    stranger = msgspec.structs.replace(context, caller="nobody")
    refused = await local.send(msgspec.structs.replace(asked, context=stranger))

    assert answers == [200, 200, 200]
    assert refused.status == 403
    assert len(looks) == 2


@simulated
async def test_what_is_left_to_a_caller_is_remembered_until_more_is_known() -> None:
    """A process that does not know what others declare looks once; once it does, nothing of that holds."""
    units, _ = load_units(bank, None)
    known = access_of(bank, units, is_alone=True)
    little = access_of(bank, units, is_alone=False)
    looks: list[Access] = []
    current = [little]

    def look() -> Access:
        looks.append(current[0])
        return current[0]

    local = LocalTransport(little, look)
    vault = VaultService()
    local.add(Dispatcher(contract_of(Vault), {"look": vault.look, "open": vault.open}, SeededEntropy()))
    context = Context(trace=Trace(1, 2), caller="stranger")
    asked = Request(contract_of(Vault).operation("look"), (), (), b"", context)
    answers = [(await local.send(asked)).status for _ in range(3)]
    current[0] = known
    local.put(known)
    refused = await local.send(asked)

    assert answers == [200, 200, 200]
    assert refused.status == 403
    assert len(looks) == 2


@simulated
async def test_no_trick_with_names_leads_past_a_refusal() -> None:
    """The caller's name is looked up as it is, whoever could write one."""
    operation = contract_of(Vault).operation("open")
    names = [
        "Teller",
        "teller ",
        " teller",
        "TELLER",
        "teller\x00",
        "t\u0435ller",
        "visitor,teller",
        "teller/v1",
        "*",
        "vault",
    ]
    async with running(bank) as app:
        context = Context(trace=Trace(1, 2))
        answers = [
            await app.answering.send(Request(operation, (), (), b"", Context(trace=context.trace, caller=name)))
            for name in names
        ]

    assert {each.status for each in answers} == {403}


def drawn(chance: random.Random, number: int, callers: int) -> Callable[..., Any]:  # Any: a contract made here
    """A contract of 20 operations, some of which narrow their callers."""

    def operation(index: int) -> Any:  # Any: a method of a contract
        async def handler(self: Any) -> int:  # Any: as above
            raise NotImplementedError

        handler.__name__ = f"o{index}"
        named = (
            tuple(f"s{each}" for each in sorted(chance.sample(range(callers), 4))) if chance.random() < 0.4 else None
        )
        return get(f"/o{index}", callers=named)(handler)

    body: dict[str, Any] = {f"o{index}": operation(index) for index in range(20)}  # Any: as above
    bases: Any = (Protocol,)  # Any: typed as no class that could be derived from
    made = type(f"S{number}", bases, {"__doc__": "Drawn.", "__module__": __name__, **body})
    return contract(version="1.0", id=f"s{number}")(made)


def fulfilled(protocol: Any, needs: dict[str, Any]) -> Any:  # Any: classes made here
    """A service that answers 1, and depends on others."""

    def handler(name: str) -> Any:  # Any: as above
        async def answer(self: object) -> int:
            return 1

        answer.__name__ = name
        return answer

    names = [each.name for each in contract_of(protocol).operations]
    body = {name: handler(name) for name in names} | {"__annotations__": needs, "__module__": __name__}
    return type(f"{protocol.__name__}Service", (Service, protocol), {"__doc__": "Drawn.", **body})


@simulated
async def test_of_ten_thousand_drawn_pairs_exactly_the_granted_ones_pass_co_located() -> None:
    """Each pair is really called, in the name of its caller, through the transport that services use."""
    chance = random.Random(11)
    size = 23
    protocols = [drawn(chance, number, size) for number in range(size)]
    # Calls make no circle: each may depend on those before it.
    needs = [{f"n{a}": protocols[a] for a in range(b) if chance.random() < 0.6} for b in range(size)]
    services = [fulfilled(protocol, need) for protocol, need in zip(protocols, needs, strict=True)]
    application = Application("drawn", services=services, owner="tests")
    asked, passed, wanted = 0, set[tuple[str, str]](), set[tuple[str, str]]()

    async with running(application) as app:
        entropy = SeededEntropy()
        for number in range(size):
            caller = Caller(f"s{number}", app.answering, entropy)
            for target in range(size):
                for operation in contract_of(protocols[target]).operations:
                    asked += 1
                    response = await caller.exchange(operation, (), (), b"")
                    pair = (f"s{number}", operation.id)
                    if response.status == 200:
                        passed.add(pair)
                    else:
                        assert isinstance(from_wire(response.body, operation.problems, status=403), Forbidden)
                    if f"n{target}" in needs[number] and pair[0] in (operation.callers or pair):
                        wanted.add(pair)

    assert asked >= 10_000
    assert passed == wanted
    assert 1_000 < len(wanted) < asked / 2


@simulated
async def test_without_the_permissions_the_refused_call_would_pass() -> None:
    """The control: it is they who refuse it, and nothing else on the way."""
    vault = VaultService()
    handlers = {"look": vault.look, "open": vault.open}
    unguarded = LocalTransport()
    unguarded.add(Dispatcher(contract_of(Vault), handlers, SeededEntropy()))
    guarded = LocalTransport(Access(Manifest("bank", "1.0", (Member("vault"), Member("visitor"))), is_whole=True))
    guarded.add(Dispatcher(contract_of(Vault), handlers, SeededEntropy()))
    operation = contract_of(Vault).operation("open")

    answers = [
        await Caller("visitor", transport, SeededEntropy()).exchange(operation, (), (), b"")
        for transport in (unguarded, guarded)
    ]

    assert [each.status for each in answers] == [200, 403]


@simulated
async def test_who_runs_the_application_calls_what_it_likes() -> None:
    """A test or a script is no service, and needs no declaration."""
    async with running(bank) as app:
        assert await app.client(Vault).open() == "opened"


@simulated
async def test_a_fallback_answers_its_own_service() -> None:
    """It is a part of it: no permission is needed for what one says to oneself."""

    class Offline:
        async def look(self) -> str:
            return "a picture of gold"

        async def open(self) -> str:
            return "closed"

    class FarVisitorService(Service, Visitor):
        """Reaches no vault."""

        vault: Vault = depends(fallback=Offline)

        async def ask(self, what: str) -> str:
            return str(await getattr(self.vault, what)())

    async with running(Application("bank", services=[FarVisitorService], owner="tests")) as app:
        assert await app.client(Visitor).ask("open") == "closed"


def test_a_verb_that_narrows_to_nobody_is_a_mistake() -> None:
    """It is told with the contract, before anything runs."""

    @contract(version="1.0")
    class Closed(Protocol):
        """Closed."""

        @get("/x", callers=())
        async def x(self) -> None: ...

    with pytest.raises(Mistakes, match="names nobody"):
        contract_of(Closed)


def test_the_operation_says_whom_it_narrows_to() -> None:
    """For documents, and for `atoll access`."""
    assert [each.callers for each in contract_of(Vault).operations] == [None, ("teller",)]
