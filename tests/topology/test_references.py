"""A process imports every contract, and only the services that it hosts: read from `sys.modules` of a process."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, cast

from tests.topology.shop import SHOP, written

RUN = """
import asyncio, json, sys
from pathlib import Path
from atoll import Problem, load_application
from atoll.testing import running

async def main():
    shop = load_application("shop.application:shop", Path(sys.argv[1]))
    async with running(shop, services=json.loads(sys.argv[2])) as app:
        from shop.basket.contract import Basket
        try:
            outcome = await app.client(Basket).total(("pear", "fig"))
        except Problem as problem:
            outcome = str(problem)
        modules = sorted(name for name in sys.modules if name.startswith("shop."))
        print(json.dumps({"instances": sorted(app.instances), "outcome": outcome, "modules": modules}))

asyncio.run(main())
"""


class Told(TypedDict):
    """What a process says of itself."""

    instances: list[str]
    outcome: object
    modules: list[str]


def run(folder: Path, files: Mapping[str, str], hosted: list[str] | None) -> Told:
    """A process that hosts these services of the shop, and asks for the total of a basket."""
    command = [sys.executable, "-c", RUN, str(written(folder, files)), json.dumps(hosted)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return cast(Told, json.loads(done.stdout))


def test_a_process_that_hosts_everything_imports_everything(tmp_path: Path) -> None:
    """The control."""
    told = run(tmp_path, SHOP, None)

    assert told["instances"] == ["basket", "janitor", "pricing"]
    assert told["outcome"] == 7
    assert {"shop.pricing.service", "shop.pricing.heavy", "shop.janitor.service"} <= set(told["modules"])


def test_a_process_imports_all_contracts_but_only_the_services_that_it_hosts(tmp_path: Path) -> None:
    """What others host costs nothing here, and need not even work here. Calling it is possible, and unavailable."""
    broken = SHOP | {"shop/pricing/heavy.py": "import pandas_of_2030\n"}

    told = run(tmp_path, broken, ["basket"])

    assert told["instances"] == ["basket"]
    assert told["outcome"] == "pricing cannot answer now: no instance of it runs here"
    assert told["modules"] == [
        "shop.application",
        "shop.basket",
        "shop.basket.contract",
        "shop.basket.service",
        "shop.janitor",
        "shop.pricing",
        "shop.pricing.contract",
    ]
