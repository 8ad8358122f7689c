"""What a column of each type takes and gives: the same on SQLite and on PostgreSQL."""

import enum
import sqlite3
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    any_,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import INT4RANGE, JSONB, Range
from sqlalchemy.types import TypeEngine

from atoll.data import Dialect, StatementRefused
from atoll.data.statements import Statements, ddl, upsert
from atoll.testing import PostgresServer
from tests.data.bare import connected

each_dialect = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
EAST = timezone(timedelta(hours=5, minutes=30))
NOON = datetime(2026, 11, 26, 12, 0, 0, 5, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)


class Colour(enum.StrEnum):
    RED = "r"
    BLUE = "b"


class Cents(TypeDecorator[Decimal]):
    """Money, as a number of cents."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:  # Any: whatever was passed, and a dialect
        """Cents."""
        return None if value is None else int(value * 100)

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:  # Any: as above
        """Money."""
        return None if value is None else Decimal(value) / 100


class Shout(TypeDecorator[str]):
    """Words, loud."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:  # Any: whatever was passed, and a dialect
        """With a mark."""
        return None if value is None else f"{value}!"


NULLABLE: list[TypeEngine[Any]] = [  # Any: of all types
    String(),
    Integer(),
    Float(),
    Numeric(9, 2),
    Boolean(),
    DateTime(timezone=True),
    Date(),
    Time(),
    Interval(),
    LargeBinary(),
    Uuid(),
    Enum(Colour),
    Cents(),
]
TAKEN: list[tuple[str, TypeEngine[Any], Any, Any]] = [  # Any: of all types, what is passed, what is read
    ("words", String(9), "ada", "ada"),
    ("as many words as it holds", String(5), "çelik", "çelik"),
    ("words of the world", Text(), "çelik 🏝", "çelik 🏝"),
    ("no words", String(), "", ""),
    ("members as words", String(), Colour.RED, "r"),
    ("whole", Integer(), -(2**31), -(2**31)),
    ("whole truth", Integer(), True, 1),
    ("small", SmallInteger(), 2**15 - 1, 2**15 - 1),
    ("big", BigInteger(), -(2**63), -(2**63)),
    ("big, otherwise on SQLite", BigInteger().with_variant(Integer(), "sqlite"), 2**40, 2**40),
    ("real", Float(), 0.1, 0.1),
    ("real from whole", Float(), 3, 3.0),
    ("real from exact", Float(), Decimal("1.5"), 1.5),
    ("endless", Float(), float("inf"), float("inf")),
    ("real as exact", Float(asdecimal=True), 0.25, Decimal("0.25")),
    ("exact", Numeric(10, 2), Decimal("12.30"), Decimal("12.30")),
    ("exact from whole", Numeric(10, 2), 12, Decimal("12.00")),
    ("exact from real", Numeric(10, 2), 0.1, Decimal("0.10")),
    ("exact, rounded up", Numeric(10, 2), Decimal("1.005"), Decimal("1.01")),
    ("exact, rounded down below zero", Numeric(10, 2), Decimal("-1.005"), Decimal("-1.01")),
    ("exact, fifteen digits", Numeric(15, 2), Decimal("9999999999999.99"), Decimal("9999999999999.99")),
    ("exact, of any scale", Numeric(), Decimal("0.000000000001"), Decimal("0.000000000001")),
    ("exact, without a scale", Numeric(5), Decimal("7.5"), Decimal(8)),
    ("exact as real", Numeric(10, 2, asdecimal=False), 1.25, 1.25),
    ("true", Boolean(), True, True),
    ("false", Boolean(), False, False),
    ("a moment", DateTime(timezone=True), NOON, NOON),
    ("a moment elsewhere", DateTime(timezone=True), NOON.astimezone(EAST), NOON),
    ("a moment long ago", DateTime(timezone=True), datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
    ("the last moment", DateTime(timezone=True), datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    ("a local moment", DateTime(), NAIVE, NAIVE),
    ("a day", Date(), date(1815, 12, 10), date(1815, 12, 10)),
    ("a time", Time(), time(9, 30, 0, 1), time(9, 30, 0, 1)),
    ("a span", Interval(), timedelta(days=-3, microseconds=1), timedelta(days=-3, microseconds=1)),
    ("json", JSON(), {"a": [1, None, 2.5, "ü"]}, {"a": [1, None, 2.5, "ü"]}),
    ("json of a word", JSON(), "12", "12"),
    ("json of a number", JSON(), 12, 12),
    ("json of nothing", JSON(), None, None),
    ("binary json", JSON().with_variant(JSONB(), "postgresql"), {"b": [True]}, {"b": [True]}),
    ("bytes", LargeBinary(), b"\x00\xff", b"\x00\xff"),
    ("a view of bytes", LargeBinary(), memoryview(b"ab"), b"ab"),
    ("a uuid", Uuid(), UUID(int=7), UUID(int=7)),
    ("a uuid as words", Uuid(as_uuid=False), str(UUID(int=7)), str(UUID(int=7))),
    ("a uuid as characters", Uuid(native_uuid=False), UUID(int=7), UUID(int=7)),
    ("a member", Enum(Colour), Colour.BLUE, Colour.BLUE),
    ("a member by its name", Enum(Colour), "BLUE", Colour.BLUE),
    ("one of several words", Enum("red", "blue", name="words"), "red", "red"),
    ("a member, not native", Enum(Colour, native_enum=False), Colour.RED, Colour.RED),
    ("a type of its own", Cents(), Decimal("12.34"), Decimal("12.34")),
    *((f"nothing {number}", kind, None, None) for number, kind in enumerate(NULLABLE)),
]

each_taken = pytest.mark.parametrize(
    ("kind", "passed", "read"), [pytest.param(*rest, id=name) for name, *rest in TAKEN]
)


def _table(kind: TypeEngine[Any]) -> Table:  # Any: of all types
    return Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("value", kind))


@each_taken
def test_a_value_comes_back_from_sqlite(kind: TypeEngine[Any], passed: Any, read: Any) -> None:  # Any: as above
    """As its type says; and it is found by itself."""
    statements, table = Statements("sqlite"), _table(kind)
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(ddl(table.metadata, "sqlite")[0])
        row = {"id": 1, "value": passed}
        connection.execute(*statements.prepared(insert(table), row).bound(row))
        finding = statements.prepared(select(table.c.value), None)

        found = finding.rows(connection.execute(*finding.bound(None)).fetchall(), -1).scalar()

        assert (found, type(found)) == (read, type(read))
        if passed is not None and not isinstance(kind, JSON):
            again = statements.prepared(select(table.c.id).where(table.c.value == passed), None)
            assert connection.execute(*again.bound(None)).fetchall() == [(1,)]
    finally:
        connection.close()


_numbers = count(1)


@pytest.fixture
async def connection(postgres: PostgresServer) -> AsyncGenerator[Any]:  # Any: asyncpg's is generic in its rows
    """A connection to an empty database of PostgreSQL."""
    async with connected(postgres, f"types_{next(_numbers)}") as opened:
        yield opened


async def test_values_come_back_from_postgresql(connection: Any) -> None:  # Any: as above
    """As from SQLite, and of the same types."""
    statements = Statements("postgresql")
    amiss: list[str] = []
    for name, kind, passed, read in TAKEN:
        table = _table(kind)
        for each in ddl(table.metadata, "postgresql"):
            await connection.execute(each)
        row = {"id": 1, "value": passed}
        adding, arguments = statements.prepared(insert(table), row).bound(row)
        await connection.execute(adding, *arguments)
        finding = statements.prepared(select(table.c.value), None)

        found = finding.rows(await connection.fetch(finding.bound(None)[0]), -1).scalar()

        if found != read or not isinstance(found, type(read)):
            amiss.append(f"{name}: {found!r}")
        if passed is not None and not isinstance(kind, JSON) and name != "whole truth":
            again, arguments = statements.prepared(select(table.c.id).where(table.c.value == passed), None).bound(None)
            if await connection.fetchval(again, *arguments) != 1:
                amiss.append(f"{name}: not found")
        await connection.execute("DROP TABLE t")

    assert not amiss, "\n".join(amiss)


async def test_arrays_travel_to_postgresql(connection: Any) -> None:  # Any: as above
    """Their values are checked as those of plain columns are."""
    statements = Statements("postgresql")
    kinds: dict[str, TypeEngine[Any]] = {  # Any: of all types
        "ints": ARRAY(Integer),
        "words": ARRAY(String),
        "colours": ARRAY(Enum(Colour)),
        "grid": ARRAY(Float, dimensions=2),
    }
    table = Table("lists", MetaData(), *(Column(name, kind) for name, kind in kinds.items()))
    row = {"ints": [1, None, 3], "words": ["a", "ü"], "colours": [Colour.RED], "grid": [[0.5, 1.0], [2.0, 3.0]]}
    for each in ddl(table.metadata, "postgresql"):
        await connection.execute(each)
    text, arguments = statements.prepared(insert(table), row).bound(row)
    await connection.execute(text, *arguments)
    finding = statements.prepared(
        select(table).where(table.c.ints == [1, None, 3], literal("a") == any_(table.c.words)), None
    )
    text, arguments = finding.bound(None)

    found = finding.rows(await connection.fetch(text, *arguments), -1)

    assert found[0].as_dict() == row
    with pytest.raises(StatementRefused, match="it takes an int, not a str"):
        statements.prepared(insert(table), {"ints": ["1"]}).bound({"ints": ["1"]})


async def test_ranges_travel_to_postgresql(connection: Any) -> None:  # Any: as above
    """The driver has a class for them, which is loaded then."""
    statements = Statements("postgresql")
    table = Table("spans", MetaData(), Column("id", Integer), Column[Any]("span", INT4RANGE))  # Any: of whole numbers
    row = {"id": 1, "span": Range(1, 5)}
    await connection.execute(ddl(table.metadata, "postgresql")[0])
    text, arguments = statements.prepared(insert(table), row).bound(row)
    await connection.execute(text, *arguments)
    finding = statements.prepared(select(table.c.span).where(table.c.span.contains(3)), None)
    text, arguments = finding.bound(None)

    found = finding.rows(await connection.fetch(text, *arguments), -1)

    assert found.scalar() == Range(1, 5)


REFUSED: list[tuple[str, TypeEngine[Any], Any, str]] = [  # Any: of all types, whatever may be passed
    ("a number for words", String(), 7, "it takes a str, not an int"),
    ("bytes for words", String(), b"ada", "it takes a str, not a bytes"),
    ("a NUL in words", Text(), "a\0b", "it holds a NUL"),
    ("too many words", String(3), "adas", "it has 4 characters, and the column holds 3"),
    ("blanks that are too many", String(3), "ada ", "it has 4 characters, and the column holds 3"),
    ("too many words for a fixed length", CHAR(3), "adas", "it has 4 characters, and the column holds 3"),
    ("too many words for a type of its own", Shout(3), "adas", "it has 5 characters, and the column holds 3"),
    ("half a character", Text(), "\ud800", "surrogates not allowed"),
    ("words for a number", Integer(), "7", "it takes an int, not a str"),
    ("a fraction for a whole number", Integer(), 7.0, "it takes an int, not a float"),
    ("more than 32 bits", Integer(), 2**31, "it does not fit into 32 bits: make it a BigInteger"),
    ("more than 16 bits", SmallInteger(), -(2**15) - 1, "it does not fit into 16 bits"),
    ("more than 64 bits", BigInteger(), 2**63, "it does not fit into 64 bits"),
    ("words for a real number", Float(), "1.5", "it takes a float, not a str"),
    ("NaN", Float(), float("nan"), "it is NaN"),
    ("words for an exact number", Numeric(9, 2), "1.5", "it takes a Decimal, not a str"),
    ("exact NaN", Numeric(9, 2), Decimal("NaN"), "it is no finite number"),
    ("too many digits", Numeric(4, 2), Decimal(100), "it has more digits than NUMERIC(4, 2) holds"),
    ("too many digits by rounding", Numeric(4, 2), Decimal("99.995"), "it has more digits than NUMERIC(4, 2) holds"),
    ("a word for a truth", Boolean(), "yes", "Not a boolean value"),
    ("a moment without a zone", DateTime(timezone=True), NAIVE, "it has no time zone, and the column has one"),
    ("a moment with a zone", DateTime(), NOON, "it has a time zone, and the column has none"),
    ("a day for a moment", DateTime(), date(2026, 1, 1), "it takes a datetime, not a date"),
    ("words for a moment", DateTime(timezone=True), "2026-01-01", "it takes a datetime, not a str"),
    ("a moment for a day", Date(), NAIVE, "it takes a date, not a datetime"),
    ("a time with a zone", Time(), time(9, tzinfo=UTC), "it takes a time without a zone"),
    ("seconds for a span", Interval(), 5, ""),
    ("what is no json", JSON(), {"at": NOON}, "not JSON serializable"),
    ("NaN in json", JSON(), [float("nan")], "not JSON compliant"),
    ("words for bytes", LargeBinary(), "ada", "it takes bytes, not a str"),
    ("words for a uuid", Uuid(), str(UUID(int=7)), "it takes a UUID, not a str"),
    ("a uuid for words", Uuid(as_uuid=False), UUID(int=7), "it takes a str, not an UUID"),
    ("what is no member", Enum(Colour), "GREEN", "it is none of RED, BLUE"),
    ("a number for a member", Enum(Colour), 7, "it is none of RED, BLUE"),
    ("too big for a type of its own", Cents(), Decimal(10**20), "it does not fit into 64 bits"),
    ("nonsense for a type of its own", Cents(), [1], ""),
]


@each_dialect
@pytest.mark.parametrize(("kind", "passed", "reason"), [pytest.param(*rest, id=name) for name, *rest in REFUSED])
def test_a_value_that_does_not_fit_is_refused(
    dialect: Dialect,
    kind: TypeEngine[Any],  # Any: of all types
    passed: Any,  # Any: whatever may be passed
    reason: str,
) -> None:
    """On both, with the same words, though only one of them would mind."""
    row = {"id": 1, "value": passed}
    prepared = Statements(dialect).prepared(insert(_table(kind)), row)

    with pytest.raises(StatementRefused) as refused:
        prepared.bound(row)

    assert "the parameter `value` does not fit" in refused.value.reason
    assert reason in refused.value.reason


NAMES = Table("names", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(3)))
LONG = {"long": "adas"}
WRITTEN: list[tuple[str, Any, dict[str, Any]]] = [  # Any: statements, values of all columns
    ("of an update", update(NAMES), {"name": "adas"}),
    ("of its own", insert(NAMES).values(name="adas"), {"id": 1}),
    ("of an update's own", update(NAMES).values(name="adas"), {}),
    ("in order", update(NAMES).ordered_values((NAMES.c.name, "adas"), (NAMES.c.id, 1)), {}),
    ("under another name", insert(NAMES).values(id=1, name=bindparam("long")), LONG),
    ("under another name and type", insert(NAMES).values(id=1, name=bindparam("long", type_=String(3))), LONG),
    ("under another name of an update", update(NAMES).values(name=bindparam("long")).where(NAMES.c.id == 1), LONG),
    ("of several rows", insert(NAMES).values([{"id": 1, "name": "ada"}, {"id": 2, "name": "adas"}]), {}),
    ("of several rows by place", insert(NAMES).values([(1, "ada"), (2, "adas")]), {}),
    ("of an upsert", upsert(NAMES), {"id": 1, "name": "adas"}),
    ("of an insert in a select", select(insert(NAMES).values(name="adas").returning(NAMES.c.id).cte().c.id), {}),
]


@each_dialect
@pytest.mark.parametrize(("statement", "row"), [pytest.param(*rest, id=name) for name, *rest in WRITTEN])
def test_text_that_its_column_does_not_hold_is_refused_wherever_it_is_written(
    dialect: Dialect,
    statement: Any,  # Any: all classes of statements
    row: dict[str, Any],  # Any: values of all columns
) -> None:
    """SQLite would keep it; PostgreSQL would refuse it, or cut off the blanks at its end."""
    with pytest.raises(StatementRefused, match="it has 4 characters, and the column holds 3"):
        Statements(dialect).prepared(statement, row).bound(row)


@each_dialect
def test_text_that_is_asked_for_may_be_longer_than_its_column(dialect: Dialect) -> None:
    """No row has it, which is an answer."""
    finding = select(NAMES).where(NAMES.c.name == "adas", NAMES.c.name.in_(["adas", "b"]))
    changing = update(NAMES).values(name="ada").where(NAMES.c.name == bindparam("long"))

    for statement, row in ((finding, {}), (changing, LONG)):
        _, arguments = Statements(dialect).prepared(statement, row).bound(row)

        assert "adas" in arguments


@pytest.mark.parametrize("passed", [Decimal("1.0000000000000001"), Decimal(10**16 + 1), Decimal("1e400")])
def test_what_a_float_would_not_give_back_is_refused_on_sqlite(passed: Decimal) -> None:
    """Where PostgreSQL keeps all digits; SQLAlchemy would warn, and lose some."""
    row = {"id": 1, "value": passed}
    table = _table(Numeric())
    Statements("postgresql").prepared(insert(table), row).bound(row)

    with pytest.raises(StatementRefused, match="it has more than 15 digits, of which SQLite would lose some"):
        Statements("sqlite").prepared(insert(table), row).bound(row)


MOMENTS = _table(DateTime(timezone=True))


@given(st.lists(st.datetimes(timezones=st.timezones() | st.just(UTC), allow_imaginary=False), min_size=1, max_size=5))
def test_moments_sort_on_sqlite_as_they_follow_each_other(moments: list[datetime]) -> None:
    """Whatever zones they come from; compared in SQL with another moment as well."""
    moments = [moment for moment in moments if 2 < moment.year < 9998]
    statements = Statements("sqlite")
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute(ddl(MOMENTS.metadata, "sqlite")[0])
        rows = [{"id": number, "value": moment} for number, moment in enumerate(moments)]
        connection.executemany(*statements.prepared(insert(MOMENTS), rows).bound_many(rows))
        value = MOMENTS.c.value
        wanted = select(value).order_by(value)
        earlier = select(func.count()).where(value < moments[0]) if moments else select(literal(0))

        found = statements.prepared(wanted, None).rows(
            connection.execute(*statements.prepared(wanted, None).bound(None)).fetchall(), -1
        )
        before = connection.execute(*statements.prepared(earlier, None).bound(None)).fetchone()[0]

        in_utc = [moment.astimezone(UTC) for moment in moments]  # Python calls an hour that comes twice unequal to any
        assert found.scalars() == sorted(in_utc)
        assert all(moment.tzinfo is UTC for moment in found.scalars())
        assert before == sum(moment < in_utc[0] for moment in in_utc)
    finally:
        connection.close()


STAMPED = Table(
    "stamped",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), server_default=func.now()),
    Column("by_hand", DateTime(timezone=True), server_default=text("CURRENT_TIMESTAMP")),
    Column("local", DateTime, server_default=func.now()),
    Column("changed", DateTime(timezone=True), onupdate=func.now()),
)


async def _stamped(run: Any) -> dict[str, Any]:  # Any: a function that runs a statement, and values of all columns
    await run(insert(STAMPED), {"id": 1})
    await run(update(STAMPED).where(STAMPED.c.id == 1).values(id=2), None)
    (row,) = await run(select(STAMPED, func.now().label("now"), (STAMPED.c.at <= func.now()).label("is_past")), None)
    found: dict[str, Any] = row.as_dict()  # Any: as above
    return found


async def test_the_database_tells_the_time_alike(connection: Any) -> None:  # Any: as above
    """As a default, in an update, and as a column: with a zone where the type has one, in UTC."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    dialects: dict[str, dict[str, Any]] = {}  # Any: as above

    async def on_sqlite(statement: Any, parameters: Any) -> Any:  # Any: statements, parameters and rows of all kinds
        prepared = Statements("sqlite").prepared(statement, parameters)
        return prepared.rows(memory.execute(*prepared.bound(parameters)).fetchall(), -1)

    async def on_postgresql(statement: Any, parameters: Any) -> Any:  # Any: as above
        prepared = Statements("postgresql").prepared(statement, parameters)
        text, arguments = prepared.bound(parameters)
        return prepared.rows(await connection.fetch(text, *arguments), -1)

    try:
        for each in ddl(STAMPED.metadata, "sqlite"):
            memory.execute(each)
        for each in ddl(STAMPED.metadata, "postgresql"):
            await connection.execute(each)
        dialects = {"sqlite": await _stamped(on_sqlite), "postgresql": await _stamped(on_postgresql)}
    finally:
        memory.close()

    now = datetime.now(UTC)
    for found in dialects.values():
        assert {name: found[name].tzinfo for name in ("at", "by_hand", "local", "changed", "now")} == {
            "at": UTC, "by_hand": UTC, "local": None, "changed": UTC, "now": None
        }  # fmt: skip
        assert all(abs(now - found[name]) < timedelta(minutes=5) for name in ("at", "by_hand", "changed"))
        assert all(abs(now.replace(tzinfo=None) - found[name]) < timedelta(minutes=5) for name in ("local", "now"))
        assert found["is_past"]


SUMS = Table(
    "sums",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("big", BigInteger),
    Column("price", Numeric(9, 2)),
)


async def test_sums_are_of_the_type_of_what_is_added(connection: Any) -> None:  # Any: as above
    """PostgreSQL adds up BIGINT to NUMERIC, SQLite prices as floats."""
    rows = [{"id": number, "big": 2**40, "price": Decimal("0.10")} for number in range(3)]
    adding = select(func.sum(SUMS.c.big), func.sum(SUMS.c.price), func.max(SUMS.c.price), func.sum(SUMS.c.price * 2))
    memory = sqlite3.connect(":memory:")
    try:
        memory.execute(ddl(SUMS.metadata, "sqlite")[0])
        memory.executemany(*Statements("sqlite").prepared(insert(SUMS), rows).bound_many(rows))
        on_sqlite = Statements("sqlite").prepared(adding, None)
        found = on_sqlite.rows(memory.execute(*on_sqlite.bound(None)).fetchall(), -1).one()
    finally:
        memory.close()
    await connection.execute(ddl(SUMS.metadata, "postgresql")[0])
    await connection.executemany(*Statements("postgresql").prepared(insert(SUMS), rows).bound_many(rows))
    on_postgresql = Statements("postgresql").prepared(adding, None)
    text, arguments = on_postgresql.bound(None)
    found_there = on_postgresql.rows(await connection.fetch(text, *arguments), -1).one()

    assert tuple(found) == tuple(found_there) == (3 * 2**40, Decimal("0.30"), Decimal("0.10"), Decimal("0.60"))
    assert (
        [type(value) for value in found] == [type(value) for value in found_there] == [int, Decimal, Decimal, Decimal]
    )
