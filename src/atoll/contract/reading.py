"""One operation of a document, read in two steps: what the document says of it, then its types.

Between the two all schemas are known, so that records which name each other can be made together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from atoll.contract.arguments import path_names
from atoll.contract.described import Library, Unreadable, as_list, as_object
from atoll.contract.drafting import Draft, argument_in_words, body_argument
from atoll.contract.kinds import Kinds
from atoll.contract.names import identifier, snake_case, unique
from atoll.contract.operation import ResultForm
from atoll.contract.problem import Problem
from atoll.contract.record import Kind
from atoll.contract.scalars import filled
from atoll.contract.schema import Json
from atoll.contract.value import Page

HOOKS = frozenset({"start", "ready", "drain", "stop", "owner"})

_WORD = re.compile(r"(?!\.\.?$)[A-Za-z0-9._~:@!$&'()*+,;=-]*")
_NAME = re.compile(r"\{([^{}]+)\}")
_SUCCESS = ("200", "201", "202", "203", "2XX", "2xx")
_EMPTY = ("204", "205")
_JSON = re.compile(r"application/(?!problem\+)([a-z0-9.-]+\+)?json\b|\*/\*|application/\*", re.IGNORECASE)
_LINES = re.compile(r"application/(x-ndjson|jsonl|x-jsonlines)\b", re.IGNORECASE)


@dataclass(slots=True)
class Place:
    """Where an operation stands in a document; `name` and `own_path` are those that the contract gives it."""

    method: str
    path: str
    item: Json
    operation: Json
    name: str = ""
    own_path: str = ""

    def template(self) -> tuple[str, str]:
        """The path with its names left out, and with names that Python has.

        Raises:
            Unreadable: no contract has such a path.
        """
        if not self.path.startswith("/"):
            raise Unreadable("its path does not begin with a slash")
        names = iter(unique((snake_case(identifier(name)), "") for name in self.names()))
        bare: list[str] = []
        full: list[str] = []
        segments = self.path[1:].split("/")
        for segment in segments:
            is_name = _NAME.fullmatch(segment) is not None
            if not is_name and not _WORD.fullmatch(segment):
                raise Unreadable(f"`{segment}` in its path is neither a word nor one name")
            bare.append("{}" if is_name else segment)
            full.append(f"{{{next(names)}}}" if is_name else segment)
        if "" in segments[:-1]:
            raise Unreadable("its path has an empty segment")
        return f"/{'/'.join(bare)}", f"/{'/'.join(full)}"

    def names(self) -> list[str]:
        """The names in its path, as the document has them."""
        return _NAME.findall(self.path)

    def short_name(self, label: str) -> str:
        """The name that the document gives it, without what FastAPI appends to make it unique."""
        given = self.operation.get("operationId")
        if not isinstance(given, str) or not given.strip():
            return self.long_name()
        if label:
            return _operation_name(given.removeprefix(f"{label}."))
        appended = re.sub(r"\W", "_", self.path) + f"_{self.method.lower()}"
        return _operation_name(given.removesuffix(appended) or given)

    def long_name(self) -> str:
        """A name that says all of it: the operationId, or the method and the path."""
        given = self.operation.get("operationId")
        return _operation_name(given if isinstance(given, str) and given.strip() else f"{self.method} {self.path}")


def _operation_name(text: str) -> str:
    name = identifier(re.sub(r"_+", "_", snake_case(re.sub(r"[^A-Za-z0-9]+", "_", text))).strip("_"))
    return f"{name}_" if name in HOOKS else name


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter; `is_repeated` says that a list of it repeats its name."""

    name: str
    place: str
    required: bool
    schema: Json
    is_repeated: bool


@dataclass(slots=True)
class Parts:
    """What a document says of one operation."""

    described: Json
    parameters: list[Parameter] = field(default_factory=list[Parameter])
    body: Json | None = None
    body_name: str = "body"
    body_required: bool = False
    form: ResultForm = ResultForm.NOTHING
    result: Json = field(default_factory=dict[str, Any])  # Any: a schema
    problems: list[str] = field(default_factory=list[str])


class Reader:
    """Reads the operations of one document."""

    def __init__(self, library: Library, *, is_own: bool) -> None:
        self._library = library
        self._is_own = is_own

    def parts(self, place: Place) -> Parts:
        """What the document says of an operation.

        Raises:
            Unreadable: no contract can say it.
        """
        kept = {"summary", "description", "deprecated", "operationId", "tags"}
        said = {word: value for word, value in place.operation.items() if word in kept or word.startswith("x-")}
        parts = Parts(said)
        parts.parameters = self._parameters(place)
        in_path = dict(zip(place.names(), path_names(place.own_path), strict=True))
        said["parameters"] = [_described(parameter, in_path) for parameter in parts.parameters]
        if "requestBody" in place.operation:
            self._read_body(parts, self._library.resolved(place.operation["requestBody"]), place.method)
        self._read_responses(parts, as_object(place.operation.get("responses")))
        return parts

    def draft(self, place: Place, parts: Parts, kinds: Kinds, problems: Mapping[str, type[Problem]]) -> Draft:
        """The operation with its types, which are complete when all of them are."""
        name = place.name
        in_path = dict(zip(place.names(), path_names(place.own_path), strict=True))
        taken = unique(
            [("self", ""), *((own, "") for own in in_path.values())]
            + [(identifier(each.name), each.name) for each in parts.parameters if each.place == "query"]
            + [(identifier(parts.body_name), "")]
        )
        of_query = {wire: own for own, wire in list(taken.items())[len(in_path) + 1 : -1]}
        arguments = [
            argument_in_words(
                in_path[each.name] if each.place == "path" else of_query[each.name],
                each.name if each.place == "query" else "",
                each.place,
                kinds.of(each.schema, f"{name}_{each.name}"),
                each.schema,
                required=each.required,
                is_repeated=each.is_repeated,
            )
            for each in parts.parameters
        ]
        if parts.body is not None:
            kind = kinds.of(parts.body, f"{name}_body")
            arguments.append(body_argument(list(taken)[-1], kind, required=parts.body_required))
        raises = tuple(dict.fromkeys(problems[each] for each in parts.problems if each in problems))
        result = None if parts.form is ResultForm.NOTHING else self._result(parts, kinds, f"{name}_result")
        return Draft(
            name, place.method, place.own_path, arguments, parts.form, result, raises, parts.described, not self._is_own
        )

    def _parameters(self, place: Place) -> list[Parameter]:
        given: dict[tuple[str, str], Json] = {}
        for raw in (*as_list(place.item.get("parameters")), *as_list(place.operation.get("parameters"))):
            parameter = self._library.resolved(raw)
            given[str(parameter.get("name")), str(parameter.get("in"))] = parameter
        found = [
            self._parameter(name, where, given.pop((name, where), {})) for where in ("path",) for name in place.names()
        ]
        for (name, where), parameter in given.items():
            required = parameter.get("required") is True
            if where in ("header", "cookie"):
                is_ours = name.lower() in ("authorization", "accept", "content-type", "idempotency-key", "traceparent")
                if required and not is_ours:
                    raise Unreadable(f"it requires the {where} `{name}`")
            elif where == "query":
                schema = as_object(parameter.get("schema"))
                if "content" in parameter or parameter.get("style", "form") == "deepObject":
                    if required:
                        raise Unreadable(f"its query argument `{name}` is not one of words")
                elif not (self._is_table(schema) and not required):
                    found.append(self._parameter(name, where, parameter))
            elif where != "path":
                raise Unreadable(f"its parameter `{name}` is in `{where}`, which is no place")
        return found

    def _is_table(self, schema: Json) -> bool:
        try:
            return self._library.resolved(schema).get("type") == "object"
        except Unreadable:
            return False

    def _parameter(self, name: str, place: str, parameter: Json) -> Parameter:
        schema = self._library.schema(parameter.get("schema", {"type": "string"} if place == "path" else {}))
        if isinstance(said := parameter.get("description"), str) and "description" not in schema:
            schema["description"] = said
        is_repeated = parameter.get("style", "form") == "form" and parameter.get("explode") is not False
        required = place == "path" or parameter.get("required") is True
        return Parameter(name, place, required, schema, is_repeated)

    def _read_body(self, parts: Parts, body: Json, method: str) -> None:
        content = as_object(body.get("content"))
        required = body.get("required") is True
        media_type = next(
            (each for each in content if re.match(r"application/json\b|\*/\*|application/\*", each)), None
        )
        if method in ("GET", "DELETE"):
            if required:
                raise Unreadable(f"it requires a body, which a {method} has not")
            return
        if media_type is None:
            raise Unreadable(f"it takes {', '.join(content) or 'a body of no kind'}")
        parts.body = self._library.schema(as_object(content[media_type]).get("schema"))
        parts.body_required = required
        if isinstance(named := body.get("x-name"), str):
            parts.body_name = named
        more = {word: value for word, value in body.items() if word.startswith("x-") or word == "description"}
        content = {"application/json": {"schema": parts.body}}
        parts.described["requestBody"] = more | {"required": required, "content": content}

    def _read_responses(self, parts: Parts, responses: Json) -> None:
        found = {str(status): self._library.resolved(raw) for status, raw in responses.items()}
        described = {status: self._response(response) for status, response in found.items()}
        parts.described["responses"] = described
        self._read_result(parts, described)
        for status, response in described.items():
            if status[:1] in "45":
                for content in as_object(response.get("content")).values():
                    schema = as_object(as_object(content).get("schema"))
                    options = as_list(schema.get("oneOf")) or [schema]
                    names = [self._library.component(option) for option in options]
                    parts.problems += [each for each in names if each is not None]

    def _response(self, response: Json) -> Json:
        said: Json = {"description": str(response.get("description", ""))}
        content = as_object(response.get("content"))
        if content:
            said["content"] = {
                media_type: {"schema": self._library.schema(as_object(each).get("schema", {}))}
                for media_type, each in content.items()
            }
        return said

    def _read_result(self, parts: Parts, responses: Json) -> None:
        answers = [responses[status] for status in _SUCCESS if status in responses]
        if not answers and not any(status in responses for status in _EMPTY) and "default" in responses:
            answers = [responses["default"]]
        other: list[str] = []
        for answer in answers:
            content = as_object(answer.get("content"))
            for media_type, each in content.items():
                if _LINES.match(media_type) or _JSON.match(media_type):
                    is_stream = _LINES.match(media_type) is not None
                    is_page = self._is_own and parts.described.get("x-paged") is True
                    parts.form = ResultForm.STREAM if is_stream else ResultForm.PAGE if is_page else ResultForm.VALUE
                    parts.result = each["schema"]
                    return
            other += [each for each in content if "problem+json" not in each]
        if other:
            raise Unreadable(f"it answers with {', '.join(other)}")

    def _result(self, parts: Parts, kinds: Kinds, name: str) -> Kind:
        if parts.form is ResultForm.PAGE:
            items = as_object(as_object(self._library.within(parts.result).get("properties")).get("items"))
            return filled(Page, kinds.of(as_object(items.get("items")), f"{name}_item"))
        return kinds.of(parts.result, name)


def _described(parameter: Parameter, in_path: Mapping[str, str]) -> Json:
    name = in_path[parameter.name] if parameter.place == "path" else parameter.name
    said: Json = {"name": name, "in": parameter.place, "required": parameter.required, "schema": parameter.schema}
    return said if parameter.is_repeated else said | {"explode": False}
