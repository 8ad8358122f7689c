"""A contract travels with the modules that it is written with, and with nothing else."""

import importlib
import sys
import zipfile
from collections.abc import Callable, Collection
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest

from atoll import Mistakes, contract_of, describe, openapi
from atoll.contract import contract_from_document
from atoll.topology.contract_wheels import ContractWheel, contract_wheel, wheel_of
from revenue.application import revenue

CONTRACT = """\
from typing import Protocol
{imports}
from atoll import contract, get


@contract(version="1.3")
class Tides(Protocol):
    \"\"\"Says when the water comes,
    and when it goes.

    And more.\"\"\"

    @get("/tides")
    async def tides(self) -> list[str]: ...
"""

Packed = Callable[..., ContractWheel]


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packed:
    """The wheel of a contract in a package `coast`, which has these other modules."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def pack(imports: str = "", implementations: Collection[str] = (), **modules: str) -> ContractWheel:
        for name in [name for name in sys.modules if name.split(".")[0] == "coast"]:
            del sys.modules[name]
        importlib.invalidate_caches()
        (tmp_path / "coast/tides").mkdir(parents=True)
        written = {
            "tides__contract": CONTRACT.format(imports=imports),
            "__init__": "WORDS = 1\n",
            "tides____init__": "",
        }
        for name, text in {**written, **modules}.items():
            place = name if name.startswith("__") else name.replace("__", "/", 1)
            (tmp_path / f"coast/{place}.py").write_text(text, encoding="utf-8")
        module: ModuleType = importlib.import_module("coast.tides.contract")
        return wheel_of(contract_of(module.Tides), "coast-guard", "tides", implementations)

    return pack


def files(wheel: ContractWheel) -> dict[str, str]:
    with zipfile.ZipFile(BytesIO(wheel.content)) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_a_contract_alone_is_one_module(packed: Packed) -> None:
    """Without the package's own `__init__`, which may load the whole application."""
    wheel = packed()

    assert wheel.file == "coast_guard_tides_contract-1.3-py3-none-any.whl"
    assert wheel.modules == ("coast.tides.contract",)
    assert [name for name in files(wheel) if "dist-info" not in name] == [
        "coast/tides/contract.py",
        "coast/tides/py.typed",
    ]


def test_its_metadata_says_what_it_is(packed: Packed) -> None:
    """Its name, its version, its sentence, and what it requires."""
    metadata = files(packed())["coast_guard_tides_contract-1.3.dist-info/METADATA"].splitlines()

    assert metadata[1:] == [
        "Name: coast-guard-tides-contract",
        "Version: 1.3",
        "Summary: Says when the water comes, and when it goes.",
        "Requires-Python: >=3.11",
        "Requires-Dist: atoll",
    ]


@pytest.mark.parametrize(
    "imports",
    [
        "from coast.units import Metre",
        "from coast import units",
        "import coast.units",
        "from .. import units",
        "from ..units import Metre",
        "if True:\n    from coast.units import Metre",
    ],
)
def test_what_it_imports_of_its_package_comes_along(packed: Packed, imports: str) -> None:
    """However it is written, and what that imports, too."""
    wheel = packed(imports, units="from coast.scales import ONE\nMetre = int\n", scales="import json\nONE = 1\n")

    assert wheel.modules == ("coast.scales", "coast.tides.contract", "coast.units")


def test_modules_that_import_each_other_come_along_once(packed: Packed) -> None:
    """A circle has no end."""
    wheel = packed("import coast.units", units="import coast.scales\n", scales="import coast.units\n")

    assert wheel.modules == ("coast.scales", "coast.tides.contract", "coast.units")


def test_other_distributions_are_required(packed: Packed) -> None:
    """Under the name of the distribution, which is not always that of the module."""
    wheel = packed("import msgspec\nimport json\nfrom coast import units", units="import markdown_it\n")

    assert wheel.requires == ("atoll", "markdown-it-py", "msgspec")


@pytest.mark.parametrize(
    ("imports", "modules", "what"),
    [
        (
            "from coast.tides import service",
            {"tides__service": "X = 1\n"},
            "imports coast.tides.service, which is the implementation of a service",
        ),
        (
            "from coast.pumps import X",
            {"pumps": "from atoll import Service\nX = 1\n"},
            "imports coast.pumps, which is the implementation of a service",
        ),
        ("from coast import WORDS", {}, "needs `WORDS` of coast/__init__.py, which stays behind"),
        ("import tests.wires_of_nobody_else", {}, "imports tests.wires_of_nobody_else, which belongs to no"),
    ],
)
def test_what_cannot_travel_is_told(
    packed: Packed, monkeypatch: pytest.MonkeyPatch, imports: str, modules: dict[str, str], what: str
) -> None:
    """With the line of the import."""
    monkeypatch.setitem(sys.modules, "tests.wires_of_nobody_else", ModuleType("tests.wires_of_nobody_else"))

    with pytest.raises(Mistakes) as caught:
        packed(imports, ["coast.tides.service"], **modules)

    (mistake,) = caught.value.mistakes
    assert what in mistake.what
    assert mistake.where is not None
    assert mistake.where.line in {1, 2}


def test_a_contract_beside_its_implementation_is_told(packed: Packed) -> None:
    """The wheel would hold the service."""
    with pytest.raises(Mistakes, match=r"beside the implementation of a service"):
        packed("", ["coast.tides.contract"])


def test_the_same_source_makes_the_same_bytes() -> None:
    """So that a wheel can be made again, compared, and kept under its digest."""
    graph = describe(revenue)

    assert contract_wheel(graph, "scoring") == contract_wheel(graph, "scoring")


def test_a_service_that_is_not_there_has_no_wheel() -> None:
    """Nor has one without a contract."""
    with pytest.raises(KeyError):
        contract_wheel(describe(revenue), "nobody")


def test_a_contract_out_of_a_document_is_handed_over_as_that() -> None:
    """It has no module that could travel."""
    contract = describe(revenue).services[0].contract
    assert contract is not None
    read, mistakes = contract_from_document(openapi([contract], title="capture", version="1.0"), id="capture")
    assert not mistakes
    assert read is not None

    with pytest.raises(Mistakes, match="made from a document"):
        wheel_of(read, "revenue", "capture", ())
