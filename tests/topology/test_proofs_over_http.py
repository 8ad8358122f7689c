"""Who calls over HTTP: proven, or refused. A corpus of what is no proof, against a service that really listens."""

import dataclasses
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

import httpx
import pytest

from atoll import Application, Service, World, context, contract, get
from atoll.adapters.http_client import HttpClient
from atoll.adapters.system import SystemClock, SystemEntropy
from atoll.calls import Caller, Proving, client
from atoll.hosting import ByAuthority, Directory, Peers, serving
from atoll.identity import OPERATOR, Authority, Refused, Verifier, own_credentials
from atoll.identity.claims import LEEWAY_S
from atoll.identity.instance import CALL_S, USER_S
from atoll.kernel import Context, current
from atoll.problems import Unauthenticated
from atoll.testing import MemoryDisk
from tests.patience import PATIENCE_S
from tests.topology.proved import authority_in, credentials_of, headers_of, proving_of
from tests.topology.test_access_over_http import bank_alone, bank_in

Headers = dict[str, str]


class Skewed(SystemClock):
    """A wall clock that is wrong by so many seconds."""

    def __init__(self, skew_s: float) -> None:
        self._skew = timedelta(seconds=skew_s)

    def now(self) -> datetime:
        return super().now() + self._skew


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has the socket of the bank open."""
    async with bank_in(tmp_path) as http:
        yield http


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who vouches for the services of the bank."""
    return authority_in("bank", tmp_path)


def made_at(authority: Authority, skew_s: float) -> str:
    """A token of the teller for the vault, made by a clock that is wrong."""
    return own_credentials(authority, "teller", Skewed(skew_s), SystemEntropy()).token("vault")


def changed(token: str, part: int) -> str:
    """A token of which one character in the middle of one of its six segments is another one."""
    segments = token.replace("~", ".").split(".")
    word = segments[part]
    at = len(word) // 2
    segments[part] = f"{word[:at]}{'A' if word[at] != 'A' else 'B'}{word[at + 1 :]}"
    return f"{'.'.join(segments[:3])}~{'.'.join(segments[3:])}"


def swapped(authority: Authority) -> str:
    """The identity of the teller, with a call that the visitor has signed."""
    teller = credentials_of(authority, "teller").token("vault").partition("~")[0]
    return f"{teller}~{credentials_of(authority, 'visitor').token('vault').partition('~')[2]}"


def foreign() -> str:
    """A token by another authority of the same name."""
    other = Authority("bank", MemoryDisk(), SystemClock(), SystemEntropy())
    other.load()
    return own_credentials(other, "teller", SystemClock(), SystemEntropy()).token("vault")


def no_proofs(authority: Authority) -> dict[str, Headers]:
    """What somebody might send, by what is wrong with it."""
    teller, visitor = headers_of(authority, "teller", "vault"), headers_of(authority, "visitor", "vault")
    token, name = teller["atoll-token"], {"atoll-caller": "teller"}
    tokens = {
        "an expired one": made_at(authority, -CALL_S - LEEWAY_S - 5),
        "one that does not hold yet": made_at(authority, LEEWAY_S + 5),
        "one of another authority": foreign(),
        "somebody's identity, somebody else's call": swapped(authority),
        "an identity alone": token.partition("~")[0],
        "a call alone": token.partition("~")[2],
        "a user's token": credentials_of(authority, "teller").user_token("ada"),
        "nothing in it": "",
        "no token": "teller",
        "a long one": "a" * 5_000,
        "one twice": f"{token}~{token}",
        "one without its signature": f"{token.rpartition('.')[0]}.",
        **{f"one with its segment {part} changed": changed(token, part) for part in range(6)},
    }
    return {
        "nothing at all": {},
        "a name alone": name,
        "the operator's name alone": {"atoll-caller": ""},
        "a token that names somebody else": visitor | name,
        "a token without a name": {"atoll-token": token},
        "a token for another service": headers_of(authority, "teller", "visitor"),
        "a stolen one, in one's own name": teller | {"atoll-caller": "visitor"},
        "in the wrong header": name | {"authorization": f"Bearer {token}"},
        **{said: name | {"atoll-token": sent} for said, sent in tokens.items()},
    }


async def test_who_proves_who_he_is_is_answered(inside: httpx.AsyncClient, authority: Authority) -> None:
    """The control of the corpus: each of its parts is right."""
    for headers in (headers_of(authority, "teller", "vault"), headers_of(authority, OPERATOR, "vault")):
        answer = await inside.get("/vault/v1/open", headers=headers)

        assert (answer.status_code, answer.json()) == (200, "opened")


async def test_what_proves_nothing_is_refused(
    inside: httpx.AsyncClient, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    """By 401, before anything else is looked at, and with a record that holds nothing of what was sent."""
    caplog.set_level(logging.WARNING, "atoll.access")
    passed: list[str] = []
    leaked: list[str] = []
    for name, headers in no_proofs(authority).items():
        answer = await inside.get("/vault/v1/open", headers=headers)
        record = [each for each in caplog.records if each.name == "atoll.access"][-1]
        token = headers.get("atoll-token", "")
        if answer.status_code != 401 or answer.json()["code"] != "unauthenticated":
            passed.append(name)
        if len(token) > 10 and token in record.getMessage() + answer.text:
            leaked.append(name)

    assert passed == []
    assert leaked == []
    records = [vars(each) for each in caplog.records if each.name == "atoll.access"]
    assert {each["operation"] for each in records} == {"vault.open"}
    assert len(records) == len(no_proofs(authority)) >= 25


async def test_without_the_safeguard_a_name_alone_is_believed(tmp_path: Path) -> None:
    """The control: it is the proof that refuses, and nothing else. So tests on one's own machine do without."""
    path = tmp_path / "bank.sock"
    async with (
        serving(bank_alone(), world=World.real(tmp_path), directory=Directory(Peers({})), listen=[f"unix:{path}"]),
        httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://bank", timeout=PATIENCE_S
        ) as http,
    ):
        answer = await http.get("/vault/v1/open", headers={"atoll-caller": "teller"})

    assert answer.json() == "opened"


async def test_a_verifier_that_takes_anybody_for_an_edge_believes_anybody() -> None:
    """The control of users: the token is right in all but who has made it."""
    authority = Authority("house", MemoryDisk(), SystemClock(), SystemEntropy())
    authority.load()
    word = own_credentials(authority, "asks", SystemClock(), SystemEntropy()).user_token("ada")
    verifier = Verifier(authority.trusted, SystemClock())

    assert verifier.user(word, lambda _: True) == "ada"
    with pytest.raises(Refused, match="no edge"):
        verifier.user(word, lambda _: False)


async def test_a_token_that_was_seen_is_of_no_use_later_or_elsewhere(
    inside: httpx.AsyncClient, authority: Authority
) -> None:
    """Who records what passes has one minute, and one service: that is what a bearer of it could do anyway."""
    headers = headers_of(authority, "teller", "vault")
    answers = [await inside.get("/vault/v1/look", headers=headers) for _ in range(2)]
    elsewhere = await inside.get("/teller/v1/ask/look", headers=headers)

    assert [each.status_code for each in answers] == [200, 200]
    assert elsewhere.status_code == 401
    assert "for another service" in elsewhere.json()["detail"]


@pytest.mark.parametrize("header", ["atoll-token", "atoll-user-token", "atoll-caller"])
async def test_a_proof_that_is_sent_twice_is_none(inside: httpx.AsyncClient, authority: Authority, header: str) -> None:
    """Two readers could take two different ones."""
    proof = headers_of(authority, "teller", "vault") | {"atoll-user-token": "x"}

    answer = await inside.get("/vault/v1/open", headers=[*proof.items(), (header, proof[header])])

    assert answer.status_code == 400


async def test_pages_for_probes_need_no_proof(inside: httpx.AsyncClient) -> None:
    """Whether a process lives is no secret, and a probe has no identity."""
    assert (await inside.get("/livez")).status_code == 200
    assert (await inside.get("/readyz")).status_code == 200


# --- users ------------------------------------------------------------------------------------------------------------


@contract(version="1.0")
class Who(Protocol):
    """Knows for whom it works."""

    @get("/who")
    async def who(self) -> tuple[str, str]:
        """The caller and the user."""
        ...


@contract(version="1.0")
class Asks(Protocol):
    """Asks Who."""

    @get("/asks")
    async def asks(self) -> tuple[str, str]:
        """What Who has answered."""
        ...


class WhoService(Service, Who):
    """Says what its context says."""

    async def who(self) -> tuple[str, str]:
        return context().caller, context().user or "nobody"


class AsksService(Service, Asks):
    """Stands between."""

    who: Who

    async def asks(self) -> tuple[str, str]:
        return await self.who.who()


class DoorService(Service):
    """Lets users in."""

    who: Who
    asks: Asks


house = Application("house", services=[WhoService, AsksService], edges=[DoorService], owner="tests")


class House:
    """Who and Asks, each behind a socket of its own, as processes would be. The clock of Who is wrong by `skew_s`."""

    def __init__(self, folder: Path, skew_s: float = 0.0) -> None:
        self._folder = folder
        self._skew_s = skew_s
        self._stack = AsyncExitStack()
        self.peers = Peers({name: (f"unix:{folder}/{name}.sock",) for name in ("who", "asks")})
        self.authority = authority_in("house", folder)

    async def __aenter__(self) -> Self:
        for name, skew_s in (("who", self._skew_s), ("asks", 0.0)):
            world = dataclasses.replace(World.real(self._folder), clock=Skewed(skew_s))
            serves = serving(
                house,
                world=world,
                directory=Directory(self.peers),
                listen=self.peers.services[name],
                services=[name],
                joining=ByAuthority(self._folder),
            )
            await self._stack.enter_async_context(serves)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def ask(self, proving: Proving, caller: str, user: str | None, user_token: str | None = None) -> list[str]:
        """What Who says of a call by way of Asks, and directly."""
        entropy = SystemEntropy()
        carrier = HttpClient(Directory(self.peers), entropy, proving=proving)
        token = current.set(Context(user=user, user_token=user_token))
        try:
            calls = Caller(caller, carrier, entropy)
            answers = [await client(Asks, calls).asks(), await client(Who, calls).who()]
        finally:
            current.reset(token)
            await carrier.close()
        return [f"{answer[1]} by {answer[0]}" for answer in answers]


async def test_an_edge_says_who_the_user_is_and_that_travels_unchanged(tmp_path: Path) -> None:
    """A handler two hops away can decide on caller and user: both are proven."""
    async with House(tmp_path) as rooms:
        door = proving_of(rooms.authority, ["door"], edges=["door"])

        assert await rooms.ask(door, "door", "ada") == ["ada by asks", "ada by door"]
        assert await rooms.ask(door, "door", None) == ["nobody by asks", "nobody by door"]


async def test_the_operator_may_work_in_the_name_of_a_user(tmp_path: Path) -> None:
    """He can read the keys that vouch for everybody."""
    async with House(tmp_path) as rooms:
        operator = proving_of(rooms.authority, [OPERATOR])

        assert await rooms.ask(operator, OPERATOR, "ada") == ["ada by asks", "ada by "]


@pytest.mark.parametrize("by", ["asks", "door"])
@pytest.mark.parametrize("skew_s", [0.0, -USER_S - LEEWAY_S - 5, LEEWAY_S + 5])
async def test_who_is_no_edge_cannot_say_who_the_user_is(tmp_path: Path, by: str, skew_s: float) -> None:
    """Nor can an edge whose word has ended, or does not hold yet; the control is the one that passes."""
    async with House(tmp_path) as rooms:
        door = proving_of(rooms.authority, ["door"], edges=["door"])
        word = own_credentials(rooms.authority, by, Skewed(skew_s), SystemEntropy()).user_token("ada")
        asking = rooms.ask(door, "door", "ada", word)
        if by == "door" and not skew_s:
            assert await asking == ["ada by asks", "ada by door"]
        else:
            with pytest.raises(Unauthenticated):
                await asking


async def test_the_word_about_one_user_is_none_about_another(tmp_path: Path) -> None:
    """Also where it was kept from an earlier call."""
    async with House(tmp_path) as rooms:
        door = proving_of(rooms.authority, ["door"], edges=["door"])
        word = credentials_of(rooms.authority, "door").user_token("ada")

        with pytest.raises(Unauthenticated, match="somebody else"):
            await rooms.ask(door, "door", "eve", word)


async def test_a_service_cannot_name_a_user_of_whom_nothing_was_said(tmp_path: Path) -> None:
    """It is believed who it is, and not for whom it works."""
    async with House(tmp_path) as rooms:
        asks = proving_of(rooms.authority, ["asks"])

        with pytest.raises(Unauthenticated, match="nothing proves who the user is"):
            await rooms.ask(asks, "asks", "ada")


# --- clocks and keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("skew_s", "is_answered"), [(LEEWAY_S - 5, True), (5 - LEEWAY_S, True), (200.0, False)])
async def test_the_clocks_of_two_processes_may_be_apart(tmp_path: Path, skew_s: float, is_answered: bool) -> None:
    """By the leeway; what is further apart is told as what it is."""
    async with House(tmp_path, skew_s) as rooms:
        door = proving_of(rooms.authority, ["door"], edges=["door"])
        if is_answered:
            assert await rooms.ask(door, "door", "ada") == ["ada by asks", "ada by door"]
        else:
            with pytest.raises(Unauthenticated, match="expired"):
                await client(Who, Caller("door", _carrier(rooms, door), SystemEntropy())).who()


async def test_keys_rotate_while_processes_run(tmp_path: Path) -> None:
    """A new key is looked for when somebody shows a token by it; what the old one has signed goes on to hold."""
    async with House(tmp_path) as rooms:
        before = proving_of(rooms.authority, ["door"], edges=["door"])
        assert await rooms.ask(before, "door", "ada") == ["ada by asks", "ada by door"]
        rooms.authority.rotate()
        after = proving_of(rooms.authority, ["door"], edges=["door"])
        answers = await rooms.ask(after, "door", "eve"), await rooms.ask(before, "door", "ada")

    assert answers == (["eve by asks", "eve by door"], ["ada by asks", "ada by door"])


def _carrier(rooms: House, proving: Proving) -> HttpClient:
    return HttpClient(Directory(rooms.peers), SystemEntropy(), proving=proving)
