"""OpenAPI 3.1 documents: official judges accept them, and they say what really travels."""

import dataclasses
import datetime
import decimal
import json
from collections.abc import AsyncIterator, Iterator
from string import ascii_letters, digits
from typing import Annotated, Any, Literal, NamedTuple, Protocol, TypedDict, cast

import msgspec
import pydantic
import pytest
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from atoll import (
    Choice,
    Contract,
    Deprecation,
    Event,
    Page,
    Personal,
    Problem,
    Value,
    contract,
    contract_of,
    delete,
    get,
    openapi,
    patch,
    post,
    put,
)
from atoll.contract import codec_of, to_wire
from atoll.contract.schema import Json, Schemas
from tests.contract import postponed, twins
from tests.contract.test_codec import GOOD
from tests.contract.test_problems import PLATFORM


class Grade(Choice):
    """What the points mean."""

    A = "a"
    UNKNOWN = "unknown"


class Reason(Value):
    """Why."""

    why: Personal[str]
    points: Annotated[int, msgspec.Meta(ge=0, lt=100, multiple_of=5, description="How much.")] = 0


class Mail(Value, tag="mail"):
    """By mail."""

    to: Personal[str] | None = None


class Call(Value, tag="call"):
    """By telephone."""

    number: Annotated[str, msgspec.Meta(pattern="^[0-9]+$", min_length=3, max_length=9, examples=["112"])]


@dataclasses.dataclass
class Point:
    """A dataclass."""

    x: int
    y: float = 0.5
    tags: list[str] = dataclasses.field(default_factory=list[str])


@dataclasses.dataclass
class Silent:
    x: int


class Sizes(TypedDict, total=False):
    """A dictionary."""

    small: int


class Pair(NamedTuple):
    """A tuple."""

    left: int
    right: str = "none"


class Tree(Value):
    below: tuple["Tree", ...] = ()


class Score(Value):
    """How well a lead fits.

    With its reasons.
    """

    lead_id: str
    grade: Grade = Grade.UNKNOWN
    reasons: tuple[Reason, ...] = ()
    contact: Mail | Call | None = None
    contacts: tuple[Mail | Call, ...] = ()
    owner: Personal[Reason] | None = None
    by_name: dict[str, Reason] = {}  # noqa: RUF012  # msgspec copies it
    few: Annotated[list[int], msgspec.Meta(min_length=1, max_length=3)] | None = None
    few_names: Annotated[dict[str, int], msgspec.Meta(max_length=3)] | None = None
    words: frozenset[str] = frozenset({"a"})
    point: Point | None = None
    silent: Silent | None = None
    sizes: Sizes | None = None
    pair: Pair | None = None
    fixed: tuple[int, str] = (1, "a")
    tree: Tree | None = None
    price: decimal.Decimal = decimal.Decimal("1.50")
    at: datetime.datetime | None = None
    took: datetime.timedelta = datetime.timedelta(seconds=90)
    raw: bytes = b"\xff"
    colour: Literal["red", "green"] | None = None


class ScoreNotFound(Problem, status=404):
    """There is no such score."""

    lead_id: str
    email: Personal[str] | None = None


class Busy(Problem, status=422):
    """Nobody has time."""


class LeadScored(Event, key="lead_id"):
    """A lead has a score.

    Told once.
    """

    lead_id: str
    score: Score


class Part(pydantic.BaseModel):
    """A model in a model."""

    number: int = 0


class Cat(pydantic.BaseModel):
    """One of a union."""

    kind: Literal["cat"] = "cat"


class Dog(pydantic.BaseModel):
    """The other."""

    kind: Literal["dog"] = "dog"


class Order(pydantic.BaseModel):
    """A model."""

    parts: list[Part] = []
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")] | None = None


class Folder(pydantic.BaseModel):
    """A model that names itself."""

    inner: "list[Folder]" = []


@contract(version="1.3", publishes=(LeadScored,))
class Scoring(Protocol):
    """Says how well a lead fits."""

    @post("/scores", public=True, raises=(Busy,))
    async def score(self, score: Score) -> Score:
        """Score one lead.

        And keep the score.
        """
        ...

    @get("/scores/{lead_id}", public=True, raises=(ScoreNotFound,))
    async def latest(self, lead_id: str, grade: Grade | None = None) -> Score: ...

    @delete("/scores/{lead_id}")
    async def forget(self, lead_id: str) -> None: ...

    @get("/scores", public=True)
    async def listed(
        self,
        cursor: str | None = None,
        limit: Annotated[int, msgspec.Meta(ge=1)] = 100,
        grades: tuple[Grade, ...] = (),
        email: Personal[str] | None = None,
        colour: Literal["red", None] = None,  # noqa: PYI061  # this spelling is the point
        since: datetime.date = datetime.date(2026, 1, 31),
    ) -> Page[Score]: ...

    @get("/reasons")
    async def reasons(self, cursor: str | None = None, limit: int = 100) -> Page[Reason]: ...

    @get("/export", deprecated=Deprecation(since=datetime.date(2026, 1, 1), instead="scoring.listed"))
    def export(self) -> AsyncIterator[Mail | Call]: ...

    @put("/orders/{number}")
    async def order(self, number: int, order: Order) -> Folder: ...

    @patch("/folders")
    async def folder(self, folder: Folder) -> Order: ...

    @get("/")
    async def root(self) -> int | str | None: ...


def document(*contracts: Any, **options: Any) -> Json:  # Any: contracts; options of any type
    """A document of these contracts."""
    return openapi(map(contract_of, contracts), title="Tests", version="1.0", **options)


def judged(it: Json) -> Json:
    """A document that the official judges accept, and that is what its JSON says."""
    assert list(OpenAPIV31SpecValidator(it).iter_errors()) == []
    assert json.loads(json.dumps(it)) == it
    for name, schema in it["components"]["schemas"].items():
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": it["components"]})
        Draft202012Validator(schema | {"components": it["components"]})
    known = {f"#/components/schemas/{name}" for name in it["components"]["schemas"]}
    assert set(references(it)) <= known
    ids = [operation["operationId"] for item in it["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)
    tags = [tag["name"] for tag in it["tags"]]
    assert len(set(tags)) == len(tags)
    return it


def references(node: Any) -> Iterator[str]:  # Any: JSON
    """Every reference in a document."""
    match node:
        case dict():
            for name, inner in cast(Json, node).items():
                if name == "$ref":
                    yield inner
                elif name == "mapping":
                    yield from inner.values()
                else:
                    yield from references(inner)
        case list():
            for inner in cast(list[object], node):
                yield from references(inner)
        case _:
            return


def component(it: Json, name: str) -> Json:
    """One of its schemas."""
    schema: Json = it["components"]["schemas"][name]
    return schema


def fits(it: Json, schema: Json, instance: object) -> bool:
    """Whether an instance is what a schema of the document describes."""
    return Draft202012Validator(schema | {"components": it["components"]}).is_valid(instance)


def test_a_rich_contract_is_accepted_by_the_judges() -> None:
    """All of it, and what of it is public."""
    judged(document(Scoring))
    judged(document(Scoring, public_only=True))
    judged(document(postponed.Scoring))


def test_a_document_of_nothing_is_one() -> None:
    """An application begins without operations."""

    @contract(version="1.0")
    class Empty(Protocol):
        """Nothing."""

    assert judged(document())["paths"] == {}
    assert judged(document(Empty))["tags"] == [{"name": "empty", "description": "Nothing.", "x-version": "1.0"}]


def test_a_contract_says_nothing_of_itself_that_others_have_said() -> None:
    """A class without a docstring has none, whatever it derives from."""

    @contract(version="1.0")
    class Silent(Protocol): ...

    assert judged(document(Silent))["tags"][0]["description"] == ""


def test_operations_are_described() -> None:
    """Where they are, what they are, and who answers for them."""
    it = judged(document(Scoring, owners={"scoring": "revenue-operations"}, description="All."))

    assert it["info"] == {"title": "Tests", "version": "1.0", "description": "All."}
    assert it["tags"] == [
        {
            "name": "scoring",
            "description": "Says how well a lead fits.",
            "x-version": "1.3",
            "x-owner": "revenue-operations",
        }
    ]
    score = it["paths"]["/scoring/v1/scores"]["post"]
    assert (score["operationId"], score["tags"]) == ("scoring.score", ["scoring"])
    assert (score["summary"], score["description"]) == ("Score one lead.", "And keep the score.")
    assert score["requestBody"] == {
        "required": True,
        "x-name": "score",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Score"}}},
    }
    assert it["paths"]["/scoring/v1/scores/{lead_id}"]["delete"]["responses"]["204"]["description"]
    assert it["paths"]["/scoring/v1/scores"]["get"]["x-paged"] is True
    assert it["paths"]["/scoring/v1/export"]["get"]["x-streamed"] is True
    assert it["paths"]["/scoring/v1/export"]["get"]["deprecated"] is True
    assert it["paths"]["/scoring/v1/export"]["get"]["x-deprecation"] == {
        "since": "2026-01-01",
        "instead": "scoring.listed",
    }
    assert "/scoring/v1" in it["paths"]


def test_arguments_are_described() -> None:
    """With their defaults; None is told by leaving a name out, so that no schema has it."""
    it = judged(document(Scoring))

    parameters = {each["name"]: each for each in it["paths"]["/scoring/v1/scores"]["get"]["parameters"]}
    lead_id, grade = it["paths"]["/scoring/v1/scores/{lead_id}"]["get"]["parameters"]
    assert {name: each["schema"] for name, each in parameters.items()} == {
        "cursor": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "default": 100},
        "grades": {"type": "array", "items": {"$ref": "#/components/schemas/Grade"}, "default": []},
        "email": {"type": "string", "x-personal": True},
        "colour": {"enum": ["red"]},
        "since": {"type": "string", "format": "date", "default": "2026-01-31"},
    }
    assert {(each["in"], each["required"]) for each in parameters.values()} == {("query", False)}
    assert lead_id == {
        "name": "lead_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }
    assert grade["schema"] == {"$ref": "#/components/schemas/Grade"}


def test_only_what_is_public_is_in_a_public_document() -> None:
    """With the key that it asks for, and closed against what it does not know."""
    it = judged(document(Scoring, public_only=True))

    assert [(path, list(item)) for path, item in it["paths"].items()] == [
        ("/scoring/v1/scores", ["post", "get"]),
        ("/scoring/v1/scores/{lead_id}", ["get"]),
    ]
    assert it["security"] == [{"key": []}]
    assert component(it, "Score")["additionalProperties"] is False
    assert component(it, "Reason")["additionalProperties"] is False
    assert "additionalProperties" not in component(it, "Page_Score")
    assert "Order" not in it["components"]["schemas"]
    assert "security" not in document(Scoring)
    assert "additionalProperties" not in component(document(Scoring), "Score")


def test_a_public_model_is_closed_too() -> None:
    """At any depth."""

    @contract(version="1.0")
    class Orders(Protocol):
        """Orders."""

        @post("/orders", public=True)
        async def order(self, order: Order) -> None: ...

    it = judged(document(Orders, public_only=True))

    assert component(it, "Order")["additionalProperties"] is False
    assert component(it, "Order.Part")["additionalProperties"] is False


def test_classes_are_described_by_their_own_words() -> None:
    """Not by those that Python or a base class has for them."""
    it = judged(document(Scoring))

    assert component(it, "Score")["description"] == "How well a lead fits.\n\nWith its reasons."
    assert "description" not in component(it, "Silent")
    assert "description" not in component(it, "Tree")
    assert component(it, "Page_Score")["title"] == "Page[Score]"


def test_constraints_are_described() -> None:
    """In the words of JSON Schema."""
    it = judged(document(Scoring))
    score = component(it, "Score")["properties"]

    assert component(it, "Reason")["properties"]["points"] == {
        "type": "integer",
        "minimum": 0,
        "exclusiveMaximum": 100,
        "multipleOf": 5,
        "description": "How much.",
        "default": 0,
    }
    assert component(it, "Call")["properties"]["number"] == {
        "type": "string",
        "pattern": "^[0-9]+$",
        "minLength": 3,
        "maxLength": 9,
        "examples": ["112"],
    }
    assert score["few"]["anyOf"][0] == {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}
    assert score["few_names"]["anyOf"][0]["maxProperties"] == 3


def test_defaults_are_described_as_they_travel() -> None:
    """Words, text and lists."""
    properties = component(judged(document(Scoring)), "Score")["properties"]

    assert {name: schema["default"] for name, schema in properties.items() if schema.get("default") is not None} == {
        "grade": "unknown",
        "reasons": [],
        "contacts": [],
        "by_name": {},
        "words": ["a"],
        "fixed": [1, "a"],
        "price": "1.50",
        "took": "PT90S",
        "raw": "/w==",
    }
    assert "default" not in properties["lead_id"]
    assert properties["at"]["default"] is None


def test_what_is_personal_is_marked_on_the_field() -> None:
    """Whatever stands around it."""
    it = judged(document(Scoring))

    marked = {
        f"{name}.{field}"
        for name, schema in it["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if described.get("x-personal")
    }
    assert marked == {"Reason.why", "Mail.to", "Score.owner", "ScoreNotFound.email"}


def test_a_tagged_union_says_how_it_is_told_apart() -> None:
    """By a discriminator, also where None is possible."""
    it = judged(document(Scoring))
    union = {
        "anyOf": [{"$ref": "#/components/schemas/Mail"}, {"$ref": "#/components/schemas/Call"}],
        "discriminator": {
            "propertyName": "type",
            "mapping": {"mail": "#/components/schemas/Mail", "call": "#/components/schemas/Call"},
        },
    }

    properties = component(it, "Score")["properties"]

    assert properties["contacts"]["items"] == union
    assert properties["contact"] == {"anyOf": [union, {"type": "null"}], "default": None}
    assert component(it, "Mail")["properties"]["type"] == {"type": "string", "const": "mail"}
    assert component(it, "Mail")["required"] == ["type"]


def test_models_are_described_by_pydantic() -> None:
    """Under names that nobody else has."""
    it = judged(document(Scoring))

    assert component(it, "Order")["properties"]["parts"]["items"] == {"$ref": "#/components/schemas/Order.Part"}
    assert component(it, "Folder")["properties"]["inner"]["items"] == {"$ref": "#/components/schemas/Folder"}
    assert {"Order.Cat", "Order.Dog", "Order.Part"} <= it["components"]["schemas"].keys()


def test_problems_and_events_are_listed_with_their_schemas() -> None:
    """Those of the contract and those of the platform."""
    it = judged(document(Scoring))

    problems = {each["code"]: each for each in it["x-problems"]}
    assert {"score_not_found", "busy", *(problem.code for problem in PLATFORM)} == problems.keys()
    assert problems["score_not_found"] == {
        "code": "score_not_found",
        "status": 404,
        "title": "There is no such score.",
        "retryable": False,
        "schema": {"$ref": "#/components/schemas/ScoreNotFound"},
    }
    assert it["x-events"] == [
        {
            "service": "scoring",
            "type": "scoring.lead_scored.v1",
            "key": "lead_id",
            "description": "A lead has a score.\n\nTold once.",
            "schema": {"$ref": "#/components/schemas/LeadScored"},
        }
    ]


def test_problems_of_one_status_are_alternatives() -> None:
    """Also where the platform has one of that status."""
    it = judged(document(Scoring))

    responses = it["paths"]["/scoring/v1/scores"]["post"]["responses"]
    alternatives = responses["422"]["content"]["application/problem+json"]["schema"]["oneOf"]
    assert {each["$ref"].rpartition("/")[2] for each in alternatives} == {"Busy", "InvalidInput", "KeyReused"}
    assert responses["default"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


@pytest.mark.parametrize("problem", [*PLATFORM, ScoreNotFound(lead_id="7"), Busy()], ids=lambda it: type(it).__name__)
def test_a_problem_on_the_wire_is_what_its_schema_says(problem: Problem) -> None:
    """And no other problem is."""
    it = document(Scoring)
    schema = {"$ref": f"#/components/schemas/{type(problem).__name__}"}
    body = json.loads(to_wire(problem, "abc"))

    assert fits(it, schema, body)
    assert fits(it, {"$ref": "#/components/schemas/Problem"}, body)
    assert not fits(it, schema, body | {"code": "other"})


FULL = Score(
    lead_id="7",
    grade=Grade.A,
    reasons=(Reason(why="x", points=5),),
    contact=Mail(to="a"),
    contacts=(Call(number="112"), Mail()),
    owner=Reason(why="y"),
    by_name={"a": Reason(why="z")},
    few=[1],
    few_names={"a": 1},
    point=Point(1),
    silent=Silent(1),
    sizes={"small": 1},
    pair=Pair(1),
    tree=Tree(below=(Tree(),)),
    at=datetime.datetime(2026, 1, 31, tzinfo=datetime.UTC),
    colour="red",
)


@pytest.mark.parametrize("score", [FULL, Score(lead_id="7")], ids=["full", "lean"])
def test_a_value_on_the_wire_is_what_its_schema_says(score: Score) -> None:
    """In an open document and in a closed one."""
    body = json.loads(codec_of(Score).encode(score))

    for it in (document(Scoring), document(Scoring, public_only=True)):
        assert fits(it, {"$ref": "#/components/schemas/Score"}, body)


WRONG: list[Json] = [
    {},
    {"lead_id": 7},
    {"lead_id": "7", "grade": "z"},
    {"lead_id": "7", "reasons": [{"why": "x", "points": 7}]},
    {"lead_id": "7", "contact": {"type": "fax"}},
    {"lead_id": "7", "contact": {"type": "call", "number": "x"}},
    {"lead_id": "7", "few": []},
    {"lead_id": "7", "pair": []},
    {"lead_id": "7", "fixed": [1]},
    {"lead_id": "7", "fixed": [1, "a", 2]},
    {"lead_id": "7", "point": {}},
    {"lead_id": "7", "colour": "blue"},
    {"lead_id": "7", "words": ["a", "a"]},
    {"lead_id": "7", "more": 1},
]


@pytest.mark.parametrize("body", WRONG, ids=json.dumps)
def test_what_the_edge_refuses_is_not_what_the_public_schema_says(body: Json) -> None:
    """The document can be believed."""
    assert not fits(document(Scoring, public_only=True), {"$ref": "#/components/schemas/Score"}, body)


@pytest.mark.parametrize(
    ("kind", "data"), [(kind, data) for kind, _, data in GOOD], ids=[str(each[0]) for each in GOOD]
)
def test_every_type_has_a_schema_that_its_values_fit(kind: Any, data: bytes) -> None:  # Any: a type
    """As they are on the wire."""
    schemas = Schemas([kind])
    it: Json = {"components": {"schemas": schemas.components}}

    assert fits(it, schemas.of(kind), json.loads(data))
    assert not fits(it, schemas.of(kind), {"no": [{"such": "thing"}]}) or isinstance(json.loads(data), dict)


def test_classes_of_one_name_in_two_services_have_two_names() -> None:
    """Values, choices, pages, problems, events and models."""
    it = judged(document(twins.first(), twins.second()))

    home = "tests.contract.twins"
    for name in ("Reason", "Grade", "NotFound", "Reasoned", "Order", "Model"):
        assert {f"{home}.first.{name}", f"{home}.second.{name}"} < it["components"]["schemas"].keys()
        assert name not in it["components"]["schemas"]
    assert {f"Page_{home}.first.Reason", f"Page_{home}.second.Reason"} < it["components"]["schemas"].keys()
    first, second = (it["paths"][f"/{service}/v1/reasons"]["post"] for service in ("first", "second"))
    assert fits(it, first["requestBody"]["content"]["application/json"]["schema"], {"why": "x", "grade": "good"})
    assert fits(it, second["requestBody"]["content"]["application/json"]["schema"], {"number": 1, "grade": "bad"})
    pages = [it["paths"][f"/{service}/v1/reasons"]["get"]["responses"]["200"] for service in ("first", "second")]
    assert pages[0] != pages[1]


def test_problems_of_one_code_in_two_services_are_two_problems() -> None:
    """Each operation refers to its own."""
    it = judged(document(twins.first(), twins.second()))

    listed = [each["schema"]["$ref"] for each in it["x-problems"] if each["code"] == "not_found"]
    raised = [
        it["paths"][f"/{service}/v1/reasons"]["post"]["responses"]["404"]["content"]["application/problem+json"]
        for service in ("first", "second")
    ]
    assert len(set(listed)) == 2
    assert [each["schema"]["oneOf"][0]["$ref"] for each in raised] == listed


def test_two_majors_of_a_contract_stand_side_by_side() -> None:
    """Also where their classes are called alike to the last letter."""
    it = judged(document(twins.major(1), twins.major(2)))

    assert list(it["paths"]) == ["/reasons/v1/reasons", "/reasons/v2/reasons"]
    assert [tag["name"] for tag in it["tags"]] == ["reasons", "reasons.v2"]
    assert it["paths"]["/reasons/v2/reasons"]["post"]["operationId"] == "reasons.v2.keep"
    assert it["paths"]["/reasons/v2/reasons"]["post"]["tags"] == ["reasons.v2"]


def test_a_class_may_be_called_problem() -> None:
    """The document's own name for any problem stays."""
    it = judged(document(twins.Taken))

    assert component(it, "Problem")["description"] == "Any problem."


def test_one_document_of_everything_is_accepted_by_the_judges() -> None:
    """As a gateway serves it."""
    contracts = [Scoring, twins.Taken, twins.first(), twins.second()]

    judged(document(*contracts, twins.major(1), twins.major(3)))
    judged(document(*contracts, public_only=True))


def test_a_name_on_the_wire_is_the_components_name_made_plain() -> None:
    """A reader may make a class of it."""
    it = document(Scoring, twins.first(), twins.second())

    assert all(set(name) <= set(ascii_letters + digits + "._-") for name in it["components"]["schemas"])


def test_contracts_are_data() -> None:
    """The document is made of compiled ones."""
    compiled: Contract = contract_of(Scoring)

    assert openapi([compiled], title="t", version="1") == openapi(iter([compiled]), title="t", version="1")
