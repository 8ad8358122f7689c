"""Changed code: by `atoll run --reload` as soon as it is written, by `atoll restart` when one asks for it."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from atoll import Unavailable, contract, get
from tests.cli.programs import Started, finished, started
from tests.load import clients
from tests.patience import PATIENCE_S

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
            async with clients(self._folder / ".atoll") as application:
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

    def restart(self) -> tuple[int, str]:
        """`atoll restart greeter`: its exit code, and what it has said."""
        done = finished("atoll", "restart", "greeter", folder=self._folder)
        return done.returncode, done.stdout + done.stderr

    def wait_for_log(self, words: str) -> None:
        """Wait until these words stand in the log."""
        ends_at = time.monotonic() + PATIENCE_S
        while words not in self.program.said():
            assert time.monotonic() < ends_at, self.program.said()
            time.sleep(0.05)


@pytest.fixture(params=["single", "processes"])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop that runs with --reload."""
    yield from _running(tmp_path, "--reload", "--topology", request.param)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Shop]:
    """A shop whose processes are replaced when somebody asks for it."""
    yield from _running(tmp_path, "--topology", "processes")


def _running(folder: Path, *more: str) -> Iterator[Shop]:
    package = folder / "shop"
    package.mkdir()
    for name, text in (("__init__", ""), ("contract", CONTRACT), ("application", APPLICATION)):
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    (package / "service.py").write_text(SERVICE.replace("WORDS", "Hello"), encoding="utf-8")
    extra = {"PYTHONDONTWRITEBYTECODE": "1"}
    with started("run", "shop.application:shop", *more, folder=folder, extra=extra) as program:
        program.until("Ctrl-C ends it")
        yield Shop(folder, program)
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


def test_a_restart_brings_what_is_written(kept: Shop) -> None:
    """And not before; where that does not start, the old one goes on and the command says so."""
    kept.write("Good morning")
    before = kept.says()
    mended = kept.restart()

    kept.write('Oops" +')
    broken = kept.restart()

    assert before == "Hello, Ada"
    assert mended[0] == 0
    assert broken[0] == 1
    assert "did not become ready: it ended with exit code 2" in broken[1]
    assert "shop/service.py:19" in kept.program.said()
    assert kept.says() == "Good morning, Ada"
