"""Settings: one typed value a service, read at start, injected; all mistakes of all services at once."""

from typing import Protocol

import pytest

from atoll import Application, Config, Mistakes, Service, Settings, contract, get, single
from atoll.kernel import Mistake
from atoll.testing import running, test_world
from tests.simulated import simulated


@contract(version="1.0")
class Press(Protocol):
    """Prints."""

    @get("/settings")
    async def shown(self) -> str:
        """What is set."""
        ...


@contract(version="1.0")
class Post(Protocol):
    """Delivers."""

    @get("/settings")
    async def shown(self) -> str:
        """What is set."""
        ...


class _PressSettings(Settings):
    pages_max: int
    colours: tuple[str, ...] = ("black",)


class _PostSettings(Settings):
    address: str = "nowhere"


class _PressService(Service, Press, owner="tests"):
    settings: _PressSettings

    async def shown(self) -> str:
        return f"{self.settings.pages_max} {self.settings.colours}"


class _PostService(Service, Post, owner="tests"):
    limits: _PostSettings

    async def shown(self) -> str:
        return self.limits.address


PAPER = Application("paper", services=[_PressService, _PostService], edges=())


@simulated
async def test_settings_are_read_from_the_environment_and_injected() -> None:
    """Each service gets its own, typed, with its defaults."""
    async with running(PAPER, settings={"PAPER_PRESS_PAGES_MAX": "7"}) as app:
        assert await app.client(Press).shown() == "7 ('black',)"
        assert await app.client(Post).shown() == "nowhere"


@simulated
async def test_settings_are_read_from_a_file_which_the_environment_overrules() -> None:
    """The file is for everybody, the environment for this process."""
    text = '[press]\npages_max = 7\ncolours = ["red", "blue"]\n[post]\naddress = "here"\n'
    config = Config({"PAPER_POST_ADDRESS": "there"}, "atoll.toml", text)

    async with single(PAPER, world=test_world(), config=config) as app:
        assert await app.client(Press).shown() == "7 ('red', 'blue')"
        assert await app.client(Post).shown() == "there"


@simulated
async def test_all_mistakes_of_all_services_are_told_at_once() -> None:
    """With the line of the file, or the name of the variable."""
    text = "[press]\ncolours = 5\n\n[post]\nadress = 'x'\n\n[port]\n"

    (first, second, third, fourth) = await mistakes_of(Config({"PAPER_PRESS_PAGES_MAX": "many"}, "atoll.toml", text))

    assert str(first.where) == "atoll.toml:7"
    assert "post" in first.fix
    assert "PAPER_PRESS_PAGES_MAX" in f"{second.what} {third.what}"
    assert {str(second.where), str(third.where)} == {"None", "atoll.toml:2"}
    assert str(fourth.where) == "atoll.toml:5"
    assert "address" in fourth.fix


@simulated
async def test_a_setting_that_is_required_and_not_given_is_told_with_its_name() -> None:
    """So that it can be copied."""
    (mistake,) = await mistakes_of(Config({}))

    assert "pages_max" in mistake.what
    assert "PAPER_PRESS_PAGES_MAX" in mistake.fix


@simulated
async def test_settings_of_services_that_others_host_are_let_be() -> None:
    """One file serves all processes of an application."""
    text = "[press]\npages_max = 7\n[post]\naddress = 'here'\n"

    config = Config({"PAPER_PRESS_PAGES_MAX": "7"}, "atoll.toml", text)

    async with single(PAPER, world=test_world(), config=config, services=["post"]) as app:
        assert await app.client(Post).shown() == "here"


@simulated
async def test_mistakes_of_settings_are_told_with_those_of_services() -> None:
    """Nobody wants to start twice to learn of two mistakes."""

    class _OddService(Service, Post, owner="tests"):
        size: int

        async def shown(self) -> str:
            return ""

    odd = Application("paper", services=[_PressService, _OddService], edges=())

    first, second = await mistakes_of(Config({}, "atoll.toml", "[post]\naddress = 'here'\n"), odd)

    assert first.what == "_OddService: nobody can inject `size: int`"
    assert "pages_max" in second.what


async def mistakes_of(config: Config, application: Application = PAPER) -> list[Mistake]:
    """What is wrong with these settings."""
    with pytest.raises(Mistakes) as caught:
        async with single(application, world=test_world(), config=config):
            pass
    return list(caught.value.mistakes)
