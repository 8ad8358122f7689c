"""Mistakes of a service class, all at once, each at its file and line, with what to do."""

import importlib.util
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atoll.kernel import Mistake
from atoll.service import Service, declare

PREAMBLE = """\
from collections.abc import AsyncIterator
from typing import Protocol

from atoll import (Application, Clock, Service, Settings, Value, blocking, contract, depends, get, private)
from atoll.edge import Catalog

@contract(version="1.0")
class Echo(Protocol):
    '''Repeats.'''

    @get("/echo")
    async def echo(self, word: str, times: int = 1) -> str: ...

    @get("/echoes")
    def echoes(self, word: str) -> AsyncIterator[str]: ...

class Good:
    async def echo(self, word: str, times: int = 1) -> str:
        return word * times

    async def echoes(self, word: str) -> AsyncIterator[str]:
        yield word

"""

Declared = Callable[[str], list[Mistake]]


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[Declared]:
    """What is wrong with the class `Wrong` of this source, which follows the preamble."""
    path = tmp_path / "wrong.py"

    def mistakes_of(source: str) -> list[Mistake]:
        path.write_text(PREAMBLE + textwrap.dedent(source))
        spec = importlib.util.spec_from_file_location("wrong", path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules["wrong"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        declaration, mistakes = declare(module.Wrong)
        assert (declaration is None) is bool(mistakes)
        return mistakes

    yield mistakes_of
    sys.modules.pop("wrong", None)


# What is wrong, and the line that is to be found, marked by `# here`.
WRONG = {
    "nobody answers for it": """
        class Wrong(Good, Service, Echo):  # here
            '''Repeats.'''
    """,
    "does not say what it is for": """
        class Wrong(Service, owner="us"):  # here
            clock: Clock
    """,
    "has no handler for `echo`": """
        class Wrong(Service, Echo, owner="us"):  # here
            async def echoes(self, word: str) -> AsyncIterator[str]:
                yield word
    """,
    "`echo` is not a method": """
        class Wrong(Good, Service, Echo, owner="us"):  # here
            echo = staticmethod(lambda word: word)
    """,
    "`echo` is not async": """
        class Wrong(Good, Service, Echo, owner="us"):
            def echo(self, word: str, times: int = 1) -> str:  # here
                return word
    """,
    "`echo` yields, but the contract promises one answer": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echo(self, word: str, times: int = 1) -> str:  # here
                yield word
    """,
    "`echoes` promises a stream": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echoes(self, word: str) -> AsyncIterator[str]:  # here
                return word
    """,
    "`echo` is async, and marked `@blocking` all the same": """
        class Wrong(Good, Service, Echo, owner="us"):
            @blocking
            async def echo(self, word: str, times: int = 1) -> str:  # here
                return word
    """,
    "`echo` does not take `word` by name": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echo(self, word: str, /, times: int = 1) -> str:  # here
                return word
    """,
    "`echo` does not take `times` by name": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echo(self, word: str) -> str:  # here
                return word
    """,
    "`echo` demands `times`, which callers may leave out": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echo(self, word: str, times: int) -> str:  # here
                return word
    """,
    "`echo` has another default for `times` than the contract: 2": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echo(self, word: str, times: int = 2) -> str:  # here
                return word
    """,
    "`echo` demands `loud`, which no caller sends": """
        class Wrong(Good, Service, Echo, owner="us"):
            async def echo(self, word: str, loud: bool, times: int = 1) -> str:  # here
                return word
    """,
    "the field `echo` hides the handler of that name": """
        class Wrong(Good, Service, Echo, owner="us"):
            clock: Clock
            echo: dict[str, str] = private(default_factory=dict)  # here
    """,
    "machine.stop: `stop` is what every service has": """
        @contract(version="1.0")
        class Machine(Protocol):
            '''Runs.'''

            @get("/stop")
            async def stop(self) -> None: ...  # here

        class Wrong(Service, Machine, owner="us"):
            async def stop(self) -> None: ...
    """,
    "`start` is not async": """
        class Wrong(Good, Service, Echo, owner="us"):
            def start(self) -> None:  # here
                pass
    """,
    "fulfils Echo, Other at once": """
        @contract(version="1.0")
        class Other(Protocol):
            '''Something else.'''

        class Wrong(Good, Service, Echo, Other, owner="us"):  # here
            pass
    """,
    "its annotations cannot be read: name 'Nonsense' is not defined": """
        class Wrong(Good, Service, Echo, owner="us"):  # here
            other: "Nonsense"
    """,
    "nobody can inject `size: int`": """
        class Wrong(Good, Service, Echo, owner="us"):
            clock: Clock
            size: int  # here
    """,
    "`other` depends on Good, which is no contract": """
        class Wrong(Good, Service, Echo, owner="us"):
            other: Good = depends()  # here
    """,
    "has settings twice, `first` and `second`": """
        class Limits(Settings):
            size: int = 1

        class Wrong(Good, Service, Echo, owner="us"):
            first: Limits
            second: Limits  # here
    """,
    "the dependency `other` has the timeout 0": """
        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(timeout_s=0)  # here
    """,
    "the fallback of `other` is not a class": """
        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(fallback=lambda: Good())  # here
    """,
    "the fallback Bad of `other` does not fit: has no handler for `echoes`": """
        class Bad:  # here
            async def echo(self, word: str, times: int = 1) -> str:
                return word

        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(fallback=Bad)
    """,
    "the fallback Bad of `other` does not fit: `echo` is not async": """
        class Bad(Good):
            def echo(self, word: str, times: int = 1) -> str:  # here
                return word

        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(fallback=Bad)
    """,
    "the fallback Bad of `other` does not fit: `echo` demands `loud`": """
        class Bad(Good):
            async def echo(self, word: str, loud: bool, times: int = 1) -> str:  # here
                return word

        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(fallback=Bad)
    """,
    "the fallback Bad of `other` wants arguments": """
        class Bad(Good):  # here
            def __init__(self, size: int) -> None:
                self.size = size

        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(fallback=Bad)
    """,
    "broken.echo: its result cannot travel": """
        @contract(version="1.0")
        class Broken(Protocol):
            '''Promises nothing.'''

            @get("/echo")
            async def echo(self) -> object: ...  # here

        class Wrong(Good, Service, Echo, owner="us"):
            other: Broken
    """,
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_told_with_its_line_and_what_to_do(declared: Declared, what: str) -> None:
    """Found at start, not at the first call."""
    source = PREAMBLE + textwrap.dedent(WRONG[what])
    line = next(number for number, text in enumerate(source.splitlines(), start=1) if text.endswith("# here"))

    mistakes = declared(WRONG[what])

    (told,) = [mistake for mistake in mistakes if what in mistake.what]
    assert told.where is not None
    assert (Path(told.where.file).name, told.where.line) == ("wrong.py", line)
    assert re.fullmatch(r"[a-z`].{10,}", told.fix)
    assert len(mistakes) == 1, mistakes


@pytest.mark.parametrize("name", [name for name in vars(Service) if not name.startswith("_")])
def test_no_operation_has_the_name_of_what_every_service_has(declared: Declared, name: str) -> None:
    """A handler would take its place. The contract says so; this list is the service's."""
    mistakes = declared(f"""
        @contract(version="1.0")
        class Machine(Protocol):
            '''Runs.'''

            @get("/it")
            async def {name}(self) -> None: ...

        class Wrong(Service, Machine, owner="us"):
            pass
    """)

    assert f"machine.{name}: `{name}` is what every service has" in [mistake.what for mistake in mistakes]


def test_all_mistakes_are_told_at_once(declared: Declared) -> None:
    """So that they can be mended at once."""
    mistakes = declared("""
        class Wrong(Service, Echo):
            size: int
            other: Good = depends(timeout_s=1)

            def start(self) -> None: ...

            def echo(self, word: str) -> str:
                return word
    """)

    assert [mistake.what for mistake in mistakes] == [
        "Wrong: `echo` is not async",
        "Wrong: `echo` does not take `times` by name",
        "Wrong: has no handler for `echoes`",
        "Wrong: `start` is not async",
        "Wrong: nobody can inject `size: int`",
        "Wrong: `other` depends on Good, which is no contract",
        "Wrong: nobody answers for it",
    ]


@pytest.mark.parametrize(
    "source",
    [
        """
        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo
            optional: Echo = depends(fallback=Good, timeout_s=0.5)
            clock: Clock
            seen: dict[str, int] = private(default_factory=dict)
        """,
        """
        class Wrong(Service, Echo, owner="us"):
            async def echo(self, word: str, times: int = 1, loud: bool = False) -> str:
                return word

            async def echoes(self, **words: str) -> AsyncIterator[str]:
                yield words["word"]
        """,
        """
        class Wrong(Good, Service, Echo, owner="us"):
            @blocking
            def echo(self, word: str, times: int = 1) -> str:
                return word
        """,
        """
        class Bad(Good):
            def __init__(self, size: int = 1, *more: int, **others: int) -> None: ...

        class Wrong(Good, Service, Echo, owner="us"):
            other: Echo = depends(fallback=Bad)
        """,
    ],
)
def test_a_sound_service_has_no_mistakes(declared: Declared, source: str) -> None:
    """The control."""
    assert declared(source) == []
