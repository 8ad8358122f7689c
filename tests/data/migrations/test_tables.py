"""Which tables a service has: those beside it, those in its own file, and none of anybody else's."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from atoll import Mistakes, Service
from atoll.data.migrating import described, tables_of
from tests.data.migrations.packages import LEADS, Package

SERVICE = """
import sqlalchemy as sa
from atoll import Service


class KeepService(Service, owner="tests"):
    async def start(self) -> None: ...
"""


@pytest.fixture
def service_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], type[Service]]]:
    """Makes the service in a file of its own, on the top floor of the import path."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def made(source: str) -> type[Service]:
        (tmp_path / "lonely.py").write_text(SERVICE + source)
        importlib.invalidate_caches()
        service: type[Service] = importlib.import_module("lonely").KeepService
        return service

    yield made
    for name in ("lonely", "tables"):
        sys.modules.pop(name, None)


def test_tables_beside_the_service_are_its_own(package: Package) -> None:
    """The convention of a service with a folder."""
    package.declare(LEADS)

    tables = package.tables()

    assert tables.names == ["leads"]
    assert tables.migrations == package.migrations


@pytest.mark.parametrize(
    "source",
    [
        'metadata = sa.MetaData()\nsa.Table("leads", metadata, sa.Column("id", sa.Integer))',
        'leads = sa.Table("leads", sa.MetaData(), sa.Column("id", sa.Integer))',
        """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase): ...

class Lead(Base):
    __tablename__ = "leads"
    id: Mapped[int] = mapped_column(primary_key=True)
""",
    ],
)
def test_tables_in_the_services_own_file_are_found(
    service_of: Callable[[str], type[Service]], tmp_path: Path, source: str
) -> None:
    """A service of one file; by its metadata, by a table, by a class that is mapped to one."""
    tables = tables_of(service_of(source))

    assert tables.names == ["leads"]
    assert len(tables.metadata) == 1
    assert tables.migrations == tmp_path / "migrations"


def test_a_service_without_tables_has_none(service_of: Callable[[str], type[Service]]) -> None:
    """It may publish events all the same."""
    tables = tables_of(service_of(""))

    assert (tables.names, tables.digest) == ([], "")


def test_a_module_of_that_name_on_the_top_floor_is_somebody_elses(
    service_of: Callable[[str], type[Service]], tmp_path: Path
) -> None:
    """There is a library that is called `tables`."""
    (tmp_path / "tables.py").write_text("raise AssertionError('imported')")

    assert tables_of(service_of("")).names == []


def test_a_service_of_no_module_has_the_tables_that_it_sees() -> None:
    """In a notebook, and in the examples of a document."""
    namespace: dict[str, object] = {"__name__": "builtins"}
    exec(
        SERVICE + 'leads = sa.Table("leads", sa.MetaData(), sa.Column("id", sa.Integer))', namespace
    )  # as documents do
    service = namespace["KeepService"]
    assert isinstance(service, type)

    tables = tables_of(service)

    assert (tables.names, tables.migrations) == (["leads"], None)


@pytest.mark.parametrize("name", ["atoll_leads", "alembic_version"])
def test_names_of_the_platform_are_refused(package: Package, name: str) -> None:
    """Its tables are in the same database."""
    package.declare(LEADS.replace('"leads", metadata', f'"{name}", metadata'))

    with pytest.raises(Mistakes, match=f"the table `{name}` of KeepService is called as the platform's own are"):
        package.tables()


CHANGES = [
    ("sa.String(20)", "sa.String(21)"),
    ("sa.String(20)", "sa.Text"),
    ('server_default="0"', 'server_default="1"'),
    ("nullable=False", "nullable=True"),
    ("primary_key=True", "primary_key=True, index=True"),
    ("primary_key=True", "sa.ForeignKey('leads.id'), primary_key=True"),
    ('"leads", metadata', '"leads", metadata, sa.CheckConstraint("points > 0")'),
    ("nullable=False", "nullable=False, unique=True"),
]


@pytest.mark.parametrize(("written", "changed"), CHANGES)
def test_each_change_of_a_declaration_changes_its_digest(package: Package, written: str, changed: str) -> None:
    """A change that goes unnoticed would not be made."""
    package.declare(LEADS)
    before = package.tables()
    assert written in LEADS

    package.declare(LEADS.replace(written, changed))
    after = package.tables()

    assert before.digest != after.digest


def test_what_no_database_has_changes_nothing(package: Package) -> None:
    """Remarks, and what only Python does."""
    package.declare(LEADS)
    before = package.tables()

    package.declare(LEADS.replace("nullable=False,", 'nullable=False, comment="of fitness", default=lambda: 3,'))

    assert list(described(package.tables().metadata)) == list(described(before.metadata))
