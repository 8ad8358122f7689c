"""Operations: one request and one answer of a contract.

The decorators only note what is written above a method; `compile_operation` reads it together with the signature, and
collects mistakes instead of raising, so that all of them are told at once.
"""

import collections.abc
import datetime
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin

from atoll.contract.codec import Codec, Invalid, codec_of
from atoll.contract.faults import Fault
from atoll.contract.problem import RESERVED, Problem, fields_of
from atoll.contract.problems import PLATFORM_PROBLEMS
from atoll.contract.shape import Kind, Record, shape_of, unfit
from atoll.contract.value import Page
from atoll.contract.words import WordCodec, fits_in_words, is_word_list, without_none
from atoll.kernel import Mistake, Source

F = TypeVar("F", bound=Callable[..., Any])  # Any: handlers of every signature

_MARK = "__atoll_operation__"
_SEGMENT = re.compile(r"\{(?P<name>[a-z_][a-z0-9_]*)\}|[A-Za-z0-9._~:@!$&'()*+,;=-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """An operation that will go: since when, until when at least, and what to call instead (RFC 9745, RFC 8594)."""

    since: datetime.date
    sunset: datetime.date | None = None
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """What a decorator says about a method."""

    method: str
    path: str
    public: bool
    raises: tuple[type[Problem], ...]
    deprecated: Deprecation | None
    timeout_s: float | None


class Verb:
    """A decorator that makes a method of a contract an operation: `get`, `post`, `put`, `patch` and `delete`.

    Names in braces in the path are path arguments, one Value (or a list or union of them) is the body, the rest is
    query. The method is abstract, so that its body is only `...` and a service without it is refused.
    """

    def __init__(self, method: str) -> None:
        self._method = method

    def __call__(
        self,
        path: str,
        *,
        public: bool = False,
        raises: tuple[type[Problem], ...] = (),
        deprecated: Deprecation | None = None,
        timeout_s: float | None = None,
    ) -> Callable[[F], F]:
        """Serve a method under `path`.

        `public`: reachable from outside through the gateway, never anonymously. `raises`: the problems it can answer
        with, beside the platform's own. `timeout_s`: how long a caller without a nearer deadline waits.
        """

        def mark(function: F) -> F:
            setattr(function, _MARK, Declared(self._method, path, public, tuple(raises), deprecated, timeout_s))
            function.__isabstractmethod__ = True  # type: ignore[attr-defined]  # what abc.abstractmethod does
            return function

        return mark


get = Verb("GET")
post = Verb("POST")
put = Verb("PUT")
patch = Verb("PATCH")
delete = Verb("DELETE")


class Place(StrEnum):
    """Where an argument travels."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an operation."""

    name: str
    place: Place
    kind: Kind
    required: bool
    default: object
    words: WordCodec | None
    """How it travels in a path or query; None for the body."""


class ResultForm(StrEnum):
    """What an operation answers with."""

    NOTHING = "nothing"
    VALUE = "value"
    PAGE = "page"
    STREAM = "stream"


Encoded = tuple[tuple[str, ...], tuple[tuple[str, str], ...], bytes]
"""A call's arguments as they travel: path words in the template's order, query pairs, body."""


class Operation:
    """One operation, compiled: how its arguments and its result travel. Immutable after construction."""

    def __init__(
        self, contract_id: str, major: int, name: str, declared: Declared,
        arguments: tuple[Argument, ...], form: ResultForm, result: Kind, function: Callable[..., Any],  # Any: a method
    ) -> None:
        self.name = name
        self.id = f"{contract_id}.{name}"
        self.service = contract_id
        self.major = major
        self.method = declared.method
        self.path = declared.path
        self.public = declared.public
        self.raises = declared.raises
        self.deprecated = declared.deprecated
        self.timeout_s = declared.timeout_s
        self.arguments = arguments
        self.form = form
        self.result = result
        self.function = function
        self.description = inspect.getdoc(function) or ""
        self.problems = PLATFORM_PROBLEMS | {problem.code: problem for problem in declared.raises}
        self.codec: Codec[Any] | None = None if form is ResultForm.NOTHING else codec_of(result)  # Any: by contract
        self.body: Argument | None = next((item for item in arguments if item.place is Place.BODY), None)
        self.body_codec: Codec[Any] | None = codec_of(self.body.kind) if self.body else None  # Any: by contract
        self._names = tuple(argument.name for argument in arguments)
        by_name = {argument.name: argument for argument in arguments}
        self._path = tuple(by_name[name] for name in path_names(self.path))
        self._query = tuple(argument for argument in arguments if argument.place is Place.QUERY)
        self._only_body = self.body is not None and len(arguments) == 1

    @property
    def is_idempotent(self) -> bool:
        """Whether HTTP promises that twice is the same as once (RFC 9110, 9.2.2)."""
        return self.method in ("GET", "PUT", "DELETE")

    def encode_call(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Encoded:
        """The arguments of a call as they travel. What the caller leaves out is not sent.

        Raises:
            TypeError: the arguments do not fit the signature, as for any Python call.
            Invalid: a value cannot travel.
        """
        given = self._bind(args, kwargs)
        body = b""
        if self.body_codec is not None and self.body is not None and self.body.name in given:
            body = self.body_codec.encode(given[self.body.name])
        if self._only_body:
            return (), (), body
        path = tuple(word for item in self._path if item.words for word in item.words.encode(given[item.name]))
        query = tuple(
            (item.name, word)
            for item in self._query
            if item.words and item.name in given
            for word in item.words.encode(given[item.name])
        )
        return path, query, body

    def decode_call(
        self, path: tuple[str, ...], query: tuple[tuple[str, str], ...], body: bytes, *, strict: bool
    ) -> dict[str, object]:
        """The handler's keyword arguments. With `strict`, what the contract does not know is a fault.

        Raises:
            Invalid: with every fault of every argument.
        """
        if self._only_body and not strict and not query and self.body_codec is not None and body:
            return {self._names[0]: self.body_codec.decode(body)}
        given: dict[str, object] = {}
        faults: list[Fault] = []
        for item, word in zip(self._path, path, strict=True):
            _collect(given, faults, item, (word,), strict)
        asked: dict[str, list[str]] = {}
        for name, word in query:
            asked.setdefault(name, []).append(word)
        for item in self._query:
            words = asked.pop(item.name, None)
            if words is not None or item.required:
                _collect(given, faults, item, tuple(words or ()), strict)
        if strict:
            faults += [Fault(pointer=f"/{name}", detail="is not asked for here", place="query") for name in asked]
        if self.body is not None and self.body_codec is not None:
            if body:
                try:
                    given[self.body.name] = self.body_codec.decode(body, strict=strict)
                except Invalid as invalid:
                    faults += invalid.faults
            elif self.body.required:
                faults.append(Fault(pointer="", detail="is required"))
        elif body and strict:
            faults.append(Fault(pointer="", detail="no body is asked for here"))
        if faults:
            raise Invalid(tuple(faults))
        return given

    def _bind(self, args: tuple[object, ...], kwargs: dict[str, object]) -> dict[str, object]:
        given = dict(zip(self._names, args, strict=False))
        if len(args) > len(self._names) or (kwargs and not given.keys().isdisjoint(kwargs)):
            inspect.signature(self.function).bind(None, *args, **kwargs)  # says what is wrong, in Python's own words
        given.update(kwargs)
        for argument in self.arguments:
            if argument.required and argument.name not in given:
                inspect.signature(self.function).bind(None, *args, **kwargs)
        if len(given) > len(self._names) or not given.keys() <= set(self._names):
            inspect.signature(self.function).bind(None, *args, **kwargs)
        return given

    def __repr__(self) -> str:
        return f"<Operation {self.id} {self.method} {self.path}>"


def _collect(
    given: dict[str, object], faults: list[Fault], item: Argument, words: tuple[str, ...], strict: bool
) -> None:
    assert item.words is not None
    try:
        given[item.name] = item.words.decode(words, strict=strict)
    except Invalid as invalid:
        faults += invalid.faults


def declared_of(function: object) -> Declared | None:
    """What a decorator noted on a method, or None where it is no operation."""
    return getattr(function, _MARK, None)


def path_names(path: str) -> tuple[str, ...]:
    """The names in a path's braces, in order.

    >>> path_names("/accounts/{account_id}/leads/{lead_id}")
    ('account_id', 'lead_id')
    """
    return tuple(segment[1:-1] for segment in path.split("/") if segment.startswith("{"))


def compile_operation(
    contract_id: str, major: int, name: str, function: Callable[..., Any], declared: Declared  # Any: a method
) -> tuple[Operation | None, list[Mistake]]:
    """The operation, or None with everything that is wrong with it."""
    where = Source.of(function)
    label = f"{contract_id}.{name}"

    def wrong(what: str, fix: str) -> Mistake:
        return Mistake(where, f"{label}: {what}", fix)

    mistakes = [wrong(what, fix) for what, fix in _path_mistakes(declared.path)]
    mistakes += [wrong(what, fix) for problem in declared.raises for what, fix in _problem_mistakes(problem)]
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        return None, [*mistakes, wrong(f"its annotations cannot be read: {error}", "import what they name")]
    arguments, found = _arguments(function, hints, declared)
    mistakes += [wrong(what, fix) for what, fix in found]
    form, result, found = _result(function, hints)
    mistakes += [wrong(what, fix) for what, fix in found]
    if form is ResultForm.PAGE and not {"cursor", "limit"} <= {argument.name for argument in arguments}:
        mistakes.append(wrong("answers with a Page but does not say where it begins",
                              "take `cursor: str | None = None` and `limit: int = 100`"))
    if mistakes:
        return None, mistakes
    return Operation(contract_id, major, name, declared, tuple(arguments), form, result, function), []


Fix = tuple[str, str]
"""What is wrong, and what to do."""


def _path_mistakes(path: str) -> Iterator[Fix]:
    if not path.startswith("/"):
        yield f"the path `{path}` does not begin with a slash", f'write "/{path}"'
        return
    segments = path[1:].split("/")
    names = path_names(path)
    if path != "/" and not all(_SEGMENT.fullmatch(segment) for segment in segments):
        yield (f"the path `{path}` is not one of words and {{names}} between slashes",
               "write each segment as a word or as one name in braces, without a slash at the end")
    for name in {name for name in names if names.count(name) > 1}:
        yield f"the path `{path}` names `{name}` twice", "give each path argument a name of its own"


def _problem_mistakes(problem: type[Problem]) -> Iterator[Fix]:
    if not (isinstance(problem, type) and issubclass(problem, Problem)):
        yield f"raises `{problem}`, which is not a Problem", "derive it from `atoll.Problem`"
        return
    if not 400 <= problem.status <= 599:
        yield f"`{problem.__name__}` has the status {problem.status}", "give it one from 400 to 599"
    if problem.code in PLATFORM_PROBLEMS and PLATFORM_PROBLEMS[problem.code] is not problem:
        yield f"`{problem.__name__}` has the code `{problem.code}` of a problem of the platform", "give it another `code`"
    try:
        record = fields_of(problem)
    except (NameError, TypeError, SyntaxError) as error:
        yield f"the fields of `{problem.__name__}` cannot be read: {error}", "import what they name"
        return
    for name in RESERVED.intersection(record.__struct_fields__):
        if problem.code not in PLATFORM_PROBLEMS:
            yield f"`{problem.__name__}.{name}` is a name that RFC 9457 takes", "call the field something else"
    for why in unfit(record):
        yield f"`{problem.__name__}` cannot travel: {why}", "change the field's type"


def _arguments(
    function: Callable[..., Any], hints: dict[str, Kind], declared: Declared  # Any: a method
) -> tuple[list[Argument], list[Fix]]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    in_path = path_names(declared.path)
    arguments: list[Argument] = []
    wrong: list[Fix] = []
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            wrong.append((f"`{parameter}` cannot travel by name", "give each argument a name of its own"))
            continue
        if parameter.name not in hints:
            wrong.append((f"the argument `{parameter.name}` has no type", "annotate it"))
            continue
        kind = hints[parameter.name]
        reasons = list(unfit(kind))
        wrong += [(f"the argument `{parameter.name}` cannot travel: {why}", "change its type") for why in reasons]
        if not reasons:
            arguments.append(_argument(parameter, kind, in_path))
    names = [parameter.name for parameter in parameters]
    for name in in_path:
        if name not in names:
            wrong.append((f"the path names `{{{name}}}`, which is no argument", f"add `{name}: str` to the method"))
    wrong += _place_mistakes(arguments, declared)
    return arguments, wrong


def _argument(parameter: inspect.Parameter, kind: Kind, in_path: tuple[str, ...]) -> Argument:
    required = parameter.default is parameter.empty
    if parameter.name in in_path:
        words = WordCodec(parameter.name, Place.PATH, kind)
        return Argument(parameter.name, Place.PATH, kind, True, parameter.default, words)
    if fits_in_words(kind) or is_word_list(kind):
        words = WordCodec(parameter.name, Place.QUERY, kind)
        return Argument(parameter.name, Place.QUERY, kind, required, parameter.default, words)
    return Argument(parameter.name, Place.BODY, kind, required, parameter.default, None)


def _place_mistakes(arguments: list[Argument], declared: Declared) -> Iterator[Fix]:
    bodies = [argument.name for argument in arguments if argument.place is Place.BODY]
    if len(bodies) > 1:
        yield f"the arguments {', '.join(bodies)} all want to be the body", "put them together in one Value"
    if bodies and declared.method in ("GET", "DELETE"):
        yield (f"a {declared.method} has no body, but `{bodies[0]}` wants to be one",
               "use POST, or take its fields as arguments of their own")
    for argument in arguments:
        optional = without_none(argument.kind) is not argument.kind
        if argument.place is Place.PATH and (optional or is_word_list(argument.kind) or not fits_in_words(argument.kind)):
            yield f"the path argument `{argument.name}` is not one plain value", "make it a string, number, date or UUID"
        elif argument.place is Place.QUERY and optional and is_word_list(argument.kind):
            yield (f"the query argument `{argument.name}` cannot tell None from an empty list",
                   "make it a list with `()` as its default")
        elif argument.place is Place.QUERY and optional and not argument.required and argument.default is not None:
            yield (f"the query argument `{argument.name}` cannot say None: leaving it out means {argument.default!r}",
                   "make None its default, or take `| None` away")


def _result(function: Callable[..., Any], hints: dict[str, Kind]) -> tuple[ResultForm, Kind, list[Fix]]:  # Any: a method
    if "return" not in hints:
        return ResultForm.NOTHING, None, [("has no result type", "annotate it; `-> None` for no result")]
    kind = hints["return"]
    if kind is type(None):
        return ResultForm.NOTHING, None, _async_mistakes(function, streams=False)
    origin = get_origin(kind)
    if origin in (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator):
        item = get_args(kind)[0]
        wrong = [(f"its items cannot travel: {why}", "change their type") for why in unfit(item)]
        return ResultForm.STREAM, item, wrong + _async_mistakes(function, streams=True)
    wrong = [(f"its result cannot travel: {why}", "change its type") for why in unfit(kind)]
    shape = shape_of(kind)
    paged = isinstance(shape, Record) and (get_origin(kind) or kind) is Page
    return (ResultForm.PAGE if paged else ResultForm.VALUE), kind, wrong + _async_mistakes(function, streams=False)


def _async_mistakes(function: Callable[..., Any], *, streams: bool) -> list[Fix]:  # Any: a method
    is_async = inspect.iscoroutinefunction(function)
    if streams and is_async:
        return [("promises a stream behind an await", "write `def`, not `async def`: the stream itself is awaited")]
    if not streams and not is_async:
        return [("is not async, although its result comes over a wire", "write `async def`")]
    return []
