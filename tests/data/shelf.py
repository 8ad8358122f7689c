"""Tables and statements of every kind that a service writes, for the tests that run them in two ways and compare."""

import enum
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    Float,
    ForeignKey,
    Index,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    TypeDecorator,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)

from atoll.data import upsert

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None  # Any: values of all columns


class Grade(enum.Enum):
    """How good a lead is."""

    cold = "c"
    warm = "w"
    hot = "h"


class Tags(TypeDecorator[tuple[str, ...]]):
    """A tuple of words, as a text with commas."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> str | None:  # Any: whatever was passed, and a dialect
        """The words, joined."""
        return None if value is None else ",".join(value)

    def process_result_value(self, value: Any, dialect: Any) -> tuple[str, ...] | None:  # Any: as above
        """The words."""
        return None if value is None else tuple(value.split(",")) if value else ()


SHELF = MetaData()

COMPANIES = Table(
    "companies",
    SHELF,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("size", BigInteger),
)


def _label(context: Any) -> str:  # Any: SQLAlchemy's context of a default
    return f"lead {context.get_current_parameters().get('id', 'of many')}"


LEADS = Table(
    "leads",
    SHELF,
    Column("id", Integer, primary_key=True),
    Column("company_id", Integer, ForeignKey("companies.id")),
    Column("email", Text, nullable=False),
    Column("points", Integer, default=1, nullable=False),
    Column("rank", SmallInteger, server_default="3"),
    Column("rate", Float),
    Column("exactness", Double),
    Column("is_public", Boolean, default=False),
    Column("label", String, default=_label),
    Column("changed", Integer, default=0, onupdate=lambda: 7),
    Column("seen", Integer, onupdate=literal(2) + 3),
    CheckConstraint("points >= 0"),
    Index("leads_by_points", "points", "email"),
)

THINGS = Table(
    "things",
    SHELF,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("born", Date),
    Column("at", DateTime),
    Column("hour", Time),
    Column("took", Interval),
    Column("doc", JSON),
    Column("raw", LargeBinary),
    Column("uid", Uuid),
    Column("uid_text", Uuid(as_uuid=False)),
    Column("grade", Enum(Grade, name="grade")),
    Column("tags", Tags),
    Column("odd name", String),
    Column("order", String, key="sorting"),
)

COMPANY_ROWS: list[dict[str, Any]] = [  # Any: values of all columns
    {"id": 1, "name": "Acme", "size": 5_000_000_000},
    {"id": 2, "name": "Bolt", "size": None},
]
LEAD_ROWS: list[dict[str, Any]] = [  # Any: as above
    {"id": 1, "company_id": 1, "email": "ada@acme.example", "points": 7, "rate": 0.5, "exactness": 0.1},
    {"id": 2, "company_id": 1, "email": "Bob@acme.example", "points": 3, "rate": None, "exactness": 1e300},
    {"id": 3, "company_id": None, "email": "çelik@bolt.example", "points": 0, "rate": -2.25, "exactness": None},
]
NEW_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001  # the column has no zone
THING_ROWS: list[dict[str, Any]] = [  # Any: values of all columns
    {
        "id": 1,
        "born": date(1815, 12, 10),
        "at": datetime(2026, 11, 26, 14, 2, 39, 105542),  # noqa: DTZ001  # the column has no zone
        "hour": time(9, 30, 1, 5),
        "took": timedelta(days=2, seconds=5, microseconds=7),
        "doc": {"a": [1, 2.5, None], "b": "ü"},
        "raw": b"\x00\xff",
        "uid": UUID(int=7),
        "uid_text": str(UUID(int=8)),
        "grade": Grade.warm,
        "tags": ("new", "big"),
        "odd name": "odd",
        "sorting": "first",
    },
    {
        **dict.fromkeys(("born", "at", "hour", "took", "raw", "uid", "uid_text", "grade", "tags", "sorting")),
        "id": 2,
        "doc": None,
        "odd name": "",
    },
]

ROWS: list[tuple[Table, list[dict[str, Any]]]] = [  # Any: values of all columns
    (COMPANIES, COMPANY_ROWS),
    (LEADS, LEAD_ROWS),
    (THINGS, THING_ROWS),
]

lead, company, thing = LEADS.c, COMPANIES.c, THINGS.c
_rich = select(lead.company_id, func.sum(lead.points).label("total")).group_by(lead.company_id).cte("rich")
_others = LEADS.alias("others")


READS: list[tuple[str, Any, Parameters]] = [  # Any: SQLAlchemy's classes of statements
    ("all columns", select(LEADS).order_by(lead.id), None),
    ("columns", select(lead.email, lead.points).order_by(lead.id), None),
    ("a literal", select(lead.id).where(lead.points > 2, lead.email != "x").order_by(lead.id), None),
    ("a parameter", select(lead.id).where(lead.email == bindparam("email")), {"email": "ada@acme.example"}),
    ("a default of a parameter", select(lead.id).where(lead.points == bindparam("points", 3)), None),
    ("a default that is not used", select(lead.id).where(lead.points == bindparam("points", 3)), {"points": 7}),
    ("values by params", select(lead.id).where(lead.points == bindparam("points")).params(points=7), None),
    ("others than by params", select(lead.id).where(lead.points == bindparam("p")).params(p=7), {"p": 3}),
    ("a callable", select(lead.id).where(lead.points == bindparam("points", callable_=lambda: 7)), None),
    (
        "a parameter twice",
        select(lead.id, bindparam("n", type_=Integer)).where(lead.points == bindparam("n")),
        {"n": 7},
    ),
    ("a parameter of its own type", select(bindparam("tags", type_=Tags)), {"tags": ("a", "b")}),
    ("in", select(lead.id).where(lead.id.in_([1, 3])).order_by(lead.id), None),
    ("in nothing", select(lead.id).where(lead.id.in_([])), None),
    ("not in nothing", select(lead.id).where(lead.id.not_in([])).order_by(lead.id), None),
    ("in a list", select(lead.id).where(lead.id.in_(bindparam("ids"))).order_by(lead.id), {"ids": [2, 3]}),
    ("in an empty list", select(lead.id).where(lead.id.in_(bindparam("ids"))), {"ids": []}),
    (
        "in two lists, and a literal",
        select(lead.id).where(
            lead.id.in_(bindparam("ids")), lead.points > 1, lead.email.in_(bindparam("emails", expanding=True))
        ),
        {"ids": [1, 2], "emails": ["ada@acme.example"]},
    ),
    ("in pairs", select(lead.id).where(tuple_(lead.id, lead.points).in_([(1, 7), (2, 4)])), None),
    (
        "in a list of pairs",
        select(lead.id).where(tuple_(lead.id, lead.points).in_(bindparam("pairs"))).order_by(lead.id),
        {"pairs": [(1, 7), (3, 0)]},
    ),
    ("in a list of members", select(thing.id).where(thing.grade.in_([Grade.warm, Grade.hot])), None),
    ("a literal in the text", select(lead.id).where(lead.id == bindparam("n", literal_execute=True)), {"n": 2}),
    ("in a select", select(lead.id).where(lead.company_id.in_(select(company.id))).order_by(lead.id), None),
    ("limit", select(lead.id).order_by(lead.id).limit(2).offset(1), None),
    ("limit of a parameter", select(lead.id).order_by(lead.id).limit(bindparam("n")), {"n": 2}),
    ("join", select(lead.id, company.id, company.name).join_from(LEADS, COMPANIES).order_by(lead.id), None),
    (
        "outer join",
        select(lead.email, company.name.label("company")).outerjoin_from(LEADS, COMPANIES).order_by(lead.id),
        None,
    ),
    (
        "alias",
        select(lead.id, _others.c.id).join(_others, lead.id < _others.c.id).order_by(lead.id, _others.c.id),
        None,
    ),
    ("cte", select(company.name, _rich.c.total).join(_rich, _rich.c.company_id == company.id), None),
    ("subquery", select(func.count()).select_from(select(lead.id).where(lead.points > 1).subquery()), None),
    ("exists", select(company.name).where(exists().where(lead.company_id == company.id)), None),
    (
        "a select as a column",
        select(company.id, select(func.count(lead.id)).scalar_subquery()).order_by(company.id),
        None,
    ),
    (
        "functions",
        select(func.max(lead.points), func.min(lead.email), func.lower(lead.email).label("l"))
        .group_by(lead.email)
        .order_by(lead.email),
        None,
    ),
    ("sum", select(func.sum(company.size), func.sum(lead.points)).join_from(LEADS, COMPANIES), None),
    ("group", select(lead.company_id, func.count()).group_by(lead.company_id).having(func.count() > 1), None),
    ("case", select(case((lead.points > 5, "high"), else_="low").label("level")).order_by(lead.id), None),
    ("coalesce", select(func.coalesce(lead.rate, 9.5)).order_by(lead.id), None),
    ("cast", select(cast(lead.points, String), cast(lead.points, Float)).order_by(lead.id), None),
    ("arithmetic", select(lead.points * 2 + 1, lead.points - lead.id, -lead.points).order_by(lead.id), None),
    ("division", select(lead.points % 2, lead.points / 2, lead.points // 2).order_by(lead.id), None),
    ("text", select((lead.email + "!").label("loud")).where(lead.email.like("%acme%")).order_by(lead.id), None),
    ("contains", select(lead.id).where(lead.email.contains("acme", autoescape=True)).order_by(lead.id), None),
    ("ilike", select(lead.id).where(lead.email.ilike("BOB%")), None),
    (
        "conditions",
        select(lead.id)
        .where(or_(lead.points.between(1, 4), and_(lead.rate.is_not(None), not_(lead.id == 1))))
        .order_by(lead.id),
        None,
    ),
    ("is null", select(lead.id).where(lead.rate == null()), None),
    ("distinct", select(lead.company_id).distinct().order_by(lead.company_id.nulls_last()), None),
    ("window", select(lead.id, func.row_number().over(order_by=lead.points).label("n")).order_by(lead.id), None),
    (
        "union",
        union_all(
            select(lead.id, literal("a").label("kind")).where(lead.id == 1), select(company.id, literal("b"))
        ).order_by("id", "kind"),
        None,
    ),
    ("booleans", select(lead.id, lead.is_public).where(lead.is_public.is_(False)).order_by(lead.id), None),
    ("a part of a text", select(literal_column("1", Integer).label("one"), literal_column("2 + 2", Integer)), None),
    ("all types", select(THINGS).order_by(thing.id), None),
    ("a date", select(thing.id).where(thing.born == date(1815, 12, 10), thing.at > NEW_YEAR), None),
    ("a uuid", select(thing.uid).where(thing.uid == UUID(int=7), thing.uid_text == str(UUID(int=8))), None),
    ("a member", select(thing.grade).where(thing.grade == Grade.warm), None),
    ("a type of its own", select(thing.tags).where(thing.tags == ("new", "big")), None),
    ("a part of json", select(thing.doc["b"].as_string()).where(thing.id == 1), None),
    (
        "odd names",
        select(thing["odd name"], thing.sorting).where(thing["odd name"] == bindparam("odd name")),
        {"odd name": "odd"},
    ),
    ("a long name", select(lead.id).where(lead.points == bindparam("p" * 80)), {"p" * 80: 7}),
    (
        "only a text",
        text("SELECT id, points FROM leads WHERE points > :least ORDER BY id").bindparams(
            bindparam("least", type_=Integer)
        ),
        {"least": 1},
    ),
    ("a text with columns", text("SELECT id, tags FROM things ORDER BY id").columns(thing.id, thing.tags), None),
    (
        "a text with its own values",
        text("SELECT id FROM leads WHERE email = :email").bindparams(email="ada@acme.example"),
        None,
    ),
    ("nothing", select(lead.id).where(lead.id == -1), None),
]


WRITES: list[tuple[str, Any, Parameters]] = [  # Any: SQLAlchemy's classes of statements
    ("insert", insert(COMPANIES), {"id": 9, "name": "Nine", "size": 1}),
    ("insert, in another order", insert(COMPANIES), {"size": 1, "name": "Nine", "id": 9}),
    ("insert without all columns", insert(COMPANIES), {"name": "Ten"}),
    ("insert of defaults", insert(LEADS), {"id": 8, "email": "e"}),
    ("insert of given columns", insert(LEADS).values(id=8, email="e", is_public=True, label=None), None),
    ("insert of both", insert(LEADS).values(id=8, email="e"), {"points": 4}),
    ("insert of other values than given", insert(LEADS).values(id=8, email="e"), {"email": "f"}),
    ("insert of an expression", insert(LEADS).values(id=8, email=func.lower("ABC"), points=literal(3) + 4), None),
    ("insert of several", insert(LEADS).values([{"id": 8, "email": "e"}, {"id": 9, "email": "f"}]), None),
    ("insert of a select", insert(COMPANIES).from_select(["id", "name"], select(lead.id + 20, lead.email)), None),
    (
        "insert with defaults of a select",
        insert(LEADS).from_select(["id", "email"], select(company.id + 20, company.name)),
        None,
    ),
    ("insert many", insert(LEADS), [{"id": n, "email": f"{n}", "points": n} for n in range(10, 15)]),
    ("insert many of other values", insert(LEADS).values(points=5), [{"id": n, "email": f"{n}"} for n in (10, 11)]),
    ("insert one of many", insert(LEADS), [{"id": 10, "email": "e"}]),
    ("insert, returning", insert(LEADS).returning(lead.id, lead.rank, lead.label), {"id": 8, "email": "e"}),
    (
        "insert of several, returning",
        insert(COMPANIES).values([{"id": 8, "name": "e"}, {"id": 9, "name": "f"}]).returning(company.id),
        None,
    ),
    ("update", update(LEADS).where(lead.id == bindparam("b_id")), {"b_id": 1, "points": 9}),
    ("update of given columns", update(LEADS).where(lead.points < 5).values(points=lead.points + 10), None),
    ("update of everything", update(LEADS).values({lead.rate: None, "is_public": True}), None),
    (
        "update many",
        update(LEADS).where(lead.id == bindparam("b_id")).values(points=bindparam("p")),
        [{"b_id": 1, "p": 5}, {"b_id": 2, "p": 6}],
    ),
    (
        "update of a select",
        update(LEADS).values(label=select(company.name).where(company.id == lead.company_id).scalar_subquery()),
        None,
    ),
    ("update, returning", update(LEADS).where(lead.id == 2).values(points=1).returning(lead.id, lead.changed), None),
    ("update in a list", update(LEADS).where(lead.id.in_(bindparam("ids"))).values(points=2), {"ids": [1, 2]}),
    ("update of nothing", update(LEADS).where(lead.id == -1).values(points=1), None),
    ("delete", delete(LEADS).where(lead.id == bindparam("b_id")), {"b_id": 1}),
    ("delete many", delete(LEADS).where(lead.id == bindparam("b_id")), [{"b_id": 1}, {"b_id": 3}]),
    ("delete, returning", delete(LEADS).where(lead.points > 1).returning(lead.id, lead.email), None),
    (
        "delete by a join",
        delete(LEADS).where(lead.company_id.in_(select(company.id).where(company.name == "Acme"))),
        None,
    ),
    ("all types", insert(THINGS), {**THING_ROWS[0], "id": 5}),
    ("all types, many", insert(THINGS), [{**row, "id": 10 + n} for n, row in enumerate(THING_ROWS)]),
    ("all types, updated", update(THINGS), {name: value for name, value in THING_ROWS[0].items() if name != "id"}),
    (
        "a text that writes",
        text("UPDATE leads SET points = :p WHERE id = :i").bindparams(
            bindparam("p", type_=Integer), bindparam("i", type_=Integer)
        ),
        {"p": 5, "i": 1},
    ),
    ("upsert of a new one", upsert(COMPANIES, "id"), {"id": 9, "name": "Nine", "size": 1}),
    ("upsert of an old one", upsert(COMPANIES, "id"), {"id": 1, "name": "Acme & Co", "size": 1}),
    ("upsert by another key", upsert(COMPANIES, "name"), {"id": 9, "name": "Acme", "size": 1}),
    ("upsert many", upsert(COMPANIES), [{"id": 1, "name": "A"}, {"id": 9, "name": "N"}]),
    ("upsert of defaults", upsert(LEADS), {"id": 1, "email": "new"}),
    ("upsert of one column", upsert(LEADS, "id", update=["email"]), {"id": 1, "email": "new", "points": 99}),
    ("upsert of nothing", upsert(LEADS, "id", update=()), {"id": 1, "email": "new", "points": 99}),
    ("upsert, returning", upsert(LEADS).returning(lead.id, lead.email, lead.points), {"id": 1, "email": "new"}),
    ("upsert of several", upsert(COMPANIES).values([{"id": 1, "name": "A"}, {"id": 9, "name": "N"}]), None),
    ("upsert of a select", upsert(COMPANIES).from_select(["id", "name"], select(lead.id, lead.email)), None),
]
