"""Permissions where calls arrive by HTTP: the same rules, at the same place, whatever is written in a request.

Names are taken from the header so far: whoever can open the socket can write any. So this says what becomes of callers
that tell the truth, and that no way of writing a request leads around the rules.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from atoll import Application, World, contract_of
from atoll.adapters.http_client import HttpClient
from atoll.calls import Caller
from atoll.hosting import Directory, Peers, serving
from atoll.testing import SeededEntropy
from tests.calls.test_access import bank, drawn, fulfilled


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has the socket of the bank open."""
    path = tmp_path / "bank.sock"
    directory = Directory(Peers({}))
    async with (
        serving(bank_alone(), world=World.real(tmp_path), directory=directory, listen=[f"unix:{path}"]),
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path)), base_url="http://bank") as http,
    ):
        yield http


def bank_alone() -> Application:
    return Application("bank", services=bank.services, edges=(), owner="tests")


async def test_a_caller_is_held_to_what_it_declares(inside: httpx.AsyncClient) -> None:
    """The control of what follows: the teller may, the visitor may not, and is told why."""
    opened = await inside.get("/vault/v1/open", headers={"atoll-caller": "teller"})
    refused = await inside.get("/vault/v1/open", headers={"atoll-caller": "visitor"})

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
    inside: httpx.AsyncClient, method: str, path: str, more: dict[str, str]
) -> None:
    """The operation that is judged is the one that the router has found, and it is the one that runs."""
    url = inside.base_url.copy_with(raw_path=path.encode())

    answer = await inside.request(method, url, headers={"atoll-caller": "visitor"} | more)

    assert answer.status_code in (400, 403, 404, 405), answer.text
    assert "opened" not in answer.text


@pytest.mark.parametrize(
    "name", ["Teller", "teller%20", "%74eller%00", "teller,visitor", "*", "teller/v1", "%20teller"]
)
async def test_a_name_that_is_nearly_right_is_another_one(inside: httpx.AsyncClient, name: str) -> None:
    """It is compared as it is, after the one decoding that names have."""
    answer = await inside.get("/vault/v1/open", headers={"atoll-caller": name})

    assert answer.status_code == 403


async def test_two_names_are_none(inside: httpx.AsyncClient) -> None:
    """Two readers could take two different ones."""
    answer = await inside.get("/vault/v1/open", headers=[("atoll-caller", "visitor"), ("atoll-caller", "teller")])

    assert answer.status_code == 400


@pytest.mark.slow
async def test_of_ten_thousand_drawn_pairs_exactly_the_granted_ones_pass_over_http(tmp_path: Path) -> None:
    """Each is a request of its own, in the name of its caller."""
    chance = random.Random(12)
    size = 23
    protocols = [drawn(chance, number, size) for number in range(size)]
    needs = [{f"n{a}": protocols[a] for a in range(b) if chance.random() < 0.6} for b in range(size)]
    services = [fulfilled(protocol, need) for protocol, need in zip(protocols, needs, strict=True)]
    application = Application("drawn", services=services, edges=(), owner="tests")
    address = f"unix:{tmp_path}/drawn.sock"
    directory, entropy = Directory(Peers({f"s{number}": (address,) for number in range(size)})), SeededEntropy()
    asked, passed, wanted = 0, set[tuple[str, str]](), set[tuple[str, str]]()

    async with serving(application, world=World.real(tmp_path), directory=Directory(Peers({})), listen=[address]):
        carrier = HttpClient(directory, entropy)
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

    assert asked >= 10_000
    assert passed == wanted
