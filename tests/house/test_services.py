"""The contract is the only door: services of an application import each other's contract and nothing else."""

from collections.abc import Iterable, Iterator

import grimp
import pytest

from tests.house.checkout import ROOT

APPLICATIONS = sorted(path.parent.name for path in ROOT.glob("apps/*/pyproject.toml"))


def doors_missed(application: str, modules: Iterable[str], imports: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Imports (importer, imported) by which one service reaches into another, or a contract into an implementation."""
    services = {
        name.split(".")[1] for name in modules if name.count(".") == 2 and name.endswith((".contract", ".service"))
    }
    for importer, imported in imports:
        ours, theirs = importer.split(".")[1:], imported.split(".")[1:]
        is_contract = theirs[1:2] == ["contract"]
        if not ours or not theirs or ours[0] not in services or is_contract:
            continue
        if theirs[0] in services and theirs[0] != ours[0]:
            yield f"{importer} imports {imported}: only {application}.{theirs[0]}.contract is open to others"
        elif ours[1:2] == ["contract"]:
            yield f"{importer} imports {imported}: a contract knows contracts only"


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
        ("shop.cart.contract", "shop.cart.rules"),
        ("shop.cart.contract", "shop.words"),
    ],
)
def test_a_way_past_the_door_is_found(importer: str, imported: str) -> None:
    """The control."""
    assert list(doors_missed("shop", MODULES, [(importer, imported)]))


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
