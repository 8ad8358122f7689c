"""The contract is the only door: services of an application import each other's contract and nothing else."""

from collections.abc import Iterable, Iterator

import grimp
import pytest

from tests.house.checkout import ROOT

APPLICATIONS = sorted(path.parent.name for path in ROOT.glob("apps/*/pyproject.toml"))


def doors_missed(application: str, modules: Iterable[str], imports: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Imports (importer, imported) by which one service reaches into another, or a contract into an implementation.

    A contract that is long keeps its values in modules beside it; they and all that these import are a part of it.
    """
    services = {
        name.split(".")[1] for name in modules if name.count(".") == 2 and name.endswith((".contract", ".service"))
    }
    pairs = list(imports)
    promised = _beside_contracts(pairs)
    for importer, imported in pairs:
        ours, theirs = importer.split(".")[1:], imported.split(".")[1:]
        is_contract = theirs[1:2] == ["contract"]
        if not ours or not theirs or ours[0] not in services or is_contract:
            continue
        if theirs[0] in services and theirs[0] != ours[0]:
            yield f"{importer} imports {imported}: only {application}.{theirs[0]}.contract is open to others"
        elif importer in promised and (theirs[0] != ours[0] or theirs[1:2] in IMPLEMENTATION):
            yield f"{importer} imports {imported}: a contract knows contracts, and the values beside it"


IMPLEMENTATION = (["service"], ["store"], ["tables"])
"""Modules that no contract is made of."""


def _beside_contracts(imports: list[tuple[str, str]]) -> set[str]:
    """Contracts, and the modules of their own service that they are made of."""
    promised = {importer for importer, _ in imports if importer.split(".")[2:] == ["contract"]}
    while True:
        more = {
            imported
            for importer, imported in imports
            if importer in promised and imported.split(".")[:2] == importer.split(".")[:2] and imported.count(".") == 2
        }
        if more <= promised:
            return promised
        promised |= more


@pytest.mark.parametrize("application", APPLICATIONS)
def test_services_import_each_others_contract_only(application: str) -> None:
    """Whoever imports an implementation cannot be placed elsewhere, nor released alone."""
    graph = grimp.build_graph(application, cache_dir=None)
    imports = [
        (importer, each) for importer in graph.modules for each in graph.find_modules_directly_imported_by(importer)
    ]

    findings = sorted(doors_missed(application, graph.modules, imports))

    assert not findings, "\n".join(findings)


MODULES = [
    "shop.application",
    "shop.cart.contract",
    "shop.cart.rules",
    "shop.cart.service",
    "shop.stock",
    "shop.stock.contract",
    "shop.stock.service",
    "shop.words",
]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("shop.cart.service", "shop.stock.service"),
        ("shop.cart.rules", "shop.stock"),
        ("shop.cart.contract", "shop.cart.service"),
        ("shop.cart.contract", "shop.words"),
    ],
)
def test_a_way_past_the_door_is_found(importer: str, imported: str) -> None:
    """The control."""
    assert list(doors_missed("shop", MODULES, [(importer, imported)]))


def test_values_beside_a_contract_are_a_part_of_it() -> None:
    """So that what these import is looked at as well."""
    imports = [("shop.cart.contract", "shop.cart.rules"), ("shop.cart.rules", "shop.cart.tables")]

    assert not list(doors_missed("shop", MODULES, imports[:1]))
    assert len(list(doors_missed("shop", MODULES, imports))) == 1


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("shop.application", "shop.cart.service"),
        ("shop.cart.service", "shop.stock.contract"),
        ("shop.cart.service", "shop.cart.rules"),
        ("shop.cart.contract", "shop.stock.contract"),
        ("shop.cart.service", "shop.words"),
    ],
)
def test_the_ordinary_ways_are_let_through(importer: str, imported: str) -> None:
    """The other control."""
    assert not list(doors_missed("shop", MODULES, [(importer, imported)]))
