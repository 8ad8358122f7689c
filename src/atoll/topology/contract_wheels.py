"""Contracts as wheels: the module of a contract and the modules that it is written with, and nothing else.

A service that is a distribution of its own installs the contracts that it calls, not the services behind them. The
packages' own `__init__` modules stay behind, so that several such wheels share a package in one environment (PEP 420).
"""

import ast
import importlib.metadata
import importlib.util
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec

from atoll.adapters.wheels import pure_wheel
from atoll.contract import Contract
from atoll.kernel import Mistake, Source, refuse
from atoll.topology.graph import Graph

Written = Callable[[str], str | None]
"""The source of a module by its name; "" for a package without one, None where there is no such module."""


@dataclass(frozen=True, slots=True)
class ContractWheel:
    """A wheel: its file name, its bytes, the modules in it, and the distributions that it requires."""

    file: str
    content: bytes
    modules: tuple[str, ...]
    requires: tuple[str, ...]


def contract_wheel(graph: Graph, service: str) -> ContractWheel:
    """The contract of one of the application's services as a wheel; the same bytes from the same source.

    It is called `{application}-{service}-contract`, and its version is the contract's.

    Raises:
        KeyError: there is no such service, or it has no contract.
        Mistakes: its module imports an implementation, or something that no wheel can bring along.
    """
    found = {each.name: each.contract for each in graph.services}.get(service)
    if found is None:
        raise KeyError(service)
    implementations = {each.service.__module__ for each in graph.services}
    return wheel_of(found, graph.application.name, service, implementations)


def wheel_of(contract: Contract, application: str, service: str, implementations: Collection[str]) -> ContractWheel:
    """See `contract_wheel`; `implementations` are modules that must stay behind."""
    module = contract.protocol.__module__
    refuse(_unmovable(contract, implementations))
    gathered = _Gathered(module, implementations)
    gathered.take(module)
    refuse(gathered.mistakes)
    name = f"{application}-{service}-contract"
    requires = tuple(sorted({"atoll", *gathered.requires}))
    files = {_path(module): text.encode() for module, text in gathered.modules.items()}
    typed = {f"{path.rpartition('/')[0]}/py.typed": b"" for path in files if "/" in path}
    metadata = _metadata(name, contract, requires)
    file, content = pure_wheel(name, contract.version, metadata, {**files, **typed})
    return ContractWheel(file, content, tuple(sorted(gathered.modules)), requires)


def _unmovable(contract: Contract, implementations: Collection[str]) -> Iterator[Mistake]:
    module, where = contract.protocol.__module__, Source.of(contract.protocol)
    fix = "move it into a module of its own, `contract.py`"
    if getattr(sys.modules.get(module), contract.protocol.__name__, None) is not contract.protocol:
        yield Mistake(None, f"{contract.name} is no class of a module, but was made from a document", "hand that over")
    elif module in implementations:
        yield Mistake(where, f"the contract stands in {module}, beside the implementation of a service", fix)
    elif _is_package(module):
        yield Mistake(where, f"the contract stands in {module}/__init__.py, which stays behind", fix)
    elif _source(module) is None:
        yield Mistake(where, f"there is no source of {module}, in which the contract stands", fix)


def imports_of(source: str, module: str) -> Iterator[tuple[int, str, str]]:
    r"""Line, module and name of each import in a module's source; the name is empty for a plain `import`.

    >>> list(imports_of("import json\nfrom .lead import Lead", "shop.scoring.contract"))
    [(1, 'json', ''), (2, 'shop.scoring.lead', 'Lead')]
    """
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, each.name, "") for each in names)
            case ast.ImportFrom(module=named, names=names, level=level):
                base = ".".join(module.split(".")[:-level]) if level else ""
                origin = ".".join(filter(None, (base, named)))
                yield from ((node.lineno, origin, each.name) for each in names)
            case _:
                pass


@dataclass
class _Gathered:
    """The modules that travel, found from one on. Owned by `wheel_of`."""

    first: str
    implementations: Collection[str]
    modules: dict[str, str] = field(default_factory=dict[str, str])
    requires: set[str] = field(default_factory=set[str])
    mistakes: list[Mistake] = field(default_factory=list[Mistake])

    def take(self, module: str) -> None:
        """Take a module, and what it imports of the same package."""
        source = _source(module)
        assert source is not None
        self.modules[module] = source
        for line, origin, name in imports_of(source, module):
            if (origin, name) == ("atoll", "Service"):
                self._implementation(_where(module, line), module)
            elif origin.partition(".")[0] == self.first.partition(".")[0]:
                self._neighbour(_where(module, line), origin, name)
            else:
                self._stranger(_where(module, line), origin)

    def _neighbour(self, where: Source, origin: str, name: str) -> None:
        """An import of the same package: the module itself, or one in a package that is named."""
        inner = f"{origin}.{name}" if name else origin
        module = inner if _source(inner) is not None else origin
        if module in self.implementations:
            self._implementation(where, module)
        elif _is_package(module):
            what = f"{self.first} needs {f'`{name}` of ' if name else ''}{module}/__init__.py, which stays behind"
            self.mistakes.append(Mistake(where, what, "import it from the module in which it is written"))
        elif module not in self.modules:
            self.take(module)

    def _implementation(self, where: Source, module: str) -> None:
        what = f"{self.first} imports {module}, which is the implementation of a service"
        self.mistakes.append(Mistake(where, what, "move what the contract needs into a module that implements nothing"))

    def _stranger(self, where: Source, origin: str) -> None:
        """An import from outside: the standard library, or a distribution that will be required."""
        top = origin.partition(".")[0]
        if top in sys.stdlib_module_names or top == "atoll":
            return
        distributions = _distributions().get(top)
        if distributions is None:
            what = f"{self.first} imports {origin}, which belongs to no installed distribution"
            fix = f"move what the contract needs into {self.first.partition('.')[0]}, or make that a distribution"
            self.mistakes.append(Mistake(where, what, fix))
        else:
            self.requires.add(min(distributions))


def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # a name below a module that is no package; the program itself
        return None


def _source(module: str) -> str | None:
    spec = _spec(module)
    if spec is None:
        return None
    get_source: Callable[[str], str | None] | None = getattr(spec.loader, "get_source", None)
    return (get_source(module) or "") if get_source is not None else ""


def _is_package(module: str) -> bool:
    spec = _spec(module)
    return spec is not None and spec.submodule_search_locations is not None


def _where(module: str, line: int) -> Source:
    spec = _spec(module)
    return Source((spec.origin if spec else None) or module, line)


def _path(module: str) -> str:
    return f"{module.replace('.', '/')}.py"


def _metadata(name: str, contract: Contract, requires: Collection[str]) -> str:
    summary = re.sub(r"\s+", " ", contract.description.partition("\n\n")[0]).strip()
    python = importlib.metadata.metadata("atoll").json.get("requires_python", ">=3.11")
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {contract.version}",
        *([f"Summary: {summary}"] if summary else []),
        f"Requires-Python: {python}",
        *(f"Requires-Dist: {each}" for each in requires),
    ]
    return "\n".join(lines) + "\n"
