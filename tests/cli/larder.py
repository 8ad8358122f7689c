"""An application whose only service owns a database, written into a folder by a test."""

import importlib
import sys
from pathlib import Path

FILES = {
    "pyproject.toml": '[tool.atoll]\napplication = "larder.application:larder"\n',
    "larder/__init__.py": "",
    "larder/application.py": """
from atoll import Application

larder = Application("larder", services=["larder.stock.service:StockService"], edges=(), owner="kitchen")
""",
    "larder/stock/__init__.py": "",
    "larder/stock/contract.py": """
from typing import Protocol

from atoll import contract, get, put


@contract(version="1.0")
class Stock(Protocol):
    \"\"\"Says what there is.\"\"\"

    @get("/things/{name}")
    async def count(self, name: str) -> int: ...

    @put("/things/{name}")
    async def set(self, name: str, count: int) -> None: ...
""",
    "larder/stock/service.py": """
from sqlalchemy import bindparam, insert, select

from atoll import Database, Service
from larder.stock.contract import Stock
from larder.stock.tables import things

COUNT = select(things.c.count).where(things.c.name == bindparam("which"))


class StockService(Service, Stock):
    db: Database

    async def count(self, name: str) -> int:
        return (await self.db.read(COUNT, {"which": name})).scalar() or 0

    async def set(self, name: str, count: int) -> None:
        async with self.db.transaction() as tx:
            await tx.execute(insert(things), {"name": name, "count": count})
""",
}

TABLES = """
from sqlalchemy import Column, Integer, MetaData, String, Table

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("count", Integer, nullable=False, server_default="0"),{more}
)
"""

SHELF = '\n    Column("shelf", String(20)),'


def write(folder: Path, more: str = "") -> None:
    """Write it, with more columns in its table; what was imported of it is forgotten."""
    for name, text in {**FILES, "larder/stock/tables.py": TABLES.format(more=more)}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    forget()


def forget() -> None:
    """Let it be imported again."""
    for module in [each for each in sys.modules if each.partition(".")[0] == "larder"]:
        del sys.modules[module]
    importlib.invalidate_caches()
