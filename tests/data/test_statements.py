"""What `Statements` promises beside the right answers: compiled once, nothing kept for ever, clear refusals."""

import gc
import subprocess
import sys
from collections.abc import Mapping
from itertools import count
from types import MappingProxyType
from typing import Any, cast

import pytest
from sqlalchemy import (
    ARRAY,
    Column,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateTable

from atoll.data import Dialect, StatementRefused, expanding, statements, upsert
from atoll.data.statements import Statements
from tests.amount import amount
from tests.data.shelf import COMPANIES, LEADS, READS, SHELF, WRITES

FIND = select(LEADS.c.email).where(LEADS.c.id == bindparam("id"))
ADD = insert(COMPANIES)

each_dialect = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])


@pytest.mark.parametrize(
    ("statement", "parameters"), [(FIND, {"id": 1}), (ADD, {"id": 1, "name": "n"}), (ADD, [{"id": 1, "name": "n"}])]
)
def test_a_constant_is_found_by_its_identity(statement: Any, parameters: Any) -> None:  # Any: of all kinds
    """From its third run on nothing is made for it."""
    known = Statements("sqlite")
    known.prepared(statement, parameters)
    second = known.prepared(statement, parameters)

    third = known.prepared(statement, parameters)

    assert third is second


def test_an_insert_has_a_text_for_each_set_of_columns() -> None:
    """Columns that are not given get their defaults."""
    known = Statements("sqlite")

    texts = [
        known.prepared(ADD, row).bound(row)[0] for row in ({"id": 1, "name": "n"}, {"name": "n"}) for _ in range(3)
    ]

    assert texts == 3 * ["INSERT INTO companies (id, name) VALUES (?, ?)"] + 3 * [
        "INSERT INTO companies (name) VALUES (?)"
    ]


def test_what_is_built_on_a_constant_is_another_statement() -> None:
    """SQLAlchemy copies what it builds upon, with whatever hangs on it."""
    known = Statements("sqlite")
    for _ in range(3):
        known.prepared(FIND, {"id": 1})

    built = known.prepared(FIND.where(LEADS.c.points > 4), {"id": 1})

    assert built.bound({"id": 1}) == (
        "SELECT leads.email \nFROM leads \nWHERE leads.id = ? AND leads.points > ?",
        [1, 4],
    )


def test_statements_that_differ_in_their_values_are_compiled_once() -> None:
    """And each keeps its own values."""
    known: Any = Statements("sqlite")  # Any: looked behind the door

    several = [known.prepared(select(LEADS.c.id).where(LEADS.c.points > points), None) for points in range(5)]

    assert len({id(each._pattern) for each in several}) == 1
    assert [each.bound(None)[1] for each in several] == [[points] for points in range(5)]


def test_texts_for_lists_are_kept_for_equal_statements() -> None:
    """By their lengths; not more than some."""
    known: Any = Statements("sqlite")  # Any: looked behind the door
    lengths = [2, 2, 5, *range(expanding.TEXTS_MAX + 1)]

    several = [known.prepared(select(LEADS.c.id).where(LEADS.c.id.in_(range(length))), None) for length in lengths]
    found = [len(each.bound(None)[1]) for each in several]

    assert found == lengths
    assert len({id(each._expanding) for each in several}) == 1
    assert len(several[0]._expanding._texts) <= expanding.TEXTS_MAX


def test_statements_that_were_run_once_are_forgotten() -> None:
    """A service that builds its statements for each call does not grow."""
    known: Any = Statements("sqlite")  # Any: looked behind the door

    for number in range(amount(100, 500)):
        known.prepared(select(LEADS.c.id).where(LEADS.c.id.in_(range(number))), None).bound(None)
        known.prepared(insert(COMPANIES).values([{"id": number, "name": "n"}]), None).bound(None)
    gc.collect()

    assert len(known._met) <= 2
    assert not known._known


def test_statements_that_are_run_often_are_forgotten_when_there_are_too_many() -> None:
    """The oldest ones, which are found by their keys afterwards."""
    known: Any = Statements("sqlite")  # Any: looked behind the door
    several = [select(LEADS.c.id).where(LEADS.c.points > points) for points in range(statements.KNOWN_MAX + 1)]

    for statement in several:
        for _ in range(2):
            known.prepared(statement, None)

    assert len(known._known) <= statements.KNOWN_MAX
    assert known.prepared(several[0], None).bound(None)[1] == [0]


def test_sets_of_columns_are_bounded() -> None:
    """Rows of a form of somebody else's have any columns."""
    known: Any = Statements("sqlite")  # Any: looked behind the door
    many = Table("many", MetaData(), *(Column(f"c{number}", Integer) for number in range(statements.COLUMNS_MAX + 10)))
    adding = insert(many)

    for each in many.c:
        for _ in range(2):
            known.prepared(adding, {each.name: 1}).bound({each.name: 1})

    assert len(known._known[id(adding)].prepared) == statements.COLUMNS_MAX


def test_defaults_and_callables_are_asked_for_each_run() -> None:
    """Not once when the statement is compiled."""
    numbers = count(1)
    table = Table("t", MetaData(), Column("id", Integer, default=lambda: next(numbers)), Column("name", String))
    adding, finding = (
        insert(table),
        select(table.c.id).where(table.c.id == bindparam("n", callable_=lambda: next(numbers))),
    )
    known = Statements("sqlite")

    found = [known.prepared(adding, {"name": "a"}).bound({"name": "a"})[1] for _ in range(3)]
    found += [known.prepared(finding, None).bound(None)[1] for _ in range(3)]
    _, many = known.prepared(adding, [{"name": "a"}]).bound_many([{"name": "a"}, {"name": "b"}])

    assert [sorted(map(str, row)) for row in found] == [["1", "a"], ["2", "a"], ["3", "a"], ["4"], ["5"], ["6"]]
    assert [sorted(map(str, row)) for row in many] == [["7", "a"], ["8", "b"]]


def test_any_mapping_is_good_for_parameters() -> None:
    """A row of another statement's, say."""
    row: Mapping[str, Any] = MappingProxyType({"id": 1, "name": "n"})  # Any: values of all columns
    known = Statements("sqlite")

    arguments = [known.prepared(ADD, row).bound(row)[1] for _ in range(3)]

    assert arguments == [[1, "n"]] * 3


@each_dialect
def test_reading_is_told_from_writing(dialect: Dialect) -> None:
    """By it the driver chooses a connection."""
    known = Statements(dialect)
    locking = select(LEADS.c.id).with_for_update()
    written = insert(COMPANIES).values(name="n").returning(COMPANIES.c.id).cte("written")
    hidden = select(written.c.id)
    texts = {
        "SELECT 1": True,
        "  select\n 1": True,
        "VALUES (1)": True,
        "SELECT id FROM leads FOR UPDATE": False,
        "SELECT id FROM leads\nFOR  NO KEY UPDATE": False,
        "SELECT id INTO other FROM leads": False,
        "WITH x AS (DELETE FROM leads RETURNING id) SELECT id FROM x": False,
        "UPDATE leads SET points = 1": False,
        "PRAGMA user_version = 3": False,
    }

    reads = [name for name, statement, parameters in READS if known.prepared(statement, parameters).is_read]
    writes = [name for name, statement, parameters in WRITES if known.prepared(statement, parameters).is_read]

    assert reads == [name for name, _, _ in READS]
    assert writes == []
    assert not known.prepared(locking, None).is_read
    assert not known.prepared(select(locking.subquery()), None).is_read
    assert not known.prepared(hidden, None).is_read
    assert {each: known.prepared(text(each), None).is_read for each in texts} == texts
    assert not known.prepared(text("UPDATE leads SET points = 1 RETURNING id").columns(LEADS.c.id), None).is_read


@each_dialect
def test_the_metadata_of_all_tables_are_told(dialect: Dialect) -> None:
    """A database in memory makes what it meets."""
    known = Statements(dialect)
    elsewhere = Table("elsewhere", MetaData(), Column("id", Integer))
    both = select(LEADS.c.id).where(LEADS.c.id.in_(select(elsewhere.c.id)))

    assert known.prepared(FIND, {"id": 1}).metadata == (SHELF,)
    assert known.prepared(ADD, {"name": "n"}).metadata == (SHELF,)
    assert known.prepared(update(LEADS).values(points=1), None).metadata == (SHELF,)
    assert known.prepared(delete(elsewhere), None).metadata == (elsewhere.metadata,)
    assert known.prepared(both, None).metadata == (SHELF, elsewhere.metadata)
    assert known.prepared(select(func.count()).select_from(elsewhere), None).metadata == (elsewhere.metadata,)
    assert known.prepared(upsert(LEADS), {"id": 1, "email": "e"}).metadata == (SHELF,)
    assert known.prepared(text("SELECT 1"), None).metadata == ()


class Tables(DeclarativeBase):
    pass


class Lead(Tables):
    __tablename__ = "mapped"
    id: Mapped[int] = mapped_column(primary_key=True)


LISTED = select(LEADS.c.id).where(LEADS.c.id.in_(bindparam("ids")))
PAIRED = select(LEADS.c.id).where(tuple_(LEADS.c.id, LEADS.c.points).in_(bindparam("pairs")))
LISTS = Table("lists", MetaData(), Column("id", Integer, primary_key=True), Column("parts", ARRAY(Integer)))
COUNTED = Table("counted", MetaData(), Column("id", Integer, default=Sequence("numbers")), Column("name", String))

REFUSED: list[tuple[str, Any, Any, str]] = [  # Any: whatever somebody may pass
    ("a missing parameter", FIND, None, "it lacks the parameter id"),
    ("an unknown parameter", FIND, {"id": 1, "ID": 2}, "it has no parameter ID, only id"),
    ("another parameter", FIND, {"key": 1}, "it lacks the parameter id, and it has no parameter key, only id"),
    ("a parameter that nobody asks for", select(LEADS.c.id), {"id": 1}, "it has no parameter id, only none"),
    ("a column that is not there", ADD, {"name": "n", "colour": 1}, "it has no parameter colour, only name"),
    (
        "a value of a column that is not there",
        insert(COMPANIES).values(colour=1),
        None,
        "Unconsumed column names: colour",
    ),
    ("a wrong type", ADD, {"id": "1", "name": "n"}, "the parameter `id` does not fit: it takes an int, not a str"),
    ("an unknown type", text("SELECT :a"), {"a": object()}, "the parameter `a` does not fit: an object needs a type"),
    ("columns as names", ADD, {COMPANIES.c.name: "n"}, "its parameters are named by columns: name them by words"),
    ("a list of a single one", FIND, ("id",), "its parameters are a tuple, not a dict"),
    ("no list for an IN", LISTED, {"ids": 3}, "takes a list, not a int"),
    (
        "a word for an IN",
        select(LEADS.c.id).where(LEADS.c.email.in_(bindparam("ids"))),
        {"ids": "ab"},
        "takes a list, not a str",
    ),
    ("a wrong type in an IN", LISTED, {"ids": [1, "2"]}, "the parameter `ids` does not fit: it takes an int"),
    ("an IN that is too long", LISTED, {"ids": range(40_000)}, "it gets 40000 values"),
    ("short pairs", PAIRED, {"pairs": [(1,)]}, "takes a list of tuples of 2"),
    (
        "too many rows",
        insert(COMPANIES).values([{"name": f"{n}"} for n in range(40_000)]),
        None,
        "it has more than 32766 values",
    ),
    ("a word", "SELECT 1", None, "it is no statement: write select(...)"),
    ("a table", LEADS, None, "it is no statement"),
    ("a function", func.now(), None, "it is no statement"),
    ("making tables", CreateTable(LEADS), None, "tables are made and changed by migrations"),
    ("a class of the ORM", select(Lead), None, "it names classes of the ORM"),
    ("an attribute of the ORM", select(LEADS.c.id).where(LEADS.c.id == Lead.id), None, "it names classes of the ORM"),
    ("a row of the ORM", insert(Lead).values(id=1), None, "it names classes of the ORM"),
    ("defaults for the ORM", insert(COMPANIES).values(name="n").return_defaults(), None, "use returning()"),
    (
        "columns without order",
        text("SELECT 1, 'a'").columns(a=Integer, b=String),
        None,
        "the order of its columns is not known",
    ),
    (
        "a parameter and a column of one name",
        update(LEADS).where(LEADS.c.id == bindparam("points")),
        {"points": 1},
        "reserved",
    ),
]


@each_dialect
@pytest.mark.parametrize(
    ("statement", "parameters", "reason"), [pytest.param(*rest, id=name) for name, *rest in REFUSED]
)
def test_what_cannot_be_run_is_refused_with_its_text(
    dialect: Dialect,
    statement: Any,  # Any: whatever somebody may pass
    parameters: Any,  # Any: as above
    reason: str,
) -> None:
    """Before the driver sees it, so that both databases say the same."""
    if dialect == "postgresql" and reason.endswith("needs a type"):
        return  # PostgreSQL finds out the type by itself
    known = Statements(dialect)

    for _ in range(3):
        with pytest.raises(StatementRefused) as refused:
            known.prepared(statement, parameters).bound(parameters)

        assert reason in refused.value.reason
        assert refused.value.statement


REFUSED_MANY: list[tuple[str, Any, Any, str]] = [  # Any: as above
    ("a select", FIND, [{"id": 1}], "it answers rows"),
    ("an insert that answers", ADD.returning(COMPANIES.c.id), [{"name": "n"}], ".values([...])"),
    ("an IN", delete(LEADS).where(LEADS.c.id.in_(bindparam("ids"))), [{"ids": [1]}], "run it once at a time"),
    ("rows of other columns", ADD, [{"name": "n"}, {"name": "m", "id": 1}], "it has no parameter id"),
    ("a row with less", ADD, [{"name": "n", "id": 1}, {"name": "m"}], "it lacks the parameter id"),
]


@each_dialect
@pytest.mark.parametrize(
    ("statement", "parameters", "reason"), [pytest.param(*rest, id=name) for name, *rest in REFUSED_MANY]
)
def test_what_cannot_be_run_for_a_list_is_refused(
    dialect: Dialect,
    statement: Any,  # Any: as above
    parameters: Any,  # Any: as above
    reason: str,
) -> None:
    """Rows would be lost, or columns filled by defaults that one row has given."""
    known = Statements(dialect)

    with pytest.raises(StatementRefused) as refused:
        known.prepared(statement, parameters).bound_many(parameters)

    assert reason in refused.value.reason


@pytest.mark.parametrize(
    "statement", [select(LISTS), insert(LISTS).values(parts=[1]), select(LISTS.c.id).where(LISTS.c.parts == [1])]
)
def test_arrays_are_refused_on_sqlite(statement: Any) -> None:  # Any: SQLAlchemy's classes of statements
    """By their name, where sqlite3 would say that it knows no lists."""
    Statements("postgresql").prepared(statement, None).bound(None)

    with pytest.raises(StatementRefused, match="SQLite has no ARRAY: use JSON"):
        Statements("sqlite").prepared(statement, None)


def test_a_refusal_shows_no_values() -> None:
    """They may be somebody's."""
    known = Statements("sqlite")
    secret = "ada@acme.example\0"

    with pytest.raises(StatementRefused) as refused:
        known.prepared(ADD, {"name": secret}).bound({"name": secret})

    assert "ada" not in str(refused.value)
    assert "it holds a NUL" in str(refused.value)


def test_a_refusal_has_an_end() -> None:
    """The text of a statement may be as long as its values are many."""
    rows = [{"name": f"{number}"} for number in range(1_000)]

    with pytest.raises(StatementRefused) as refused:
        Statements("sqlite").prepared(insert(COMPANIES).values(rows), None).bound({"id": 1})

    assert len(str(refused.value)) < 25_000


def test_columns_of_a_text_have_names_where_it_says_so() -> None:
    """Drivers do not tell them; a text that says too few of them is refused."""
    known = Statements("sqlite")
    plain, named = text("SELECT 1, 'a'"), text("SELECT 1, 'a'").columns(column("id", Integer), column("name", String))
    few = text("SELECT 1, 'a'").columns(column("id", Integer))
    raw = [(1, "a")]

    assert known.prepared(plain, None).rows(raw, -1)[0].as_dict() == {"column_1": 1, "column_2": "a"}
    assert known.prepared(named, None).rows(raw, -1)[0].name == "a"
    assert known.prepared(select(literal_column("1", Integer).label("one"), text("'a'")), None).rows(raw, -1)[
        0
    ].as_dict() == {
        "one": 1,
        "column_2": "a",
    }
    with pytest.raises(StatementRefused, match="it answers 2 columns, and names 1"):
        known.prepared(few, None).rows(raw, -1)


def test_rows_tell_how_many_were_changed() -> None:
    """As the driver counts."""
    known = Statements("sqlite")

    assert known.prepared(ADD, {"name": "n"}).rows((), 3).changed == 3
    assert len(known.prepared(ADD, {"name": "n"}).rows((), 3)) == 0


def test_a_sequence_is_used_within_the_statement() -> None:
    """SQLAlchemy would ask for its next value by a statement of its own."""
    row = {"name": "n"}

    written, arguments = Statements("postgresql").prepared(COUNTED.insert(), row).bound(row)

    assert written == "INSERT INTO counted (id, name) VALUES (nextval('numbers'), $1::VARCHAR)"
    assert arguments == ["n"]


@pytest.mark.parametrize(
    ("code", "unloaded"),
    [
        ("import atoll.data", "sqlalchemy"),
        ("from atoll.data.statements import Statements; Statements('postgresql')", "asyncpg"),
        ("from atoll.data.statements import Statements; Statements('sqlite')", "sqlalchemy.dialects.postgresql"),
    ],
)
def test_nobody_loads_what_he_does_not_need(code: str, unloaded: str) -> None:
    """SQLAlchemy takes a third of a second, its PostgreSQL a tenth, and asyncpg is an extra."""
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print({unloaded!r} in sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert found.stdout.strip() == "False"


def test_a_wrong_list_of_parameters_is_no_surprise() -> None:
    """Whoever passes a list where one is meant."""
    known = Statements("sqlite")
    wrong = cast("Any", [{"id": 1}])  # Any: the mistake

    with pytest.raises(StatementRefused, match="its parameters are a list, not a dict"):
        known.prepared(FIND, None).bound(wrong)
