"""OpenAPI 3.1 out of contracts: one document of one contract, or of a whole application at its gateway.

Members that OpenAPI has no word for are extensions: `x-owner`, `x-version`, `x-streamed`, `x-paged`, `x-personal`,
`x-deprecation`, `x-callers`, `x-events`, `x-problems`, `x-name`, which is what a body is called by who calls, `x-raw`
(at the edge the body is taken as it comes) and `x-anyone` (the edge asks for no key).
"""

import datetime
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from atoll.contract.arguments import Argument, Place
from atoll.contract.contract import Contract
from atoll.contract.event import Event, event_key
from atoll.contract.merging import merged
from atoll.contract.names import words
from atoll.contract.operation import Operation, ResultForm
from atoll.contract.problem import Problem, fields_of
from atoll.contract.problems import PLATFORM_PROBLEMS, InternalError, InvalidInput
from atoll.contract.record import Kind
from atoll.contract.schema import REF, Json, Schemas, as_json
from atoll.contract.wire import MEDIA_TYPE

_ANY_PROBLEM = "Problem"
_ANY_BODY: Json = {
    "required": True,
    "description": "Any body: it is taken as it comes, with its headers.",
    "content": {
        "application/json": {"schema": {}},
        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
        "application/octet-stream": {},
    },
}
_KEY = {"type": "http", "scheme": "bearer", "description": "An API key of the application."}


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
    return _Document(tuple(contracts), owners or {}, public_only=public_only).whole(title, version, description)


class _Document:
    """The parts of one document, which share their schemas."""

    def __init__(self, contracts: tuple[Contract, ...], owners: Mapping[str, str], *, public_only: bool) -> None:
        self._contracts = contracts
        self._owners = owners
        self._public_only = public_only
        offered = [
            (contract, operation)
            for contract in contracts
            for operation in contract.operations
            if operation.public or not public_only
        ]
        self._operations = [(contract, operation) for contract, operation in offered if contract.described is None]
        self._read = [(contract, operation) for contract, operation in offered if contract.described is not None]
        declared = [problem for _, operation in self._operations for problem in operation.raises]
        self._problems = list(dict.fromkeys([*PLATFORM_PROBLEMS.values(), *declared]))
        written = [contract for contract in contracts if contract.described is None]
        self._schemas = Schemas(
            [*_kinds(written, self._operations), *map(fields_of, self._problems)], taken=[_ANY_PROBLEM]
        )

    def whole(self, title: str, version: str, description: str) -> Json:
        paths: dict[str, Json] = {}
        for contract, operation in self._operations:
            _put(paths, contract, operation, self._operation(contract, operation))
        written = [contract for contract in self._contracts if contract.described is None]
        document: Json = {
            "openapi": "3.1.0",
            "info": {"title": title, "version": version, "description": description},
            "paths": paths,
            "tags": [self._tag(contract) for contract in self._contracts],
            "components": {"schemas": self._components()},
            "x-events": [self._event(contract, event) for contract in written for event in contract.publishes],
            "x-problems": [self._problem(problem) for problem in self._problems],
        }
        for contract in dict.fromkeys(contract for contract, _ in self._read):
            operations = [operation for each, operation in self._read if each is contract]
            self._add_read(document, contract, operations)
        if self._public_only:
            document["components"]["securitySchemes"] = {"key": _KEY}
            document["security"] = [{"key": []}]
        return document

    def _add_read(self, document: Json, contract: Contract, operations: list[Operation]) -> None:
        """Add what another document says of a contract, in its own words."""
        told = merged(document["components"]["schemas"], contract, operations)
        any_problem = {"$ref": f"{REF}{_ANY_PROBLEM}"}
        for operation in operations:
            described = told.operations[operation.name]
            described |= {"operationId": f"{_label(contract)}.{operation.name}", "tags": [_label(contract)]}
            if self._public_only:
                described.pop("x-callers", None)  # how services are called is told to no stranger
            described.setdefault("summary", words(operation.name).capitalize())
            described["responses"].setdefault(
                "default", _content("A problem of the platform.", MEDIA_TYPE, any_problem)
            )
            _put(document["paths"], contract, operation, described)
        document["x-events"] += [each | {"service": _label(contract)} for each in told.events]
        document["x-problems"] += [each for each in told.problems if each not in document["x-problems"]]

    def _components(self) -> Json:
        for _, operation in self._operations:
            if self._public_only and operation.body is not None and not operation.takes_raw:
                self._schemas.close(operation.body.kind)
        components = self._schemas.components | {_ANY_PROBLEM: _problem_schema("Problem", "Any problem.", {}, {})}
        for problem in self._problems:
            name = self._schemas.name_of(fields_of(problem))
            known = {
                "type": {"const": f"/problems/{problem.code}"},
                "status": {"const": problem.status},
                "code": {"const": problem.code},
            }
            components[name] = _problem_schema(problem.__name__, problem.title(), known, components[name])
        return components

    def _ref(self, problem: type[Problem]) -> Json:
        return self._schemas.of(fields_of(problem))

    def _tag(self, contract: Contract) -> Json:
        tag: Json = {"name": _label(contract), "description": contract.description, "x-version": contract.version}
        owner = self._owners.get(contract.id)
        return tag | {"x-owner": owner} if owner else tag

    def _operation(self, contract: Contract, operation: Operation) -> Json:
        summary, _, rest = operation.description.partition("\n")
        described: Json = {
            "operationId": f"{_label(contract)}.{operation.name}",
            "tags": [_label(contract)],
            "summary": summary or words(operation.name).capitalize(),
            "description": rest.strip(),
            "parameters": [self._parameter(argument) for argument in operation.arguments if argument.words],
            "responses": self._responses(operation),
        }
        if operation.body is not None:
            described["requestBody"] = {
                "required": operation.body.required,
                "x-name": operation.body.name,
                "content": {"application/json": {"schema": self._schemas.of(operation.body.kind)}},
            }
        if operation.takes_raw:
            described["x-raw"] = True
            if self._public_only:
                described["requestBody"] = _ANY_BODY
        if operation.anyone:
            described |= {"x-anyone": True} | ({"security": []} if self._public_only else {})
        if operation.form is ResultForm.STREAM:
            described["x-streamed"] = True
        if operation.form is ResultForm.PAGE:
            described["x-paged"] = True
        if operation.callers is not None and not self._public_only:
            described["x-callers"] = list(operation.callers)
        if operation.deprecated is not None:
            described["deprecated"] = True
            described["x-deprecation"] = {
                name: value.isoformat() if isinstance(value, datetime.date) else value
                for name in ("since", "sunset", "instead")
                if (value := getattr(operation.deprecated, name)) is not None
            }
        return described

    def _parameter(self, argument: Argument) -> Json:
        schema = self._schemas.of(argument.kind)
        if argument.place is Place.QUERY:
            schema = _never_null(schema)
        elif schema.get("type") == "string" and "format" not in schema:
            schema = {"minLength": 1} | schema
        if not argument.required and argument.default is not None:
            schema |= {"default": as_json(argument.default)}
        return {"name": argument.name, "in": str(argument.place), "required": argument.required, "schema": schema}

    def _responses(self, operation: Operation) -> Json:
        responses: Json = {}
        if operation.form is ResultForm.NOTHING:
            responses["204"] = {"description": "Done; there is nothing to say."}
        elif operation.form is ResultForm.STREAM:
            responses["200"] = _content("One item a line.", "application/x-ndjson", self._schemas.of(operation.result))
        else:
            responses["200"] = _content("The result.", "application/json", self._schemas.of(operation.result))
        by_status: dict[int, list[type[Problem]]] = {}
        told: list[type[Problem]] = [*operation.raises, InvalidInput, InternalError]
        for problem in dict.fromkeys(told):
            by_status.setdefault(problem.status, []).append(problem)
        for problem in PLATFORM_PROBLEMS.values():
            if problem not in by_status.get(problem.status, [problem]):  # its status would promise something else
                by_status[problem.status].append(problem)
        for status, problems in sorted(by_status.items()):
            options = [self._ref(problem) for problem in problems]
            schema = options[0] if len(options) == 1 else {"oneOf": options}
            titles = " ".join(problem.title() for problem in problems)
            responses[str(status)] = _content(titles, MEDIA_TYPE, schema)
        any_problem = {"$ref": f"{REF}{_ANY_PROBLEM}"}
        responses["default"] = _content("A problem of the platform.", MEDIA_TYPE, any_problem)
        return responses

    def _event(self, contract: Contract, event: type[Event]) -> Json:
        return {
            "service": _label(contract),
            "type": contract.event_type(event),
            "key": event_key(event),
            "description": inspect.cleandoc(event.__dict__.get("__doc__") or ""),
            "schema": self._schemas.of(event),
        }

    def _problem(self, problem: type[Problem]) -> Json:
        return {
            "code": problem.code,
            "status": problem.status,
            "title": problem.title(),
            "retryable": problem.retryable,
            "schema": self._ref(problem),
        }


def _kinds(contracts: Iterable[Contract], operations: Iterable[tuple[Contract, Operation]]) -> list[Kind]:
    """Everything that travels but for problems."""
    kinds: list[Kind] = []
    for _, operation in operations:
        kinds += [argument.kind for argument in operation.arguments]
        kinds += [] if operation.form is ResultForm.NOTHING else [operation.result]
    return kinds + [event for contract in contracts for event in contract.publishes]


def _label(contract: Contract) -> str:
    """What tells a service from all others in a document: its id, and its major version from the second on."""
    return contract.id if contract.major == 1 else f"{contract.id}.v{contract.major}"


def _problem_schema(title: str, description: str, known: Json, own: Json) -> Json:
    standard: Json = {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "trace_id": {"type": "string"},
    }
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": {name: schema | known.get(name, {}) for name, schema in standard.items()}
        | own.get("properties", {}),
        "required": ["type", "title", "status", "detail", "code", "retryable", *own.get("required", [])],
    }


def _put(paths: dict[str, Json], contract: Contract, operation: Operation, described: Json) -> None:
    path = f"/{contract.name}{'' if operation.path == '/' else operation.path}"
    paths.setdefault(path, {})[operation.method.lower()] = described


def _content(description: str, media_type: str, schema: Json) -> Json:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _never_null(schema: Json) -> Json:
    """A query says None by leaving the name out, so `null` is no value there."""
    if "enum" in schema:
        return schema | {"enum": [word for word in schema["enum"] if word is not None]}
    if "anyOf" not in schema:
        return schema
    options: list[Any] = [option for option in schema["anyOf"] if option != {"type": "null"}]  # Any: schemas
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return rest | (options[0] if len(options) == 1 else {"anyOf": options})
