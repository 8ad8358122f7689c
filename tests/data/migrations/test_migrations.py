"""Databases are brought up to date: once, as a whole, and never to where the code does not fit."""

import fcntl
import logging
import pickle
import re

import pytest

from atoll.adapters.migrations import migrated
from atoll.data import DatabaseUnavailable
from atoll.data.migrating import Migrated
from atoll.data.migration_errors import (
    DatabaseAhead,
    MigrationFailed,
    SeveralHeads,
    TablesDiffer,
    UnknownRevision,
)
from atoll.data.places import PostgresPlace
from atoll.kernel import AtollError
from atoll.testing import PostgresServer
from tests.data.migrations.conftest import Place
from tests.data.migrations.packages import FIRST, LEADS, SECOND, WITH_OWNER, Package


def bring_up(package: Package, database: Place, *, stamp: str | None = None) -> Migrated:
    """Bring it up to date with the package as it is written now."""
    return migrated(database.place, "keep", package.tables(), stamp=stamp)


def test_tables_are_made_as_they_are_declared(package: Package, database: Place) -> None:
    """A first service with data needs no migration."""
    package.declare(LEADS)

    first, second = bring_up(package, database), bring_up(package, database)

    assert (first.made, second.made) == (("leads",), ())
    assert database.run("INSERT INTO leads (id) VALUES ('7')", "SELECT id, points FROM leads") == [("7", 0)]


def test_a_table_that_is_new_is_made_beside_the_others(package: Package, database: Place) -> None:
    """Nothing that is there is touched by it."""
    package.declare(LEADS)
    bring_up(package, database)
    database.run("INSERT INTO leads (id) VALUES ('7')")

    package.declare(LEADS + 'notes = sa.Table("notes", metadata, sa.Column("id", sa.Integer, index=True))')
    done = bring_up(package, database)

    assert done.made == ("notes",)
    assert database.tables() == ["leads", "notes"]
    assert database.run("SELECT id FROM leads") == [("7",)]


@pytest.mark.parametrize(
    ("declared", "difference"),
    [
        (WITH_OWNER, "the column `leads.owner` is declared, and not there"),
        (LEADS.replace("String(20)", "String(30)"), "the column `leads.id` is VARCHAR(length=20), and declared as"),
        (LEADS.replace('"0"', '"1"'), "the default of `leads.points` is"),
        (
            LEADS.replace("nullable=False, ", ""),
            "the column `leads.points` is never null, and is declared so that it may",
        ),
        (LEADS.replace('"points", sa.Integer,', '"points", sa.Integer, index=True,'), "the index `ix_leads_points` on"),
        (LEADS.replace('"leads", meta', '"people", meta'), "the table `leads` is there, and not declared"),
        ("", "the table `leads` is there, and not declared"),
    ],
)
def test_tables_that_differ_are_refused_with_what_differs(
    package: Package, database: Place, declared: str, difference: str
) -> None:
    """Nobody but its owner knows what is to become of the rows."""
    package.declare(LEADS)
    bring_up(package, database)

    package.declare(declared)
    with pytest.raises(TablesDiffer) as refused:
        bring_up(package, database)

    assert any(each.startswith(difference) for each in refused.value.differences), refused.value
    assert 'atoll db revision keep -m "' in str(refused.value)
    assert database.tables() == ["leads"]


def test_a_check_that_differs_is_seen_on_sqlite(package: Package, sqlite: Place) -> None:
    """Alembic looks at no CHECK."""
    package.declare(LEADS + 'leads.append_constraint(sa.CheckConstraint("points >= 0"))')
    bring_up(package, sqlite)

    package.declare(LEADS + 'leads.append_constraint(sa.CheckConstraint("points >= 10"))')
    with pytest.raises(TablesDiffer, match=r"the check \(points >= 10\) on `leads` is declared, and not there"):
        bring_up(package, sqlite)


def test_what_the_same_words_say_is_no_difference(package: Package, database: Place) -> None:
    """Types and defaults of all kinds, which databases give back in their own words."""
    package.declare(
        """
        import enum

        class Kind(enum.Enum):
            GOOD = 1
            BAD = 2

        sa.Table(
            "kinds", metadata,
            sa.Column("id", sa.Uuid, primary_key=True),
            sa.Column("made", sa.DateTime(timezone=True), server_default=sa.func.now()),
            sa.Column("day", sa.Date), sa.Column("price", sa.Numeric(12, 4)), sa.Column("big", sa.BigInteger),
            sa.Column("kind", sa.Enum(Kind, native_enum=False, create_constraint=True, name="kinds_kind")),
            sa.Column("yes", sa.Boolean, server_default=sa.false(), nullable=False), sa.Column("data", sa.JSON),
            sa.Column("raw", sa.LargeBinary), sa.Column("text", sa.Text, server_default=""), sa.Column("x", sa.Double),
            sa.Column("words", sa.String, server_default="it's"), sa.UniqueConstraint("day", "big", name="once"),
        )
        """
    )
    bring_up(package, database)

    database.run("DELETE FROM atoll_meta")  # so that it is looked at again

    assert bring_up(package, database).made == ()


def test_migrations_are_run_in_their_order(package: Package, database: Place) -> None:
    """From an empty database to the last one."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one")

    done = bring_up(package, database)

    assert done == Migrated(None, "two", ("one", "two"))
    assert database.run("INSERT INTO leads (id, owner) VALUES ('7', 'ada')", "SELECT * FROM leads") == [("7", 0, "ada")]


def test_rows_stay_when_a_migration_comes(package: Package, database: Place) -> None:
    """An update of the program keeps what people have."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    bring_up(package, database)
    database.run("INSERT INTO leads (id, points) VALUES ('7', 3)")

    package.migrate("two", SECOND, down="one")
    done = bring_up(package, database)

    assert done == Migrated("one", "two", ("two",))
    assert database.run("SELECT id, points, owner FROM leads") == [("7", 3, None)]


def test_types_of_postgresql_itself_are_compared_as_well(package: Package, schema: Place) -> None:
    """Among them defaults that differ at each call, and counters that are called after their table."""
    package.declare(
        """
        from sqlalchemy.dialects.postgresql import ARRAY, JSONB

        sa.Table(
            "kinds", metadata,
            sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
            sa.Column("token", sa.Uuid, server_default=sa.text("gen_random_uuid()"), unique=True),
            sa.Column("data", JSONB, server_default=sa.text("'{}'::jsonb")), sa.Column("words", ARRAY(sa.String)),
            sa.Column("mood", sa.Enum("good", "bad", name="mood")),
            sa.Column("twice", sa.Integer, sa.Computed("1 + 1")),
            sa.Index("by_data", "data", postgresql_using="gin"), sa.CheckConstraint("id > 0", name="above"),
        )
        sa.Table(
            "counted", metadata,
            sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.ForeignKey("kinds.id")),
        )
        """
    )
    bring_up(package, schema)
    schema.run("DELETE FROM atoll_meta")

    assert bring_up(package, schema).made == ()
    assert schema.tables() == ["counted", "kinds"]


def test_tables_that_a_database_does_not_take_are_told(package: Package, database: Place) -> None:
    """A mistake in a declaration is the service's."""
    package.declare('sa.Table("x", metadata, sa.Column("id", sa.Integer, server_default=sa.text("nonsense(")))')

    with pytest.raises(MigrationFailed, match="bringing up to date the database of `keep` has failed"):
        bring_up(package, database)

    assert database.tables() == []


def test_what_fails_takes_place_not_at_all(package: Package, database: Place) -> None:
    """Tables, rows and the revision are those from before it; those that came before it stay."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    broken = package.migrate(
        "two",
        """
        op.create_table("half", sa.Column("id", sa.Integer))
        op.execute("INSERT INTO leads (id) VALUES ('new')")
        with op.batch_alter_table("leads") as batch:
            batch.alter_column("points", new_column_name="score")
        op.execute("INSERT INTO nowhere VALUES (1)")
        """,
        down="one",
    )

    with pytest.raises(MigrationFailed) as failed:
        bring_up(package, database)

    assert (failed.value.service, failed.value.revision) == ("keep", "two")
    line = 1 + next(number for number, text in enumerate(broken.read_text().splitlines()) if "nowhere" in text)
    assert failed.value.file == f"{broken}:{line}"
    assert "nowhere" in failed.value.reason
    assert "INSERT INTO nowhere VALUES (1)" in str(failed.value)
    assert (database.revision(), database.tables()) == ("one", ["leads"])
    assert database.run("SELECT id, points FROM leads") == []


def test_it_goes_on_once_the_migration_is_mended(package: Package, database: Place) -> None:
    """Nothing has to be cleaned up by hand."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", "op.execute('nonsense')", down="one")
    with pytest.raises(MigrationFailed):
        bring_up(package, database)

    package.migrate("two", SECOND, down="one")

    assert bring_up(package, database) == Migrated("one", "two", ("two",))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def upgrade(:", "SyntaxError"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("1 / 0", "division by zero"),
        ("x = 1", "revision"),
        ('revision = "two"\ndown_revision = "zero"', "zero"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(package: Package, sqlite: Place, source: str, reason: str) -> None:
    """Whatever is wrong with it."""
    package.migrate("one", FIRST)
    (package.migrations / "two.py").write_text(source)

    with pytest.raises(MigrationFailed, match=re.escape(str(package.migrations))) as failed:
        bring_up(package, sqlite)

    assert reason in failed.value.reason
    assert sqlite.tables() == []


def test_a_database_that_is_ahead_is_refused(package: Package, database: Place) -> None:
    """Code that was rolled back would write what the new tables do not take, or read what is no longer there."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one")
    bring_up(package, database)

    (package.migrations / "two.py").unlink()
    with pytest.raises(DatabaseAhead, match=r"`keep` is at revision two, .* \(the newest here is one\)"):
        bring_up(package, database)

    (package.migrations / "one.py").unlink()
    with pytest.raises(DatabaseAhead, match="there are no migrations here"):
        bring_up(package, database)


def test_several_heads_are_refused(package: Package, database: Place) -> None:
    """Two people have written a migration: which comes first is theirs to say."""
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one")
    package.migrate("other", SECOND, down="one")

    with pytest.raises(SeveralHeads, match=r"end in (two and other|other and two)"):
        bring_up(package, database)


def test_an_outdated_note_is_not_believed(package: Package, database: Place) -> None:
    """Somebody may have migrated by hand since: the revision counts as well."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one")
    bring_up(package, database)
    database.run("ALTER TABLE leads DROP COLUMN owner", "UPDATE alembic_version SET version_num = 'one'")

    assert bring_up(package, database) == Migrated("one", "two", ("two",))


def test_tables_that_migrations_do_not_make_are_told(
    package: Package, database: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """A forgotten migration is found where it is forgotten; who runs old tables for a while is let through."""
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)

    with caplog.at_level(logging.WARNING, "atoll.data"):
        bring_up(package, database)
        bring_up(package, database)

    told = [record.getMessage() for record in caplog.records if record.name == "atoll.data"]
    assert len(told) == 2
    assert "the column `leads.owner` is declared, and not there" in told[0]
    assert "atoll db revision keep" in told[0]


def test_what_a_later_version_has_needs_no_word(
    package: Package, database: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """While versions change, code meets columns that it does not know yet, or no more."""
    package.declare(LEADS)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one")

    with caplog.at_level(logging.WARNING, "atoll.data"):
        bring_up(package, database)

    assert not [record for record in caplog.records if record.name == "atoll.data"]
    assert ("tables", package.tables().digest) in database.run("SELECT name, value FROM atoll_meta")


def test_tables_that_sqlite_keeps_for_others_are_nobodys(package: Package, sqlite: Place) -> None:
    """A full-text index has tables of its own, which no service declares."""
    package.declare(LEADS)
    package.migrate("one", FIRST + "\nop.execute('CREATE VIRTUAL TABLE found USING fts5(words)')")

    bring_up(package, sqlite)
    sqlite.run("DELETE FROM atoll_meta", "DELETE FROM alembic_version")

    assert bring_up(package, sqlite) == Migrated("one", "one", ())  # nothing differs, so that it is known where it is


def test_a_role_that_may_make_no_temporary_tables_migrates_all_the_same(
    package: Package, postgres: PostgresServer
) -> None:
    """Where an administrator has taken that right away, defaults and checks are not compared."""
    Place(PostgresPlace(postgres.url(), "public")).run(
        "CREATE DATABASE hardened", "CREATE ROLE strict LOGIN PASSWORD 'strict'"
    )
    inside = Place(PostgresPlace(postgres.url("hardened"), "strict", is_own=True))
    inside.run("REVOKE TEMPORARY ON DATABASE hardened FROM PUBLIC", "CREATE SCHEMA strict AUTHORIZATION strict")
    url = postgres.url("hardened").replace(f"{postgres.user}:{postgres.password}", "strict:strict")
    hardened = Place(PostgresPlace(url, "strict", is_own=True))
    package.declare(LEADS)

    assert bring_up(package, hardened).made == ("leads",)
    package.declare(WITH_OWNER)
    with pytest.raises(TablesDiffer, match=r"the column `leads\.owner` is declared, and not there"):
        bring_up(package, hardened)


def test_tables_from_before_the_first_migration_are_known_by_what_it_says(package: Package, database: Place) -> None:
    """A service begins without migrations; its first one tells how its tables were declared until then."""
    package.declare(LEADS)
    bring_up(package, database)
    database.run("INSERT INTO leads (id) VALUES ('7')")
    was = package.tables().digest

    package.declare(WITH_OWNER)
    package.migrate("one", FIRST, more=f"declared = {was!r}\n")
    package.migrate("two", SECOND, down="one")
    done = bring_up(package, database)

    assert done == Migrated("one", "two", ("two",))
    assert database.run("SELECT id, owner FROM leads") == [("7", None)]


def test_tables_that_are_as_declared_stand_behind_the_last_migration(package: Package, database: Place) -> None:
    """Where the first migration says nothing, the tables themselves do."""
    package.declare(LEADS)
    bring_up(package, database)

    package.migrate("one", FIRST)

    assert bring_up(package, database) == Migrated("one", "one", ())


def test_tables_that_nobody_can_place_are_refused_until_somebody_says(package: Package, database: Place) -> None:
    """Guessing would run a migration twice, or leave one out."""
    database.run("CREATE TABLE leads (id VARCHAR(20) PRIMARY KEY, points INTEGER DEFAULT '0' NOT NULL)")
    package.declare(WITH_OWNER)
    package.migrate("one", FIRST)
    package.migrate("two", SECOND, down="one")

    with pytest.raises(UnknownRevision, match=r"`leads\.owner` is declared, and not there[\s\S]*--stamp REVISION"):
        bring_up(package, database)

    assert bring_up(package, database, stamp="one") == Migrated("one", "two", ("two",))


def test_tables_of_the_platform_are_none_of_a_services_business(package: Package, database: Place) -> None:
    """It makes them in the same database, before or after."""
    database.run("CREATE TABLE atoll_outbox (number INTEGER PRIMARY KEY)")
    package.declare(LEADS)

    assert bring_up(package, database).made == ("leads",)
    database.run("CREATE TABLE atoll_inbox (number INTEGER PRIMARY KEY)", "DELETE FROM atoll_meta")
    assert bring_up(package, database).made == ()


def test_a_service_without_tables_gets_no_database(package: Package, sqlite: Place) -> None:
    """There is nothing to bring up to date."""
    assert bring_up(package, sqlite) == Migrated()
    assert sqlite.tables() == []


def test_a_block_without_a_transaction_ends_as_one(package: Package, database: Place) -> None:
    """What the database refuses inside of a transaction (an index that is built while others write) can be migrated."""
    package.migrate(
        "one",
        FIRST
        + "\nwith op.get_context().autocommit_block():\n    op.execute('CREATE INDEX by_points ON leads (points)')",
    )
    package.migrate("two", SECOND + "\nop.execute('nonsense')", down="one")
    package.declare(LEADS)

    with pytest.raises(MigrationFailed):
        bring_up(package, database)

    assert database.revision() == "one"
    with pytest.raises(Exception, match="owner"):
        database.run("SELECT owner FROM leads")


def test_rows_that_refer_to_others_stay_when_a_table_is_copied(package: Package, sqlite: Place) -> None:
    """SQLite copies a table to alter it; with foreign keys enforced that would delete what refers to it."""
    package.migrate(
        "one",
        FIRST
        + "\nop.create_table('notes', sa.Column('lead', sa.String(20), sa.ForeignKey('leads.id', ondelete='CASCADE')))",
    )
    package.migrate("two", "with op.batch_alter_table('leads') as batch:\n    batch.drop_column('points')", down="one")
    tables = package.tables()
    (package.migrations / "two.py").rename(package.root / "two.py")
    migrated(sqlite.place, "keep", tables)
    sqlite.run("INSERT INTO leads (id) VALUES ('7')", "INSERT INTO notes VALUES ('7')")

    (package.root / "two.py").rename(package.migrations / "two.py")
    migrated(sqlite.place, "keep", tables)

    assert sqlite.run("SELECT lead FROM notes") == [("7",)]


def test_a_migration_that_would_leave_orphans_fails(package: Package, sqlite: Place) -> None:
    """Foreign keys are not enforced while a table is copied, so that they are looked at before the commit."""
    package.migrate(
        "one", FIRST + "\nop.create_table('notes', sa.Column('lead', sa.String(20), sa.ForeignKey('leads.id')))"
    )
    package.migrate(
        "two",
        "op.execute(\"INSERT INTO leads VALUES ('7', 0)\")\nop.execute(\"INSERT INTO notes VALUES ('7')\")\n"
        'op.execute("DELETE FROM leads")',
        down="one",
    )

    with pytest.raises(MigrationFailed, match="rows that are not there: 1 of `notes` to `leads`"):
        bring_up(package, sqlite)

    assert sqlite.revision() == "one"


def test_a_database_that_is_being_restored_is_left_alone(package: Package, sqlite: Place) -> None:
    """Its file is about to be replaced."""
    package.declare(LEADS)
    bring_up(package, sqlite)
    package.declare(LEADS + 'sa.Table("more", metadata, sa.Column("id", sa.Integer))')

    with sqlite.beside(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DatabaseUnavailable, match="is being restored"):
            bring_up(package, sqlite)


@pytest.mark.parametrize(
    "error",
    [
        MigrationFailed("keep", "two", "two.py:3", "no such table"),
        DatabaseAhead("keep", "two", "one"),
        SeveralHeads("keep", ["two", "other"]),
        TablesDiffer("keep", ["the table"], "keep.db"),
        UnknownRevision("keep", ["the table"]),
    ],
)
def test_errors_survive_a_pickle(error: AtollError) -> None:
    """They go from process to process."""
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.code) == (type(error), str(error), error.code)
