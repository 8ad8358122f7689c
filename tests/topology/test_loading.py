"""Mistakes of an application's references and modules, each with the file and line where it is to be mended."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from atoll import Application, Mistakes, Service, contract, load_application
from atoll.kernel import Mistake
from atoll.testing import running
from atoll.topology.loading import load_units
from tests.simulated import simulated
from tests.topology.shop import SHOP, importable, written

# What is wrong: the files that differ, the file and line of the mistake, and what is said of it.
WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "a module that raises": (
        {"shop/pricing/service.py": "from atoll import Service\n\nint('x')\n"},
        "shop/pricing/service.py:3",
        "shop.pricing.service cannot be imported: ValueError: invalid literal for int()",
    ),
    "a module that raises in a library": (
        {"shop/pricing/service.py": "import json\n\njson.loads('{')\n"},
        "shop/pricing/service.py:3",
        "shop.pricing.service cannot be imported: JSONDecodeError",
    ),
    "a module that raises in another one": (
        {"shop/pricing/heavy.py": "\n\n\n1 / 0\n"},
        "shop/pricing/heavy.py:4",
        "shop.pricing.heavy cannot be imported: ZeroDivisionError: division by zero",
    ),
    "a syntax error": (
        {"shop/pricing/heavy.py": "\nclass\n"},
        "shop/pricing/heavy.py:2",
        "the module cannot be imported: SyntaxError",
    ),
    "a library that is missing": (
        {"shop/pricing/heavy.py": "\nimport pandas_of_2030\n"},
        "shop/pricing/heavy.py:2",
        "shop.pricing.heavy cannot be imported: ModuleNotFoundError",
    ),
    "a name that is missing": (
        {"shop/pricing/service.py": "\n"},
        "shop/pricing/service.py",
        "shop.pricing.service has no `PricingService`",
    ),
    "something that is no service": (
        {"shop/pricing/service.py": "\nclass PricingService:\n    pass\n"},
        "shop/pricing/service.py:2",
        "is not a service",
    ),
    "a contract that raises": (
        {"shop/pricing/contract.py": "\nraise KeyError('x')\n"},
        "shop/pricing/contract.py:2",
        "shop.pricing.contract cannot be imported: KeyError: 'x'",
    ),
    "several contracts beside it": (
        {
            "shop/pricing/contract.py": SHOP["shop/pricing/contract.py"]
            + "\n        class More(Protocol): ...\n        contract(version='1.0', id='more')(More)\n"
        },
        "shop/pricing/contract.py",
        "shop.pricing.contract holds several contracts: Pricing, More",
    ),
    "a contract that it does not fulfil": (
        {
            "shop/pricing/service.py": """
                from atoll import Service

                class PricingService(Service):
                    '''Forgot its contract.'''
            """
        },
        "shop/pricing/service.py:4",
        "shop.pricing.service:PricingService does not fulfil pricing/v1, the contract beside it",
    ),
    "a contract that is elsewhere": (
        {
            "shop/pricing/contract.py": "",
            "shop/prices.py": SHOP["shop/pricing/contract.py"],
            "shop/pricing/service.py": SHOP["shop/pricing/service.py"].replace("shop.pricing.contract", "shop.prices"),
            "shop/basket/service.py": SHOP["shop/basket/service.py"].replace("shop.pricing.contract", "shop.prices"),
        },
        "shop/pricing/service.py:6",
        "shop.pricing.service:PricingService fulfils pricing/v1, which is not beside it",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_with_its_file_and_line(tmp_path: Path, case: str) -> None:
    """The innermost line of the application's own."""
    files, where, what = WRONG[case]

    (mistake,) = mistakes_of(tmp_path, SHOP | files)

    assert str(mistake.where) == str(tmp_path / where)
    assert what in mistake.what
    assert mistake.fix


# References that lead nowhere, and what is said of them, whether or not the service is hosted.
LOST = {
    "nonsense": "`nonsense` does not name a place",
    "shop.pricing.service:": "`shop.pricing.service:` does not name a place",
    "shop.pricing.service:Pricing Service": "`shop.pricing.service:Pricing Service` does not name a place",
    "shopp.pricing.service:PricingService": "cannot be imported: No module named 'shopp'",
    "shop.prycing.service:PricingService": "cannot be imported: No module named 'shop.prycing'",
}


@pytest.mark.parametrize("hosted", [None, ["basket"]], ids=["all", "some"])
@pytest.mark.parametrize("place", LOST)
def test_a_reference_that_leads_nowhere_is_told(tmp_path: Path, place: str, hosted: list[str] | None) -> None:
    """Also by a process that would not host it."""
    lost = {"shop/application.py": SHOP["shop/application.py"].replace("shop.pricing.service:PricingService", place)}

    (mistake,) = mistakes_of(tmp_path, SHOP | lost, hosted)

    assert mistake.where is None
    assert LOST[place] in mistake.what


def test_a_service_that_there_is_not_cannot_be_hosted(tmp_path: Path) -> None:
    """The names that there are stand beside it."""
    (mistake,) = mistakes_of(tmp_path, SHOP, ["baskets"])

    assert mistake.what == "shop has no service `baskets`"
    assert mistake.fix == "its services are basket, janitor, pricing"


def test_a_reference_may_name_its_contract(tmp_path: Path) -> None:
    """Where several are beside it, or none."""
    named = SHOP["shop/application.py"].replace(
        '"shop.pricing.service:PricingService"',
        'Reference("shop.pricing.service:PricingService", contract="shop.pricing.contract:Pricing")',
    )
    files = {
        "shop/application.py": named.replace("import Application", "import Application, Reference"),
        "shop/pricing/contract.py": WRONG["several contracts beside it"][0]["shop/pricing/contract.py"],
    }

    assert mistakes_of(tmp_path, SHOP | files) == []


def test_all_mistakes_of_all_services_are_told_at_once(tmp_path: Path) -> None:
    """Whatever kind they are of."""
    files = {
        "shop/pricing/heavy.py": "1 / 0\n",
        "shop/janitor/service.py": "",
        "shop/basket/service.py": SHOP["shop/basket/service.py"].replace("pricing: Pricing", "pricing: int"),
        "shop/application.py": SHOP["shop/application.py"].replace('"shop",', '"The Shop",'),
    }

    mistakes = mistakes_of(tmp_path, SHOP | files)

    assert [mistake.what for mistake in mistakes] == [
        "`The Shop` is not a name of an application",
        "BasketService: nobody can inject `pricing: int`",
        "shop.pricing.heavy cannot be imported: ZeroDivisionError: division by zero",
        "shop.janitor.service has no `JanitorService`",
    ]


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("shop.application", "does not name a place"),
        ("shop.application:market", "shop.application has no `market`"),
        ("shop.application:Application", "is not an Application but type"),
        ("shop.nothing:shop", "No module named 'shop.nothing'"),
    ],
)
def test_an_application_that_is_not_there_is_told(tmp_path: Path, place: str, what: str) -> None:
    """The first thing that people mistype."""
    with importable(written(tmp_path, SHOP)), pytest.raises(Mistakes, match=what):
        load_application(place, tmp_path)


def mistakes_of(folder: Path, files: Mapping[str, str], hosted: list[str] | None = None) -> list[Mistake]:
    """What is wrong with a shop of these files, as a process is told that hosts these services."""
    told: list[Mistake] = []

    @simulated
    async def run() -> None:
        async with running(load_application("shop.application:shop", folder), services=hosted):
            pass

    with importable(written(folder, files)):
        try:
            run()
        except Mistakes as mistakes:
            told += mistakes.mistakes
    return told


def test_no_service_can_be_called_as_the_settings_of_databases_are() -> None:
    """`[database]` in `atoll.toml` would be for both."""

    @contract(version="1.0")
    class Database(Protocol):
        """Keeps what it is given."""

    class DatabaseService(Service, Database):
        """Keeps it."""

    _, mistakes = load_units(Application("shop", services=[DatabaseService], owner="me"), None)

    assert [mistake.what for mistake in mistakes] == ["no service can be called `database`"]
