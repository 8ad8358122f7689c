"""Fakes of another service, through its contract: no network, no application, and no lie about the contract."""

import inspect
import types
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, TypeVar, cast

from atoll.contract import (
    Invalid,
    InvalidInput,
    Operation,
    Problem,
    ResultForm,
    UnknownProblem,
    contract_of,
    from_wire,
    to_wire,
)

T = TypeVar("T")


def fake(protocol: Callable[..., T], **answers: Any) -> T:  # Any: results, problems, or functions that give them
    """Something that fulfils a contract with given answers: `fake(Enrichment, company="Acme")`.

    An answer is a result, an exception to raise (or its class), or a function of the operation's arguments, async or
    not, that gives one of these. For a stream it is a list of items, of which an exception ends it, or a function that
    gives one, also an asynchronous generator. An operation without an answer fails the test that calls it.

    A fake is as strict as the service: arguments and answers pass the contract, so that they are copied, and refused
    where they do not fit it.

    >>> import asyncio
    >>> from typing import Protocol
    >>> from atoll import contract, get
    >>> from atoll.testing import fake
    >>> @contract(version="1.0")
    ... class Enrichment(Protocol):
    ...     '''Says what is known about a company.'''
    ...     @get("/company")
    ...     async def company(self, email: str) -> str: ...
    >>> async def main() -> None:
    ...     print(await fake(Enrichment, company="Acme").company("ada@acme.example"))
    ...     print(await fake(Enrichment, company=lambda email: email.partition("@")[2]).company("ada@acme.example"))
    >>> asyncio.run(main())
    Acme
    acme.example
    >>> fake(Enrichment, company=7)
    Traceback (most recent call last):
    ...
    TypeError: enrichment.company cannot answer 7: the whole: expected `str`, got `int`

    Raises:
        Mistakes: the class is no contract.
        TypeError: an answer is for an operation that the contract does not have, or not one that it can give.
    """
    contract = contract_of(protocol)
    if unknown := answers.keys() - {operation.name for operation in contract.operations}:
        raise TypeError(f"{contract.name} has no operation {', '.join(sorted(unknown))}")

    def fill(namespace: dict[str, Any]) -> None:  # Any: a class body
        for operation in contract.operations:
            missing = AssertionError(f"{operation.id} was called, but the fake has no answer for it")
            make = _stream if operation.form is ResultForm.STREAM else _handler
            namespace[operation.name] = make(operation, answers.get(operation.name, missing))

    return cast(T, types.new_class(f"Fake{contract.protocol.__name__}", (contract.protocol,), exec_body=fill)())


def _handler(operation: Operation, answer: Any) -> Callable[..., Any]:  # Any: see fake
    if not _is_function(answer):
        _fitting(operation, answer)  # a mistake is told where the fake is made, not where it is used

    async def handler(_: object, *args: object, **kwargs: object) -> Any:  # Any: by contract
        given = _given(operation, answer, args, kwargs)
        return _told(operation, await given if inspect.isawaitable(given) else given)

    return handler


def _stream(operation: Operation, answer: Any) -> Callable[..., Any]:  # Any: see fake
    if isinstance(answer, Iterable) and not isinstance(answer, str | bytes):
        answer = tuple(cast(Iterable[object], answer))  # so that it can be given again
        for item in answer:
            _fitting(operation, item)
    elif not (_is_function(answer) or _is_error(answer)):
        raise TypeError(f"{operation.id} answers with a stream: give a list of items, or a function that gives one")

    async def handler(_: object, *args: object, **kwargs: object) -> AsyncIterator[Any]:  # Any: by contract
        given = _given(operation, answer, args, kwargs)
        items = await given if inspect.isawaitable(given) else given
        if hasattr(items, "__aiter__"):
            async for item in items:
                yield _told(operation, item)
        else:
            for item in (items,) if _is_error(items) else items:
                yield _told(operation, item)

    return handler


def _is_error(answer: object) -> bool:
    return isinstance(answer, BaseException) or (isinstance(answer, type) and issubclass(answer, BaseException))


def _is_function(answer: object) -> bool:
    return callable(answer) and not _is_error(answer)


def _given(
    operation: Operation, answer: Any, args: tuple[object, ...], kwargs: dict[str, object]
) -> Any:  # Any: see fake
    """The answer to these arguments: of a function, what it gives for them, by name where it takes them by name."""
    try:
        arguments = operation.decode_call(*operation.encode_call(args, kwargs), strict=False)
    except Invalid as invalid:
        raise InvalidInput(errors=invalid.faults) from None
    if not _is_function(answer):
        return answer
    by_name = {item.name: arguments[item.name] for item in operation.arguments if item.name in arguments}
    try:
        inspect.signature(answer).bind(**by_name)
    except (TypeError, ValueError):
        return answer(*by_name.values())
    return answer(**by_name)


def _told(operation: Operation, answer: Any) -> Any:  # Any: by contract
    """The answer as it would arrive: copied, or raised."""
    arrived = _fitting(operation, answer)
    if isinstance(arrived, BaseException):
        raise arrived
    return arrived


def _fitting(operation: Operation, answer: Any) -> Any:  # Any: by contract
    if _is_error(answer):
        return _fitting_error(operation, answer() if isinstance(answer, type) else answer)
    if operation.codec is None:
        if answer is not None:
            raise TypeError(f"{operation.id} cannot answer {answer!r}: it promises no result")
        return None
    try:
        return operation.codec.decode(operation.codec.encode(answer))
    except Invalid as invalid:
        raise TypeError(f"{operation.id} cannot answer {answer!r}: {invalid}") from None


def _fitting_error(operation: Operation, error: BaseException) -> BaseException:
    if not isinstance(error, Problem):
        return error
    if type(error) not in operation.problems.values():
        name = type(error).__name__
        raise TypeError(f"{operation.id} cannot answer {name}: its contract does not list it under `raises`")
    return from_wire(to_wire(error, error.trace_id), operation.problems, UnknownProblem)
