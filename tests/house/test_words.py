"""Words in the code: names that say something, reasons beside every ignore, no back doors around the types."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePath

import pytest

from tests.house.checkout import code, product

EMPTY_NAMES = frozenset({"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"})

# Files that call foreign code, and therefore may catch whatever it raises. Each with its reason.
CATCHES_EVERYTHING = {
    "apps/revenue/cli/sheets.py": "a library of others on bytes of strangers: what it stumbles over is told as damage",
    "src/atoll/adapters/alembic_runs.py": "a migration is foreign code: whatever it raises is told with its place",
    "src/atoll/calls/dispatcher.py": "whatever a handler raises becomes an answer",
    "src/atoll/calls/streams.py": "as above, for a handler's generator",
    "src/atoll/cli/starting.py": "whatever ends the application is told as an end, not as a traceback",
    "src/atoll/console/guarding.py": "a fault of the console itself is an answer too",
    "src/atoll/events/timing.py": "a handler that is called again and again is foreign code",
    "src/atoll/events/worker.py": "whatever a handler raises parks its message",
    "src/atoll/telemetry/journal.py": "a name without bytes must not end the work that is recorded",
    "src/atoll/gateway/edge.py": "a fault of the edge itself is an answer too",
    "src/atoll/kernel/lane.py": "whatever a piece of work raises ends it, and not the lane",
    "src/atoll/kernel/tasks.py": "work that goes on for ever goes on, whatever ends it",
    "src/atoll/kernel/stepping.py": "whatever a wait ends with is handed on to the work, cancellation above all",
    "src/atoll/service/instance.py": "a service's own start, drain and stop are foreign code",
    "src/atoll/kernel/isolation.py": "whatever a wait ends with is handed on to the work, cancellation above all",
    "src/atoll/testing/simulation.py": "stands for a thread, whose caller is told",
    "src/atoll/topology/importing.py": "importing a module runs the code of an application",
    "src/atoll/topology/slot.py": "a slot that nobody keeps is waited for for ever",
    "src/atoll/topology/single.py": "when one service fails to stop, the others stop all the same",
}

IGNORE = re.compile(
    r"(?P<ignore>(?:ruff: *)?noqa|type: *ignore|pyright: *ignore|mypy: *ignore|pyright: *basic|pragma: *no cover)"
    r"(?P<rules> *:? *\[[^\]]*\]| *: *[A-Z]+[0-9]+(?:, *[A-Z]+[0-9]+)*)?"
)
REASON = re.compile(r"[A-Za-z`]{2,}\W+[\w`]+")


def typing_only_imports(source: str) -> Iterator[str]:
    """Uses of TYPE_CHECKING: a cycle hidden from the program means a file on the wrong floor."""
    if "TYPE_CHECKING" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                yield f"{node.lineno}: TYPE_CHECKING: move the file to the floor on which it belongs"
            case _:
                pass


def ignores_without_reason(source: str) -> Iterator[str]:
    """Ignores of lint and types whose comment does not go on to say why."""
    if not IGNORE.search(source):
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        found = IGNORE.search(token.string) if token.type == tokenize.COMMENT else None
        if found and not REASON.search(IGNORE.sub("", token.string)):
            yield f"{token.start[0]}: `{found['ignore']}` without a reason on its line"


def any_without_reason(source: str) -> Iterator[str]:
    """Statements that annotate with Any and have no comment that says why."""
    if "Any" not in source:
        return
    annotated = set(_lines_of_any(ast.parse(source)))
    for first, last, comments in _statements(source):
        if annotated & set(range(first, last + 1)) and not any(REASON.search(comment) for comment in comments):
            yield f"{first}: Any without a reason on its line"


def blind_excepts(source: str) -> Iterator[str]:
    """Handlers that swallow whatever is raised; cleaning up and raising it again is allowed."""
    if "except" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ExceptHandler) and _is_blind(node.type):
            match node.body[-1]:
                case ast.Raise(exc=None):
                    pass
                case _:
                    yield f"{node.lineno}: catches everything: name what is expected"


def _is_blind(kind: ast.expr | None) -> bool:
    match kind:
        case None | ast.Name(id="Exception" | "BaseException"):
            return True
        case ast.Tuple(elts=kinds):
            return any(_is_blind(each) for each in kinds)
        case _:
            return False


def _lines_of_any(tree: ast.Module) -> Iterator[int]:
    compared = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Compare) for part in ast.walk(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="Any") | ast.Attribute(attr="Any", value=ast.Name(id="typing")) if (
                id(node) not in compared
            ):
                yield node.lineno
            case _:
                pass


def _statements(source: str) -> Iterator[tuple[int, int, list[str]]]:
    """First line, last line and comments of each logical line."""
    first: int | None = None
    comments: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            comments.append(token.string)
        elif token.type == tokenize.NEWLINE:
            yield first or token.start[0], token.start[0], comments
            first, comments = None, []
        elif token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT) and first is None:
            first, comments = token.start[0], []


def test_nothing_is_imported_for_the_type_checker_alone() -> None:
    """Floors hold for types, too."""
    findings = [f"{name}:{finding}" for name, text in product() for finding in typing_only_imports(text)]

    assert not findings, "\n".join(findings)


def test_every_ignore_has_its_reason() -> None:
    """Whoever reads an exception to a rule learns at once why it is one."""
    everywhere = code("src", "apps", "benchmarks", "tests", "conftest.py")

    findings = [f"{name}:{finding}" for name, text in everywhere for finding in ignores_without_reason(text)]

    assert not findings, "\n".join(findings)


def test_every_any_has_its_reason() -> None:
    """Any switches the checkers off; that must be worth a sentence."""
    everywhere = code("src", "apps", "benchmarks", "tests", "conftest.py")

    findings = [f"{name}:{finding}" for name, text in everywhere for finding in any_without_reason(text)]

    assert not findings, "\n".join(findings)


def test_only_callers_of_foreign_code_catch_everything() -> None:
    """Elsewhere a blind except hides a mistake of ours."""
    found = {name: list(blind_excepts(text)) for name, text in product()}

    findings = [f"{name}:{each}" for name in found.keys() - CATCHES_EVERYTHING for each in found[name]]

    assert not findings, "\n".join(findings)


def test_every_permission_to_catch_everything_is_needed() -> None:
    """A permission that nobody needs any more goes."""
    files = dict(product())

    idle = [name for name in CATCHES_EVERYTHING if not any(blind_excepts(files.get(name, "")))]

    assert not idle, f"take out of CATCHES_EVERYTHING: {idle}"


def test_every_module_is_named_after_what_lives_there() -> None:
    """A file called utils has no idea, and therefore grows without end."""
    findings = [name for name, _ in product() if EMPTY_NAMES & set(PurePath(name).with_suffix("").parts)]

    assert not findings, f"names that say nothing: {findings}"


@pytest.mark.parametrize("source", ["if TYPE_CHECKING:\n    import x", "if typing.TYPE_CHECKING:\n    import x"])
def test_a_typing_only_import_is_found(source: str) -> None:
    """The control."""
    assert list(typing_only_imports(source))


NOQA = "no" + "qa"
HUSHED = "type: " + "ignore"


@pytest.mark.parametrize(
    "source",
    [
        f"x = 1  # {NOQA}",
        f"x = 1  # {NOQA}: E501",
        f"x = 1  # {HUSHED}",
        f"x = 1  # {HUSHED}[attr-defined]",
        f"x = 1  # pyright: {'ignore'}[reportUnknownMemberType]",
        f"x = 1  # {HUSHED}[misc]  # {NOQA}: E501, S101",
    ],
)
def test_an_ignore_without_a_reason_is_found(source: str) -> None:
    """The control: the names of the rules are not a reason."""
    assert list(ignores_without_reason(source))


@pytest.mark.parametrize(
    "source",
    [
        f"x = 1  # {NOQA}: E501 - a sample of the wire",
        f"x = 1  # {HUSHED}[misc]  # mypy reads the class, pyright the metaclass",
        "x = 1  # a plain comment",
    ],
)
def test_an_ignore_with_a_reason_is_let_through(source: str) -> None:
    """The other control."""
    assert not list(ignores_without_reason(source))


@pytest.mark.parametrize(
    "source",
    [
        "def f(x: Any) -> None: ...",
        "x: dict[str, Any] = {}",
        "def f(\n    x: typing.Any,\n) -> None:\n    y = 1  # a sum",
    ],
)
def test_any_without_a_reason_is_found(source: str) -> None:
    """The control: a comment in the body is not beside the annotation."""
    assert list(any_without_reason(source))


@pytest.mark.parametrize(
    "source",
    [
        "from typing import Any",
        "if kind is Any: pass",
        "x: Any = 1  # Any: parsed JSON",
        "def f(\n    x: Any,  # Any: parsed JSON\n) -> None: ...",
        "def f(\n    x: Any,\n) -> None:  # Any: parsed JSON\n    ...",
    ],
)
def test_any_with_a_reason_is_let_through(source: str) -> None:
    """The other control: the reason may stand anywhere in the statement, since the formatter breaks lines."""
    assert not list(any_without_reason(source))


@pytest.mark.parametrize("caught", ["except Exception", "except", "except (ValueError, BaseException)"])
def test_a_blind_except_is_found(caught: str) -> None:
    """The control."""
    assert list(blind_excepts(f"try:\n    f()\n{caught}:\n    pass"))


@pytest.mark.parametrize("handler", ["except ValueError:\n    pass", "except BaseException:\n    close()\n    raise"])
def test_a_handler_with_a_name_is_let_through(handler: str) -> None:
    """The other control."""
    assert not list(blind_excepts(f"try:\n    f()\n{handler}"))
