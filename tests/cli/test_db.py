"""`atoll db`: databases are shown, migrated, copied, put back, and asked by hand."""

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from atoll.testing import check_migrations
from tests.cli import larder
from tests.cli.programs import on_terminal, started

DATABASE = Path(".atoll/stock/stock.db")
ADD = "insert into things (name, count) values ('ham', 3)"


@pytest.fixture
def kitchen(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the application, which is not running."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # its files change several times within a second
    monkeypatch.setattr(sys, "path", [*sys.path])
    larder.write(folder)
    yield folder
    larder.forget()


def run(statement: str) -> list[tuple[Any, ...]]:  # Any: values of all columns
    """The rows of a statement, past everything that is tested."""
    with closing(sqlite3.connect(DATABASE, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def test_databases_are_shown_with_what_is_known_of_them(atoll: Callable[..., Result], kitchen: Path) -> None:
    """First where they will be, then how they fare."""
    before = json.loads(atoll("db", "show", "--json").stdout)
    atoll("db", "migrate")
    run(ADD)
    after = json.loads(atoll("db", "show", "--json").stdout)

    assert [(each["standing"], each["size_bytes"], each["where"]) for each in before] == [
        ("not made yet", None, str(DATABASE))
    ]
    assert after[0]["size_bytes"] > 0
    assert (after[0]["standing"], after[0]["rows"], after[0]["kind"]) == ("up to date", {"things": 1}, "sqlite")


def test_a_row_says_how_a_database_is(atoll: Callable[..., Result], kitchen: Path) -> None:
    """One line for each, for people and for grep."""
    atoll("db", "migrate")

    line = next(each for each in atoll("db", "show").stdout.splitlines() if each.startswith("stock"))

    assert line.split()[:2] == ["stock", "sqlite"]
    assert line.split()[4:] == ["-", "up", "to", "date", "things", "0", str(DATABASE)]


def test_tables_that_differ_lead_to_a_migration(atoll: Callable[..., Result], kitchen: Path) -> None:
    """The whole way of a change: refused with the command, written by the command, run; and the rows are there."""
    atoll("db", "migrate")
    run(ADD)
    larder.write(kitchen, larder.SHELF)

    refused = atoll("db", "migrate")
    shown = json.loads(atoll("db", "show", "--json").stdout)
    written = atoll("db", "revision", "stock", "-m", "things lie on a shelf")
    larder.forget()
    behind = json.loads(atoll("db", "show", "--json").stdout)
    done = atoll("db", "migrate", "--json")

    assert refused.exit_code == 1
    assert "the column `things.shelf` is declared, and not there" in refused.stdout
    assert 'atoll db revision stock -m "' in refused.stdout
    assert shown[0]["standing"] == "different"
    assert written.stdout.splitlines()[:2] == [
        "+ larder/stock/migrations/0001_as_it_was.py",
        "+ larder/stock/migrations/0002_things_lie_on_a_shelf.py",
    ]
    assert (behind[0]["standing"], behind[0]["pending"]) == (
        "behind",
        ["0001_as_it_was", "0002_things_lie_on_a_shelf"],
    )
    assert json.loads(done.stdout) == [
        {
            "service": "stock",
            "before": "0001_as_it_was",
            "after": "0002_things_lie_on_a_shelf",
            "applied": ["0002_things_lie_on_a_shelf"],
            "made": [],
        }
    ]
    assert run("select * from things") == [("ham", 3, None)]


def test_the_first_migration_of_a_new_service_makes_its_tables(atoll: Callable[..., Result], kitchen: Path) -> None:
    """Where no database is yet, there is nothing that it could differ from."""
    written = json.loads(atoll("db", "revision", "stock", "-m", "first", "--json").stdout)
    larder.forget()
    done = atoll("db", "migrate")

    assert [Path(file).name for file in written["written"]] == ["0001_first.py"]
    assert written["left"] == []
    assert done.stdout == "✓ stock ran 0001_first\n"
    assert json.loads(atoll("db", "show", "--json").stdout)[0]["revision"] == "0001_first"


def test_a_migration_of_nothing_is_not_written(atoll: Callable[..., Result], kitchen: Path) -> None:
    """Unless it is asked for: rows change, too."""
    atoll("db", "revision", "stock", "-m", "first")

    refused = atoll("db", "revision", "stock", "-m", "nothing")
    empty = atoll("db", "revision", "stock", "-m", "Capital letters", "--empty")

    assert refused.exit_code == 1
    assert "the migrations of `stock` make the tables that it declares" in refused.stderr
    file = kitchen / "larder/stock/migrations/0002_capital_letters.py"
    assert empty.exit_code == 0
    assert 'down_revision: str | None = "0001_first"' in file.read_text()
    larder.forget()
    assert atoll("db", "migrate").stdout == "✓ stock ran 0001_first, 0002_capital_letters\n"


def test_what_is_written_leads_back_as_well(atoll: Callable[..., Result], kitchen: Path) -> None:
    """`check_migrations` is content with it."""
    atoll("db", "revision", "stock", "-m", "first")
    larder.write(kitchen, larder.SHELF)
    atoll("db", "revision", "stock", "-m", "second")
    larder.forget()
    sys.path.insert(0, str(kitchen))
    service = __import__("larder.stock.service", fromlist=["StockService"]).StockService

    check_migrations(service)


def test_a_migration_that_fails_is_told_and_nothing_of_it_took_place(
    atoll: Callable[..., Result], kitchen: Path
) -> None:
    """The exit code says so to scripts."""
    atoll("db", "revision", "stock", "-m", "first")
    atoll("db", "revision", "stock", "-m", "broken", "--empty")
    file = kitchen / "larder/stock/migrations/0002_broken.py"
    file.write_text(file.read_text().replace("# change rows here, with op.execute(...)", "op.execute('nonsense')"))
    larder.forget()

    failed = atoll("db", "migrate", "--json")

    assert failed.exit_code == 1
    error = json.loads(failed.stdout)[0]["error"]
    assert error["code"] == "migration_failed"
    assert "0002_broken" in error["what"]
    assert run("select version_num from alembic_version") == [("0001_first",)]


def test_a_database_is_copied_and_put_back(atoll: Callable[..., Result], kitchen: Path) -> None:
    """With its rows; what came after the copy is gone."""
    atoll("db", "migrate")
    run(ADD)
    copied = atoll("db", "backup", "--to", "backups/monday")
    run("delete from things")

    done = atoll("db", "restore", "--from", "backups/monday")

    assert copied.exit_code == 0
    assert copied.stdout.startswith("+ backups/monday/stock.db")
    assert done.stdout == "✓ stock put back from backups/monday\n"
    assert run("select * from things") == [("ham", 3)]
    assert not DATABASE.with_name("stock.db-wal").exists()


def test_the_manifest_says_what_was_copied(atoll: Callable[..., Result], kitchen: Path) -> None:
    """For who checks backups by other means."""
    atoll("db", "revision", "stock", "-m", "first")
    larder.forget()
    atoll("db", "migrate")

    said = json.loads(atoll("db", "backup", "--to", "copy", "--json").stdout)

    assert said == json.loads((kitchen / "copy/backup.json").read_text())
    assert said["application"] == "larder"
    stock = said["services"]["stock"]
    assert (stock["kind"], stock["file"], stock["revision"]) == ("sqlite", "stock.db", "0001_first")
    assert stock["size_bytes"] == (kitchen / "copy/stock.db").stat().st_size
    assert (kitchen / "copy").stat().st_mode & 0o077 == 0


def test_a_backup_is_not_overwritten(atoll: Callable[..., Result], kitchen: Path) -> None:
    """It may be the only one."""
    atoll("db", "migrate")
    atoll("db", "backup", "--to", "copy")

    again = atoll("db", "backup", "--to", "copy")

    assert again.exit_code == 1
    assert "copy holds a backup already" in again.stderr


def test_a_damaged_copy_is_not_put_back(atoll: Callable[..., Result], kitchen: Path) -> None:
    """And nothing was touched."""
    atoll("db", "migrate")
    atoll("db", "backup", "--to", "copy")
    run(ADD)
    with (kitchen / "copy/stock.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")

    refused = atoll("db", "restore", "--from", "copy", "--json")

    assert refused.exit_code == 1
    assert json.loads(refused.stderr)["error"]["code"] == "backup_damaged"
    assert run("select * from things") == [("ham", 3)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"application": "cellar"}, "it is of `stock` of the application cellar"),
        ({"version": 7}, "it is of version 7"),
        ({"services": {}}, "`stock` is not in it"),
    ],
)
def test_what_is_no_backup_of_it_is_refused(
    atoll: Callable[..., Result], kitchen: Path, change: dict[str, object], reason: str
) -> None:
    """A folder is easily mistaken for another one."""
    atoll("db", "migrate")
    atoll("db", "backup", "--to", "copy")
    manifest = kitchen / "copy/backup.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))

    refused = atoll("db", "restore", "--from", "copy", "--service", "stock")

    assert refused.exit_code == 1
    assert reason in refused.stderr


def test_an_empty_folder_is_no_backup(atoll: Callable[..., Result], kitchen: Path) -> None:
    """A typing error in its name."""
    refused = atoll("db", "restore", "--from", "nowhere")

    assert (refused.exit_code, "nowhere holds no backup" in refused.stderr) == (1, True)


def test_nothing_is_copied_where_nothing_is(atoll: Callable[..., Result], kitchen: Path) -> None:
    """A backup without a database would be believed."""
    refused = atoll("db", "backup", "--to", "copy")

    assert (refused.exit_code, "no service has a database yet" in refused.stderr) == (1, True)
    assert not (kitchen / "copy").exists()


def test_a_running_service_is_copied_and_not_replaced(kitchen: Path, atoll: Callable[..., Result]) -> None:
    """A copy disturbs nobody; a file that is replaced below a running service would."""
    with started("run", "--json", folder=kitchen) as program:
        assert json.loads(program.line())["event"] == "started"
        copied = atoll("db", "backup", "--to", "copy", "--json")
        refused = atoll("db", "restore", "--from", "copy", "--json")
        shown = json.loads(atoll("db", "show", "--json").stdout)

    assert copied.exit_code == 0
    assert json.loads(copied.stdout)["services"]["stock"]["incarnation"]
    assert json.loads(refused.stderr)["error"]["code"] == "still_running"
    assert shown[0]["standing"] == "up to date"


def test_a_log_that_is_put_back_is_another_one(kitchen: Path, atoll: Callable[..., Result]) -> None:
    """Its subscribers have seen more of it than it will ever tell; they go on behind the fork."""
    with started("run", "--json", folder=kitchen) as program:
        program.line()
        first = json.loads(atoll("db", "backup", "--to", "one", "--json").stdout)["services"]["stock"]["incarnation"]
    run(
        "insert into atoll_outbox (number, partition, type, tenant, published_at, envelope) "
        "values (41, 0, 'stock.counted.v1', 'main', 0, x'')"
    )
    atoll("db", "backup", "--to", "two")

    atoll("db", "restore", "--from", "two")
    second: dict[str, str] = dict(run("select name, value from atoll_meta"))
    atoll("db", "backup", "--to", "three")
    atoll("db", "restore", "--from", "three")
    third: dict[str, str] = dict(run("select name, value from atoll_meta"))

    assert len({first, second["incarnation"], third["incarnation"]}) == 3
    assert json.loads(second["forked_at"]) == [[first, 41]]
    assert json.loads(third["forked_at"]) == [[first, 41], [second["incarnation"], 41]]
    with started("run", "--json", folder=kitchen) as program:
        assert json.loads(program.line())["event"] == "started"


def test_a_statement_is_answered_as_a_table_or_as_json(atoll: Callable[..., Result], kitchen: Path) -> None:
    """For people, and for programs."""
    atoll("db", "migrate")
    run(ADD)

    shown = atoll("db", "shell", "stock", "--", "select name, count, x'ff' as raw, null as none from things")
    said = atoll("db", "shell", "stock", "--json", "--", "select name, count, x'ff' as raw from things")

    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["name", "count", "raw", "none"],
        ["ham", "3", "0xff", "-"],
    ]
    assert json.loads(said.stdout)["rows"] == [{"name": "ham", "count": 3, "raw": "/w=="}]


@pytest.mark.parametrize("statement", [ADD, "drop table things", "pragma query_only=off; ", "create table x (a)"])
def test_reading_cannot_write(atoll: Callable[..., Result], kitchen: Path, statement: str) -> None:
    """Nobody deletes rows with a slip of the hand."""
    atoll("db", "migrate")

    atoll("db", "shell", "stock", "--", statement)
    piped = atoll("db", "shell", "stock", stdin=f"pragma query_only=off;\n{ADD};\n")

    assert piped.exit_code == 1
    assert "attempt to write a readonly database" in piped.stderr
    assert run("select count(*) from things") == [(0,)]


def test_writing_is_asked_for(atoll: Callable[..., Result], kitchen: Path) -> None:
    """And committed at once."""
    atoll("db", "migrate")

    done = atoll("db", "shell", "stock", "--write", "--", ADD)

    assert done.stdout == "1 rows changed\n"
    assert run("select * from things") == [("ham", 3)]


def test_statements_are_piped_in(atoll: Callable[..., Result], kitchen: Path) -> None:
    """Each ends with its semicolon, over as many lines as it takes."""
    atoll("db", "migrate")

    done = atoll(
        "db", "shell", "stock", "--write", stdin=f"{ADD};\nselect name\n  from things\n  where name = ';';\nselect 7"
    )

    assert done.stdout.split() == ["1", "rows", "changed", "name", "7", "7"]


def test_what_is_refused_says_why(atoll: Callable[..., Result], kitchen: Path) -> None:
    """In the database's words."""
    atoll("db", "migrate")

    refused = atoll("db", "shell", "stock", "--", "select nonsense from things")

    assert (refused.exit_code, "no such column: nonsense" in refused.stderr) == (1, True)


def test_a_service_without_a_database_is_not_there(atoll: Callable[..., Result], kitchen: Path) -> None:
    """With the one that was probably meant."""
    refused = atoll("db", "shell", "stocks", "--", "select 1")
    early = atoll("db", "shell", "stock", "--", "select 1")

    assert (refused.exit_code, "Did you mean `stock`?" in refused.stderr) == (2, True)
    assert (early.exit_code, "there is no such file yet" in early.stderr) == (1, True)


def test_what_lives_apart_is_shown_and_copied_as_far_as_it_is_known(
    atoll: Callable[..., Result], kitchen: Path
) -> None:
    """Its tables and migrations can be read in its own environment alone."""
    atoll("db", "migrate")
    apart = 'Reference("stock.service:StockService", contract="larder.stock.contract:Stock", requirement="./stock")'
    application = f'Application("larder", services=[{apart}], edges=(), owner="kitchen")'
    imports = "from atoll import Application, Reference"
    (kitchen / "larder/application.py").write_text(f"{imports}\n\nlarder = {application}\n")
    larder.forget()

    shown = json.loads(atoll("db", "show", "--json").stdout)
    copied = atoll("db", "backup", "--to", "copy")
    refused = atoll("db", "migrate", "--service", "stock")

    assert [(each["service"], each["standing"], each["rows"]) for each in shown] == [
        ("stock", "unknown", {"things": 0})
    ]
    assert copied.exit_code == 0
    assert (refused.exit_code, "lives in an environment of its own" in refused.stderr) == (2, True)


def test_a_setting_for_nobody_is_a_mistake(atoll: Callable[..., Result], kitchen: Path) -> None:
    """Its database would be somewhere else than its operator believes."""
    (kitchen / "atoll.toml").write_text('[database]\nservices = {stok = "postgresql://stok@db/larder"}\n')

    refused = atoll("db", "show")

    assert (refused.exit_code, "did you mean `stock`?" in refused.stderr) == (2, True)


def test_a_server_that_is_not_there_is_told_without_its_password(atoll: Callable[..., Result], kitchen: Path) -> None:
    """One that does not answer keeps nobody from being told of the others."""
    url = "postgresql://owner:secret@127.0.0.1:1/larder"

    shown = atoll("db", "show", LARDER_DATABASE_URL=url)
    said = atoll("db", "show", "--json", LARDER_DATABASE_URL=url)

    assert (shown.exit_code, said.exit_code) == (1, 1)
    assert json.loads(said.stdout)[0]["error"]["code"] == "database_unavailable"
    assert "secret" not in shown.output + said.output
    assert "postgresql://owner@127.0.0.1:1/larder" in shown.output


@pytest.mark.slow
def test_there_is_a_prompt(kitchen: Path, atoll: Callable[..., Result]) -> None:
    """With help, a list of tables, statements over several lines, and mistakes that do not end it."""
    atoll("db", "migrate")
    run(ADD)

    with on_terminal("db", "shell", "stock", folder=kitchen) as program:
        program.until("stock> ")
        program.type(".tables\n")
        program.until("things")
        program.type("select\n")
        program.until("...> ")
        program.type("  name from things;\n")
        program.until("ham")
        program.type("select nonsense;\n")
        program.until("no such column")
        program.type(".quit\n")
        assert program.code() == 0
