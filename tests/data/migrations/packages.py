"""A service in a folder of its own, written by a test: its tables, and its migrations one after the other."""

import importlib
import sys
import textwrap
from pathlib import Path

from atoll import Service
from atoll.data.migrating import Tables, tables_of

SERVICE = """
from atoll import Service
from {name}.tables import metadata


class KeepService(Service, owner="tests"):
    \"\"\"Keeps.\"\"\"
"""

REVISION = '''"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down!r}
{more}

def upgrade():
{up}


def downgrade():
{undo}
'''


class Package:
    """A package with one service. Owns its folder; what was imported of it is forgotten when it is written again."""

    def __init__(self, folder: Path, name: str = "keep") -> None:
        self.name = name
        self.root = folder
        self.folder = folder / name
        self.migrations = self.folder / "migrations"
        self.folder.mkdir(parents=True)
        (self.folder / "__init__.py").touch()
        (self.folder / "service.py").write_text(SERVICE.format(name=name))
        self.declare("")

    def declare(self, source: str) -> None:
        """Write its tables: what stands behind `metadata = sa.MetaData()`."""
        head = "import sqlalchemy as sa\n\nmetadata = sa.MetaData()\n"
        (self.folder / "tables.py").write_text(head + textwrap.dedent(source))

    def migrate(
        self,
        revision: str,
        up: str,
        *,
        down: str | None = None,
        undo: str = "raise NotImplementedError",
        more: str = "",
    ) -> Path:
        """Write the migration `revision`, which follows `down`."""
        self.migrations.mkdir(exist_ok=True)
        bodies = [textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") for body in (up, undo)]
        file = self.migrations / f"{revision}.py"
        file.write_text(
            REVISION.format(message=revision, revision=revision, down=down, up=bodies[0], undo=bodies[1], more=more)
        )
        return file

    def service(self) -> type[Service]:
        """The class of the service, as it is written now."""
        for module in [each for each in sys.modules if each.partition(".")[0] == self.name]:
            del sys.modules[module]
        importlib.invalidate_caches()
        service: type[Service] = importlib.import_module(f"{self.name}.service").KeepService
        return service

    def tables(self) -> Tables:
        """What the service declares, as it is written now."""
        return tables_of(self.service())


LEADS = """
leads = sa.Table(
    "leads", metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("points", sa.Integer, nullable=False, server_default="0"),
)
"""

FIRST = """
op.create_table(
    "leads",
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("points", sa.Integer, nullable=False, server_default="0"),
)
"""

WITH_OWNER = """
leads = sa.Table(
    "leads", metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("points", sa.Integer, nullable=False, server_default="0"),
    sa.Column("owner", sa.String(50)),
)
"""

SECOND = """
with op.batch_alter_table("leads") as batch:
    batch.add_column(sa.Column("owner", sa.String(50)))
"""
