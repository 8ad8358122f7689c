"""Permissions where calls arrive by HTTP: the same rules, at the same place, whatever is written in a request.

Callers prove who they are; what becomes of those who cannot is in `test_proofs_over_http`.
"""

import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from atoll import Application, World, contract_of
from atoll.adapters.http_client import HttpClient
from atoll.calls import Caller
from atoll.hosting import ByAuthority, Directory, Peers, serving
from atoll.identity import Authority
from atoll.testing import SeededEntropy
from tests.amount import amount
from tests.calls.test_access import bank, drawn, fulfilled
from tests.patience import PATIENCE_S
from tests.topology.proved import authority_in, headers_of, proving_of


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has the socket of the bank open."""
    async with bank_in(tmp_path) as http:
        yield http


@asynccontextmanager
async def bank_in(folder: Path) -> AsyncGenerator[httpx.AsyncClient]:
    """The bank on a socket, which believes the authority in this folder; and somebody who has the socket open."""
    path = folder / "bank.sock"
    async with (
        serving(
            bank_alone(),
            world=World.real(folder),
            directory=Directory(Peers({})),
            listen=[f"unix:{path}"],
            joining=ByAuthority(folder),
        ),
        httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://bank", timeout=PATIENCE_S
        ) as http,
    ):
        yield http


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who vouches for the services of the bank, also for those that are none."""
    return authority_in("bank", tmp_path)


def bank_alone() -> Application:
    return Application("bank", services=bank.services, edges=(), owner="tests")


async def test_a_caller_is_held_to_what_it_declares(inside: httpx.AsyncClient, authority: Authority) -> None:
    """The control of what follows: the teller may, the visitor may not, and is told why."""
    opened = await inside.get("/vault/v1/open", headers=headers_of(authority, "teller", "vault"))
    refused = await inside.get("/vault/v1/open", headers=headers_of(authority, "visitor", "vault"))

    assert (opened.status_code, opened.json()) == (200, "opened")
    assert refused.status_code == 403
    assert refused.json()["code"] == "forbidden"
    assert "narrows its callers to teller" in refused.json()["detail"]


TRICKS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "/vault/v1/%6fpen", {}),
    ("GET", "/vault/v1/look/../open", {}),
    ("GET", "/vault/v1/look/%2e%2e/open", {}),
    ("GET", "//vault/v1/open", {}),
    ("GET", "/vault/v1//open", {}),
    ("GET", "/vault/v1/open/", {}),
    ("GET", "/vault/v1/open;x", {}),
    ("GET", "/vault/v1/open?atoll-caller=teller", {}),
    ("GET", "/vault/v01/open", {}),
    ("GET", "/vault.events/v1/open", {}),
    ("HEAD", "/vault/v1/open", {}),
    ("POST", "/vault/v1/open", {}),
    ("OPTIONS", "/vault/v1/open", {}),
    ("TRACE", "/vault/v1/open", {}),
    ("get", "/vault/v1/open", {}),
    ("POST", "/vault/v1/look", {"x-http-method-override": "GET", "x-original-url": "/vault/v1/open"}),
    ("GET", "/vault/v1/open", {"x-atoll-caller": "teller"}),
    ("GET", "/vault/v1/open", {"atoll_caller": "teller"}),
    ("GET", "/vault/v1/open", {"host": "teller", "x-forwarded-for": "teller", "from": "teller"}),
]


@pytest.mark.parametrize(("method", "path", "more"), TRICKS)
async def test_no_trick_with_path_verb_or_header_leads_around_the_rules(
    inside: httpx.AsyncClient, authority: Authority, method: str, path: str, more: dict[str, str]
) -> None:
    """The operation that is judged is the one that the router has found, and it is the one that runs."""
    url = inside.base_url.copy_with(raw_path=path.encode())

    answer = await inside.request(method, url, headers=headers_of(authority, "visitor", "vault") | more)

    assert answer.status_code in (400, 403, 404, 405), answer.text
    assert "opened" not in answer.text


async def test_two_names_are_none(inside: httpx.AsyncClient, authority: Authority) -> None:
    """Two readers could take two different ones."""
    proof = headers_of(authority, "visitor", "vault")

    answer = await inside.get("/vault/v1/open", headers=[*proof.items(), ("atoll-caller", "teller")])

    assert answer.status_code == 400


@pytest.mark.slow
async def test_of_drawn_pairs_exactly_the_granted_ones_pass_over_http(tmp_path: Path) -> None:
    """Each is a request of its own, in the name of its caller, who proves it: ten thousand, where all is run."""
    chance = random.Random(12)
    size = amount(11, 23)
    protocols = [drawn(chance, number, size) for number in range(size)]
    needs = [{f"n{a}": protocols[a] for a in range(b) if chance.random() < 0.6} for b in range(size)]
    services = [fulfilled(protocol, need) for protocol, need in zip(protocols, needs, strict=True)]
    application = Application("drawn", services=services, edges=(), owner="tests")
    address = f"unix:{tmp_path}/drawn.sock"
    directory, entropy = Directory(Peers({f"s{number}": (address,) for number in range(size)})), SeededEntropy()
    asked, passed, wanted = 0, set[tuple[str, str]](), set[tuple[str, str]]()

    proving = proving_of(authority_in("drawn", tmp_path), [f"s{number}" for number in range(size)])

    async with serving(
        application,
        world=World.real(tmp_path),
        directory=Directory(Peers({})),
        listen=[address],
        joining=ByAuthority(tmp_path),
    ):
        carrier = HttpClient(directory, entropy, proving=proving)
        for number in range(size):
            caller = Caller(f"s{number}", carrier, entropy)
            for target in range(size):
                for operation in contract_of(protocols[target]).operations:
                    asked += 1
                    response = await caller.exchange(operation, (), (), b"")
                    assert response.status in (200, 403)
                    if response.status == 200:
                        passed.add((f"s{number}", operation.id))
                    if f"n{target}" in needs[number] and f"s{number}" in (operation.callers or (f"s{number}",)):
                        wanted.add((f"s{number}", operation.id))
        await carrier.close()

    assert asked >= amount(1_000, 10_000)
    assert passed
    assert passed == wanted
