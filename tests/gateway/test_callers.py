"""Who gets in at the edge: API keys with what they open, and tokens of the issuer that was configured."""

import asyncio
import json
import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from atoll import Clock, Config, Mistakes, Unauthenticated, Unavailable, World, check_settings
from atoll.edge import ApiKeys, Keys
from atoll.gateway.callers import AGAIN_S, FRESH_S, Callers
from atoll.gateway.settings import GatewaySettings
from atoll.operating import api_keys
from atoll.testing import MemoryDisk, SeededEntropy
from tests.gateway.orders import orders
from tests.gateway.test_edge import opened
from tests.identity.proofs import SetClock
from tests.patience import PATIENCE_S

ISSUER = "https://login.example.com/"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_key_opens_its_operations_in_its_users_name_and_no_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """403 with what it opens; the refusal is on record with user, operation and trace, without the key."""
    caplog.set_level(logging.WARNING, "atoll.access")
    with api_keys(tmp_path) as ring:
        key, kept = ring.make("ci", ("orders.around",))

    async with opened(tmp_path) as shop:
        told = await shop.http.get("/orders/v1/around", headers=bearer(key))
        refused = await shop.http.get("/orders/v1/orders", headers=bearer(key))

    assert told.status_code == 200
    assert told.json()["user"] == "ci"
    assert refused.status_code == 403
    assert f"key {kept.id} opens orders.around, and not orders.listed" in refused.json()["detail"]
    (record,) = [each for each in caplog.records if each.name == "atoll.access"]
    noted = vars(record)
    assert (noted["user"], noted["operation"], noted["trace_id"]) == ("ci", "orders.listed", refused.json()["trace_id"])
    assert key.split("_", 2)[2] not in str(noted)


async def test_a_revoked_key_is_shut_out_while_the_gateway_runs(tmp_path: Path) -> None:
    """Within a second, and without a restart."""
    with api_keys(tmp_path) as ring:
        key, kept = ring.make("ci", ("*",))

    async with opened(tmp_path) as shop:
        before = await shop.http.get("/orders/v1/around", headers=bearer(key))
        with api_keys(tmp_path) as ring:
            ring.revoke(kept.id)
        async with asyncio.timeout(PATIENCE_S):
            while (await shop.http.get("/orders/v1/around", headers=bearer(key))).status_code == 200:  # noqa: ASYNC110  # nothing tells: it looks once in a second
                await asyncio.sleep(0.05)

    assert before.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orders/v1/orders"),
        ("HEAD", "/orders/v1/orders"),
        ("GET", "/orders/v1/%6frders"),
        ("GET", "/orders/v1/orders/"),
        ("GET", "//orders/v1/orders"),
        ("GET", "/orders/v1//orders"),
        ("GET", "/orders/v1/around/../orders"),
        ("GET", "/orders/v1/around/%2e%2e/orders"),
        ("GET", "/orders/v1/around/..;/orders"),
        ("GET", "/orders/v1/around;/orders"),
        ("GET", "/orders/v1/around%2f..%2forders"),
        ("GET", "/orders/v1/around\\..\\orders"),
        ("GET", "/orders/v1/Orders"),
        ("GET", "/orders/v01/orders"),
        ("GET", "/orders/v1/orders?operation=orders.around"),
        ("GET", "/orders/v1/orders/around"),
        ("GET", "/orders/v1/around%00/orders"),
        ("DELETE", "/orders/v1/orders/7"),
        ("DELETE", "/orders/v1/orders/around"),
        ("POST", "/orders/v1/orders"),
        ("PUT", "/orders/v1/orders/7/colour"),
        ("TRACE", "/orders/v1/orders"),
        ("get", "/orders/v1/orders"),
    ],
)
async def test_no_trick_with_path_or_verb_opens_what_the_key_does_not(tmp_path: Path, method: str, path: str) -> None:
    """What is judged is the operation that was found, and it is the one that is called."""
    with api_keys(tmp_path) as ring:
        key, _ = ring.make("ci", ("orders.around",))
    more = {
        "x-http-method-override": "GET",
        "x-original-url": "/orders/v1/around",
        "x-rewrite-url": "/orders/v1/around",
    }

    async with opened(tmp_path) as shop:
        url = httpx.URL(shop.connection.url).copy_with(raw_path=path.encode())
        answer = await shop.http.request(method, url, headers=bearer(key) | more)

    assert answer.status_code in (400, 403, 404, 405), answer.text


async def test_who_is_not_known_is_on_record_without_what_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """So that somebody notices guessing."""
    caplog.set_level(logging.INFO, "atoll.access")
    async with opened(tmp_path) as shop:
        refused = await shop.http.get("/orders/v1/around", headers=bearer("guess-" + "x" * 40))

    (record,) = [each for each in caplog.records if each.name == "atoll.access"]
    assert vars(record)["trace_id"] == refused.json()["trace_id"]
    assert "guess" not in str(vars(record))


async def test_a_refused_key_is_no_oracle_of_operations(tmp_path: Path) -> None:
    """Who has no key is told nothing of what there is."""
    async with opened(tmp_path) as shop:
        answers = [
            await shop.http.get(path, headers=bearer("atoll_0000000000_" + "x" * 43))
            for path in ("/orders/v1/around", "/orders/v1/nothing", "/nobody/v1/x")
        ]

    assert [each.status_code for each in answers] == [401, 401, 401]


# --- tokens -----------------------------------------------------------------------------------------------------------


class Company:
    """An issuer: its keys, and the tokens that it signs."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {}  # Any: keys of `cryptography`
        self.rotate("first")

    def rotate(self, kid: str) -> None:
        self.keys = {kid: ed25519.Ed25519PrivateKey.generate()}

    @property
    def listed(self) -> bytes:
        algorithm = jwt.get_algorithm_by_name("EdDSA")
        made = [{**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid} for kid, key in self.keys.items()]
        return json.dumps({"keys": made}).encode()

    def token(self, now: float, **changed: object) -> str:
        ((kid, key),) = self.keys.items()
        claims = {"iss": ISSUER, "aud": "shop", "sub": "ada", "iat": now, "exp": now + 3_000} | changed
        return jwt.encode(claims, key, "EdDSA", headers={"kid": kid})


async def test_a_token_of_the_issuer_lets_its_user_in(tmp_path: Path) -> None:
    """With the keys in a file; a token for somebody else does not."""
    company, now = Company(), World.real(tmp_path).clock.now().timestamp()
    (tmp_path / "keys.jwks").write_bytes(company.listed)
    settings = {"ISSUER": ISSUER, "ISSUER_AUDIENCE": "shop", "ISSUER_KEYS": str(tmp_path / "keys.jwks")}

    async with opened(tmp_path, **settings) as shop:
        told = await shop.http.get("/orders/v1/around", headers=bearer(company.token(now)))
        refused = await shop.http.get("/orders/v1/around", headers=bearer(company.token(now, aud="bank")))
        by_key = await shop.http.get("/orders/v1/around")

    assert told.json()["user"] == "ada"
    assert refused.status_code == 401
    assert "is not believed" in refused.json()["detail"]
    assert by_key.json()["user"] == "developer", "keys stay"


@contextmanager
def serving(company: Company) -> Generator[tuple[str, list[str]]]:
    """The issuer's keys at a URL, and who has asked for them."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("location", "/keys")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(company.listed if self.path == "/keys" else b"x" * 1_000_000)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as in the class above it
            """Nothing is said."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def callers(place: str, clock: SetClock) -> Callers:
    settings = GatewaySettings(issuer=ISSUER, issuer_audience="shop", issuer_keys=place)
    disk, entropy = MemoryDisk(), SeededEntropy()
    there: Clock = clock
    return Callers(Keys(disk, entropy), ApiKeys(disk, there, entropy), there, settings)


async def test_keys_at_a_url_are_asked_for_once_and_again_when_they_have_changed() -> None:
    """An issuer rotates its keys; a thousand wrong tokens do not make a thousand requests."""
    company, clock = Company(), SetClock()
    with serving(company) as (url, asked):
        gate = callers(f"{url}/keys", clock)
        now = clock.now().timestamp()
        first = [(await gate.principal_of(f"Bearer {company.token(now)}")).user for _ in range(3)]
        once = len(asked)
        company.rotate("second")
        for _ in range(20):
            with pytest.raises(Unauthenticated):
                await gate.principal_of(f"Bearer {company.token(now)}")
        still_once = len(asked)
        clock.pass_by(AGAIN_S)
        second = (await gate.principal_of(f"Bearer {company.token(now)}")).user
        clock.pass_by(FRESH_S)
        third = (await gate.principal_of(f"Bearer {company.token(now)}")).user

    assert first == ["ada", "ada", "ada"]
    assert (once, still_once, len(asked)) == (1, 1, 3)
    assert second == third == "ada"


async def test_keys_that_were_known_hold_while_the_issuer_is_away() -> None:
    """Its outage is not ours; who had no keys before cannot tell, and says so."""
    company, clock = Company(), SetClock()
    with serving(company) as (url, _):
        gate, late = callers(f"{url}/keys", clock), callers(f"{url}/keys", clock)
        await gate.principal_of(f"Bearer {company.token(clock.now().timestamp())}")
    clock.pass_by(FRESH_S)
    token = company.token(clock.now().timestamp())

    assert (await gate.principal_of(f"Bearer {token}")).user == "ada"
    with pytest.raises(Unavailable):
        await late.principal_of(f"Bearer {token}")


@pytest.mark.parametrize("path", ["/moved", "/flood"])
async def test_the_issuer_leads_nowhere_else_and_floods_nobody(path: str) -> None:
    """Redirects are not followed, and long answers are not read."""
    company, clock = Company(), SetClock()
    with serving(company) as (url, asked):
        gate = callers(url + path, clock)
        with pytest.raises(Unavailable):
            await gate.principal_of(f"Bearer {company.token(clock.now().timestamp())}")

    assert asked == [path]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ISSUER": ISSUER}, "set all three"),
        ({"ISSUER": ISSUER, "ISSUER_AUDIENCE": "shop", "ISSUER_KEYS": "http://login.example.com/keys"}, "use https"),
        ({"ISSUER": ISSUER, "ISSUER_AUDIENCE": "shop", "ISSUER_KEYS": "http://127.0.0.1.example.com/"}, "use https"),
    ],
)
def test_a_half_configured_issuer_is_a_mistake(settings: dict[str, str], said: str) -> None:
    """Told at the start: nobody gets in by a hole in the settings."""
    given = {f"SHOP_GATEWAY_{name}": value for name, value in settings.items()}

    with pytest.raises(Mistakes, match=said):
        check_settings(orders, Config(given))
