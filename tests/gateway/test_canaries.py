"""Canaries: secrets and personal fields are sent through the whole application, and looked for wherever it writes."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from atoll import Application, Config, Personal, Problem, Service, Value, World, contract, post, single
from atoll.gateway import connection
from atoll.operating import api_keys
from atoll.telemetry import MemoryRecorder
from atoll.telemetry.logs import JsonFormatter
from tests.patience import PATIENCE_S

PERSONAL = "canary-person-51c2@example.com"
PASSWORD = "canary-password-9b1e"


class Guest(Value):
    """Somebody."""

    email: Personal[str]
    age: int = 30


class NotWelcome(Problem, status=409, detail="{email} was here before"):
    """They were here before."""

    email: Personal[str]


@contract(version="1.0")
class Ledger(Protocol):
    """Writes guests down."""

    @post("/guests")
    async def enter(self, guest: Guest) -> str:
        """The name of the page."""
        ...


@contract(version="1.0")
class Reception(Protocol):
    """Lets guests in."""

    @post("/guests", public=True, raises=(NotWelcome,))
    async def welcome(self, guest: Guest) -> str:
        """Say hello."""
        ...

    @post("/strangers", public=True)
    async def stranger(self, guest: Guest) -> str:
        """Fail without a word for it."""
        ...


class LedgerService(Service, Ledger):
    """The ledger."""

    async def enter(self, guest: Guest) -> str:
        log.info("entered %s", guest)
        return "page 7"


class ReceptionService(Service, Reception):
    """The reception."""

    ledger: Ledger

    async def welcome(self, guest: Guest) -> str:
        if guest.age < 18:
            raise NotWelcome(email=guest.email)
        log.warning("welcome %r", guest)
        return await self.ledger.enter(guest)

    async def stranger(self, guest: Guest) -> str:
        raise NotWelcome(email=guest.email)  # which this operation does not declare


log = logging.getLogger("reception")
hotel = Application("hotel", services=[ReceptionService, LedgerService], owner="tests")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Whatever anybody logs, at every level, in the form in which production writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


async def test_no_canary_reaches_logs_records_or_answers_that_are_not_its_own(
    tmp_path: Path, written: io.StringIO
) -> None:
    """Keys right and wrong, tokens, personal fields in bodies right and wrong, in problems and in logs."""
    with api_keys(tmp_path) as ring:
        key, _ = ring.make("ci", ("reception.welcome",))
    recorder = MemoryRecorder()
    told: list[httpx.Response] = []
    async with single(hotel, world=World.real(tmp_path), config=Config({"HOTEL_GATEWAY_PORT": "0"}), recorder=recorder):
        found = connection(tmp_path)
        assert found is not None
        secrets = [key.rpartition(f"{key.split('_')[1]}_")[2], found.key, PASSWORD, PERSONAL]
        async with httpx.AsyncClient(base_url=found.url, timeout=PATIENCE_S) as http:
            for presented in (found.key, key, f"atoll_0000000000_{PASSWORD:x<43}", f"{PASSWORD}.{PASSWORD}.x"):
                for path, guest in (
                    ("guests", {"email": PERSONAL}),
                    ("guests", {"email": PERSONAL, "age": 3}),
                    ("guests", {"email": PERSONAL, "age": "old"}),
                    ("guests", {"email": [PERSONAL]}),
                    ("guests", {"email": PERSONAL, "more": PERSONAL}),
                    ("strangers", {"email": PERSONAL}),
                ):
                    headers = {"authorization": f"Bearer {presented}"}
                    told.append(await http.post(f"/reception/v1/{path}", json=guest, headers=headers))

    lines = written.getvalue()
    records = repr(recorder.records)
    assert "welcome Guest(" in lines, "the control: the guest himself was logged"
    assert [word for word in secrets if word in lines or word in records] == []
    assert {each.status_code for each in told} == {200, 401, 403, 409, 422, 500}
    for answer in told:
        body = answer.json()
        if answer.status_code == 409:
            assert body["email"] == PERSONAL, "the field itself is the data, and travels"
            assert PERSONAL not in body["detail"]
            continue
        assert not [word for word in secrets if word in answer.text + str(answer.headers)], answer.text
