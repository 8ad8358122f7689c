"""What lies in `contracts` is taken from there, whoever requires it, and is looked for nowhere else."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from atoll import Mistakes
from atoll.adapters.distributions import Declared, fitting_wheels
from atoll.adapters.environments import Environments
from atoll.adapters.installers import CONSTRAINTS, Installer, Pip, Wanted, present_installer
from atoll.adapters.wheels import pure_wheel
from tests.adapters.test_environments import Quick
from tests.amount import amount


@dataclass(frozen=True)
class Noting(Quick):
    """Installs nothing; what was wanted is in `asked`."""

    asked: list[Wanted] = field(default_factory=list[Wanted])

    def install(self, folder: Path, wanted: Wanted) -> Sequence[str]:
        self.asked.append(wanted)
        return super().install(folder, wanted)


def wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    """A wheel with nothing in it but what it declares."""
    lines = [f"Requires-Dist: {each}\n" for each in requires]
    metadata = "".join(
        ["Metadata-Version: 2.1\n", f"Name: {name}\n", f"Version: {version}\n", "Provides-Extra: coins\n", *lines]
    )
    file, content = pure_wheel(name, version, metadata, {})
    folder.mkdir(exist_ok=True)
    (folder / file).write_bytes(content)
    return folder / file


def project(folder: Path, more: str) -> None:
    """A folder from which a service could be built."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(f'[project]\nname = "pricing"\nversion = "1"\n{more}', encoding="utf-8")


def taken(folder: Path, requirement: str) -> list[str]:
    """The wheels that an installer was told to install with a requirement, or to take where something requires them."""
    installer = Noting(folder / "built")
    Environments(folder / "state", folder, installer=installer).build("pricing", requirement)
    (wanted,) = installer.asked
    told = sorted(
        word.rpartition("/")[2].removesuffix("-py3-none-any.whl") for word in (*wanted.arguments, *wanted.pinned)
    )
    return [each for each in told if each.startswith("shop_")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with contracts: one requires another, and with an extra a third."""
    contracts = tmp_path / "contracts"
    for version in ("1.0", "1.1", "2.0"):
        wheel(contracts, "shop-tax-contract", version, "shop-money-shapes<2", 'shop-coins ; extra == "coins"')
    for version in ("1.0", "2.0"):
        wheel(contracts, "shop-money-shapes", version)
    wheel(contracts, "shop-coins", "1.0")
    return tmp_path


def test_what_contracts_require_is_taken_from_there_too(folder: Path) -> None:
    """The newest that fits, of each name; whatever else lies there is taken if an index's distribution requires it."""
    project(folder / "pricing", 'dependencies = ["shop_tax.contract<2"]')

    assert taken(folder, "./pricing") == ["shop_coins-1.0", "shop_money_shapes-1.0", "shop_tax_contract-1.1"]


def test_extras_count(folder: Path) -> None:
    """Those of the service, those that are made of others, and those of a contract."""
    project(
        folder / "pricing",
        "[project.optional-dependencies]\n"
        'all = ["pricing[fast]"]\nfast = ["shop-tax-contract[coins]<2"]\nslow = ["shop-tax-contract>=9"]',
    )
    wheel(folder / "contracts", "shop-money-shapes", "1.7")
    wheel(folder / "contracts", "shop-coins", "2.0", "shop-money-shapes<1.5")

    assert taken(folder, "./pricing[all]") == ["shop_coins-2.0", "shop_money_shapes-1.0", "shop_tax_contract-1.1"]
    with pytest.raises(Mistakes):
        taken(folder, "./pricing[slow]")


@pytest.mark.parametrize(("python", "found"), [("3.4.1", ["shop-tax-contract", "shop-money-shapes"]), ("3.12.1", [])])
def test_markers_are_those_of_the_services_own_python(folder: Path, python: str, found: list[str]) -> None:
    """Not of the Python that builds."""
    requires = (Requirement("shop-tax-contract<2; python_version < '3.5'"),)
    pricing = Declared("pricing", "1", requires, SpecifierSet())

    assert list(fitting_wheels(pricing, (), (folder / "contracts").glob("*.whl"), python)) == found


@pytest.mark.parametrize(
    ("requirement", "more"),
    [("pricing>=1", ""), ("./pricing", 'dynamic = ["dependencies"]'), ("pricing @ file:///pricing.zip", "")],
)
def test_what_only_the_build_knows_finds_them_as_well(folder: Path, requirement: str, more: str) -> None:
    """The newest of each: an index is never asked for their names."""
    project(folder / "pricing", more)

    assert taken(folder, requirement) == ["shop_coins-1.0", "shop_money_shapes-2.0", "shop_tax_contract-2.0"]


def test_a_service_that_is_a_name_may_lie_there_itself(folder: Path) -> None:
    """Then all is known beforehand."""
    wheel(folder / "contracts", "shop-pricing", "1.0", "shop-tax-contract<2")

    assert taken(folder, "shop-pricing") == [
        *("shop_coins-1.0", "shop_money_shapes-1.0", "shop_pricing-1.0", "shop_tax_contract-1.1"),
    ]


@pytest.mark.parametrize("requirement", ["./pricing", "shop-tax-contract>=3"])
def test_what_lies_there_and_does_not_fit_is_refused(folder: Path, requirement: str) -> None:
    """A stranger's distribution of that name could be what fits."""
    project(folder / "pricing", 'dependencies = ["shop-tax-contract>=3"]')

    with pytest.raises(Mistakes) as caught:
        taken(folder, requirement)

    (mistake,) = caught.value.mistakes
    assert mistake.what == "pricing: shop-tax-contract>=3 is required, and contracts has only 1.0, 1.1, 2.0"
    assert mistake.fix.startswith(f"put a wheel that fits into {folder}/contracts")


def test_another_contract_that_nobody_requires_changes_nothing(folder: Path) -> None:
    """An environment is made again where something changes that it holds."""
    project(folder / "pricing", 'dependencies = ["shop-tax-contract<2"]')
    environments = Environments(folder / "state", folder, installer=Quick(folder / "built"))
    first = environments.build("pricing", "./pricing")

    wheel(folder / "contracts", "shop-other", "1.0")
    same = environments.build("pricing", "./pricing")
    wheel(folder / "contracts", "shop-money-shapes", "1.5")
    other = environments.build("pricing", "./pricing")

    assert same == first
    assert other != first


@pytest.mark.slow
@pytest.mark.parametrize("installer", [present_installer(), *amount([], [Pip()])], ids=lambda installer: installer.name)
def test_installers_do_as_they_are_told(folder: Path, installer: Installer) -> None:
    """Without an index; and a version that does not fit is refused."""
    environment = folder / "environment"
    made = installer.make(Path(sys.executable), environment)
    subprocess.run(made, check=True, capture_output=True)
    wheels = sorted((folder / "contracts").glob("*-1.0-*.whl"))
    offline = os.environ | {"UV_NO_INDEX": "1", "PIP_NO_INDEX": "1"}

    def code(requirement: str, *beside: Path) -> int:
        root = wheel(folder, "shop-pricing", "1.0", requirement)
        pins = [f"{path.name.partition('-')[0]} @ {path.as_uri()}" for path in wheels if path not in beside]
        (environment / CONSTRAINTS).write_text("\n".join(pins), encoding="utf-8")
        wanted = Wanted((str(root), *map(str, beside)), tuple(pins), ("shop-pricing",))
        command = installer.install(environment, wanted)
        return subprocess.run(command, check=False, capture_output=True, env=offline).returncode

    assert code("shop-tax-contract>=2") != 0
    assert code("shop-tax-contract") == 0
    assert code("shop-tax-contract[coins]", wheels[-1]) == 0
    assert list(environment.glob("lib/python3*/site-packages/shop_coins-1.0.dist-info"))
