"""Contracts out of OpenAPI documents: somebody else's promise, called and answered like one of Atoll's own.

A document that Atoll wrote (`atoll contract export`) comes back as the contract that it was written of, problems and
events included. One of somebody else's is taken at its word: what it says is checked, what it does not say passes.
"""

import inspect
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from atoll.contract.contract import Contract, as_contract, event_mistakes
from atoll.contract.described import Described, Library, Unreadable, as_list, as_object
from atoll.contract.drafting import Draft
from atoll.contract.event import Event, event_key
from atoll.contract.kinds import Kinds
from atoll.contract.names import identifier
from atoll.contract.operation import Operation
from atoll.contract.promised import promised_events, promised_problems
from atoll.contract.reading import Parts, Place, Reader
from atoll.contract.routes import traps
from atoll.contract.schema import Json, Schemas
from atoll.kernel import Mistake, Source

_ID = re.compile(r"[a-z][a-z0-9_]*")
_METHODS = ("get", "put", "post", "delete", "patch")
_OTHER_METHODS = ("head", "options", "trace", "query")
_OWN_PATH = re.compile(r"/(?P<id>[a-z][a-z0-9_]*)/v(?P<major>[1-9][0-9]*)(?P<path>/.*)?")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which part of a document is the contract: its id and version, and its paths as the contract has them."""

    id: str
    major: int
    version: str
    description: str
    paths: Mapping[str, Json]
    is_own: bool

    @property
    def label(self) -> str:
        """What stands before its operations' names in a document of Atoll's."""
        return self.id if self.major == 1 else f"{self.id}.v{self.major}"


def contract_from_document(
    document: object,
    *,
    id: str | None = None,  # noqa: A002  # the word of the field
    major: int | None = None,
    public: bool = False,
    where: Source | None = None,
) -> tuple[Contract | None, list[Mistake]]:
    """The contract in an OpenAPI 3 document (parsed JSON), or None with everything that is wrong with it.

    `id` is the name of the service; it may be left out for a document of Atoll's that describes one service alone.
    `major` is 1 unless given, or as such a document has it. `public` makes its operations reachable from outside.
    `where` is the file that mistakes are told of. What an operation needs and no contract can say (another media type
    than JSON, a required header) leaves that operation out: `contract.described.left_out` tells which, and why.

    >>> shown = {"200": {"content": {"application/json": {"schema": {"type": "integer"}}}}}
    >>> document = {"openapi": "3.1.0", "paths": {"/stock/{article}": {"get": {"responses": shown}}}}
    >>> contract, mistakes = contract_from_document(document, id="stock")
    >>> contract.operations
    (<Operation stock.get_stock_article GET /stock/{article}>,)
    """
    try:
        chosen = _chosen(as_object(document), id, major)
        return _Reading(as_object(document), chosen, public=public).contract(), []
    except _Wrong as wrong:
        return None, [Mistake(where, wrong.what, wrong.fix)]
    except RecursionError:
        return None, [Mistake(where, "the document is nested too deeply", "give one that people could read")]


def also_publishing(made: Contract, events: Sequence[type[Event]]) -> tuple[Contract | None, list[Mistake]]:
    """A contract that was read from a document, with events of which the document does not tell; or what is wrong."""
    published = (*made.publishes, *events)
    mistakes = [
        Mistake(Source.of(where), what, fix) for where, what, fix in event_mistakes(made.protocol, made.id, published)
    ]
    described = made.described
    if mistakes or described is None:
        return None, mistakes or [Mistake(Source.of(made.protocol), f"{made.name} is a class", "say it in the class")]
    schemas = Schemas(events, taken=described.schemas)
    told = tuple(
        {
            "service": made.id if made.major == 1 else f"{made.id}.v{made.major}",
            "type": made.event_type(event),
            "key": event_key(event),
            "description": inspect.cleandoc(event.__dict__.get("__doc__") or ""),
            "schema": schemas.of(event),
        }
        for event in events
    )
    described = replace(
        described, events=(*described.events, *told), schemas={**described.schemas, **schemas.components}
    )
    return replace(made, publishes=published, described=described), []


class _Wrong(Exception):
    """What is wrong with a whole document."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what, fix)
        self.what, self.fix = what, fix


def _chosen(document: Json, wanted: str | None, major: int | None) -> _Chosen:
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        other = f"Swagger {document['swagger']}" if "swagger" in document else "no OpenAPI 3 document"
        raise _Wrong(f"it is {other}", "give a JSON document whose `openapi` is 3.0 or 3.1")
    if wanted is not None and not _ID.fullmatch(wanted):
        raise _Wrong(f"`{wanted}` is no id of a contract", "use lower-case letters, digits and _, with a letter first")
    paths = as_object(document.get("paths"))
    if not paths:
        raise _Wrong("it describes no operations: its `paths` are empty", "give a document of an HTTP API")
    described = {
        str(tag.get("name")): tag for tag in map(as_object, as_list(document.get("tags"))) if "x-version" in tag
    }
    if not described:
        if wanted is None:
            raise _Wrong("it does not say what the service is called", "give its `id`")
        said = as_object(document.get("info")).get("description")
        return _Chosen(wanted, major or 1, f"{major or 1}.0", str(said or ""), paths, is_own=False)
    return _own(described, paths, wanted, major)


def _own(described: Mapping[str, Json], paths: Json, wanted: str | None, major: int | None) -> _Chosen:
    """The part of a document of Atoll's, which may hold a whole application."""
    found: dict[tuple[str, int], dict[str, Json]] = {}
    for label in described:
        name, _, number = label.partition(".v")
        found[name, int(number) if number.isdigit() else 1] = {}
    for path, item in paths.items():
        own = _OWN_PATH.fullmatch(path)
        if own is not None and (key := (own["id"], int(own["major"]))) in found:
            found[key][own["path"] or "/"] = as_object(item)
    fitting = [key for key in found if wanted in (None, key[0]) and major in (None, key[1])]
    known = ", ".join(f"{name}/v{number}" for name, number in found)
    if not fitting:
        raise _Wrong(f"it does not describe `{wanted or ''}{f'/v{major}' if major else ''}`", f"it describes {known}")
    if len(fitting) > 1:
        raise _Wrong(f"it describes {known}", "say which of them, by `id` and `major`")
    ((chosen, its_major),) = fitting
    tag = described[chosen if its_major == 1 else f"{chosen}.v{its_major}"]
    description = str(tag.get("description") or "")
    return _Chosen(chosen, its_major, str(tag["x-version"]), description, found[chosen, its_major], is_own=True)


class _Reading:
    """One document on its way to a contract."""

    def __init__(self, document: Json, chosen: _Chosen, *, public: bool) -> None:
        self._document = document
        self._chosen = chosen
        self._public = public
        self._library = Library(document)
        self._left_out: list[str] = []

    def contract(self) -> Contract:
        """The contract.

        Raises:
            _Wrong: no operation could be taken over.
        """
        chosen, library = self._chosen, self._library
        reader = Reader(library, is_own=chosen.is_own)
        read = list(self._parts(reader))
        problems = [each | {"schema": library.schema(each.get("schema"))} for each in self._listed("x-problems")]
        events = [each | {"schema": library.schema(each.get("schema"))} for each in self._own_events()]
        kinds = Kinds(library, _module(chosen.id), [parts.described for _, parts in read], is_own=chosen.is_own)
        declared = promised_problems(kinds, library, problems)
        published = promised_events(kinds, library, events)
        drafts = [(place, reader.draft(place, parts, kinds, declared)) for place, parts in read]
        kinds.finish()
        operations = list(self._operations(drafts))
        if not operations:
            raise _Wrong("no operation could be taken over", "; ".join(self._left_out[:5]) or "it has none")
        for operation in operations:
            operation.avoid(traps(operation, operations))
        told = {place.name: parts.described for place, parts in read}
        left_out = (*self._left_out, *library.notes)
        described = Described(told, library.schemas, tuple(problems), tuple(events), left_out)
        return _made(chosen, tuple(operations), tuple(published), described)

    def _parts(self, reader: Reader) -> Iterator[tuple[Place, Parts]]:
        for place in self._places():
            try:
                yield place, reader.parts(place)
            except (Unreadable, RecursionError) as why:
                self._leave_out(place, str(why) or "it is nested too deeply")

    def _operations(self, drafts: Iterable[tuple[Place, Draft]]) -> Iterator[Operation]:
        for place, draft in drafts:
            try:
                yield draft.operation(self._chosen.id, self._chosen.major, public=self._public)
            except (TypeError, ValueError, NotImplementedError, RecursionError) as error:
                self._leave_out(place, f"its types cannot be said: {error}")

    def _listed(self, word: str) -> list[Json]:
        """What Atoll lists beside the operations."""
        return [as_object(each) for each in as_list(self._document.get(word))] if self._chosen.is_own else []

    def _own_events(self) -> list[Json]:
        return [each for each in self._listed("x-events") if each.get("service") == self._chosen.label]

    def _places(self) -> list[Place]:
        """The operations of the document, each with its name; those that can be found in no way are left out."""
        found: list[Place] = []
        for path, raw in self._chosen.paths.items():
            try:
                item = self._library.resolved(raw)
            except Unreadable as why:
                self._left_out.append(f"{path}: {why}")
                continue
            found += [
                Place(method.upper(), path, item, as_object(item[method]))
                for method in _METHODS
                if isinstance(item.get(method), dict)
            ]
            self._left_out += [
                f"{method.upper()} {path}: no operation has this method" for method in _OTHER_METHODS if method in item
            ]
        return self._named(found)

    def _named(self, places: list[Place]) -> list[Place]:
        short = [place.short_name(self._chosen.label if self._chosen.is_own else "") for place in places]
        taken: set[str] = set()
        served: dict[tuple[str, str], Place] = {}
        templates: dict[str, str] = {}
        good: list[Place] = []
        for place, name in zip(places, short, strict=True):
            try:
                template, path = place.template()
            except Unreadable as why:
                self._leave_out(place, str(why))
                continue
            if (place.method, template) in served:
                self._leave_out(place, f"it is served at the same path as {served[place.method, template].name}")
                continue
            whole = name if short.count(name) == 1 else place.long_name()
            place.name, number = whole, 2
            while place.name in taken:
                place.name, number = f"{whole}_{number}", number + 1
            taken.add(place.name)
            place.own_path = templates.setdefault(template, path)
            served[place.method, template] = place
            good.append(place)
        return good

    def _leave_out(self, place: Place, why: str) -> None:
        self._left_out.append(f"{place.method} {place.path}: {why}")


def _made(
    chosen: _Chosen, operations: tuple[Operation, ...], published: tuple[type[Event], ...], told: Described
) -> Contract:
    """The contract with a class of its own, as a client's type and for whoever fulfils it."""

    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        namespace["__doc__"] = chosen.description
        namespace["__module__"] = _module(chosen.id)
        for operation in operations:
            namespace[operation.name] = operation.function

    name = "".join(part.capitalize() for part in identifier(chosen.id).split("_"))
    protocol: Any = types.new_class(name, (Protocol,), exec_body=fill)  # Any: a class made here
    made = Contract(chosen.id, chosen.major, chosen.version, chosen.description, protocol, operations, published, told)
    as_contract(protocol, made)
    return made


def _module(contract_id: str) -> str:
    """The module that classes made from a document say they are from: none that could be imported."""
    return f"{contract_id}.document"
