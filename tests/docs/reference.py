"""The reference: every public name with its signature and its docstring, on one page.

Written by `python -m tests.docs.reference`; `tests/house/test_reference.py` fails when the page is stale. Signatures
are read from the source, not from the objects, so that they are the same under every version of Python.
"""

import ast
import inspect
import itertools
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import atoll
import atoll.databases
import atoll.edge
import atoll.elsewhere
import atoll.hosting
import atoll.operating
import atoll.problems
import atoll.processes
import atoll.testing

PAGE = Path(__file__).parents[2] / "docs/reference/api.md"

HEAD = """\
# Reference

What `atoll`, `atoll.problems`, `atoll.edge`, `atoll.elsewhere`, `atoll.hosting`, `atoll.processes`, `atoll.databases`,
`atoll.operating` and `atoll.testing` offer, from the source. Written by `python -m tests.docs.reference`; do not edit
it.
"""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

BETWEEN = "\n# ---\n"
RAISES = re.compile(r"^Raises:\n(?P<each>(?:    .*\n?)+)", re.MULTILINE)
RAISED = re.compile(r"^    (\w[\w.]*(?:, \w[\w.]*)*): ", re.MULTILINE)
SESSION = re.compile(r"(?:^(?:>>>|\.\.\.).*\n?(?:^(?!>>>|\.\.\.|\n).+\n?)*)+", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """One public name, or several of one kind: how it is declared, and what its docstring says."""

    title: str
    stub: str
    text: str


def reference() -> str:
    """The whole page."""
    doors = (atoll, atoll.problems, atoll.edge, atoll.elsewhere, atoll.hosting, atoll.processes, atoll.databases)
    return HEAD + "".join(map(_section, (*doors, atoll.operating, atoll.testing)))


def _section(module: ModuleType) -> str:
    entries = [_entry(names, getattr(module, names[0])) for names in _grouped(module)]
    stubs = formatted(BETWEEN.join(entry.stub for entry in entries)).split(BETWEEN)
    lines = [f"\n## {module.__name__}\n"]
    for entry, stub in zip(entries, stubs, strict=True):
        lines += [f"### {entry.title}\n", f"```py\n{stub.strip()}\n```\n"]
        lines += [f"{text}\n"] if (text := markdown(entry.text)) else []
    return "\n".join(lines)


def formatted(source: str) -> str:
    """The source in the house format."""
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--no-cache", "--isolated", "--line-length=100", "-"]
    return subprocess.run(command, input=source, check=True, capture_output=True, text=True).stdout


def markdown(docstring: str) -> str:
    """A docstring as Markdown: examples fenced, what it raises as a list."""
    listed = RAISES.sub(lambda found: "Raises:\n\n" + RAISED.sub(_raised, found["each"]), docstring)
    return SESSION.sub(lambda found: f"```pycon\n{found[0].strip()}\n```\n", f"{listed}\n").strip()


def _raised(found: re.Match[str]) -> str:
    """The errors at the beginning of an item."""
    return "- " + ", ".join(f"`{name}`" for name in found[1].split(", ")) + ": "


def _grouped(module: ModuleType) -> Iterator[list[str]]:
    """The public names in order; those that are callable objects of one class, such as `get` and `post`, together."""
    groups: dict[object, list[str]] = {}
    for name in sorted(module.__all__, key=str.casefold):
        public: object = getattr(module, name)
        groups.setdefault(type(public) if _is_decorator(public) else name, []).append(name)
    yield from groups.values()


def _is_decorator(public: object) -> bool:
    return type(public).__module__.startswith("atoll.") and callable(public) and not inspect.isclass(public)


def _entry(names: list[str], public: Any) -> Entry:  # Any: classes, functions, decorators and aliases
    title = ", ".join(f"`{name}`" for name in names)
    if inspect.isclass(public) or inspect.isroutine(public):
        node = _parsed(public)
        assert isinstance(node, Definition)
        text = ast.get_docstring(node) or ""
        stub = _class_stub(node) if isinstance(node, ast.ClassDef) else _function_stub(node, "")
        return Entry(title, ast.unparse(stub), text)
    if not _is_decorator(public):
        return _alias(names[0], public)
    kind, call = _parsed(type(public)), _parsed(type(public).__call__)
    assert isinstance(kind, ast.ClassDef)
    assert isinstance(call, ast.FunctionDef)
    text = f"{ast.get_docstring(kind)}\n\n{ast.get_docstring(call)}"
    call.name, call.args.args = names[0], call.args.args[1:]
    return Entry(title, ast.unparse(_function_stub(call, "")), text)


def _parsed(public: Any) -> ast.stmt:  # Any: whatever has a source
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(public)))).body[0]


def _class_stub(node: ast.ClassDef) -> ast.ClassDef:
    """The class with its public fields and methods, without its docstring, which is shown as text."""
    node.decorator_list = [each for each in node.decorator_list if "transform" not in ast.unparse(each)]
    node.body = list(_public(node)) or [ast.Expr(ast.Constant(...))]
    return node


def _public(node: ast.ClassDef) -> Iterator[ast.stmt]:
    for member in node.body:
        match member:
            case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
                yield member
            case ast.FunctionDef(name="__init__", args=ast.arguments(kwarg=None)):
                yield _function_stub(member, "")
            case ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(member):  # `__anext__` of a port, too
                yield _function_stub(member, ast.get_docstring(member) or "")
            case _:
                pass


def _function_stub(
    node: ast.FunctionDef | ast.AsyncFunctionDef, docstring: str
) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The function with this docstring as its only body, indented as a method's is."""
    indented = textwrap.indent(docstring, " " * 8).strip() + ("\n        " if "\n" in docstring else "")
    node.body = [ast.Expr(ast.Constant(indented if docstring else ...))]
    return node


def _alias(name: str, public: Any) -> Entry:  # Any: the value that the alias stands for
    """An alias and the text below it, from the module in which it is written."""
    homes = [module for key, module in sorted(sys.modules.items()) if key.startswith("atoll.")]
    for home in [each for each in homes if vars(each).get(name) is public]:
        statements = ast.parse(inspect.getsource(home)).body
        for statement, below in itertools.pairwise(statements):
            match statement, below:
                case ast.AnnAssign(target=ast.Name(id=found)), ast.Expr(ast.Constant(str() as text)) if found == name:
                    return Entry(f"`{name}`", ast.unparse(statement), inspect.cleandoc(text))
                case _:
                    pass
    raise LookupError(f"`{name}` is no class, function or decorator, and no alias with a text below it")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
