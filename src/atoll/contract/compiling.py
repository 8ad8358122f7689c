"""From a decorated method to an operation: mistakes are collected, not raised, so that all of them are told at once."""

import collections.abc
import inspect
import math
import re
import string
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast, get_args

from atoll.contract.arguments import Argument, Fix, Place, path_names, read_arguments
from atoll.contract.fitness import unfit
from atoll.contract.operation import Operation, ResultForm
from atoll.contract.problem import RESERVED, Problem, fields_of
from atoll.contract.problems import PLATFORM_PROBLEMS
from atoll.contract.raw_body import RawBody
from atoll.contract.record import Kind, class_of, origin_of
from atoll.contract.value import Page
from atoll.contract.verbs import Declared
from atoll.kernel import spelled

_SERVICE = re.compile(r"[a-z][a-z0-9_]*")
_SEGMENT = re.compile(r"\{(?P<name>[a-z_][a-z0-9_]*)\}|(?!\.\.?$)[A-Za-z0-9._~:@!$&'()*+,;=-]+")


def compile_operation(
    contract_id: str,
    major: int,
    name: str,
    function: Callable[..., Any],  # Any: a method
    declared: Declared,
) -> tuple[Operation | None, list[Fix]]:
    """The operation, or None with everything that is wrong with it."""
    mistakes = [*_path_mistakes(declared.path), *_timeout_mistakes(declared.timeout_s), *_caller_mistakes(declared)]
    if not is_listed(declared.raises):
        mistakes.append(("`raises` is not a tuple", "write `raises=(Name,)`, with the comma"))
    for problem in declared.raises if is_listed(declared.raises) else ():
        mistakes += _problem_mistakes(problem)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        return None, [*mistakes, (f"its annotations cannot be read: {error}", "import what they name")]
    arguments, found = read_arguments(function, hints, declared)
    mistakes += found
    form, result, found = _result(function, hints)
    mistakes += found
    if form is ResultForm.PAGE and not {"cursor", "limit"} <= {argument.name for argument in arguments}:
        fix = "take `cursor: str | None = None` and `limit: int = 100`"
        mistakes.append(("answers with a Page but does not say where it begins", fix))
    mistakes += _raw_mistakes(declared, arguments)
    if mistakes:
        return None, mistakes
    takes_raw = any(_is_raw(argument) for argument in arguments)
    operation = Operation(
        contract_id, major, name, declared, tuple(arguments), form, result, function, takes_raw=takes_raw
    )
    return operation, []


def raw_operation(contract_id: str, major: int, name: str, path: str, timeout_s: float | None = None) -> Operation:
    """A place of a service that is in no contract: what is posted there passes with the headers that say what it is."""

    async def posted(self: object) -> None: ...

    declared = Declared("POST", path, public=False, raises=(), deprecated=None, timeout_s=timeout_s)
    return Operation(contract_id, major, name, declared, (), ResultForm.NOTHING, None, posted, is_raw=True)


def _is_raw(argument: Argument) -> bool:
    return argument.place is Place.BODY and class_of(argument.kind) is RawBody


def _raw_mistakes(declared: Declared, arguments: Sequence[Argument]) -> Iterator[Fix]:
    if declared.anyone and not declared.public:
        yield "is for anyone, and not public", "write `public=True` as well, or take `anyone` away"
    for argument in arguments:
        if _is_raw(argument) and not argument.required:
            yield (
                f"the raw body `{argument.name}` has a default",
                "take it away: a body may be empty, but is always there",
            )


def _path_mistakes(path: str) -> Iterator[Fix]:
    if not path.startswith("/"):
        yield f"the path `{path}` does not begin with a slash", f'write "/{path}"'
        return
    if path != "/" and not all(_SEGMENT.fullmatch(segment) for segment in path[1:].split("/")):
        yield (
            f"the path `{path}` is not one of words and {{names}} between slashes",
            "write each segment as a word or as one name in braces, without a slash at the end",
        )
    names = path_names(path)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"the path `{path}` names `{name}` twice", "give each path argument a name of its own"


def _timeout_mistakes(timeout_s: object) -> Iterator[Fix]:
    if timeout_s is not None and not (isinstance(timeout_s, int | float) and 0 < timeout_s < math.inf):
        yield f"`timeout_s` is {timeout_s}", "give seconds, more than 0, or leave it out"


def _caller_mistakes(declared: Declared) -> Iterator[Fix]:
    callers: object = declared.callers
    if callers is None:
        return
    if not is_listed(callers):
        yield "`callers` is not a tuple", 'write `callers=("name",)`, with the comma'
        return
    names = tuple(cast(Sequence[object], callers))  # its items may be anything
    if not names and not declared.public:
        yield "`callers` names nobody, and it is not public", "name the services that may call it, or leave it out"
    for name in names:
        if not isinstance(name, str) or not _SERVICE.fullmatch(name):
            fix = 'write the names of services as `atoll show` lists them: ("scoring", "scoring_v2")'
            yield f"`callers` names `{name}`, which is no name of a service", fix


def is_listed(several: object) -> bool:
    """Whether what should be a tuple of classes is one, also where no type checker has looked."""
    return isinstance(several, list | tuple)


def _problem_mistakes(problem: Any) -> Iterator[Fix]:  # Any: whatever stands in `raises`
    if not (isinstance(problem, type) and issubclass(problem, Problem)):
        yield f"raises `{spelled(problem)}`, which is not a Problem", "derive it from `atoll.Problem`"
        return
    name = problem.__name__
    if problem.status not in range(400, 600):
        yield f"`{name}` has the status {problem.status}", "give it one from 400 to 599"
    if PLATFORM_PROBLEMS.get(problem.code, problem) is not problem:
        yield f"`{name}` has the code `{problem.code}` of a problem of the platform", "give it another `code`"
    try:
        record = fields_of(problem)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        yield f"the fields of `{name}` cannot be read: {error}", "import what they name"
        return
    for field in sorted(RESERVED.intersection(record.__struct_fields__)):
        yield f"`{name}.{field}` is a name that every problem has already", "call the field something else"
    for why in unfit(record):
        yield f"`{name}` cannot travel: {why}", "change the field's type"
    yield from _template_mistakes(name, problem.template or "", record.__struct_fields__)


def _template_mistakes(name: str, template: str, fields: tuple[str, ...]) -> Iterator[Fix]:
    try:
        named = [field for _, field, _, _ in string.Formatter().parse(template) if field is not None]
    except ValueError as error:
        yield f"the detail of `{name}` cannot be read: {error}", "write a brace that is meant twice"
        return
    for field in named:
        if field not in fields:
            known = ", ".join(fields) or "none"
            yield f"the detail of `{name}` names `{{{field}}}`, which is no field of it", f"its fields are: {known}"


def _result(
    function: Callable[..., Any],  # Any: a method
    hints: dict[str, Kind],
) -> tuple[ResultForm, Kind, list[Fix]]:
    if "return" not in hints:
        return ResultForm.NOTHING, None, [("has no result type", "annotate it; `-> None` for no result")]
    kind = hints["return"]
    if kind is type(None):
        return ResultForm.NOTHING, None, _async_mistakes(function, streams=False)
    origin = origin_of(kind)
    if origin in (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator):
        item = get_args(kind)[0]
        wrong = [(f"its items cannot travel: {why}", "change their type") for why in unfit(item)]
        return ResultForm.STREAM, item, wrong + _async_mistakes(function, streams=True)
    wrong = [(f"its result cannot travel: {why}", "change its type") for why in unfit(kind)]
    form = ResultForm.PAGE if class_of(kind) is Page else ResultForm.VALUE
    return form, kind, wrong + _async_mistakes(function, streams=False)


def _async_mistakes(function: Callable[..., Any], *, streams: bool) -> list[Fix]:  # Any: a method
    is_async = inspect.iscoroutinefunction(function)
    if streams and is_async:
        return [("promises a stream behind an await", "write `def`, not `async def`: the stream itself is awaited")]
    if not streams and not is_async:
        return [("is not async, although its result comes over a wire", "write `async def`")]
    return []
