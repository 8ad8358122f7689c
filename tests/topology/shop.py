"""An application in a folder, whose files a test may spoil."""

import sys
import textwrap
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

SHOP: dict[str, str] = {
    "shop/__init__.py": "",
    "shop/pricing/__init__.py": "",
    "shop/pricing/contract.py": """
        from typing import Protocol
        from atoll import contract, get

        @contract(version="1.0")
        class Pricing(Protocol):
            '''Knows what things cost.'''

            @get("/prices/{thing}")
            async def price(self, thing: str) -> int: ...
    """,
    "shop/pricing/service.py": """
        import shop.pricing.heavy
        from atoll import Service
        from shop.pricing.contract import Pricing

        class PricingService(Service, Pricing):
            async def price(self, thing: str) -> int:
                return len(thing)
    """,
    "shop/pricing/heavy.py": "",
    "shop/basket/__init__.py": "",
    "shop/basket/contract.py": """
        from typing import Protocol
        from atoll import contract, get

        @contract(version="1.0")
        class Basket(Protocol):
            '''Adds up.'''

            @get("/totals")
            async def total(self, things: tuple[str, ...]) -> int: ...
    """,
    "shop/basket/service.py": """
        from atoll import Service
        from shop.basket.contract import Basket
        from shop.pricing.contract import Pricing

        class BasketService(Service, Basket):
            pricing: Pricing

            async def total(self, things: tuple[str, ...]) -> int:
                return sum([await self.pricing.price(thing) for thing in things])
    """,
    "shop/janitor/__init__.py": "",
    "shop/janitor/service.py": """
        from atoll import Service

        class JanitorService(Service):
            '''Nobody calls it, so that it needs no contract.'''
    """,
    "shop/application.py": """
        from atoll import Application

        shop = Application(
            "shop",
            owner="us",
            services=[
                "shop.basket.service:BasketService",
                "shop.pricing.service:PricingService",
                "shop.janitor.service:JanitorService",
            ],
        )
    """,
}


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder, with these files in it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


@contextmanager
def importable(folder: Path) -> Generator[None]:
    """The folder's packages can be imported in the block; afterwards nothing is known of them."""
    known, path = set(sys.modules), list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - known:
            del sys.modules[name]
        for name in [name for name in sys.path_importer_cache if name.startswith(str(folder))]:
            del sys.path_importer_cache[name]
