"""`check_migrations`: what it finds, and that it finds nothing where nothing is wrong."""

import re

import pytest

from atoll.data.places import PostgresPlace
from atoll.testing import PostgresServer, check_migrations
from tests.data.migrations.conftest import Place
from tests.data.migrations.packages import FIRST, LEADS, SECOND, WITH_OWNER, Package

DROP = 'op.drop_table("leads")'
WITHOUT_OWNER = 'with op.batch_alter_table("leads") as batch:\n    batch.drop_column("owner")'


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str | None:
    """Where PostgreSQL is; None stands for SQLite."""
    if kind == "sqlite":
        return None
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url()


def test_migrations_that_are_in_order_pass(package: Package, url: str | None) -> None:
    """The control."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST, undo=DROP)
    package.migrate("two", SECOND, down="one", undo=WITHOUT_OWNER)

    check_migrations(package.service(), url=url)


def test_tables_without_migrations_pass(package: Package, url: str | None) -> None:
    """They are made as they are declared."""
    package.declare(LEADS)

    check_migrations(package.service(), url=url)


def test_a_service_without_tables_has_nothing_to_check(package: Package) -> None:
    """A check of nothing would stand for one."""
    with pytest.raises(AssertionError, match="declares no tables, and has no migrations"):
        check_migrations(package.service())


def test_a_forgotten_migration_is_found(package: Package, url: str | None) -> None:
    """With what is missing, and the command that writes it."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)

    with pytest.raises(AssertionError) as failed:
        check_migrations(package.service(), url=url)

    assert "the column `leads.owner` is declared, and not there" in str(failed.value)
    assert 'atoll db revision keep -m "what changes"' in str(failed.value)


@pytest.mark.parametrize(
    ("declared", "difference"),
    [
        (LEADS.replace('"0"', '"1"'), "the default of `leads.points` is `'?0'?`, and declared as `'?1'?`"),
        (LEADS.replace("sa.Integer", "sa.String(9)"), "the column `leads.points` is INTEGER()"),
        (LEADS + 'leads.append_constraint(sa.CheckConstraint("points > 0"))', "the check (.*) on `leads` is declared"),
        (LEADS + 'sa.Index("by_points", leads.c.points)', "the index `by_points` on `leads` (points) is declared"),
    ],
)
def test_types_defaults_checks_and_indexes_count(
    package: Package, url: str | None, declared: str, difference: str
) -> None:
    """A column that is called right is not yet the right one."""
    package.declare(declared)
    package.migrate("one", FIRST)

    with pytest.raises(AssertionError, match=difference.replace("(", r"\(").replace(")", r"\)")):
        check_migrations(package.service(), url=url)


def test_a_migration_that_only_works_on_empty_tables_is_found(package: Package, url: str | None) -> None:
    """On a laptop the tables are empty, where it counts they are not."""
    package.declare(WITH_OWNER.replace('"owner", sa.String(50)', '"owner", sa.String(50), nullable=False'))
    package.migrate("one", FIRST)
    package.migrate("two", SECOND.replace("sa.String(50)", "sa.String(50), nullable=False"), down="one")

    with pytest.raises(AssertionError, match="the migration two of `keep` fails where its tables have rows") as failed:
        check_migrations(package.service(), url=url)

    assert "server_default" in str(failed.value)


def test_a_migration_that_loses_rows_is_found(package: Package, url: str | None) -> None:
    """Rows that are deleted by mistake do not come back."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND + "\nop.execute(\"DELETE FROM leads WHERE id = '1'\")", down="one")

    with pytest.raises(AssertionError, match=r"the migration two of `keep` loses rows:\n  - 1 of 2 in `leads`"):
        check_migrations(package.service(), url=url)


def test_rows_of_a_test_are_those_that_are_migrated(package: Package, url: str | None) -> None:
    """Where a constraint, or the sense of the data, asks for more than can be made up."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND + "\nop.execute(\"DELETE FROM leads WHERE id = 'ada'\")", down="one")

    check_migrations(package.service(), url=url)
    with pytest.raises(AssertionError, match=r"1 of 1 in `leads`"):
        check_migrations(package.service(), url=url, rows={"leads": [{"id": "ada", "points": 3}]})


def test_rows_that_refer_to_each_other_are_made_up(package: Package, url: str | None) -> None:
    """All of them, of all types."""
    package.declare(
        """
        sa.Table(
            "a", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("day", sa.Date, nullable=False),
            sa.Column("made", sa.DateTime(timezone=True), nullable=False), sa.Column("data", sa.JSON, nullable=False),
            sa.Column("price", sa.Numeric(9, 2), nullable=False), sa.Column("raw", sa.LargeBinary, nullable=False),
            sa.Column("yes", sa.Boolean, nullable=False), sa.Column("token", sa.Uuid, nullable=False, unique=True),
            sa.Column("kind", sa.Enum("x", "y", name="kind"), nullable=False), sa.Column("at", sa.Time, nullable=False),
        )
        sa.Table("b", metadata, sa.Column("a", sa.Integer, sa.ForeignKey("a.id"), primary_key=True))
        """
    )
    package.migrate("one", "from keep.tables import metadata\nmetadata.create_all(op.get_bind())")
    package.migrate("two", 'op.execute("DELETE FROM b")\nop.execute("DELETE FROM a")', down="one")

    with pytest.raises(AssertionError, match=r"2 of 2 in `a`\n  - 2 of 2 in `b`"):
        check_migrations(package.service(), url=url)


@pytest.mark.parametrize(
    ("undo", "reason"),
    [
        ("pass", "does not lead back to the tables from before it"),
        ('op.drop_table("nowhere")', "`downgrade` of the migration two of `keep` fails"),
    ],
)
def test_a_way_back_that_does_not_lead_back_is_found(package: Package, url: str | None, undo: str, reason: str) -> None:
    """A downgrade is needed on the worst of days, and was never run before."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one", undo=undo)

    with pytest.raises(AssertionError, match=re.escape(reason)):
        check_migrations(package.service(), url=url)


def test_a_broken_migration_is_told_with_its_place(package: Package, url: str | None) -> None:
    """As a start would tell it."""
    package.declare(LEADS)
    package.migrate("one", "op.execute('nonsense')")

    with pytest.raises(AssertionError, match=r"the migration one of `keep` fails: .*nonsense[\s\S]*one\.py:\d+"):
        check_migrations(package.service(), url=url)


def test_nothing_is_left_on_the_server(package: Package, postgres: PostgresServer) -> None:
    """Whether it holds or not."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    with pytest.raises(AssertionError):
        check_migrations(package.service(), url=postgres.url())

    package.declare(LEADS)
    check_migrations(package.service(), url=postgres.url())

    place = Place(PostgresPlace(postgres.url(), "public"))
    assert place.run("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'atoll_check%'") == []
