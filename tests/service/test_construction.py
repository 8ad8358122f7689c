"""A service is an ordinary object: a test makes one by hand, as an application does."""

from typing import Any, ClassVar, Protocol, cast

import pytest

from atoll import Clock, Service, Settings, contract, depends, get, private
from atoll.service import declare
from atoll.testing import SettableClock, fake


@contract(version="1.0")
class Echo(Protocol):
    """Repeats."""

    @get("/echo")
    async def echo(self, word: str) -> str:
        """Say it again."""
        ...


class _Limits(Settings):
    words_max: int = 10


class _EchoService(Service, Echo, owner="tests"):
    """Repeats what it hears."""

    kind: ClassVar[str] = "echo"
    clock: Clock
    settings: _Limits
    heard: list[str] = private(default_factory=list[str])

    async def echo(self, word: str) -> str:
        self.heard.append(word)
        return word


class _Cave(_EchoService):
    """Repeats what another echo says."""

    other: Echo = depends(timeout_s=1)

    async def echo(self, word: str) -> str:
        return await self.other.echo(await super().echo(word))


LIMITS = _Limits(words_max=3)


async def test_a_service_is_made_by_keyword_and_called_directly() -> None:
    """No framework, no server."""
    service = _EchoService(clock=SettableClock(), settings=LIMITS)

    answer = await service.echo("hello")

    assert answer == "hello"
    assert service.heard == ["hello"]
    assert service.settings.words_max == 3


def test_private_attributes_are_made_for_each_instance() -> None:
    """Two instances share nothing."""
    clock = SettableClock()

    first, second = (_EchoService(clock=clock, settings=LIMITS) for _ in range(2))
    first.heard.append("hello")

    assert second.heard == []


async def test_fields_are_inherited() -> None:
    """A service may extend another one."""
    twice = fake(Echo, echo="hoho")

    service = _Cave(clock=SettableClock(), settings=LIMITS, other=twice)

    assert await service.echo("ho") == "hoho"


def test_what_is_missing_is_told_all_at_once() -> None:
    """With the names, so that it can be added at once."""
    with pytest.raises(TypeError, match=r"_Cave needs `clock`, `settings`, `other`"):
        cast(Any, _Cave)()  # Any: the checkers would refuse this call


@pytest.mark.parametrize("name", ["heard", "nonsense", "kind"])
def test_what_is_not_asked_for_is_refused(name: str) -> None:
    """A private attribute and a class variable are no arguments, either."""
    with pytest.raises(TypeError, match=f"_EchoService takes `clock`, `settings`, not `{name}`"):
        cast(Any, _EchoService)(clock=SettableClock(), settings=LIMITS, **{name: []})  # Any: as above


def test_a_service_may_name_its_contract_first() -> None:
    """The order of the bases does not matter."""

    class _Reversed(Echo, Service, owner="tests"):
        """Repeats."""

        clock: Clock

        async def echo(self, word: str) -> str:
            return word

    declaration, mistakes = declare(_Reversed)

    assert not mistakes
    assert declaration is not None
    assert _Reversed(clock=SettableClock()).clock is not None


def test_a_field_with_a_plain_default_may_be_left_out() -> None:
    """As the type checkers read it."""
    mine = SettableClock()

    class _Timed(Service, owner="tests"):
        """Has a clock of its own."""

        clock: Clock = mine

    assert _Timed().clock is mine


def test_what_a_class_declares_is_read() -> None:
    """Names, owner, description, fields."""
    declaration, mistakes = declare(_Cave)

    assert not mistakes
    assert declaration is not None
    assert (declaration.name, declaration.owner) == ("echo", "tests")
    assert declaration.description == "Repeats what another echo says."
    assert [(each.field, each.contract.name, each.timeout_s) for each in declaration.dependencies] == [
        ("other", "echo/v1", 1)
    ]
    assert declaration.ports == {"clock": Clock}
    assert declaration.settings == ("settings", _Limits)


def test_the_description_of_a_service_without_one_is_its_contract_s() -> None:
    """What it promises says what it is for."""

    class _Silent(Service, Echo, owner="tests"):
        async def echo(self, word: str) -> str:
            return word

    declaration, _ = declare(_Silent)

    assert declaration is not None
    assert declaration.description == "Repeats."


def test_the_owner_of_the_application_is_the_owner_of_its_services_unless_they_say_otherwise() -> None:
    """Somebody always answers."""

    class _Owned(Service):
        """Has no owner of its own."""

    mine, theirs = declare(_Owned, "us")[0], declare(_Cave, "us")[0]

    assert mine is not None
    assert theirs is not None
    assert (mine.owner, theirs.owner) == ("us", "tests")


def test_an_old_major_is_a_service_beside_the_new_one() -> None:
    """Both run side by side, so that their names must differ."""

    @contract(version="2.3", id="echo")
    class EchoV2(Protocol):
        """Repeats, better."""

        @get("/echo")
        async def echo(self, word: str) -> str:
            """Say it again."""
            ...

    class _EchoV2Service(Service, EchoV2, owner="tests"):
        async def echo(self, word: str) -> str:
            return word

    declaration, _ = declare(_EchoV2Service)

    assert declaration is not None
    assert declaration.name == "echo_v2"
