"""Contracts out of documents that others wrote: what they say is checked, what they do not say passes."""

import datetime
import json
import uuid
from typing import Annotated, Any, Literal

import pytest
from fastapi import FastAPI, Header, Query
from fastapi.responses import PlainTextResponse
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, Field

from atoll import contract_of, openapi
from atoll.contract import (
    Contract,
    Invalid,
    Operation,
    Place,
    ResultForm,
    codec_of,
    contract_from_document,
    unfit,
)
from atoll.contract.schema import Json
from tests.contract.test_document import imported
from tests.contract.test_openapi import references


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Item(BaseModel):
    name: str
    price: float = Field(gt=0)
    tags: list[str] = []
    note: str | None = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    children: list["Item"] = []
    at: datetime.datetime | None = None


def fastapi_application() -> FastAPI:
    """An application as people write them, whose document nobody has made with Atoll in mind."""
    app = FastAPI(title="Quotes", version="0.3.1")

    @app.get("/items/")
    async def list_items(
        limit: Annotated[int, Query(ge=1, le=100)] = 10,
        tags: Annotated[list[str], Query(alias="tag[]")] = [],  # noqa: B006  # as their documentation writes it
        q: str | None = None,
    ) -> list[Item]:
        """All items."""
        return []

    @app.post("/items/", status_code=201)
    async def create_item(item: Item) -> Item:
        return item

    @app.get("/items/{item_id}")
    async def read_item(item_id: uuid.UUID, x_token: Annotated[str | None, Header()] = None) -> Item:
        return Item(name="lamp", price=1)

    @app.delete("/items/{item_id}", status_code=204)
    async def drop(item_id: uuid.UUID) -> None: ...

    @app.get("/anything")
    async def anything() -> Any: ...  # Any: this application does not say

    @app.get("/text", response_class=PlainTextResponse)
    async def text() -> str:
        return ""

    @app.get("/secret")
    async def secret(x_secret: Annotated[str, Header()]) -> int:
        return 1

    return app


def document(paths: Json, **more: Any) -> Json:  # Any: further members
    """A small document."""
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths, **more}


def answer(schema: Json) -> Json:
    """The responses of an operation that answers with JSON."""
    return {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}


def result_of(schema: Json, **components: Json) -> Any:  # Any: a type
    """The type that a contract gives to the result of an operation."""
    paths = {"/a": {"get": {"responses": answer(schema)}}}
    read = imported(document(paths, components={"schemas": components}), id="a")
    return read.operations[0].result


def only(operation: Json, path: str = "/a", method: str = "get") -> Operation:
    """The only operation of a document."""
    operation = {"responses": answer({"type": "integer"}), **operation}
    return imported(document({path: {method: operation}}), id="a").operations[0]


def left_out(operation: Json, path: str = "/a", method: str = "get") -> str:
    """Why an operation is left out, beside one that is not."""
    good = {"get": {"responses": answer({"type": "integer"})}}
    operation = {"responses": answer({"type": "integer"}), **operation}
    read = imported(document({"/good": good, path: {method: operation}}), id="a")
    assert read.described is not None
    assert [each.path for each in read.operations] == ["/good"]
    return " ".join(read.described.left_out)


# --- an application of FastAPI's -------------------------------------------------------------------------------------


def quotes() -> Contract:
    return imported(fastapi_application().openapi(), id="quotes", public=True)


def test_operations_are_called_as_their_functions() -> None:
    """FastAPI appends path and method to make its ids unique; people know the function."""
    assert [each.name for each in quotes().operations] == [
        "list_items",
        "create_item",
        "read_item",
        "drop",
        "anything",
    ]


def test_what_cannot_be_said_is_left_out_and_told() -> None:
    """One operation that answers with text does not take the others away."""
    told = quotes().described

    assert told is not None
    assert told.left_out == (
        "GET /text: it answers with text/plain",
        "GET /secret: it requires the header `x-secret`",
    )


def test_arguments_travel_under_their_own_names() -> None:
    """Python has no argument called `tag[]`."""
    operation = quotes().operation("list_items")

    path, query, body = operation.encode_call((), {"tag": ["a", "b"], "limit": 5})
    given = operation.decode_call(path, query, body, strict=True)

    assert query == (("limit", "5"), ("tag[]", "a"), ("tag[]", "b"))
    assert given == {"tag": ("a", "b"), "limit": 5}
    assert {each.name: each.place for each in quotes().operation("read_item").arguments} == {"item_id": Place.PATH}


def test_bounds_of_arguments_are_checked() -> None:
    """The fault names the argument as it travels."""
    with pytest.raises(Invalid) as caught:
        quotes().operation("list_items").encode_call((), {"limit": 101})

    assert caught.value.faults[0].pointer == "/limit"


def test_what_nobody_gave_is_not_sent() -> None:
    """A server that takes no null is sent none; a default of the document's is sent as it is."""
    create = quotes().operation("create_item")
    assert create.body is not None

    sent = create.encode_call((create.body.kind(name="lamp", price=1.5),), {})[2]

    assert json.loads(sent) == {"name": "lamp", "price": 1.5, "tags": [], "children": []}


def test_records_name_themselves() -> None:
    """And unions are told apart by the word in them."""
    create = quotes().operation("create_item")
    assert create.codec is not None

    item = create.codec.decode(
        b'{"name":"a","price":1,"children":[{"name":"b","price":2,"pet":{"kind":"dog","name":"c"}}]}'
    )

    assert type(item.children[0]).__name__ == "Item"
    assert type(item.children[0].pet).__name__ == "Dog"
    with pytest.raises(Invalid) as caught:
        create.codec.decode(b'{"name":"a","price":1,"children":[{"name":"b","price":0}]}')
    assert caught.value.faults[0].pointer == "/children/0/price"


def test_what_is_not_promised_is_passed_on() -> None:
    """A result without a schema is any JSON; an open answer keeps what is not declared."""
    anything = quotes().operation("anything")
    assert anything.codec is not None

    assert anything.codec.decode(b'{"a":[1,null,{"b":1.50}]}') == {"a": [1, None, {"b": 1.5}]}
    assert anything.is_open


def test_an_application_of_both_has_one_document() -> None:
    """The judges accept it, and every reference leads somewhere."""
    read = quotes()

    whole = openapi([read], title="All", version="1", public_only=True)

    assert list(OpenAPIV31SpecValidator(whole).iter_errors()) == []
    names = whole["components"]["schemas"]
    assert set(references(whole)) <= {f"#/components/schemas/{name}" for name in names}
    assert whole["paths"]["/quotes/v1/items/"]["post"]["operationId"] == "quotes.create_item"
    assert "default" in whole["paths"]["/quotes/v1/items/"]["post"]["responses"]


def test_its_class_is_a_contract_like_any_other() -> None:
    """For clients and for whoever fulfils it."""
    read = quotes()

    assert contract_of(read.protocol) is read
    assert read.protocol.__name__ == "Quotes"
    assert [each.name for each in read.operations if list(unfit(each.result))] == ["anything"]


# --- schemas ---------------------------------------------------------------------------------------------------------


SCHEMAS: list[tuple[Any, list[str], list[str]]] = [  # Any: a schema; then JSON that fits it, and JSON that does not
    ({"type": "integer", "minimum": 1, "maximum": 3}, ["1", "3"], ["0", "4", '"1"']),
    ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, ["2"], ["1"]),
    ({"type": "number", "multipleOf": 0.5}, ["1", "1.5"], ["0.3"]),
    ({"type": "string", "minLength": 2, "maxLength": 3, "pattern": "^a"}, ['"ab"'], ['"a"', '"bb"', '"aaaa"']),
    ({"type": "string", "pattern": "(?<name"}, ['"anything"'], ["1"]),
    ({"type": "string", "format": "date"}, ['"2026-01-31"'], ['"2026-02-31"']),
    ({"type": "string", "format": "date-time"}, ['"2026-01-31T10:00:00Z"'], ['"yesterday"']),
    ({"type": "string", "format": "uuid"}, ['"5f1c9b1e-0000-4000-8000-000000000000"'], ['"5"']),
    ({"type": "string", "format": "byte"}, ['"AAE="'], ['"?"']),
    ({"type": "string", "format": "duration"}, ['"P1Y"'], ["1"]),
    ({"type": "string", "nullable": True}, ["null", '"a"'], ["1"]),
    ({"type": ["string", "null"], "maxLength": 1}, ["null", '"a"'], ['"aa"', "1"]),
    ({"enum": ["a", 1, None]}, ['"a"', "1", "null"], ['"b"', "2"]),
    ({"enum": ["a", "b"], "nullable": True, "type": "string"}, ['"a"', "null"], ['"c"']),
    ({"const": "a"}, ['"a"'], ['"b"']),
    ({"enum": [True, False]}, ["true"], ["1"]),
    ({"enum": [1.5]}, ["1.5", '"passes"'], []),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 1}, ["[1]"], ["[]", '["a"]']),
    ({"type": "array"}, ['[1,"a"]'], ["{}"]),
    ({"type": "array", "prefixItems": [{"type": "integer"}, {}], "minItems": 2, "maxItems": 2}, ["[1,2]"], ["[1]"]),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, ['{"a":1}'], ['{"a":"b"}']),
    ({"type": "object"}, ['{"a":"b"}'], ["[]"]),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, ['{"a":1}'], ["{}"]),
    ({"properties": {"a": {}}, "required": ["a", "b"]}, ['{"a":1,"b":[]}'], ['{"a":1}']),
    ({"type": "object", "properties": {"a": {}}, "additionalProperties": True}, ['{"c":1}'], ["[]"]),
    ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, ["1", '"a"'], ["1.5"]),
    ({"oneOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}]}, ['"x"'], ["1"]),
    ({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "array"}]}, ['["a"]'], ["{}"]),
    ({"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, ['{"c":1}'], ["[]"]),
    (
        {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"required": ["b"]}]},
        [],
        ['{"a":1}'],
    ),
    ({"allOf": [{"type": "string", "maxLength": 1}], "description": "x"}, ['"a"'], ['"aa"']),
    ({}, ["null", "[1]"], []),
    (True, ["null", "[1]"], []),
    ({"not": {"type": "integer"}}, ["1"], []),
    ({"type": "fish"}, ["1"], []),
    ({"type": "integer", "minimum": 5, "maximum": 1e300}, ["6"], ["4"]),
    ({"type": "string", "minLength": -1}, ['""'], ["1"]),
    ({"enum": []}, ["1"], []),
]


@pytest.mark.parametrize(("schema", "good", "bad"), SCHEMAS, ids=[json.dumps(schema)[:60] for schema, _, _ in SCHEMAS])
def test_a_schema_is_a_type(schema: Any, good: list[str], bad: list[str]) -> None:  # Any: a schema
    """As strict as the schema where a type can be, and never stricter."""
    codec = codec_of(result_of(schema))

    for data in good:
        assert json.loads(codec.encode(codec.decode(data.encode()))) == json.loads(data)
    for data in bad:
        with pytest.raises(Invalid):
            codec.decode(data.encode())


def test_one_way_fields_are_not_required() -> None:
    """One record describes what is sent and what comes back: `readOnly` is missing from the one of them."""
    kind = result_of({"properties": {"id": {"type": "integer", "readOnly": True}}, "required": ["id"]})

    assert codec_of(kind).encode(codec_of(kind).decode(b"{}")) == b"{}"


def test_fields_keep_their_names_on_the_wire() -> None:
    """Whatever Python calls them."""
    codec = codec_of(result_of({"properties": {"class": {}, "@id": {}, "id": {}, "a-b": {}, "__x": {}}}))

    value = codec.decode(b'{"class":1,"@id":2,"id":3,"a-b":4,"__x":5}')

    assert (value.class_, value.id, value.id_2, value.a_b, value.x) == (1, 2, 3, 4, 5)
    assert json.loads(codec.encode(value)) == {"class": 1, "@id": 2, "id": 3, "a-b": 4, "__x": 5}


def test_a_record_takes_the_fields_of_all_that_it_is() -> None:
    """`allOf` over records is one record."""
    base = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    dog = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"name": {"type": "string"}}}]}

    codec = codec_of(result_of({"$ref": "#/components/schemas/Dog"}, Base=base, Dog=dog))

    assert codec.decode(b'{"id":1,"name":"a"}').name == "a"
    with pytest.raises(Invalid):
        codec.decode(b'{"name":"a"}')


@pytest.mark.parametrize("mapping", [{"cat": "#/components/schemas/Cat", "dog": "Dog"}, None])
def test_a_discriminator_tells_records_apart(mapping: Any) -> None:  # Any: a mapping, or none
    """By the words of its mapping, or by the names of the schemas."""
    cat = {"type": "object", "properties": {"sort": {"type": "string"}, "lives": {"type": "integer"}}}
    dog = {"type": "object", "properties": {"sort": {"type": "string"}, "name": {"type": "string"}}}
    told = {"propertyName": "sort"} | ({"mapping": mapping} if mapping else {})
    pet = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": told}

    codec = codec_of(result_of(pet, Cat=cat, Dog=dog))

    word = "dog" if mapping else "Dog"
    value = codec.decode(json.dumps({"sort": word, "name": "a"}).encode())
    assert type(value).__name__ == "Dog"
    assert json.loads(codec.encode(value))["sort"] == word


@pytest.mark.parametrize(
    ("components", "data"),
    [
        ({"A": {"$ref": "#/components/schemas/A"}}, b"7"),
        ({"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}, b"7"),
        (
            {"A": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/components/schemas/A"}}]}},
            b'["a",[1]]',
        ),
        ({"A": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}}, b"[[],[[]]]"),
        ({"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}, b"7"),
        ({"A": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/A"}}}}, b'{"a":{"a":{}}}'),
        ({"A": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/A"}}}, b'{"a":{"b":{}}}'),
    ],
)
def test_schemas_may_name_themselves(components: Any, data: bytes) -> None:  # Any: schemas
    """A type where there is one, any JSON where there is none; and no end of the world."""
    kind = result_of({"$ref": "#/components/schemas/A"}, **components)

    codec_of(kind).decode(data)


def test_a_reference_may_lead_into_the_middle_of_a_schema() -> None:
    """It becomes a schema of its own in what is exported."""
    item = {"properties": {"price": {"type": "object", "properties": {"amount": {"type": "integer"}}}}}
    schema = {"$ref": "#/components/schemas/Item/properties/price"}
    read = imported(
        document({"/a": {"get": {"responses": answer(schema)}}}, components={"schemas": {"Item": item}}), id="a"
    )

    whole = openapi([read], title="T", version="1")

    assert "Item.properties.price" in whole["components"]["schemas"]
    assert codec_of(read.operations[0].result).decode(b'{"amount":1}').amount == 1


def test_a_reference_that_leads_nowhere_is_told() -> None:
    """What stands there is not checked, and the report says so."""
    read = imported(document({"/a": {"get": {"responses": answer({"$ref": "#/components/schemas/No"})}}}), id="a")

    assert read.described is not None
    assert "`#/components/schemas/No` leads nowhere" in read.described.left_out[0]
    assert codec_of(read.operations[0].result).decode(b"[1]") == [1]


# --- operations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"operationId": "getPetById"}, "get_pet_by_id"),
        ({"operationId": "pets.get-one"}, "pets_get_one"),
        ({"operationId": "import"}, "import_"),
        ({"operationId": "start"}, "start_"),
        ({"operationId": "2fa"}, "n2fa"),
        ({"operationId": 7}, "get_a"),
        ({}, "get_a"),
    ],
)
def test_names_are_pythons(said: Json, name: str) -> None:
    """An operation is a method of the client."""
    assert only(said).name == name


def test_names_are_unique() -> None:
    """Two operations of one id are both there."""
    said = {"operationId": "same", "responses": answer({})}

    read = imported(document({"/a": {"get": said, "post": said}, "/b": {"get": said}}), id="a")

    assert [each.name for each in read.operations] == ["same", "same_2", "same_3"]


def test_a_path_has_one_set_of_names() -> None:
    """However its operations call them."""
    paths = {"/a/{petId}": {"get": {"responses": answer({})}}, "/a/{id}": {"put": {"responses": answer({})}}}

    read = imported(document(paths), id="a")

    assert [each.path for each in read.operations] == ["/a/{pet_id}", "/a/{pet_id}"]
    assert read.operations[1].encode_call((), {"pet_id": "7"})[0] == ("7",)


@pytest.mark.parametrize(
    ("status", "form"),
    [("200", "value"), ("201", "value"), ("202", "value"), ("2XX", "value"), ("default", "value"), ("204", "nothing")],
)
def test_the_result_is_that_of_success(status: str, form: str) -> None:
    """Whatever status says so."""
    said = {status: {"description": ""} if status == "204" else answer({"type": "integer"})["200"]}

    assert only({"responses": said}).form == form


def test_a_stream_is_lines_of_json() -> None:
    """Newline-delimited, as Atoll's own."""
    content = {"application/x-ndjson": {"schema": {"type": "integer"}}}

    operation = only({"responses": {"200": {"description": "", "content": content}}})

    assert operation.form is ResultForm.STREAM
    assert operation.result is int


@pytest.mark.parametrize(
    ("operation", "path", "method", "why"),
    [
        ({"responses": {"200": {"content": {"image/png": {}}}}}, "/a", "get", "image/png"),
        ({"requestBody": {"content": {"multipart/form-data": {}}}}, "/a", "post", "multipart/form-data"),
        ({"requestBody": {"required": True, "content": {"application/json": {}}}}, "/a", "delete", "DELETE has not"),
        ({"parameters": [{"name": "X", "in": "header", "required": True}]}, "/a", "get", "the header `X`"),
        ({"parameters": [{"name": "c", "in": "cookie", "required": True}]}, "/a", "get", "the cookie `c`"),
        ({"parameters": [{"name": "c", "in": "body"}]}, "/a", "get", "`body`, which is no place"),
        ({"parameters": [{"$ref": "#/components/parameters/No"}]}, "/a", "get", "leads nowhere"),
        ({"parameters": [{"$ref": "http://other.example/x"}]}, "/a", "get", "out of the document"),
        ({"parameters": [{"name": "f", "in": "query", "required": True, "style": "deepObject"}]}, "/a", "get", "`f`"),
        ({}, "/a/{id}.json", "get", "`{id}.json`"),
        ({}, "/a//b", "get", "empty segment"),
        ({}, "a", "get", "does not begin with a slash"),
        ({}, "/a", "head", "no operation has this method"),
    ],
)
def test_an_operation_that_no_contract_can_say_is_left_out(operation: Json, path: str, method: str, why: str) -> None:
    """The report says which, and why; the others work."""
    assert why in left_out(operation, path, method)


def test_optional_headers_are_passed_over() -> None:
    """And so are those that whoever carries a call sets by itself."""
    parameters = [{"name": "X-Trace", "in": "header"}, {"name": "Authorization", "in": "header", "required": True}]

    assert only({"parameters": parameters}).arguments == ()


def test_parameters_of_a_path_hold_for_its_operations() -> None:
    """Where an operation says no other of the same name."""
    said = [{"name": "a", "in": "query", "schema": {"type": "integer"}}, {"name": "b", "in": "query"}]
    item = {"parameters": said, "get": {"parameters": [{"name": "a", "in": "query"}], "responses": answer({})}}

    read = imported(document({"/a": item}), id="a")

    assert read.operations[0].encode_call((), {"a": "x", "b": "y"})[1] == (("a", "x"), ("b", "y"))


def test_a_list_in_one_word_is_text() -> None:
    """`explode: false` joins by commas, which is left to the caller."""
    said = {"name": "a", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}}

    assert only({"parameters": [said]}).encode_call((), {"a": "1,2"})[1] == (("a", "1,2"),)


# --- documents that are none -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (None, "no OpenAPI 3 document"),
        ([], "no OpenAPI 3 document"),
        ({}, "no OpenAPI 3 document"),
        ({"swagger": "2.0"}, "Swagger 2.0"),
        ({"openapi": 3.1, "paths": {"/a": {}}}, "no OpenAPI 3 document"),
        ({"openapi": "3.1.0"}, "describes no operations"),
        ({"openapi": "3.1.0", "paths": []}, "describes no operations"),
        ({"openapi": "3.1.0", "paths": {"/a": None}}, "no operation could be taken over"),
        (
            {"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {"content": {"text/html": {}}}}}}}},
            "no op",
        ),
    ],
)
def test_a_document_that_is_none_is_a_mistake(given: object, what: str) -> None:
    """With what to do, and never as an exception from inside."""
    read, mistakes = contract_from_document(given, id="a")

    assert read is None
    assert what in mistakes[0].what
    assert mistakes[0].fix


def test_a_document_without_a_name_needs_one() -> None:
    """So does one with a name that no path can have."""
    given = document({"/a": {"get": {"responses": answer({})}}})

    assert "what the service is called" in contract_from_document(given)[1][0].what
    assert "no id of a contract" in contract_from_document(given, id="My API")[1][0].what


def test_a_document_of_any_depth_is_answered() -> None:
    """With what can be taken over, or a mistake."""
    deep: Any = {"type": "integer"}  # Any: a schema
    for _ in range(5_000):
        deep = {"type": "array", "items": deep}

    read, mistakes = contract_from_document(document({"/a": {"get": {"responses": answer(deep)}}}), id="a")

    assert read is None
    assert mistakes


@pytest.mark.parametrize("wrong", [None, 7, "text", [], {}, [None], {"a": None}, True], ids=repr)
def test_no_part_of_a_document_is_trusted(wrong: Any) -> None:  # Any: what stands where something else should
    """Whatever stands there, it is read or left out."""
    good = {"responses": answer({"type": "integer"})}
    for part in (
        {"get": wrong},
        {"parameters": wrong, "get": good},
        {"get": good | {"parameters": wrong}},
        {"get": good | {"responses": wrong}},
        {"get": good | {"responses": {"200": wrong}}},
        {"get": good | {"responses": {"200": {"content": wrong}}}},
        {"get": good | {"responses": answer(wrong)}},
        {"get": good | {"responses": answer({"type": wrong})}},
        {"get": good | {"responses": answer({"type": "object", "properties": wrong, "required": wrong})}},
        {"get": good | {"responses": answer({"allOf": wrong, "anyOf": wrong, "enum": wrong, "discriminator": wrong})}},
        {"get": good | {"operationId": wrong, "summary": wrong, "description": wrong, "tags": wrong}},
        {"post": good | {"requestBody": wrong}},
        {"post": good | {"requestBody": {"content": {"application/json": wrong}}}},
    ):
        read, mistakes = contract_from_document(document({"/a": part, "/b": wrong}, components=wrong), id="a")
        assert (read is None) == bool(mistakes)
        if read is not None:
            json.dumps(openapi([read], title="T", version="1"))
