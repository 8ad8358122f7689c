"""Whether a class fulfils a contract: what the type checkers cannot see, or nobody has shown them."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from atoll.contract import Argument, Contract, Operation, ResultForm
from atoll.service.blocking import blocked


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that does not fit: in which operation, the class or handler at fault, what is wrong, what to do."""

    operation: str
    subject: object
    what: str
    fix: str


def misfits(candidate: type, contract: Contract) -> Iterator[Misfit]:
    """Everything in which a service or a fallback does not fulfil a contract."""
    for operation in contract.operations:
        handler = inspect.getattr_static(candidate, operation.name, None)
        if handler is None or getattr(handler, "__isabstractmethod__", False):
            fix = f"write it as {contract.protocol.__name__} says"
            yield Misfit(operation.name, candidate, f"has no handler for `{operation.name}`", fix)
        elif not inspect.isfunction(handler):
            yield Misfit(operation.name, candidate, f"`{operation.name}` is not a method", "write it as a method")
        else:
            for what, fix in (*_form_misfits(handler, operation), *_argument_misfits(handler, operation)):
                yield Misfit(operation.name, handler, f"`{operation.name}` {what}", fix)


Fix = tuple[str, str]
"""What is wrong, and what to do."""


def _form_misfits(handler: Callable[..., Any], operation: Operation) -> Iterator[Fix]:  # Any: a method
    """Whether the handler answers in the way in which the contract promises it: once, or as a stream."""
    streams = inspect.isasyncgenfunction(handler)
    sync = blocked(handler)
    if sync is not None and (inspect.iscoroutinefunction(sync) or inspect.isasyncgenfunction(sync)):
        yield "is async, and marked `@blocking` all the same", "take `@blocking` away"
    elif operation.form is ResultForm.STREAM and not streams:
        yield "promises a stream", "write it as `async def` with `yield`"
    elif operation.form is not ResultForm.STREAM and streams:
        yield "yields, but the contract promises one answer", "return the answer instead"
    elif not streams and not inspect.iscoroutinefunction(handler):
        yield "is not async", "write `async def`, or decorate it with `@blocking`"


def _argument_misfits(handler: Callable[..., Any], operation: Operation) -> Iterator[Fix]:  # Any: a method
    """Whether the handler takes what callers send, and nothing else."""
    taken = list(inspect.signature(handler).parameters.values())[1:]
    by_name = {parameter.name: parameter for parameter in taken if parameter.kind in _NAMED}
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken)
    for argument in operation.arguments:
        if (parameter := by_name.get(argument.name)) is not None:
            yield from _default_misfits(parameter, argument)
        elif not takes_all:
            yield f"does not take `{argument.name}` by name", "name the argument as the contract does"
    sent = {argument.name for argument in operation.arguments}
    for parameter in taken:
        is_one = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if is_one and parameter.name not in sent and parameter.default is parameter.empty:
            yield f"demands `{parameter.name}`, which no caller sends", "add it to the contract, or give it a default"


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _default_misfits(parameter: inspect.Parameter, argument: Argument) -> Iterator[Fix]:
    """Callers do not send what they leave out: the handler's default is what counts, the contract's is what is said."""
    if argument.required:
        return
    if parameter.default is parameter.empty:
        yield (
            f"demands `{argument.name}`, which callers may leave out",
            f"give it the contract's default, {argument.default!r}",
        )
    elif parameter.default != argument.default:
        yield (
            f"has another default for `{argument.name}` than the contract: {parameter.default!r}",
            f"give it the contract's, {argument.default!r}",
        )
