"""OpenAPI 3.1 out of contracts: one document of one contract, or of a whole application at its gateway.

Schemas come from msgspec (and from Pydantic for its models). Members that OpenAPI has no word for are extensions:
`x-owner`, `x-version`, `x-streamed`, `x-paged`, `x-personal`, `x-events`, `x-problems`.
"""

import datetime
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from atoll.contract.contract import Contract
from atoll.contract.event import event_key
from atoll.contract.names import words
from atoll.contract.operation import Argument, Operation, Place, ResultForm
from atoll.contract.problem import MEDIA_TYPE, Problem, fields_of
from atoll.contract.problems import PLATFORM_PROBLEMS, InternalError, InvalidInput
from atoll.contract.shape import Kind, Model, shape_of

Json = dict[str, Any]  # Any: a JSON document

_REF = "#/components/schemas/{name}"


def openapi(
    contracts: Iterable[Contract],
    *,
    title: str,
    version: str,
    description: str = "",
    owners: Mapping[str, str] | None = None,
    public_only: bool = False,
) -> Json:
    """An OpenAPI 3.1 document of these contracts.

    Paths are those of the gateway, `/{service}/v{major}{path}`. With `public_only`, only what is reachable from
    outside is described, with the key it asks for; `owners` names who answers for each service.
    """
    contracts = tuple(contracts)
    operations = [
        (contract, operation)
        for contract in contracts
        for operation in contract.operations
        if operation.public or not public_only
    ]
    schemas = _Schemas(contracts, [operation for _, operation in operations])
    paths: dict[str, Json] = {}
    for contract, operation in operations:
        path = f"/{contract.name}{operation.path}".rstrip("/")
        paths.setdefault(path, {})[operation.method.lower()] = _operation(contract, operation, schemas)
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description},
        "paths": paths,
        "tags": [_tag(contract, (owners or {}).get(contract.id)) for contract in contracts],
        "components": {"schemas": schemas.components},
        "x-events": [_event(contract, event, schemas) for contract in contracts for event in contract.publishes],
        "x-problems": [_problem(problem) for problem in _problems([operation for _, operation in operations])],
    }
    if public_only:
        _close(document, schemas.components)
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "An API key of the application."}
        }
        document["security"] = [{"key": []}]
    return document


class _Schemas:
    """The schemas of everything that travels, made together so that names do not collide."""

    def __init__(self, contracts: tuple[Contract, ...], operations: list[Operation]) -> None:
        kinds: list[Kind] = []
        for operation in operations:
            kinds += [argument.kind for argument in operation.arguments]
            if operation.form is not ResultForm.NOTHING:
                kinds.append(operation.result)
        kinds += [event for contract in contracts for event in contract.publishes]
        problems = _problems(operations)
        plain = [kind for kind in kinds if not isinstance(shape_of(kind), Model)]
        found, components = msgspec.json.schema_components(
            [*plain, *(fields_of(problem) for problem in problems)], ref_template=_REF
        )
        self._found = dict(zip(map(_identity, plain), found, strict=False))
        self.components: Json = components
        for kind in kinds:
            shape = shape_of(kind)
            if isinstance(shape, Model):
                self._add_model(kind, shape.kind)
        self.problem_names: dict[str, str] = {}
        for problem, schema in zip(problems, found[len(plain):], strict=True):
            self._add_problem(problem, schema)

    def of(self, kind: Kind) -> Json:
        """The schema of a kind, as a reference where it has a name."""
        return dict(self._found[_identity(kind)])

    def problem(self, problem: type[Problem]) -> Json:
        return {"$ref": _REF.format(name=self.problem_names[problem.code])}

    def _add_model(self, kind: Kind, model: Any) -> None:  # Any: a Pydantic model class; Pydantic is an extra
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        self.components |= schema.pop("$defs", {})
        self.components[model.__name__] = schema
        self._found[_identity(kind)] = {"$ref": _REF.format(name=model.__name__)}

    def _add_problem(self, problem: type[Problem], schema: Json) -> None:
        name = schema["$ref"].rsplit("/", 1)[-1] if "$ref" in schema else problem.__name__
        own = self.components.get(name, {"properties": {}, "required": []})
        self.components[name] = {
            "title": problem.__name__,
            "description": problem.title(),
            "type": "object",
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "const": f"/problems/{problem.code}"},
                "title": {"type": "string"},
                "status": {"type": "integer", "const": problem.status},
                "detail": {"type": "string"},
                "code": {"type": "string", "const": problem.code},
                "retryable": {"type": "boolean"},
                "trace_id": {"type": "string"},
            } | own["properties"],
            "required": ["type", "title", "status", "code", "retryable", *own.get("required", [])],
        }
        self.problem_names[problem.code] = name


def _identity(kind: Kind) -> str:
    return f"{id(kind)}" if isinstance(kind, type) else repr(kind)


def _problems(operations: list[Operation]) -> list[type[Problem]]:
    declared = {problem.code: problem for operation in operations for problem in operation.raises}
    return list((PLATFORM_PROBLEMS | declared).values())


def _close(document: Json, components: Json) -> None:
    """Say of every record that can be sent in that it takes no unknown fields: so it is at the public edge."""
    waiting: list[Any] = [  # Any: JSON
        operation["requestBody"] for item in document["paths"].values() for operation in item.values()
        if "requestBody" in operation
    ]
    closed: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            reference = node.get("$ref", "")
            name = reference.removeprefix(_REF.format(name=""))
            if reference and name not in closed:
                closed.add(name)
                if "properties" in components[name]:
                    components[name]["additionalProperties"] = False
                waiting.append(components[name])
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _tag(contract: Contract, owner: str | None) -> Json:
    tag: Json = {"name": contract.id, "description": contract.description, "x-version": contract.version}
    if owner:
        tag["x-owner"] = owner
    return tag


def _operation(contract: Contract, operation: Operation, schemas: _Schemas) -> Json:
    summary, _, rest = operation.description.partition("\n")
    described: Json = {
        "operationId": f"{contract.id}.{operation.name}" if contract.major == 1
        else f"{contract.id}.v{contract.major}.{operation.name}",
        "tags": [contract.id],
        "summary": summary or words(operation.name).capitalize(),
        "description": rest.strip(),
        "parameters": [_parameter(argument, schemas) for argument in operation.arguments if argument.words],
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body.required,
            "content": {"application/json": {"schema": schemas.of(operation.body.kind)}},
        }
    if operation.form is ResultForm.STREAM:
        described["x-streamed"] = True
    if operation.form is ResultForm.PAGE:
        described["x-paged"] = True
    if operation.deprecated is not None:
        described["deprecated"] = True
        described["x-deprecation"] = {
            name: value.isoformat() if isinstance(value, datetime.date) else value
            for name in ("since", "sunset", "instead")
            if (value := getattr(operation.deprecated, name)) is not None
        }
    return described


def _parameter(argument: Argument, schemas: _Schemas) -> Json:
    schema = schemas.of(argument.kind)
    if not argument.required and argument.default is not None:
        schema = schema | {"default": msgspec.to_builtins(argument.default)}
    if argument.place is Place.PATH and schema.get("type") == "string" and "format" not in schema:
        schema = {"minLength": 1} | schema
    if argument.place is Place.QUERY:
        schema = _never_null(schema)
    return {"name": argument.name, "in": str(argument.place), "required": argument.required, "schema": schema}


def _never_null(schema: Json) -> Json:
    """A query says None by leaving the name out, so `null` is no value there."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if "anyOf" not in schema:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf" and value is not None}
    return rest | (options[0] if len(options) == 1 else {"anyOf": options})


def _responses(operation: Operation, schemas: _Schemas) -> Json:
    responses: Json = {}
    match operation.form:
        case ResultForm.NOTHING:
            responses["204"] = {"description": "Done; there is nothing to say."}
        case ResultForm.STREAM:
            responses["200"] = {"description": "One item a line.",
                                "content": {"application/x-ndjson": {"schema": schemas.of(operation.result)}}}
        case _:
            responses["200"] = {"description": "The result.",
                                "content": {"application/json": {"schema": schemas.of(operation.result)}}}
    by_status: dict[int, list[type[Problem]]] = {}
    for problem in (*operation.raises, InvalidInput, InternalError):
        by_status.setdefault(problem.status, []).append(problem)
    for problem in PLATFORM_PROBLEMS.values():
        if problem not in by_status.get(problem.status, [problem]):
            by_status[problem.status].append(problem)
    for status, problems in sorted(by_status.items()):
        options = [schemas.problem(problem) for problem in problems]
        responses[str(status)] = {
            "description": " ".join(problem.title() for problem in problems) or HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": options[0] if len(options) == 1 else {"oneOf": options}}},
        }
    any_problem = {"type": "object", "required": ["type", "title", "status", "code", "retryable"]}
    responses["default"] = {"description": "A problem of the platform.", "content": {MEDIA_TYPE: {"schema": any_problem}}}
    return responses


def _event(contract: Contract, event: Any, schemas: _Schemas) -> Json:  # Any: type[Event]; msgspec's metaclass hides it
    return {
        "service": contract.id,
        "type": contract.event_type(event),
        "key": event_key(event),
        "description": (event.__doc__ or "").strip(),
        "schema": schemas.of(event),
    }


def _problem(problem: type[Problem]) -> Json:
    return {
        "code": problem.code,
        "status": problem.status,
        "title": problem.title(),
        "retryable": problem.retryable,
        "schema": {"$ref": _REF.format(name=problem.__name__)},
    }
