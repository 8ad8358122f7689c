"""`atoll run --reload`: what is written is what runs, and a mistake costs nothing that runs."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from atoll import Unavailable, contract, get
from tests.cli.programs import PATIENCE_S, Started, started
from tests.load import clients
from tests.topology.processes import peers_of_run

CONTRACT = '''\
"""What Greeter promises."""

from typing import Protocol

from atoll import contract, get


@contract(version="1.0")
class Greeter(Protocol):
    """Greets."""

    @get("/greeting")
    async def greet(self) -> str:
        """A greeting."""
        ...
'''

SERVICE = '''\
"""Greets."""

from atoll import Service, Settings
from shop.contract import Greeter


class GreeterSettings(Settings):
    """To whom."""

    name: str = "Ada"


class GreeterService(Service, Greeter, owner="me"):
    """Greets."""

    settings: GreeterSettings

    async def greet(self) -> str:
        return f"WORDS, {self.settings.name}"
'''

APPLICATION = '''\
"""The application."""

from atoll import Application

shop = Application("shop", services=["shop.service:GreeterService"], edges=())
'''


@contract(version="1.0")
class Greeter(Protocol):
    """The same contract, for who calls from outside."""

    @get("/greeting")
    async def greet(self) -> str:
        """A greeting."""
        ...


class Shop:
    """An application that is being written, and runs."""

    def __init__(self, folder: Path, program: Started) -> None:
        self.program = program
        self._folder = folder

    def write(self, words: str) -> None:
        """Let it greet with other words."""
        text = SERVICE.replace("WORDS", words)
        (self._folder / "shop" / "service.py").write_text(text, encoding="utf-8")

    def configure(self, text: str) -> None:
        """Let it have other settings."""
        (self._folder / "atoll.toml").write_text(text, encoding="utf-8")

    def says(self) -> str:
        """What it answers now."""

        async def ask() -> str:
            async with clients(peers_of_run(self._folder / ".atoll")) as application:
                try:
                    return await application.client(Greeter).greet()
                except Unavailable:
                    return ""

        return asyncio.run(ask())

    def wait_for(self, words: str) -> None:
        """Wait until it answers so."""
        ends_at = time.monotonic() + PATIENCE_S
        while self.says() != words:
            assert time.monotonic() < ends_at, self.program.said()
            time.sleep(0.05)

    def wait_for_log(self, words: str) -> None:
        """Wait until these words stand in the log."""
        ends_at = time.monotonic() + PATIENCE_S
        while words not in self.program.said():
            assert time.monotonic() < ends_at, self.program.said()
            time.sleep(0.05)


@pytest.fixture(params=["single", "processes"])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop that runs with --reload."""
    package = tmp_path / "shop"
    package.mkdir()
    for name, text in (("__init__", ""), ("contract", CONTRACT), ("application", APPLICATION)):
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (package / "service.py").write_text(SERVICE.replace("WORDS", "Hello"), encoding="utf-8")
    arguments = ("run", "shop.application:shop", "--reload", "--topology", request.param)
    with started(*arguments, folder=tmp_path, extra={"PYTHONDONTWRITEBYTECODE": "1"}) as program:
        program.until("Ctrl-C ends it")
        yield Shop(tmp_path, program)
        program.process.terminate()
        assert program.code() == 0


def test_what_is_written_is_what_runs(shop: Shop) -> None:
    """Code and settings alike; a mistake is told with its line, and what ran goes on until it is mended."""
    shop.wait_for("Hello, Ada")

    shop.write("Good morning")
    shop.wait_for("Good morning, Ada")

    shop.write('Oops" +')
    shop.wait_for_log("what runs stays as it was until that is mended")
    assert "shop/service.py:19" in shop.program.said()
    assert shop.says() == "Good morning, Ada"

    shop.write("Good evening")
    shop.wait_for("Good evening, Ada")

    shop.configure('[greeter]\nname = "Grace"\n')
    shop.wait_for("Good evening, Grace")
